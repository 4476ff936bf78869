"""The page of a run: how it does, what it waits for, what it was given and gave, its newest events, what can be done.

/run?namespace=..&id=..&run=..            the newest events first
/run?...&page=<token>                     older ones
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

import msgspec
from starlette.exceptions import HTTPException
from temporalio.api.common.v1 import Payload, WorkflowExecution
from temporalio.api.enums.v1 import EventType, PendingActivityState, WorkflowExecutionStatus
from temporalio.api.failure.v1 import Failure
from temporalio.api.history.v1 import HistoryEvent
from temporalio.api.workflow.v1 import PendingActivityInfo
from temporalio.api.workflowservice.v1 import (
    DescribeWorkflowExecutionRequest,
    DescribeWorkflowExecutionResponse,
    GetWorkflowExecutionHistoryRequest,
    GetWorkflowExecutionHistoryResponse,
    GetWorkflowExecutionHistoryReverseRequest,
    GetWorkflowExecutionHistoryReverseResponse,
)

from mainspring.server.ui import acting, columns, times
from mainspring.server.ui.actions import ACTIONS, Action
from mainspring.server.ui.page import Nanos, Page, Visit
from mainspring.server.ui.page_tokens import token_of, token_text
from mainspring.server.ui.payload_words import payload_words

_PAGE_COUNT: Final = 50
_MOST_DIGITS: Final = 19
_LIVE_S: Final = 2
_MOST_CAUSES: Final = 20
_MOST_PENDING: Final = 100
_FOR_CLOSED: Final = {"query", "delete"}
_RUNNING: Final = WorkflowExecutionStatus.WORKFLOW_EXECUTION_STATUS_RUNNING


class Link(msgspec.Struct, frozen=True):
    """Another run."""

    label: str
    workflow_id: str
    href: str


class Failing(msgspec.Struct, frozen=True):
    """A failure with its causes, one to a line, and the stack trace of the last one, which may be empty."""

    words: str
    trace: str


class Pending(msgspec.Struct, frozen=True, kw_only=True):
    """Something that the run waits for."""

    kind: str
    name: str
    words: str
    failure: Failing | None = None
    href: str = ""


class Event(msgspec.Struct, frozen=True, kw_only=True):
    """One event of the history."""

    id: int
    name: str
    at: Nanos | None
    failure: Failing | None
    details: str  # JSON


class RunPage(msgspec.Struct, frozen=True, kw_only=True):
    """What the page shows."""

    workflow_id: str
    run_id: str
    workflow_type: str
    status: str
    started_at: Nanos | None
    closed_at: Nanos | None
    duration: str
    facts: tuple[tuple[str, str], ...]
    relations: tuple[Link, ...]
    pending: tuple[Pending, ...]
    inputs: tuple[str, ...]
    results: tuple[str, ...]
    failure: Failing | None
    events: tuple[Event, ...]
    actions: tuple[tuple[Action, str], ...]
    like_href: str
    newest_href: str  # empty on the page that has them
    older_href: str
    live_s: int


async def show(visit: Visit) -> Page:
    """One run; without a run id the workflow's current one."""
    execution = WorkflowExecution(workflow_id=visit.query.one("id"), run_id=visit.query.one("run"))
    if not execution.workflow_id:
        raise HTTPException(400, "The address names no workflow.")
    described = await visit.service.call(
        DescribeWorkflowExecutionRequest(namespace=visit.namespace, execution=execution),
        DescribeWorkflowExecutionResponse,
    )
    execution = described.workflow_execution_info.execution
    history = await visit.service.call(
        GetWorkflowExecutionHistoryReverseRequest(
            namespace=visit.namespace,
            execution=execution,
            maximum_page_size=_PAGE_COUNT,
            next_page_token=token_of(visit.query.one("page")),
        ),
        GetWorkflowExecutionHistoryReverseResponse,
    )
    model = _model(visit, described, history, await _ends(visit, execution))
    return Page("run.html", model, title=execution.workflow_id, section="workflows")


async def _ends(visit: Visit, execution: WorkflowExecution) -> tuple[HistoryEvent, HistoryEvent]:
    """The first event and the newest one."""
    first = await visit.service.call(
        GetWorkflowExecutionHistoryRequest(namespace=visit.namespace, execution=execution, maximum_page_size=1),
        GetWorkflowExecutionHistoryResponse,
    )
    last = await visit.service.call(
        GetWorkflowExecutionHistoryReverseRequest(namespace=visit.namespace, execution=execution, maximum_page_size=1),
        GetWorkflowExecutionHistoryReverseResponse,
    )
    return first.history.events[0], last.history.events[0]


