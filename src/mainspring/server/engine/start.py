"""A run begins: its first event, its state, and its first workflow task or the wait for it.

    StartWorkflowExecutionRequest | child's initiated event | close of the previous run in a chain
        ->  WorkflowExecutionStartedEventAttributes  ->  open_run  ->  Run with version 0

Everything about a run's start is in its first event; the state is read off it here and nowhere else.
Reference: tests/differential/test_start.py.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable

import msgspec
from temporalio.api.command.v1 import StartChildWorkflowExecutionCommandAttributes
from temporalio.api.common.v1 import Link
from temporalio.api.common.v1 import Priority as PriorityMessage
from temporalio.api.enums.v1 import ContinueAsNewInitiator
from temporalio.api.history.v1 import (
    StartChildWorkflowExecutionInitiatedEventAttributes,
    WorkflowExecutionStartedEventAttributes,
)
from temporalio.api.sdk.v1 import UserMetadata
from temporalio.api.workflowservice.v1 import StartWorkflowExecutionRequest

from mainspring.server.engine import cron, events, reset_points, retry, search_attributes, workflow_task
from mainspring.server.engine.changes import CurrentRun, Nanos, RunKey
from mainspring.server.engine.limits import Limits
from mainspring.server.engine.records import Parent, Priority, RunState
from mainspring.server.engine.run import Run
from mainspring.server.engine.settings import NamespaceSettings
from mainspring.server.engine.times import MILLISECOND, SECOND, duration, instant, length_ns, timestamp

Started = WorkflowExecutionStartedEventAttributes


class Opening(msgspec.Struct, kw_only=True):
    """What a run's start needs beyond its first event's attributes."""

    key: RunKey
    settings: NamespaceSettings
    create_request_id: str
    now: Nanos
    links: Iterable[Link] = ()
    user_metadata: UserMetadata | None = None
    expected_current: str = ""  # run id that must be current before; "": none may be
    waits_for_parent: bool = False  # a child: its first task is scheduled once the parent knows of it
    before_task: Callable[[Run], None] | None = None  # what stands between the start and the first task (a signal)


def open_run(opening: Opening, attributes: Started) -> Run:
    """A new run with its first event and, unless it must wait, its first workflow task."""
    run = Run(opening.key, opening_state(opening, attributes), opening.settings)
    run.begin(opening.now)
    search_attributes.mark_types(attributes.search_attributes, opening.settings)
    event = events.workflow_execution_started(run, attributes)
    event.links.extend(opening.links)
    if opening.user_metadata is not None:
        event.user_metadata.CopyFrom(opening.user_metadata)
    if attributes.memo.fields:
        run.memo.CopyFrom(attributes.memo)
        run.put_blob("memo", run.memo.SerializeToString())
    if attributes.search_attributes.indexed_fields:
        search_attributes.merge(run, attributes.search_attributes.indexed_fields)
    run.current = current_run(run)
    run.expected_current = opening.expected_current
    run.show()
    if run.state.execution_at > run.now:
        run.state.first_task_at = run.state.execution_at
    if opening.before_task is not None:
        opening.before_task(run)
    if not opening.waits_for_parent:
        schedule_first_task(run)
    return run


def current_run(run: Run) -> CurrentRun:
    """The run as what its workflow id stands for."""
    state = run.state
    return CurrentRun(
        key=run.key,
        first_run_id=state.first_run_id,
        create_request_id=state.create_request_id,
        is_running=run.is_running,
        status=state.status,
        started_at=state.started_at,
    )


def schedule_first_task(run: Run) -> None:
    """Schedule the first workflow task, unless it must wait for its time or has been scheduled."""
    if not run.state.completed_tasks:
        workflow_task.want(run)


def end_first_wait(run: Run) -> None:
    """The wait for the first workflow task is over."""
    run.state.first_task_at = 0
    run.touched()
    workflow_task.want(run)


def opening_state(opening: Opening, started: Started) -> RunState:
    """The scalars of a run as its first event says them."""
    now = opening.now
    backoff_ns = length_ns(started.first_workflow_task_backoff)
    root = started.root_workflow_execution
    run_timeout_ns = length_ns(started.workflow_run_timeout)
    expires_at = instant(started.workflow_execution_expiration_time)
    run_expires_at = now + run_timeout_ns + backoff_ns if run_timeout_ns else 0
    if run_expires_at and expires_at:
        run_expires_at = min(run_expires_at, expires_at)
    return RunState(
        namespace=opening.settings.name,
        workflow_type=started.workflow_type.name,
        task_queue=started.task_queue.name,
        first_run_id=started.first_execution_run_id,
        create_request_id=opening.create_request_id,
        root_workflow_id=root.workflow_id or opening.key.workflow_id,
        root_run_id=root.run_id or opening.key.run_id,
        started_at=now,
        execution_at=now + backoff_ns,
        execution_timeout_ns=length_ns(started.workflow_execution_timeout),
        run_timeout_ns=run_timeout_ns,
        task_timeout_ns=length_ns(started.workflow_task_timeout),
        execution_expires_at=expires_at,
        run_expires_at=run_expires_at,
        attempt=started.attempt,
        retry=retry.rules_of(started.retry_policy) if started.HasField("retry_policy") else None,
        cron_schedule=started.cron_schedule,
        parent=_parent(started),
        priority=priority_of(started.priority),
        reset_points=reset_points.taken_over(started.prev_auto_reset_points),
    )


def priority_of(message: PriorityMessage) -> Priority:
    """The API's priority as a record."""
    return Priority(message.priority_key, message.fairness_key, message.fairness_weight)


