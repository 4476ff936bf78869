"""`conflict=ConflictChoice.TERMINATE_IF_OTHER_TYPE`: joins its own kind and replaces others, whatever comes between."""

from __future__ import annotations

from typing import Any

import pytest
from temporalio.api.common.v1 import WorkflowExecution, WorkflowType
from temporalio.api.workflow.v1 import WorkflowExecutionInfo
from temporalio.api.workflowservice.v1 import DescribeWorkflowExecutionResponse, TerminateWorkflowExecutionResponse

from mainspring.client import ConflictChoice, WorkflowHandle
from mainspring.common import WorkflowIDConflictPolicy, WorkflowIDReusePolicy
from mainspring.exceptions import WorkflowAlreadyStartedError
from mainspring.service import RPCError, RPCStatusCode
from tests.client.fakes import Answer, Engine, a_client, started

GONE = RPCError("workflow execution already completed", RPCStatusCode.NOT_FOUND, b"")
TERMINATED = TerminateWorkflowExecutionResponse()


def of_type(name: str, run_id: str = "r1") -> DescribeWorkflowExecutionResponse:
    info = WorkflowExecutionInfo(
        execution=WorkflowExecution(workflow_id="w", run_id=run_id), type=WorkflowType(name=name)
    )
    return DescribeWorkflowExecutionResponse(workflow_execution_info=info)


def an_engine(starts: list[Answer], describes: list[Answer], terminates: list[Answer]) -> Engine:
    return Engine(
        start_workflow_execution=starts,
        describe_workflow_execution=describes,
        terminate_workflow_execution=terminates,
    )


async def start(engine: Engine, **options: Any) -> WorkflowHandle[Any, Any]:
    return await a_client(engine).start_workflow(
        "Wanted", id="w", task_queue="q", conflict=ConflictChoice.TERMINATE_IF_OTHER_TYPE, **options
    )


async def test_where_nothing_runs_it_is_started() -> None:
    engine = an_engine([started("r1")], [], [])
    handle = await start(engine)
    assert handle.result_run_id == "r1"
    assert [rpc for rpc, _ in engine.calls] == ["start_workflow_execution"]


async def test_a_run_of_the_same_type_is_joined() -> None:
    engine = an_engine([started("r1", new=False)], [of_type("Wanted")], [])
    handle = await start(engine)
    assert handle.result_run_id == "r1"
    assert engine.requests("terminate_workflow_execution") == []


async def test_a_run_of_another_type_is_terminated_and_replaced() -> None:
    engine = an_engine([started("r1", new=False), started("r2")], [of_type("Other")], [TERMINATED])
    handle = await start(engine)
    assert handle.result_run_id == "r2"
    (terminated,) = engine.requests("terminate_workflow_execution")
    assert terminated.workflow_execution == WorkflowExecution(workflow_id="w", run_id="r1")
    assert terminated.reason == "replaced by a workflow of type Wanted"


async def test_one_that_closes_first_needs_no_termination() -> None:
    engine = an_engine([started("r1", new=False), started("r2")], [of_type("Other")], [GONE])
    assert (await start(engine)).result_run_id == "r2"


async def test_one_that_somebody_else_starts_in_between_is_looked_at_again() -> None:
    starts: list[Answer] = [started("r1", new=False), started("r2", new=False), started("r3", new=False)]
    engine = an_engine(starts, [of_type("Other"), of_type("Third"), of_type("Wanted")], [TERMINATED])
    assert (await start(engine)).result_run_id == "r3"
    ended = [one.workflow_execution.run_id for one in engine.requests("terminate_workflow_execution")]
    assert ended == ["r1", "r2"]


async def test_it_gives_up_on_workflows_that_keep_coming() -> None:
    engine = an_engine([started("r1", new=False)], [of_type("Other")], [TERMINATED])
    with pytest.raises(WorkflowAlreadyStartedError) as raised:
        await start(engine)
    assert raised.value.run_id == "r1"


async def test_a_termination_that_is_not_allowed_is_told() -> None:
    refusal = RPCError("no", RPCStatusCode.PERMISSION_DENIED, b"")
    engine = an_engine([started("r1", new=False)], [of_type("Other")], [refusal])
    with pytest.raises(RPCError, match="no"):
        await start(engine)


@pytest.mark.parametrize(
    "options",
    [
        {"id_conflict_policy": WorkflowIDConflictPolicy.FAIL},
        {"id_reuse_policy": WorkflowIDReusePolicy.REJECT_DUPLICATE},
        {"id_reuse_policy": WorkflowIDReusePolicy.TERMINATE_IF_RUNNING},
        {"start_signal": "s"},
    ],
)
async def test_what_contradicts_it_is_refused(options: Any) -> None:
    engine = an_engine([], [], [])
    with pytest.raises(ValueError, match="conflict="):
        await start(engine, **options)
    assert engine.calls == []