def _model(
    visit: Visit,
    described: DescribeWorkflowExecutionResponse,
    history: GetWorkflowExecutionHistoryReverseResponse,
    ends: tuple[HistoryEvent, HistoryEvent],
) -> RunPage:
    info = described.workflow_execution_info
    execution = info.execution
    started = ends[0].workflow_execution_started_event_attributes
    is_running = info.status == _RUNNING
    is_first_page = not visit.query.one("page") and not visit.query.one("below")
    newest, older = _slice(visit, history)
    here = {"id": execution.workflow_id, "run": execution.run_id}
    return RunPage(
        workflow_id=execution.workflow_id,
        run_id=execution.run_id,
        workflow_type=info.type.name,
        status=columns.status_name(info.status),
        started_at=times.instant_of(info.start_time),
        closed_at=times.instant_of(info.close_time),
        duration=columns.duration_text(info, visit.now),
        facts=_facts(described),
        relations=tuple(_relations(visit, described, ends)),
        pending=tuple(_pending(visit, described)) if is_running else (),
        inputs=tuple(payload_words(payload) for payload in started.input.payloads),
        results=tuple(payload_words(payload) for payload in _result(ends[1])),
        failure=None if is_running else failing(failure_of(ends[1])),
        events=tuple(_event(event) for event in newest),
        actions=tuple(
            (action, visit.link("/run/act", act=action.name, **here))
            for action in ACTIONS.values()
            if visit.service.serves(action.rpc) and (is_running or action.name in _FOR_CLOSED)
        ),
        like_href=visit.link("/start", like=execution.workflow_id, like_run=execution.run_id),
        newest_href="" if is_first_page else visit.link("/run", **here),
        older_href=visit.link("/run", **here, **older) if older else "",
        live_s=_LIVE_S if is_running and is_first_page else 0,
    )


def _slice(
    visit: Visit, history: GetWorkflowExecutionHistoryReverseResponse
) -> tuple[list[HistoryEvent], dict[str, str]]:
    """The events to show, and where older ones are: empty if there are none."""
    text = visit.query.one("below")
    below = int(text) if text.isascii() and text.isdigit() and len(text) < _MOST_DIGITS else None
    found = [event for event in history.history.events if below is None or event.event_id < below]
    shown, rest = found[:_PAGE_COUNT], found[_PAGE_COUNT:]
    if rest:
        return shown, {"page": visit.query.one("page"), "below": str(shown[-1].event_id)}
    return shown, {"page": token_text(history.next_page_token)} if history.next_page_token else {}


def _facts(described: DescribeWorkflowExecutionResponse) -> tuple[tuple[str, str], ...]:
    info = described.workflow_execution_info
    found = [
        ("Type", info.type.name),
        ("Task queue", info.task_queue),
        ("Run", info.execution.run_id),
        ("Events", f"{info.history_length:,}" if info.history_length else ""),
        ("History", f"{info.history_size_bytes:,} bytes" if info.history_size_bytes else ""),
    ]
    attributes = info.search_attributes.indexed_fields
    found += [(name, columns.search_attribute_text(attributes[name].data)) for name in sorted(attributes)]
    found += [(f"Memo: {name}", payload_words(info.memo.fields[name])) for name in sorted(info.memo.fields)]
    return tuple((name, value) for name, value in found if value)


def _relations(
    visit: Visit, described: DescribeWorkflowExecutionResponse, ends: tuple[HistoryEvent, HistoryEvent]
) -> Iterable[Link]:
    info = described.workflow_execution_info
    if info.parent_execution.workflow_id:
        yield _link(visit, "Parent", info.parent_execution)
    if info.root_execution.workflow_id not in {"", info.execution.workflow_id, info.parent_execution.workflow_id}:
        yield _link(visit, "Root", info.root_execution)
    started = ends[0].workflow_execution_started_event_attributes
    if started.continued_execution_run_id:
        yield _link(
            visit,
            "Run before",
            WorkflowExecution(workflow_id=info.execution.workflow_id, run_id=started.continued_execution_run_id),
        )
    next_run_id = _next_run_id(ends[1])
    if next_run_id:
        yield _link(visit, "Next run", WorkflowExecution(workflow_id=info.execution.workflow_id, run_id=next_run_id))


