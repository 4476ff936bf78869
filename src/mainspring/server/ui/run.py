"""The page of a run: why it does not go on, what it was given and gave, its timeline and history, what can be done.

/run?namespace=..&id=..&run=..            the newest events first
/run?...&view=events&order=oldest         other ways to see the history: `run_history`, `run_timeline`

What is told of the run comes from `explain`; this reads what that needs, and lays it out.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Mapping, Sequence
from typing import Final

import msgspec
from starlette.exceptions import HTTPException
from temporalio.api.common.v1 import Payload, WorkflowExecution
from temporalio.api.history.v1 import HistoryEvent
from temporalio.api.workflowservice.v1 import (
    DescribeTaskQueueResponse,
    DescribeWorkflowExecutionRequest,
    DescribeWorkflowExecutionResponse,
)

from mainspring.explain.closing import next_run_id
from mainspring.explain.failure_text import FailureText
from mainspring.explain.reasons import Known, QueueKey, Reason
from mainspring.explain.waiting import reasons
from mainspring.server.ui import codec, columns, run_history, starting, times, waits
from mainspring.server.ui.actions import ACTIONS, Action
from mainspring.server.ui.codec import Recoded
from mainspring.server.ui.page import Nanos, Page, Visit
from mainspring.server.ui.payload_words import payload_words
from mainspring.server.ui.run_history import History, Place, Read
from mainspring.server.ui.run_timeline import TimelineView, timeline_of

_LIVE_S: Final = 2
_MOST_REASONS: Final = 50
_FOR_CLOSED: Final = {"query", "delete"}
AS_STORED: Final = "stored"
_STACK_TRACE: Final = "__stack_trace"


class Link(msgspec.Struct, frozen=True):
    """Another run, or a page about this one."""

    label: str
    text: str
    href: str


class Wait(msgspec.Struct, frozen=True, kw_only=True):
    """Something that the run waits for, or how it ended."""

    sentence: str
    is_bad: bool
    failure: FailureText | None
    href: str  # of the child that is waited for, of the queue that nobody polls


class Poller(msgspec.Struct, frozen=True):
    """A worker that asks for tasks of the run's queues."""

    identity: str
    queue: str
    last_seen: str


class Seen(msgspec.Struct, frozen=True, kw_only=True):
    """What was read of the server. `shown`: the events as they are shown, by id; `read` has them as they are stored."""

    described: DescribeWorkflowExecutionResponse
    first: HistoryEvent
    newest: Sequence[HistoryEvent]
    place: Place
    read: Read
    queues: Mapping[QueueKey, DescribeTaskQueueResponse]
    shown: Mapping[int, HistoryEvent] = {}


class RunPage(msgspec.Struct, frozen=True, kw_only=True):
    """What the page shows."""

    workflow_id: str
    status: str
    started_at: Nanos | None
    closed_at: Nanos | None
    duration: str
    answer: Wait
    others: tuple[Wait, ...]
    other_count: int
    facts: tuple[tuple[str, str], ...]
    relations: tuple[Link, ...]
    pollers: tuple[Poller, ...]
    inputs: tuple[str, ...]
    results: tuple[str, ...]
    payload_note: str  # of the codec server
    is_codec_bad: bool
    other_payloads: tuple[str, str]  # label and address of the page with payloads as they are stored, or decoded
    timeline: TimelineView | None
    history: History
    actions: tuple[tuple[Action, str], ...]
    like_href: str  # empty if none can be started
    download_href: str
    stack_href: str  # empty if nobody could answer
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
    seen = await _seen(visit, described)
    recoded = await _recoded(visit, seen)
    model = _model(visit, _shown(seen, recoded), recoded)
    return Page("run.html", model, title=execution.workflow_id, section="workflows")


async def _seen(visit: Visit, described: DescribeWorkflowExecutionResponse) -> Seen:
    execution = described.workflow_execution_info.execution
    place = run_history.place_of(visit, execution)
    read, first, queues = await asyncio.gather(
        run_history.read_page(visit, place),
        run_history.read_first(visit, execution),
        waits.queues_of(visit, [described]),
    )
    newest = await run_history.read_newest(visit, place, read)
    return Seen(described=described, first=first, newest=newest, place=place, read=read, queues=queues)


async def _recoded(visit: Visit, seen: Seen) -> Recoded:
    """What the codec server makes of all payloads of the page, unless the reader wants to see what is stored."""
    if visit.codec is not None and visit.query.one("payloads") == AS_STORED:
        return Recoded(note="Payloads are shown as they are stored.")
    return await codec.opened(visit, [seen.described, seen.first, *seen.newest, *seen.read.events])


def _shown(seen: Seen, recoded: Recoded) -> Seen:
    stored = {event.event_id: event for event in (seen.first, *seen.newest, *seen.read.events)}
    shown = {number: recoded.message(event) for number, event in stored.items()}
    return msgspec.structs.replace(
        seen,
        described=recoded.message(seen.described),
        first=shown[seen.first.event_id],
        newest=[shown[event.event_id] for event in seen.newest],
        shown=shown,
    )


