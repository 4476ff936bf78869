"""Requests that are wrong in two ways: which of the two is told first is part of what clients see.

    a request that would do, and what can be wrong with each of its fields
      -> each fault alone, and each two of different fields together, on both servers

A field is named by its path; None leaves it out. Left out are faults that the real server answers with UNKNOWN (a page
token of a list, an id of a namespace that is no UUID).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import timedelta
from itertools import combinations

import grpc
import msgspec
import pytest
from google.protobuf.message import Message
from temporalio.api.common.v1 import WorkflowType
from temporalio.api.enums.v1 import (
    CommandType,
    TaskQueueKind,
    UpdateWorkflowExecutionLifecycleStage,
    WorkflowIdConflictPolicy,
    WorkflowIdReusePolicy,
)
from temporalio.api.query.v1 import WorkflowQuery
from temporalio.api.update.v1 import Input, Meta, Request, UpdateRef, WaitPolicy
from temporalio.api.workflowservice import v1 as api

from tests.differential.commands import WORKFLOW_TYPE, seconds
from tests.differential.driver import IDENTITY, Driver, attempt, execution, queue
from tests.differential.rig import on_both

LONG = "x" * 1_001
NO_RUN = "0197b3c0-0000-7000-8000-000000000000"
REFUSED_WITHIN_S = 2.5
Value = str | bytes | int | timedelta | None
Faults = dict[str, Sequence[Value]]

NAMESPACE: Faults = {"namespace": ["", "nowhere"]}
IDENTIFIED: Faults = {"identity": [LONG]}
WORKFLOW_EXECUTION: Faults = {
    "workflow_execution": [None],
    "workflow_execution.workflow_id": ["", "unknown", LONG],
    "workflow_execution.run_id": ["not a uuid", NO_RUN],
}
EXECUTION: Faults = {
    "execution": [None],
    "execution.workflow_id": ["", "unknown", LONG],
    "execution.run_id": ["not a uuid", NO_RUN],
}
START: Faults = NAMESPACE | {
    "workflow_id": ["", LONG],
    "workflow_type.name": ["", LONG],
    "task_queue.name": ["", LONG, "/_sys/x"],
    "request_id": [LONG],
    "identity": [LONG],
    "workflow_run_timeout": [timedelta(seconds=-1)],
    "retry_policy.backoff_coefficient": [-1],
    "cron_schedule": ["every day"],
    "workflow_start_delay": [timedelta(seconds=-1)],
    "workflow_id_reuse_policy": [WorkflowIdReusePolicy.WORKFLOW_ID_REUSE_POLICY_TERMINATE_IF_RUNNING],
    "workflow_id_conflict_policy": [WorkflowIdConflictPolicy.WORKFLOW_ID_CONFLICT_POLICY_TERMINATE_EXISTING],
}
REPLACING = ("workflow_id_reuse_policy", "workflow_id_conflict_policy")
"""Left out where they are no fault: a signal-with-start replaces even the run that the same request made there."""

ACTIVITY_BY_ID: Faults = NAMESPACE | {
    "workflow_id": ["", "unknown", LONG],
    "run_id": ["not a uuid", NO_RUN],
    "activity_id": ["", "unknown", LONG],
    "identity": [LONG],
}
BY_TOKEN: Faults = NAMESPACE | IDENTIFIED | {"task_token": [b"", b"nonsense"]}


class Case(msgspec.Struct, frozen=True):
    """A request that would do, less its namespace, and its faults."""

    request: Message
    faults: Faults


CASES = [
    Case(
        api.StartWorkflowExecutionRequest(
            workflow_id="new", workflow_type=WorkflowType(name=WORKFLOW_TYPE), task_queue=queue(), request_id="id"
        ),
        START,
    ),
    Case(
        api.SignalWithStartWorkflowExecutionRequest(
            workflow_id="new",
            workflow_type=WorkflowType(name=WORKFLOW_TYPE),
            task_queue=queue(),
            request_id="id",
            signal_name="signal",
        ),
        {path: values for path, values in START.items() if path not in REPLACING} | {"signal_name": ["", LONG]},
    ),
    Case(
        api.SignalWorkflowExecutionRequest(workflow_execution=execution(), signal_name="signal"),
        NAMESPACE | IDENTIFIED | WORKFLOW_EXECUTION | {"signal_name": ["", LONG], "request_id": [LONG]},
    ),
    Case(
        api.RequestCancelWorkflowExecutionRequest(workflow_execution=execution()),
        NAMESPACE | IDENTIFIED | WORKFLOW_EXECUTION | {"request_id": [LONG], "first_execution_run_id": [NO_RUN]},
    ),
    Case(
        api.TerminateWorkflowExecutionRequest(workflow_execution=execution()),
        NAMESPACE | IDENTIFIED | WORKFLOW_EXECUTION | {"first_execution_run_id": [NO_RUN]},
    ),
    Case(api.DeleteWorkflowExecutionRequest(workflow_execution=execution("unknown")), NAMESPACE | WORKFLOW_EXECUTION),
    Case(api.DescribeWorkflowExecutionRequest(execution=execution()), NAMESPACE | EXECUTION),
    Case(
        api.GetWorkflowExecutionHistoryRequest(execution=execution()),
        NAMESPACE | EXECUTION | {"next_page_token": [b"nonsense"], "maximum_page_size": [-1]},
    ),
    Case(
        api.GetWorkflowExecutionHistoryReverseRequest(execution=execution()),
        NAMESPACE | EXECUTION | {"next_page_token": [b"nonsense"], "maximum_page_size": [-1]},
    ),
    Case(
        api.QueryWorkflowRequest(execution=execution("unknown"), query=WorkflowQuery(query_type="query")),
        NAMESPACE | EXECUTION | {"query": [None], "query.query_type": ["", LONG]},
    ),
    Case(
        api.UpdateWorkflowExecutionRequest(
            workflow_execution=execution("unknown"),
            wait_policy=WaitPolicy(
                lifecycle_stage=UpdateWorkflowExecutionLifecycleStage.UPDATE_WORKFLOW_EXECUTION_LIFECYCLE_STAGE_ACCEPTED
            ),
            request=Request(meta=Meta(update_id="update"), input=Input(name="update")),
        ),
        NAMESPACE
        | WORKFLOW_EXECUTION
        | {
            "request": [None],
            "request.meta.update_id": [LONG],
            "request.input.name": ["", LONG],
            "wait_policy.lifecycle_stage": [0, 1],
            "first_execution_run_id": [NO_RUN],
        },
    ),
    Case(
        api.PollWorkflowExecutionUpdateRequest(
            update_ref=UpdateRef(workflow_execution=execution(), update_id="unknown")
        ),
        NAMESPACE
        | IDENTIFIED
        | {
            "update_ref": [None],
            "update_ref.workflow_execution.workflow_id": ["", "unknown", LONG],
            "update_ref.workflow_execution.run_id": ["not a uuid", NO_RUN],
            "update_ref.update_id": ["", LONG],
        },
    ),
    Case(
        api.PollWorkflowTaskQueueRequest(task_queue=queue("empty")),
        NAMESPACE
        | IDENTIFIED
        | {
            "task_queue.name": ["", LONG, "/_sys/x"],
            "task_queue.kind": [TaskQueueKind.TASK_QUEUE_KIND_STICKY],
        },
    ),
    Case(
        api.PollActivityTaskQueueRequest(task_queue=queue("empty")),
        NAMESPACE | IDENTIFIED | {"task_queue": [None], "task_queue.name": ["", LONG, "/_sys/x"]},
    ),
    Case(
        api.RespondWorkflowTaskCompletedRequest(),
        BY_TOKEN | {"commands.command_type": [CommandType.COMMAND_TYPE_START_TIMER]},
    ),
    Case(api.RespondWorkflowTaskFailedRequest(), BY_TOKEN),
    Case(api.RespondQueryTaskCompletedRequest(), NAMESPACE | {"task_token": [b"", b"nonsense"]}),
    Case(api.RespondActivityTaskCompletedRequest(), BY_TOKEN),
    Case(api.RespondActivityTaskFailedRequest(), BY_TOKEN),
    Case(api.RespondActivityTaskCanceledRequest(), BY_TOKEN),
    Case(api.RecordActivityTaskHeartbeatRequest(), BY_TOKEN),
    *(
        Case(request_type(workflow_id="workflow", activity_id="activity"), ACTIVITY_BY_ID)
        for request_type in (
            api.RespondActivityTaskCompletedByIdRequest,
            api.RespondActivityTaskFailedByIdRequest,
            api.RespondActivityTaskCanceledByIdRequest,
            api.RecordActivityTaskHeartbeatByIdRequest,
        )
    ),
    Case(api.ResetStickyTaskQueueRequest(execution=execution()), NAMESPACE | EXECUTION),
    Case(
        api.DescribeTaskQueueRequest(task_queue=queue()),
        NAMESPACE | {"task_queue": [None], "task_queue.name": ["", LONG], "task_queue_type": [0, 3]},
    ),
    *(
        Case(request_type(), NAMESPACE | {"query": ["nonsense", "Unknown = 1"], "page_size": [-1]})
        for request_type in (api.ListWorkflowExecutionsRequest, api.ScanWorkflowExecutionsRequest)
    ),
    Case(api.CountWorkflowExecutionsRequest(), NAMESPACE | {"query": ["nonsense", "Unknown = 1"]}),
    *(
        Case(
            request_type(),
            NAMESPACE
            | {
                "start_time_filter": [None],
                "execution_filter.workflow_id": ["", "workflow"],
                "type_filter.name": ["", "type"],
                "maximum_page_size": [-1],
            },
        )
        for request_type in (api.ListOpenWorkflowExecutionsRequest, api.ListClosedWorkflowExecutionsRequest)
    ),
    Case(
        api.RegisterNamespaceRequest(workflow_execution_retention_period=seconds(86_400)),
        {
            "namespace": ["", "default", LONG],
            "workflow_execution_retention_period": [None, timedelta(seconds=-1), timedelta(seconds=1)],
            "is_global_namespace": [1],
        },
    ),
    Case(api.DescribeNamespaceRequest(), {"namespace": ["", "nowhere"], "id": [NO_RUN]}),
    Case(
        api.UpdateNamespaceRequest(),
        NAMESPACE | {"config.workflow_execution_retention_ttl": [timedelta(seconds=-1), timedelta(seconds=1)]},
    ),
]


def name_of(case: Case) -> str:
    return case.request.DESCRIPTOR.name.removesuffix("Request")


def wrong(case: Case, namespace: str) -> Iterator[Message]:
    """The request with each fault, and with each two that concern fields apart from each other."""
    singles = [(path, value) for path, values in case.faults.items() for value in values]
    pairs = [pair for pair in combinations(singles, 2) if are_apart(pair[0][0], pair[1][0])]
    for faults in [*((single,) for single in singles), *pairs]:
        request = type(case.request)()
        request.CopyFrom(case.request)
        if "namespace" in request.DESCRIPTOR.fields_by_name:
            put(request, "namespace", namespace)
        for path, value in faults:
            put(request, path, value)
        yield request


def are_apart(path: str, other: str) -> bool:
    return not (f"{path}.".startswith(f"{other}.") or f"{other}.".startswith(f"{path}."))


def put(message: Message, path: str, value: Value) -> None:
    """Set the field at `path`, or leave it out; the first element of a list is made."""
    *above, name = path.split(".")
    for step in above:
        inner = getattr(message, step)
        message = inner if isinstance(inner, Message) else inner.add()
    if value is None:
        message.ClearField(name)
    elif isinstance(value, timedelta):
        getattr(message, name).FromTimedelta(value)
    else:
        setattr(message, name, value)


@pytest.mark.parametrize("case", CASES, ids=name_of)
@on_both
async def test_which_fault_is_told(driver: Driver, case: Case) -> None:
    await driver.start()
    if name_of(case).startswith(("List", "Scan", "Count")):
        await driver.list_runs(count=1)  # what is shown comes later than what is
    rpc: grpc.UnaryUnaryMultiCallable[Message, Message] = getattr(driver.service, name_of(case))
    for number, request in enumerate(wrong(case, driver.namespace)):
        driver.transcript.remark(f"{number}: {text_of(request)}")
        await attempt(driver.send(rpc, request, within_s=REFUSED_WITHIN_S))


def text_of(request: Message) -> str:
    """The request in a line, without what is the same in all."""
    text = str(request).replace(LONG, "LONG").replace("\n", " ")
    return text.replace(IDENTITY, "")
