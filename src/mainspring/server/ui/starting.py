"""Start a workflow, from nothing or like another run: its input as the exact bytes, and its options unless changed.

GET  /start?like=<id>&like_run=<run>    the form
POST /start                             what was answered, or the form again with what is wrong
"""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from typing import Final

import msgspec
from google.protobuf.message import Message
from starlette.exceptions import HTTPException
from temporalio.api.common.v1 import Payload, Payloads, WorkflowExecution, WorkflowType
from temporalio.api.history.v1 import WorkflowExecutionStartedEventAttributes
from temporalio.api.taskqueue.v1 import TaskQueue
from temporalio.api.workflowservice.v1 import (
    GetWorkflowExecutionHistoryRequest,
    GetWorkflowExecutionHistoryResponse,
    StartWorkflowExecutionRequest,
    StartWorkflowExecutionResponse,
)

from mainspring.server.ui import acting, actions, arguments, codec
from mainspring.server.ui.arguments import Argument, WrongField
from mainspring.server.ui.page import Fields, Page, Visit
from mainspring.server.ui.permissions import REFUSAL
from mainspring.server.ui.service import CodecFailed

_NO_ATTRIBUTES: Final = WorkflowExecutionStartedEventAttributes()
# Options that a run takes over from the one that it is like, by their fields in the event and in the request.
_TAKEN_OVER: Final = ("memo", "search_attributes", "header", "retry_policy", "priority")
_TIMEOUTS: Final = {
    "workflow_execution_timeout": "Execution timeout",
    "workflow_run_timeout": "Run timeout",
    "workflow_task_timeout": "Task timeout",
}
_LONGEST_S: Final = 10 * 365 * 86_400


class Timeout(msgspec.Struct, frozen=True, kw_only=True):
    """A timeout in seconds, as text; empty for none."""

    name: str
    label: str
    value: str


class StartForm(msgspec.Struct, frozen=True, kw_only=True):
    """The form."""

    workflow_id: str
    workflow_type: str
    task_queue: str
    arguments: tuple[Argument, ...]
    timeouts: tuple[Timeout, ...]
    request_id: str
    like: str
    like_run: str
    takes_over: tuple[str, ...]  # options of the other run, in words
    wrong: WrongField | None = None
    payload_note: str = ""  # of the codec server


def is_possible(visit: Visit) -> bool:
    """Whether workflows can be started from here."""
    return visit.service.serves("StartWorkflowExecution")


async def ask(visit: Visit) -> Page:
    """The form, filled in from another run if one is named."""
    if not is_possible(visit):
        raise HTTPException(403, REFUSAL)
    started = await _started(visit, visit.query)
    input_shown = await codec.opened(visit, [started.input])
    model = StartForm(
        workflow_id=visit.query.one("like"),
        workflow_type=started.workflow_type.name,
        task_queue=started.task_queue.name,
        arguments=tuple(arguments.shown(input_shown.payloads(started.input.payloads))),
        timeouts=tuple(
            Timeout(name=name, label=label, value=_seconds_text(getattr(started, name).ToNanoseconds()))
            for name, label in _TIMEOUTS.items()
        ),
        request_id=str(uuid.uuid4()),
        like=visit.query.one("like"),
        like_run=visit.query.one("like_run"),
        takes_over=_taken_over(started),
        payload_note=input_shown.note,
    )
    return _page(model)


async def act(visit: Visit) -> Page:
    """Start it."""
    form = visit.form
    started = await _started(visit, form)
    stored = list(started.input.payloads)
    decoded = (await codec.opened(visit, [started.input])).payloads(stored)
    if form.one("more"):
        return _page(_written(form, started, decoded, None))
    try:
        request = _request(visit, started)
        request.input.CopyFrom(await _input(visit, stored, decoded))
    except WrongField as wrong:
        return _page(_written(form, started, decoded, wrong))
    if not request.input.payloads:
        request.ClearField("input")
    run_href = visit.link("/run", id=request.workflow_id)
    return await acting.answered(
        visit, request, StartWorkflowExecutionResponse, label="Start", back=(run_href, "To the run")
    )