def _model(visit: Visit, seen: Seen, recoded: Recoded) -> RunPage:
    info = seen.described.workflow_execution_info
    here = {"id": info.execution.workflow_id, "run": info.execution.run_id}
    started = seen.first.workflow_execution_started_event_attributes
    steps = run_history.steps_of(seen.read, seen.shown, seen.described.pending_activities)
    known = Known(described=seen.described, newest=seen.newest, queues=seen.queues)
    answer, *others = (_wait(visit, reason) for reason in reasons(known, visit.now))
    is_running = info.status == waits.RUNNING
    return RunPage(
        workflow_id=info.execution.workflow_id,
        status=columns.status_name(info.status),
        started_at=times.instant_of(info.start_time),
        closed_at=times.instant_of(info.close_time),
        duration=columns.duration_text(info, visit.now),
        answer=answer,
        others=tuple(others[:_MOST_REASONS]),
        other_count=len(others),
        facts=_facts(seen.described),
        relations=tuple(_relations(visit, seen)),
        pollers=tuple(_pollers(visit, seen)),
        inputs=tuple(payload_words(payload) for payload in started.input.payloads),
        results=tuple(payload_words(payload) for payload in _result(seen.newest)),
        payload_note=recoded.note,
        is_codec_bad=recoded.is_bad,
        other_payloads=_other_payloads(visit, seen.place),
        timeline=timeline_of(visit, seen.place, steps, times.instant_of(info.start_time) or 0),
        history=run_history.history_of(visit, seen.place, seen.read, seen.shown, steps),
        actions=_actions(visit, here, is_running=is_running),
        like_href=visit.link("/start", like=here["id"], like_run=here["run"]) if starting.is_possible(visit) else "",
        download_href=visit.link("/run/history.json", **here),
        stack_href=visit.link("/run/act", act="query", **here, name=_STACK_TRACE) if is_running else "",
        live_s=_LIVE_S if is_running and seen.read.has_newest else 0,
    )


def _other_payloads(visit: Visit, place: Place) -> tuple[str, str]:
    if visit.query.one("payloads") == AS_STORED:
        return "Decode them", place.link(visit, payloads="")
    return "Show what is stored", place.link(visit, payloads=AS_STORED)


def _actions(visit: Visit, here: dict[str, str], *, is_running: bool) -> tuple[tuple[Action, str], ...]:
    return tuple(
        (action, visit.link("/run/act", act=action.name, **here))
        for action in ACTIONS.values()
        if visit.service.serves(action.rpc) and (is_running or action.name in _FOR_CLOSED)
    )


def _wait(visit: Visit, reason: Reason) -> Wait:
    href = visit.link("/run", id=reason.workflow_id, run=reason.run_id) if reason.workflow_id else ""
    return Wait(sentence=reason.sentence, is_bad=reason.is_bad, failure=reason.failure, href=href)


def _facts(described: DescribeWorkflowExecutionResponse) -> tuple[tuple[str, str], ...]:
    info = described.workflow_execution_info
    elsewhere = f"{info.external_payload_count:,} payloads, {info.external_payload_size_bytes:,} bytes"
    found = [
        ("Type", info.type.name),
        ("Task queue", info.task_queue),
        ("Run", info.execution.run_id),
        ("Events", f"{info.history_length:,}" if info.history_length else ""),
        ("History", f"{info.history_size_bytes:,} bytes" if info.history_size_bytes else ""),
        ("In external storage", elsewhere if info.external_payload_count else ""),
    ]
    attributes = info.search_attributes.indexed_fields
    found += [(name, columns.search_attribute_text(attributes[name].data)) for name in sorted(attributes)]
    found += [(f"Memo: {name}", payload_words(info.memo.fields[name])) for name in sorted(info.memo.fields)]
    return tuple((name, value) for name, value in found if value)


def _relations(visit: Visit, seen: Seen) -> Iterable[Link]:
    info = seen.described.workflow_execution_info
    own_id = info.execution.workflow_id
    if info.parent_execution.workflow_id:
        yield _link(visit, "Parent", info.parent_execution)
    if info.root_execution.workflow_id not in {"", own_id, info.parent_execution.workflow_id}:
        yield _link(visit, "Root", info.root_execution)
    before = seen.first.workflow_execution_started_event_attributes.continued_execution_run_id
    if before:
        yield _run_link(visit, "Run before", WorkflowExecution(workflow_id=own_id, run_id=before))
    after = next_run_id(seen.newest[0]) if seen.newest else ""
    if after:
        yield _run_link(visit, "Next run", WorkflowExecution(workflow_id=own_id, run_id=after))
    yield Link("Tree", "Parents and children", visit.link("/run/tree", id=own_id, run=info.execution.run_id))


def _link(visit: Visit, label: str, execution: WorkflowExecution) -> Link:
    return Link(label, execution.workflow_id, visit.link("/run", id=execution.workflow_id, run=execution.run_id))


def _run_link(visit: Visit, label: str, execution: WorkflowExecution) -> Link:
    return Link(label, execution.run_id, visit.link("/run", id=execution.workflow_id, run=execution.run_id))


def _pollers(visit: Visit, seen: Seen) -> Iterable[Poller]:
    for (name, kind), queue in seen.queues.items():
        tasks = "workflow tasks" if kind == waits.WORKFLOW else "activities"
        for poller in queue.pollers:
            seen_at = times.instant_of(poller.last_access_time)
            yield Poller(poller.identity, f"{tasks} of {name}", times.ago(seen_at, visit.now) if seen_at else "")


def _result(newest: Sequence[HistoryEvent]) -> list[Payload]:
    if not newest:
        return []
    return list(newest[0].workflow_execution_completed_event_attributes.result.payloads)
