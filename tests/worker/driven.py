"""A run in a worker without a server: a test says what happened, and looks at what workflow code asks for.

    run = Driven(Orders, "one")
    assert run.begin() == ["activity 1 charge"]
    assert run.tell(completed(1, "paid")) == ["complete 'paid'"]

One second passes with each activation.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import timedelta
from typing import Any

from temporalio.api.common.v1 import Payloads
from temporalio.api.enums.v1 import CommandType
from temporalio.api.failure.v1 import Failure
from temporalio.api.history.v1 import WorkflowExecutionStartedEventAttributes, WorkflowTaskStartedEventAttributes

from mainspring.converter import DataConverter
from mainspring.replay import requests
from mainspring.replay.activation import (
    Activation,
    Cancel,
    FireTimer,
    Initialize,
    Job,
    Outcome,
    Query,
    ResolveActivity,
    Signal,
    Update,
    in_order,
)
from mainspring.worker._run import WorkflowRun
from mainspring.worker._run_details import RunDetails, info_of
from mainspring.workflow._definition import Definition

SECOND = 1_000_000_000
BEGAN_AT = 1_700_000_000 * SECOND
CONVERTER = DataConverter.default.payload_converter


class Driven:
    """One run, and all that it asked for so far."""

    def __init__(
        self,
        workflow: Any,
        *arguments: Any,
        seed: int = 1,
        converter: DataConverter = DataConverter.default,
        **details: Any,
    ) -> None:
        definition = Definition.must_from_class(workflow)
        started = WorkflowExecutionStartedEventAttributes(original_execution_run_id="run")
        started.workflow_type.name = definition.name or ""
        started.input.payloads.extend(CONVERTER.to_payloads(arguments))
        self._initialize = Initialize(started=started, started_at=BEGAN_AT, seeded_by=f"run {seed}")
        of_worker = RunDetails("default", "queue", converter, **details)
        info = info_of(of_worker, "run", "id", self._initialize, BEGAN_AT)
        self.run = WorkflowRun(of_worker, definition, info, self._initialize)
        self.now = BEGAN_AT
        self.all: list[str] = []
        self.error: BaseException | None = None  # of the workflow task
        self.last: list[requests.Request] = []

    def begin(self, *jobs: Job, is_replaying: bool = False, build_id: str = "") -> list[str]:
        """The first workflow task; `jobs` happened before it."""
        return self.tell(self._initialize, *jobs, is_replaying=is_replaying, build_id=build_id)

    def tell(self, *jobs: Job, is_replaying: bool = False, build_id: str = "") -> list[str]:
        """Say what happened, and get what workflow code asks for then."""
        self.now += SECOND
        completion = self.run.activate(
            Activation(
                jobs=in_order(jobs),
                time_ns=self.now,
                is_replaying=is_replaying,
                history_length=3,
                task_started=WorkflowTaskStartedEventAttributes(history_size_bytes=100),
                build_id=build_id,
                deployment_name="",
                flags=frozenset(),
            )
        )
        self.error = completion.error
        self.last = completion.requests
        said = [described(request) for request in completion.requests]
        self.all += said
        return said

    @property
    def is_over(self) -> bool:
        return any(said.split()[0] in {"complete", "fail", "cancelled"} for said in self.all)

    def tell_until_over(self, choose: Callable[[int], int]) -> list[str]:
        """Resolve all that is asked for, one by one, until the run ends. `choose(count)`: which of those that wait."""
        waiting: list[tuple[str, int]] = _waiting(self.begin())
        while not self.is_over:
            assert self.error is None, repr(self.error)
            assert waiting, f"the run waits for nothing: {self.all[-5:]}"
            kind, seq = waiting.pop(choose(len(waiting)))
            job = completed(seq, f"result {seq}") if kind == "activity" else FireTimer(seq=seq)
            said = self.tell(job)
            gone: list[tuple[str, int]] = [
                ("timer", int(one.split()[1])) for one in said if one.startswith("cancel_timer")
            ]
            waiting = [one for one in [*waiting, *_waiting(said)] if one not in gone]
        return self.all


def _waiting(said: Sequence[str]) -> list[tuple[str, int]]:
    return [(one.split()[0], int(one.split()[1])) for one in said if one.split()[0] in {"activity", "timer"}]


def described(request: requests.Request) -> str:
    """One request in a few words."""
    if isinstance(request, requests.StartTimer):
        return f"timer {request.seq} {timedelta(microseconds=request.wait_ns / 1000).total_seconds():g}"
    if isinstance(request, requests.CancelTimer):
        return f"cancel_timer {request.seq}"
    if isinstance(request, requests.ScheduleActivity):
        given = CONVERTER.from_payloads(request.attributes.input.payloads)
        return " ".join(["activity", str(request.seq), request.attributes.activity_type.name, *map(str, given)])
    if isinstance(request, requests.CancelActivity):
        return f"cancel_activity {request.seq}"
    if isinstance(request, requests.AnswerQuery):
        return f"answer {_value(request.result)!r}" if request.result else f"no_answer {_text(request.failure)}"
    if isinstance(request, requests.CompleteUpdate):
        return f"updated {_value(request.result)!r}" if request.result else f"update_failed {_text(request.failure)}"
    if isinstance(request, requests.Terminal):
        return _described_end(request)
    return type(request).__name__


def _described_end(request: requests.Terminal) -> str:
    command = request.command
    if command.command_type == CommandType.COMMAND_TYPE_COMPLETE_WORKFLOW_EXECUTION:
        result = command.complete_workflow_execution_command_attributes.result.payloads
        return f"complete {_value(result[0])!r}"
    if command.command_type == CommandType.COMMAND_TYPE_FAIL_WORKFLOW_EXECUTION:
        return f"fail {_text(command.fail_workflow_execution_command_attributes.failure)}"
    return "cancelled"


def _value(payload: Any) -> Any:
    return CONVERTER.from_payload(payload)


def _text(failure: Failure | None) -> str:
    return "" if failure is None else failure.message


def completed(seq: int, value: Any = None) -> ResolveActivity:
    return ResolveActivity(seq=seq, outcome=Outcome(result=CONVERTER.to_payload(value)))


def failed(seq: int, message: str) -> ResolveActivity:
    failure = _of_activity()
    failure.cause.message = message
    failure.cause.application_failure_info.type = "Oh"
    return ResolveActivity(seq=seq, outcome=Outcome(failure=failure))


def activity_cancelled(seq: int) -> ResolveActivity:
    failure = _of_activity()
    failure.cause.message = "Cancelled"
    failure.cause.canceled_failure_info.SetInParent()
    return ResolveActivity(seq=seq, outcome=Outcome(failure=failure, is_cancelled=True))


def _of_activity() -> Failure:
    failure = Failure(message="activity failed")
    failure.activity_failure_info.activity_id = "1"
    return failure


def fired(seq: int) -> FireTimer:
    return FireTimer(seq=seq)


def cancel() -> Cancel:
    return Cancel(reason="enough")


def signal(name: str, *arguments: Any) -> Signal:
    return Signal(name=name, input=CONVERTER.to_payloads(arguments), headers={}, event_id=4)


def query(name: str, *arguments: Any) -> Query:
    return Query(id="q", name=name, arguments=CONVERTER.to_payloads(arguments), headers={})


def update(name: str, *arguments: Any) -> Update:
    return Update(
        id="u",
        name=name,
        protocol_instance_id="u",
        input=Payloads(payloads=CONVERTER.to_payloads(arguments)).payloads,
        headers={},
        run_validator=True,
    )
