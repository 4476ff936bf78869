"""The next run in a chain: continue-as-new, workflow retry, cron.

    a run closes  ->  attributes of the next run's first event  ->  start.open_run  ->  run.successor

Both runs are committed together: the workflow id never stands for nothing. The chain keeps its first run id, parent,
execution deadline and priority. Runs never follow each other faster than the workflow id reuse interval.
Reference: tests/differential/test_continue_as_new.py, test_chains.py.
"""

from __future__ import annotations

from collections.abc import Callable

import msgspec
from temporalio.api.command.v1 import ContinueAsNewWorkflowExecutionCommandAttributes
from temporalio.api.common.v1 import Payloads, WorkflowExecution
from temporalio.api.enums.v1 import ContinueAsNewInitiator, RetryState, TaskQueueKind
from temporalio.api.failure.v1 import Failure
from temporalio.api.history.v1 import HistoryEvent, WorkflowExecutionStartedEventAttributes

from mainspring.server.engine import cron, reset_points, retry, start
from mainspring.server.engine.changes import RunKey
from mainspring.server.engine.records import Priority
from mainspring.server.engine.run import Run
from mainspring.server.engine.times import SECOND, duration, length_ns, timestamp

Started = WorkflowExecutionStartedEventAttributes
_Initiator = ContinueAsNewInitiator


class Chain(msgspec.Struct, kw_only=True):
    """What the close of a run needs to open the next one."""

    first_event: HistoryEvent  # of the run that closes
    new_id: Callable[[], str]  # source of run and request ids


class Next(msgspec.Struct, frozen=True):
    """The decision that a closing run is followed by another."""

    initiator: ContinueAsNewInitiator.ValueType
    wait_ns: int
    run_id: str


NO_RETRY = RetryState.RETRY_STATE_RETRY_POLICY_NOT_SET


def after_failure(run: Run, failure: Failure, chain: Chain | None) -> tuple[RetryState.ValueType, Next | None]:
    """What follows a failure: a retry, the next cron run, or nothing."""
    state = run.state
    if chain is None:
        return NO_RETRY, None
    if state.retry is None:
        return NO_RETRY, after_success(run, chain)
    retry_state, wait_ns = retry.next_try(
        state.retry, state.attempt, failure, expires_at=state.execution_expires_at, now=run.now
    )
    if retry_state == RetryState.RETRY_STATE_IN_PROGRESS:
        return retry_state, Next(_Initiator.CONTINUE_AS_NEW_INITIATOR_RETRY, wait_ns, chain.new_id())
    return retry_state, after_success(run, chain)


def after_success(run: Run, chain: Chain | None) -> Next | None:
    """The next cron run, if there is one before the chain's deadline."""
    state = run.state
    if chain is None or not state.cron_schedule:
        return None
    wait_ns = cron.wait_ns(state.cron_schedule, state.execution_at, run.now)
    return Next(_Initiator.CONTINUE_AS_NEW_INITIATOR_CRON_SCHEDULE, wait_ns, chain.new_id())


def open_next(
    run: Run, following: Next, chain: Chain, *, result: Payloads | None = None, failure: Failure | None = None
) -> None:
    """Open the retry or cron run that `after_failure` or `after_success` decided on, as `run.successor`."""
    first = chain.first_event.workflow_execution_started_event_attributes
    is_retry = following.initiator == _Initiator.CONTINUE_AS_NEW_INITIATOR_RETRY
    started = _inherited(run, following.run_id)
    for name in ("input", "header", "retry_policy", "memo", "search_attributes", "workflow_run_timeout"):
        if first.HasField(name):
            getattr(started, name).CopyFrom(getattr(first, name))
    started.workflow_type.CopyFrom(first.workflow_type)
    started.task_queue.name = first.task_queue.name
    started.workflow_task_timeout.CopyFrom(first.workflow_task_timeout)
    started.cron_schedule = first.cron_schedule
    started.initiator = following.initiator
    started.attempt = run.state.attempt + 1 if is_retry else 1
    started.first_workflow_task_backoff.CopyFrom(duration(_spaced_ns(run, following.wait_ns)))
    if failure is not None:
        started.continued_failure.CopyFrom(failure)
    if not is_retry and result is None and first.HasField("last_completion_result"):
        result = first.last_completion_result
    if result is not None:
        started.last_completion_result.CopyFrom(result)
    _open(run, started, chain, following.run_id)