def _parent(started: Started) -> Parent | None:
    if not started.HasField("parent_workflow_execution"):
        return None
    return Parent(
        namespace=started.parent_workflow_namespace,
        namespace_id=started.parent_workflow_namespace_id,
        workflow_id=started.parent_workflow_execution.workflow_id,
        run_id=started.parent_workflow_execution.run_id,
        initiated_event_id=started.parent_initiated_event_id,
    )


# -- attributes of the first event


def attributes_of_request(request: StartWorkflowExecutionRequest, run_id: str, *, now: Nanos) -> Started:
    """The first event of a run that a client starts; the request is checked and has its defaults filled in."""
    started = Started(
        original_execution_run_id=run_id,
        first_execution_run_id=run_id,
        workflow_id=request.workflow_id,
        identity=request.identity,
        attempt=1,
        cron_schedule=request.cron_schedule,
        eager_execution_accepted=request.request_eager_execution,
    )
    copy_common(started, request)
    backoff_ns = length_ns(request.workflow_start_delay)
    if request.cron_schedule:
        backoff_ns = cron.wait_ns(request.cron_schedule, now, now)
        started.initiator = ContinueAsNewInitiator.CONTINUE_AS_NEW_INITIATOR_CRON_SCHEDULE
    started.first_workflow_task_backoff.CopyFrom(duration(backoff_ns))
    if request.HasField("last_completion_result"):
        started.last_completion_result.CopyFrom(request.last_completion_result)
    if request.HasField("continued_failure"):
        started.continued_failure.CopyFrom(request.continued_failure)
    if length_ns(request.workflow_execution_timeout):
        expires_at = now + length_ns(request.workflow_execution_timeout) + backoff_ns
        started.workflow_execution_expiration_time.CopyFrom(timestamp(_round_to_ms(expires_at)))
    return started


def _round_to_ms(at: Nanos) -> Nanos:
    return (at + MILLISECOND // 2) // MILLISECOND * MILLISECOND


def copy_common(
    started: Started, source: StartWorkflowExecutionRequest | StartChildWorkflowExecutionInitiatedEventAttributes
) -> None:
    """What a first event takes over unchanged from a request or a parent's initiated event."""
    started.workflow_type.CopyFrom(source.workflow_type)
    started.task_queue.name = source.task_queue.name
    started.task_queue.kind = source.task_queue.kind
    for name in (
        "workflow_execution_timeout",
        "workflow_run_timeout",
        "workflow_task_timeout",
        "input",
        "header",
        "retry_policy",
        "memo",
        "search_attributes",
        "priority",
    ):
        if source.HasField(name):
            getattr(started, name).CopyFrom(getattr(source, name))
    drop_null_fields(started)


def drop_null_fields(started: Started) -> None:
    """Null payloads unset a memo field or search attribute, so a first event has none."""
    for fields in (started.memo.fields, started.search_attributes.indexed_fields):
        for name in [n for n, p in fields.items() if p.metadata.get("encoding") == b"binary/null" or p.data == b"[]"]:
            del fields[name]


def fill_timeouts(
    request: StartWorkflowExecutionRequest | StartChildWorkflowExecutionCommandAttributes, limits: Limits
) -> None:
    """Set the run and task timeouts that follow from the others, in place."""
    execution_ns = length_ns(request.workflow_execution_timeout)
    run_ns = length_ns(request.workflow_run_timeout)
    if execution_ns:
        run_ns = min(run_ns or execution_ns, execution_ns)
    if run_ns != length_ns(request.workflow_run_timeout):
        request.workflow_run_timeout.CopyFrom(duration(run_ns))
    task_ns = effective_task_timeout_ns(length_ns(request.workflow_task_timeout), run_ns, limits)
    request.workflow_task_timeout.CopyFrom(duration(task_ns))


def effective_task_timeout_ns(asked_ns: int, run_timeout_ns: int, limits: Limits) -> int:
    """The workflow task timeout: the default if none is asked for, never over the maximum or the run's own timeout."""
    task_ns = asked_ns or int(limits.workflow_task_timeout_s * SECOND)
    task_ns = min(task_ns, int(limits.workflow_task_timeout_max_s * SECOND))
    return min(task_ns, run_timeout_ns) if run_timeout_ns else task_ns