async def _started(visit: Visit, fields: Fields) -> WorkflowExecutionStartedEventAttributes:
    """How the other run began; empty if none is named."""
    if not fields.one("like"):
        return _NO_ATTRIBUTES
    request = GetWorkflowExecutionHistoryRequest(
        namespace=visit.namespace,
        execution=WorkflowExecution(workflow_id=fields.one("like"), run_id=fields.one("like_run")),
        maximum_page_size=1,
    )
    reply = await visit.service.call(request, GetWorkflowExecutionHistoryResponse)
    return reply.history.events[0].workflow_execution_started_event_attributes


async def _input(visit: Visit, stored: Sequence[Payload], decoded: Sequence[Payload]) -> Payloads:
    """What was not changed as it is stored, all else encoded. Raises: WrongField."""
    taken = arguments.taken_like(visit.form, stored, decoded)
    payloads = list(taken.payloads)
    try:
        made = await codec.encoded(visit, [payloads[number] for number in taken.written])
    except CodecFailed as error:
        raise WrongField(f"text-{taken.written[0]}", str(error)) from error
    for number, payload in zip(taken.written, made, strict=True):
        payloads[number] = payload
    return Payloads(payloads=payloads)


def _request(visit: Visit, started: WorkflowExecutionStartedEventAttributes) -> StartWorkflowExecutionRequest:
    """Raises: WrongField: something is missing or malformed."""
    form = visit.form
    for name, label in (("id", "a workflow id"), ("type", "a workflow type"), ("queue", "a task queue")):
        if not form.one(name):
            raise WrongField(name, f"{label} is needed")
    request = StartWorkflowExecutionRequest(
        namespace=visit.namespace,
        workflow_id=form.one("id"),
        workflow_type=WorkflowType(name=form.one("type")),
        task_queue=TaskQueue(name=form.one("queue")),
        identity=actions.IDENTITY,
        request_id=form.one("request_id"),
    )
    for name in _TIMEOUTS:
        seconds = _seconds(form, name)
        if seconds:
            getattr(request, name).CopyFrom(actions.duration_of(seconds))
    for name, value in _options(started).items():
        getattr(request, name).CopyFrom(value)
    return request


def _seconds(form: Fields, name: str) -> float:
    text = form.one(name).strip()
    if not text:
        return 0.0
    try:
        seconds = float(text)
    except ValueError as error:
        raise WrongField(name, "expected a number of seconds") from error
    if not 0 <= seconds <= _LONGEST_S:
        raise WrongField(name, f"expected 0 to {_LONGEST_S} seconds")
    return seconds


def _seconds_text(nanos: int) -> str:
    return f"{nanos / 1e9:.9f}".rstrip("0").rstrip(".") if nanos else ""


def _options(started: WorkflowExecutionStartedEventAttributes) -> dict[str, Message]:
    """What a run takes over, as far as the other one has it."""
    fields = ((field.name, value) for field, value in started.ListFields())
    return {name: value for name, value in fields if name in _TAKEN_OVER and value.ByteSize() > 0}


def _taken_over(started: WorkflowExecutionStartedEventAttributes) -> tuple[str, ...]:
    return tuple(name.replace("_", " ") for name in _options(started))


def _written(
    form: Fields,
    started: WorkflowExecutionStartedEventAttributes,
    original: Sequence[Payload],
    wrong: WrongField | None,
) -> StartForm:
    return StartForm(
        workflow_id=form.one("id"),
        workflow_type=form.one("type"),
        task_queue=form.one("queue"),
        arguments=tuple(arguments.again(form, original, more=bool(form.one("more")))),
        timeouts=tuple(Timeout(name=name, label=label, value=form.one(name)) for name, label in _TIMEOUTS.items()),
        request_id=form.one("request_id"),
        like=form.one("like"),
        like_run=form.one("like_run"),
        takes_over=_taken_over(started),
        wrong=wrong,
    )


def _page(model: StartForm) -> Page:
    title = f"Start one like {model.like}" if model.like else "Start a workflow"
    return Page("start.html", model, title=title, section="workflows", status=200 if model.wrong is None else 400)
