"""Every RPC of both services with requests made of odd values: always a clean answer, and the server goes on.

`MAINSPRING_FUZZ_COUNT` and `MAINSPRING_FUZZ_SEED` set how many requests each RPC gets, and which.
"""

from __future__ import annotations

import os
from random import Random

import pytest
from google.protobuf.descriptor import MethodDescriptor
from google.protobuf.message import Message
from temporalio.api.command import v1 as commands
from temporalio.api.common.v1 import WorkflowExecution
from temporalio.api.enums.v1 import CommandType
from temporalio.api.query.v1 import WorkflowQuery
from temporalio.api.update.v1 import Input, Meta, Request
from temporalio.api.workflowservice import v1 as api

from benchmarks import lean
from tests.bad_input.odd_messages import odd, with_one_odd_field
from tests.bad_input.service import Answer, Target, methods, path_of
from tests.server_process import ServerProcess

COUNT = int(os.environ.get("MAINSPRING_FUZZ_COUNT", "25"))
SEED = int(os.environ.get("MAINSPRING_FUZZ_SEED", "1"))
DANGEROUS = {
    "DeleteNamespace",
    "DeprecateNamespace",
    "UpdateNamespace",
}  # they would do what they say to the other tests


@pytest.mark.parametrize("method", methods(), ids=lambda method: method.name)
async def test_odd_requests_get_clean_answers(server: ServerProcess, method: MethodDescriptor) -> None:
    random = Random(f"{SEED}:{method.full_name}")
    requests = [odd(random, method.input_type) for _ in range(COUNT)]
    if method.name in DANGEROUS:
        for request in requests:
            request.ClearField("namespace")
    async with Target(server.address) as target:
        answers = await target.send_all(path_of(method), [request.SerializeToString() for request in requests])
    assert_clean(requests, answers)


def assert_clean(requests: list[Message], answers: list[Answer]) -> None:
    for request, answer in zip(requests, answers, strict=True):
        assert answer.is_clean, f"{answer}\n{str(request)[:2000]}"


# -- valid requests with one thing wrong, against workflows that are alive


def start(workflow_id: str) -> api.StartWorkflowExecutionRequest:
    return lean.start_request(workflow_id, "fuzz")


def valid_requests(workflow_id: str, task_token: bytes) -> dict[str, Message]:
    """One request of each kind that would be served as it stands."""
    execution = WorkflowExecution(workflow_id=workflow_id)
    namespace = lean.NAMESPACE
    update = Request(meta=Meta(update_id="u"), input=Input(name="change"))
    all_commands = [
        lean.schedule_activity("a", "fuzz"),
        lean.start_timer("t", 60_000),
        commands.Command(
            command_type=CommandType.COMMAND_TYPE_RECORD_MARKER,
            record_marker_command_attributes=commands.RecordMarkerCommandAttributes(marker_name="m"),
        ),
        commands.Command(
            command_type=CommandType.COMMAND_TYPE_START_CHILD_WORKFLOW_EXECUTION,
            start_child_workflow_execution_command_attributes=commands.StartChildWorkflowExecutionCommandAttributes(
                workflow_id=f"{workflow_id}-child"
            ),
        ),
        lean.complete_workflow(),
    ]
    both = api.ExecuteMultiOperationRequest(namespace=namespace)
    both.operations.add().start_workflow.CopyFrom(start(workflow_id))
    both.operations.add().update_workflow.CopyFrom(
        api.UpdateWorkflowExecutionRequest(namespace=namespace, workflow_execution=execution, request=update)
    )
    return {
        "StartWorkflowExecution": start(f"{workflow_id}-new"),
        "SignalWorkflowExecution": api.SignalWorkflowExecutionRequest(
            namespace=namespace, workflow_execution=execution, signal_name="s", input=lean.text_payloads("x")
        ),
        "SignalWithStartWorkflowExecution": api.SignalWithStartWorkflowExecutionRequest(
            namespace=namespace,
            workflow_id=workflow_id,
            workflow_type=start(workflow_id).workflow_type,
            task_queue=start(workflow_id).task_queue,
            signal_name="s",
        ),
        "UpdateWorkflowExecution": api.UpdateWorkflowExecutionRequest(
            namespace=namespace, workflow_execution=execution, request=update
        ),
        "ExecuteMultiOperation": both,
        "QueryWorkflow": api.QueryWorkflowRequest(
            namespace=namespace, execution=execution, query=WorkflowQuery(query_type="q")
        ),
        "DescribeWorkflowExecution": api.DescribeWorkflowExecutionRequest(namespace=namespace, execution=execution),
        "GetWorkflowExecutionHistory": api.GetWorkflowExecutionHistoryRequest(namespace=namespace, execution=execution),
        "ListWorkflowExecutions": api.ListWorkflowExecutionsRequest(
            namespace=namespace, query="WorkflowType = 'Lean'", page_size=2
        ),
        "CountWorkflowExecutions": api.CountWorkflowExecutionsRequest(
            namespace=namespace, query="GROUP BY ExecutionStatus"
        ),
        "PollWorkflowTaskQueue": lean.workflow_poll("fuzz"),
        "PollActivityTaskQueue": lean.activity_poll("fuzz"),
        "RespondWorkflowTaskCompleted": api.RespondWorkflowTaskCompletedRequest(
            namespace=namespace, task_token=task_token, identity="fuzz", commands=all_commands
        ),
        "RequestCancelWorkflowExecution": api.RequestCancelWorkflowExecutionRequest(
            namespace=namespace, workflow_execution=execution, reason="r"
        ),
    }


NAMES = list(valid_requests("w", b""))


@pytest.mark.parametrize("name", NAMES)
async def test_one_odd_field_gets_a_clean_answer(server: ServerProcess, name: str) -> None:
    random = Random(f"{SEED}:one:{name}")
    async with Target(server.address) as target, lean.connected(server.address) as service:
        for number in range(COUNT):
            workflow_id = f"fuzz-{name}-{number}"
            await service.start_workflow(start(workflow_id))
            token = b""
            if name == "RespondWorkflowTaskCompleted":
                token = (await service.poll_workflow_task(lean.workflow_poll("fuzz"))).task_token
            request = with_one_odd_field(random, valid_requests(workflow_id, token)[name])
            path = f"/temporal.api.workflowservice.v1.WorkflowService/{name}"
            within_s = 0.05 if name.startswith("Poll") else 0.4
            answer = await target.send(path, request.SerializeToString(), within_s=within_s)
            assert_clean([request], [answer])
