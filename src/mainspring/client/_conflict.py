"""`conflict=ConflictChoice.TERMINATE_IF_OTHER_TYPE`: one workflow per id, of the type that is wanted now.

    start, joining whatever runs --> started? done
              ^                  --> runs: describe that very run --> same type: joined
              |                                                   --> other type: terminate that very run --+
              +---------------------------------------------------------------------------------------------+

The API has no such policy, so this takes several calls. Each of them is about one run, whose type never changes, so no
other run is ever terminated for it, and a run of the wanted type never is. What can happen in between:

- somebody else starts a run after the termination: it is joined, or terminated in turn, by the next round;
- the run to be terminated closes or continues as new first: the next round sees what is there then;
- the caller is lost between the termination and the start: nothing runs. There is no way to do both at once.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from mainspring.client._calls import outbound
from mainspring.client._inputs import DescribeWorkflowInput, StartWorkflowInput, TerminateWorkflowInput
from mainspring.common import WorkflowIDConflictPolicy, WorkflowIDReusePolicy
from mainspring.exceptions import WorkflowAlreadyStartedError
from mainspring.service import RPCError, RPCStatusCode

if TYPE_CHECKING:
    from mainspring.client._client import Client
    from mainspring.client._handle import WorkflowHandle

MOST_ROUNDS: Final = 10
"""So many workflows of other types in a row are somebody else's doing."""

_CLOSED: Final = frozenset({RPCStatusCode.NOT_FOUND, RPCStatusCode.FAILED_PRECONDITION})


async def start_or_replace(client: Client, input: StartWorkflowInput) -> WorkflowHandle[Any, Any]:
    """A handle of the running workflow of this id and type, started or joined.

    Raises:
        ValueError: another option contradicts it.
        WorkflowAlreadyStartedError: workflows of other types kept coming.
    """
    _check(input)
    input.id_conflict_policy = WorkflowIDConflictPolicy.USE_EXISTING
    other: str | None = None
    for _ in range(MOST_ROUNDS):
        handle = await outbound(client).start_workflow(input)
        response = handle._start_workflow_response  # pyright: ignore[reportPrivateUsage] # the official name
        if response is None or response.started:
            return handle
        if await _type_of(client, input, response.run_id) in {input.workflow, None}:
            return handle
        other = response.run_id
        await _terminate(client, input, other)
    raise WorkflowAlreadyStartedError(input.id, input.workflow, run_id=other)


def _check(input: StartWorkflowInput) -> None:
    if input.id_conflict_policy is not WorkflowIDConflictPolicy.UNSPECIFIED:
        raise ValueError("conflict= says what id_conflict_policy= would say: give one of them")
    if input.start_signal is not None:
        raise ValueError("conflict= cannot go with start_signal=: the signal would reach the workflow to be replaced")
    allowed = {WorkflowIDReusePolicy.ALLOW_DUPLICATE, WorkflowIDReusePolicy.ALLOW_DUPLICATE_FAILED_ONLY}
    if input.id_reuse_policy not in allowed:
        raise ValueError(f"conflict= cannot go with id_reuse_policy={input.id_reuse_policy.name}")


async def _type_of(client: Client, input: StartWorkflowInput, run_id: str) -> str | None:
    """The run's workflow type; None if the run is gone, which the caller will see by its result."""
    describe = DescribeWorkflowInput(input.id, run_id, input.rpc_metadata, input.rpc_timeout)
    try:
        return (await outbound(client).describe_workflow(describe)).workflow_type
    except RPCError as error:
        if error.status is RPCStatusCode.NOT_FOUND:
            return None
        raise


async def _terminate(client: Client, input: StartWorkflowInput, run_id: str) -> None:
    """End the run; that it is closed already will do."""
    terminate = TerminateWorkflowInput(
        id=input.id,
        run_id=run_id,
        first_execution_run_id=None,
        args=[],
        reason=f"replaced by a workflow of type {input.workflow}",
        rpc_metadata=input.rpc_metadata,
        rpc_timeout=input.rpc_timeout,
    )
    try:
        await outbound(client).terminate_workflow(terminate)
    except RPCError as error:
        if error.status not in _CLOSED:
            raise