def continue_as_new(
    run: Run, command: ContinueAsNewWorkflowExecutionCommandAttributes, chain: Chain, next_run_id: str
) -> None:
    """Open the run that the workflow asks to be continued in, as `run.successor`."""
    started = _inherited(run, next_run_id)
    started.workflow_type.CopyFrom(command.workflow_type)
    started.task_queue.name = command.task_queue.name
    started.workflow_run_timeout.CopyFrom(command.workflow_run_timeout)
    started.workflow_task_timeout.CopyFrom(command.workflow_task_timeout)
    for name in ("input", "header", "retry_policy", "memo", "search_attributes", "last_completion_result"):
        if command.HasField(name):
            getattr(started, name).CopyFrom(getattr(command, name))
    if command.HasField("failure"):
        started.continued_failure.CopyFrom(command.failure)
    start.drop_null_fields(started)
    started.cron_schedule = command.cron_schedule
    started.initiator = command.initiator or _Initiator.CONTINUE_AS_NEW_INITIATOR_WORKFLOW
    retries = command.initiator == _Initiator.CONTINUE_AS_NEW_INITIATOR_RETRY
    started.attempt = run.state.attempt + 1 if retries else 1
    wait_ns = _spaced_ns(run, length_ns(command.backoff_start_interval))
    if wait_ns or command.HasField("backoff_start_interval"):
        started.first_workflow_task_backoff.CopyFrom(duration(wait_ns))
    _open(run, started, chain, next_run_id)


def _spaced_ns(run: Run, wait_ns: int) -> int:
    """The wait, made longer if the run was so short that the chain would spin."""
    least_ns = int(run.limits.workflow_id_reuse_interval_s * SECOND)
    lifetime_ns = run.now - run.state.execution_at
    return least_ns - lifetime_ns if lifetime_ns + wait_ns < least_ns else wait_ns


def _inherited(run: Run, next_run_id: str) -> Started:
    """What every run of a chain takes over from the one before."""
    state = run.state
    started = Started(
        workflow_id=run.key.workflow_id,
        first_execution_run_id=state.first_run_id,
        original_execution_run_id=next_run_id,
        continued_execution_run_id=run.key.run_id,
    )
    if state.execution_timeout_ns:
        started.workflow_execution_timeout.CopyFrom(duration(state.execution_timeout_ns))
    started.task_queue.kind = TaskQueueKind.TASK_QUEUE_KIND_NORMAL
    if state.execution_expires_at:
        started.workflow_execution_expiration_time.CopyFrom(timestamp(state.execution_expires_at))
    if state.priority != Priority():
        started.priority.priority_key = state.priority.key
        started.priority.fairness_key = state.priority.fairness_key
        started.priority.fairness_weight = state.priority.fairness_weight
    reset_points.expire(run)
    started.prev_auto_reset_points.CopyFrom(reset_points.as_message(state.reset_points))
    if state.parent is not None:
        started.parent_workflow_namespace = state.parent.namespace
        started.parent_workflow_namespace_id = state.parent.namespace_id
        started.parent_workflow_execution.workflow_id = state.parent.workflow_id
        started.parent_workflow_execution.run_id = state.parent.run_id
        started.parent_initiated_event_id = state.parent.initiated_event_id
        root = WorkflowExecution(workflow_id=state.root_workflow_id, run_id=state.root_run_id)
        started.root_workflow_execution.CopyFrom(root)
    return started


def _open(run: Run, started: Started, chain: Chain, next_run_id: str) -> None:
    opening = start.Opening(
        key=RunKey(run.key.namespace_id, run.key.workflow_id, next_run_id),
        settings=run.settings,
        create_request_id=chain.new_id(),
        now=run.now,
        links=chain.first_event.links,
        expected_current=run.key.run_id,
    )
    run.state.next_run_id = next_run_id
    run.successor = start.open_run(opening, started)