def _link(visit: Visit, label: str, execution: WorkflowExecution) -> Link:
    return Link(label, execution.workflow_id, visit.link("/run", id=execution.workflow_id, run=execution.run_id))


def _pending(visit: Visit, described: DescribeWorkflowExecutionResponse) -> Iterable[Pending]:
    """What the run waits for, failures first to be seen."""
    if described.HasField("pending_workflow_task"):
        task = described.pending_workflow_task
        attempt = (
            f"attempt {task.attempt:,}; the last ones failed, see the events"
            if task.attempt > 1
            else "a worker has it, or none has come yet"
        )
        yield Pending(kind="Workflow task", name=described.workflow_execution_info.task_queue, words=attempt)
    for activity in described.pending_activities[:_MOST_PENDING]:
        yield Pending(
            kind="Activity",
            name=activity.activity_type.name,
            words=_activity_words(activity, visit.now),
            failure=failing(activity.last_failure if activity.HasField("last_failure") else None),
        )
    for child in described.pending_children[:_MOST_PENDING]:
        execution = WorkflowExecution(workflow_id=child.workflow_id, run_id=child.run_id)
        yield Pending(
            kind="Child",
            name=child.workflow_id,
            words=child.workflow_type_name,
            href=_link(visit, "", execution).href,
        )


def _activity_words(activity: PendingActivityInfo, now: Nanos) -> str:
    of_how_many = f" of {activity.maximum_attempts}" if activity.maximum_attempts else ""
    words = [f"attempt {activity.attempt}{of_how_many}"]
    next_at = times.instant_of(activity.next_attempt_schedule_time) or times.instant_of(activity.scheduled_time)
    started_at = times.instant_of(activity.last_started_time)
    if activity.state == PendingActivityState.PENDING_ACTIVITY_STATE_STARTED and started_at is not None:
        words.append(f"running for {times.span(now - started_at)} on {activity.last_worker_identity}")
    elif next_at is not None and next_at > now:
        words.append(f"tried again {times.ago(next_at, now)}")
    else:
        words.append("waits for a worker")
    return ", ".join(words)


def failing(failure: Failure | None) -> Failing | None:
    """A failure as it is shown; None if there is none."""
    lines: list[str] = []
    trace = ""
    current = failure
    while current is not None and len(lines) < _MOST_CAUSES:
        kind = (current.WhichOneof("failure_info") or "failure").removesuffix("_failure_info")
        kind = current.application_failure_info.type or kind
        lines.append(f"{'caused by ' if lines else ''}{kind}: {current.message}")
        trace = current.stack_trace.rstrip()
        current = current.cause if current.HasField("cause") else None
    return Failing("\n".join(lines), trace) if lines else None


def failure_of(event: HistoryEvent) -> Failure | None:
    """The failure that an event tells of; None if it tells of none."""
    which = event.WhichOneof("attributes")
    attributes = getattr(event, which) if which else None
    if (
        attributes is None
        or "failure" not in attributes.DESCRIPTOR.fields_by_name
        or not attributes.HasField("failure")
    ):
        return None
    failure: Failure = attributes.failure
    return failure


def _result(event: HistoryEvent) -> list[Payload]:
    return list(event.workflow_execution_completed_event_attributes.result.payloads)


def _next_run_id(event: HistoryEvent) -> str:
    """The run that goes on from a closed one: continued as new, tried again, or by cron."""
    return (
        event.workflow_execution_continued_as_new_event_attributes.new_execution_run_id
        or event.workflow_execution_failed_event_attributes.new_execution_run_id
        or event.workflow_execution_completed_event_attributes.new_execution_run_id
        or event.workflow_execution_timed_out_event_attributes.new_execution_run_id
    )


def _event(event: HistoryEvent) -> Event:
    name = EventType.Name(event.event_type).removeprefix("EVENT_TYPE_")
    return Event(
        id=event.event_id,
        name="".join(word.capitalize() for word in name.split("_")),
        at=times.instant_of(event.event_time),
        failure=failing(failure_of(event)),
        details=acting.message_text(event),
    )
