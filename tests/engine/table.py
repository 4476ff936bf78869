"""A run on the table: requests, polls, answers and time go in, events come out; every transition is stored and checked.

    table = Table()
    table.play("poll", "complete: timer t 5", "after 5", "poll", "complete: close")
    assert table.names() == ["WorkflowExecutionStarted", ...]

Each step is one transition: it begins at the table's time, is committed to a store that is a few attributes, and is
checked against what must hold for every history. `reload` replaces the run by its stored form, as a restart does.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TypeVar

from google.protobuf.duration_pb2 import Duration
from temporalio.api.command.v1 import (
    CancelTimerCommandAttributes,
    Command,
    CompleteWorkflowExecutionCommandAttributes,
    RecordMarkerCommandAttributes,
    RequestCancelActivityTaskCommandAttributes,
    ScheduleActivityTaskCommandAttributes,
    StartTimerCommandAttributes,
)
from temporalio.api.common.v1 import ActivityType, Payloads, RetryPolicy, WorkflowType
from temporalio.api.enums.v1 import CommandType, EventType, TaskQueueKind, WorkflowTaskFailedCause
from temporalio.api.failure.v1 import ApplicationFailureInfo, Failure
from temporalio.api.history.v1 import History, HistoryEvent, WorkflowExecutionStartedEventAttributes
from temporalio.api.protocol.v1 import Message
from temporalio.api.taskqueue.v1 import TaskQueue
from temporalio.api.workflowservice.v1 import (
    RequestCancelWorkflowExecutionRequest,
    RespondWorkflowTaskCompletedRequest,
    RespondWorkflowTaskFailedRequest,
    SignalWorkflowExecutionRequest,
)

from mainspring.server.engine import activity, close, completion, due, signal, start, workflow_task
from mainspring.server.engine.changes import Changes, RunKey
from mainspring.server.engine.completion import Worker
from mainspring.server.engine.errors import BadCommand
from mainspring.server.engine.limits import Limits
from mainspring.server.engine.records import Activity, WorkflowTask
from mainspring.server.engine.run import Run
from mainspring.server.engine.settings import NamespaceSettings
from mainspring.server.engine.spelling import camel_case
from mainspring.server.engine.succession import Chain
from mainspring.server.engine.times import SECOND

R = TypeVar("R")

KEY = RunKey("namespace-id", "workflow", "run-1")
NOON = 1_800_000_000 * SECOND
E = EventType
CLOSING = {
    E.EVENT_TYPE_WORKFLOW_EXECUTION_COMPLETED,
    E.EVENT_TYPE_WORKFLOW_EXECUTION_FAILED,
    E.EVENT_TYPE_WORKFLOW_EXECUTION_TIMED_OUT,
    E.EVENT_TYPE_WORKFLOW_EXECUTION_CANCELED,
    E.EVENT_TYPE_WORKFLOW_EXECUTION_TERMINATED,
    E.EVENT_TYPE_WORKFLOW_EXECUTION_CONTINUED_AS_NEW,
}
OUTCOMES = {
    E.EVENT_TYPE_ACTIVITY_TASK_COMPLETED,
    E.EVENT_TYPE_ACTIVITY_TASK_FAILED,
    E.EVENT_TYPE_ACTIVITY_TASK_TIMED_OUT,
    E.EVENT_TYPE_ACTIVITY_TASK_CANCELED,
    E.EVENT_TYPE_WORKFLOW_TASK_COMPLETED,
    E.EVENT_TYPE_WORKFLOW_TASK_FAILED,
    E.EVENT_TYPE_WORKFLOW_TASK_TIMED_OUT,
}


class Table:
    """One run, its stored form, and the clock."""

    def __init__(self, *, limits: Limits | None = None, **first_event: object) -> None:
        self.settings = NamespaceSettings(id=KEY.namespace_id, name="default", limits=limits or Limits())
        self.now = NOON
        self.events: list[HistoryEvent] = []
        self.commits: list[Changes] = []
        self._records: dict[tuple[str, str], bytes] = {}
        self._id_count = 0
        started = WorkflowExecutionStartedEventAttributes(
            workflow_type=WorkflowType(name="Workflow"),
            task_queue=TaskQueue(name="queue", kind=TaskQueueKind.TASK_QUEUE_KIND_NORMAL),
            workflow_task_timeout=Duration(seconds=10),
            original_execution_run_id=KEY.run_id,
            first_execution_run_id=KEY.run_id,
            workflow_id=KEY.workflow_id,
            attempt=1,
        )
        started.MergeFrom(WorkflowExecutionStartedEventAttributes(**first_event))  # type: ignore[arg-type]  # by name
        opening = start.Opening(key=KEY, settings=self.settings, create_request_id="create", now=self.now)
        self.run = start.open_run(opening, started)
        self._commit()

    # -- transitions

    def do(self, decide: Callable[[Run], R]) -> R:
        """One transition. What `decide` raises leaves the run as it was stored."""
        self.run.begin(self.now)
        try:
            result = decide(self.run)
        except BaseException:
            self.reload()
            raise
        if self.run.is_dirty:
            self._commit()
        return result

    def reload(self) -> None:
        """Forget the run in memory and load it again."""
        last = self.commits[-1]
        self.run = Run.load(
            KEY,
            self.settings,
            version=len(self.commits),
            next_event_id=last.next_event_id,
            state=last.state,
            records=dict(self._records),
        )
        self.run.begin(self.now)

    def _commit(self) -> None:
        changes = self.run.take_changes()
        self.run.successor = None
        assert changes.expected_version == len(self.commits)
        self.commits.append(changes)
        for key, blob in changes.records.items():
            if blob is None:
                self._records.pop(key, None)
            else:
                self._records[key] = blob
        for batch in changes.events:
            self.events.extend(History.FromString(batch.blob).events)
        check_history(self.events, is_closed=not self.run.is_running)
        kept_until = self.run.state.closed_at + self.settings.retention_ns
        assert self.run.is_running or changes.wake_at == kept_until, "a closed run waits for something"

    def new_id(self) -> str:
        self._id_count += 1
        return f"id-{self._id_count}"

    @property
    def chain(self) -> Chain:
        return Chain(first_event=self.events[0], new_id=self.new_id)

    # -- what happens to a run

    def poll(self) -> bool:
        """A worker takes the workflow task. Returns: there was one."""
        task = self.run.state.task
        if task is None or task.started_event_id:
            return False
        ref, stamp, queue, request_id = task.scheduled_event_id, task.stamp, task.queue, self.new_id()
        self.do(
            lambda run: workflow_task.start(
                run, ref=ref, stamp=stamp, queue=queue, identity="worker", request_id=request_id
            )
        )
        return True

    @property
    def has_started_task(self) -> bool:
        return self.run.has_started_task

    def complete(self, *commands: Command, messages: Sequence[Message] = ()) -> bool:
        """The worker completes its workflow task. Returns: it could; if not, the task has failed."""
        request = RespondWorkflowTaskCompletedRequest(commands=commands, messages=messages, identity="worker")
        worker = Worker(new_id=self.new_id, chain=self.chain)
        try:
            self.do(lambda run: completion.respond_completed(run, _task(run), request, worker))
        except BadCommand as error:
            cause = error
            self.do(lambda run: completion.fail_for_bad_command(run, _task(run), request, cause))
            return False
        return True

    def fail(self) -> None:
        request = RespondWorkflowTaskFailedRequest(
            cause=WorkflowTaskFailedCause.WORKFLOW_TASK_FAILED_CAUSE_WORKFLOW_WORKER_UNHANDLED_FAILURE
        )
        self.do(lambda run: completion.respond_failed(run, _task(run), request))

    def signal(self, name: str = "signal", request_id: str = "") -> None:
        request = SignalWorkflowExecutionRequest(signal_name=name, request_id=request_id or self.new_id())
        self.do(lambda run: signal.signal(run, request))

    def request_cancel(self) -> None:
        self.do(lambda run: signal.request_cancel(run, RequestCancelWorkflowExecutionRequest(reason="enough")))

    def terminate(self) -> None:
        self.do(lambda run: close.terminate(run, reason="enough", details=None, identity="client"))

    def after(self, seconds: float) -> None:
        """Time passes, and what has come due happens."""
        self.now += int(seconds * SECOND)
        chain = self.chain
        self.do(lambda run: due.fire_due(run, chain))

    def start_activity(self, activity_id: str) -> bool:
        """A worker takes an activity task. Returns: there was one."""
        pending = self.pending(activity_id)
        if pending is None or pending.stage != "scheduled" or not pending.is_dispatched:
            return False
        ref, stamp = pending.scheduled_event_id, pending.stamp
        self.do(
            lambda run: activity.start_attempt(
                run, ref=ref, stamp=stamp, identity="worker", request_id=self.new_id(), worker_version=None
            )
        )
        return True

    def end_activity(self, activity_id: str, how: str) -> bool:
        """A worker answers for an activity. Returns: it had it."""
        pending = self.pending(activity_id)
        if pending is None or pending.stage != "started":
            return False
        ref = pending.scheduled_event_id
        answers: dict[str, Callable[[Run, Activity], None]] = {
            "completed": lambda run, a: activity.complete(run, a, Payloads(), "worker"),
            "failed": lambda run, a: activity.fail(run, a, failure(), "worker", None),
            "broken": lambda run, a: activity.fail(run, a, failure(non_retryable=True), "worker", None),
            "canceled": lambda run, a: activity.cancel(run, a, None, "worker"),
            "alive": lambda run, a: activity.record_heartbeat(run, a, Payloads()),
        }

        def answer(run: Run) -> None:
            found = run.activities.get(ref)
            assert found is not None
            answers[how](run, found)

        self.do(answer)
        return True

    def pending(self, activity_id: str) -> Activity | None:
        return self.run.activities.get(self.run.activity_ids.get(activity_id, 0))

    # -- scenarios as text

    def play(self, *steps: str) -> None:
        """Carry out steps such as `poll`, `complete: timer t 5, marker m`, `after 5`, `activity a failed`."""
        for step in steps:
            verb, _, rest = step.partition(":")
            words = verb.split()
            match words[0]:
                case "poll":
                    assert self.poll(), f"no workflow task at {step!r}"
                case "complete":
                    self.complete(*(command_of(text) for text in rest.split(",") if text.strip()))
                case "fail":
                    self.fail()
                case "signal":
                    self.signal(*words[1:])
                case "cancel":
                    self.request_cancel()
                case "terminate":
                    self.terminate()
                case "after":
                    self.after(float(words[1]))
                case "reload":
                    self.reload()
                case "activity" if words[2] == "started":
                    assert self.start_activity(words[1]), f"no activity task at {step!r}"
                case "activity":
                    assert self.end_activity(words[1], words[2]), f"nobody has the activity at {step!r}"
                case _:
                    raise ValueError(f"unknown step {step!r}")

    def names(self, since: int = 0) -> list[str]:
        """The types of the events after the first `since`, as people say them."""
        return [camel_case(E.Name(e.event_type).removeprefix("EVENT_TYPE_")) for e in self.events[since:]]


def _task(run: Run) -> WorkflowTask:
    task = run.state.task
    assert task is not None, "there is no workflow task"
    assert task.started_event_id, "no worker has the workflow task"
    return task


def failure(*, non_retryable: bool = False) -> Failure:
    info = ApplicationFailureInfo(type="Wrong", non_retryable=non_retryable)
    return Failure(message="no", application_failure_info=info)


def command_of(text: str) -> Command:
    """`timer ID SECONDS`, `cancel-timer ID`, `activity ID [ATTEMPTS]`, `cancel-activity EVENT`, `marker NAME`, ..."""
    verb, *words = text.split()
    match verb:
        case "timer":
            attributes = StartTimerCommandAttributes(timer_id=words[0], start_to_fire_timeout=seconds(float(words[1])))
            return Command(command_type=CommandType.COMMAND_TYPE_START_TIMER, start_timer_command_attributes=attributes)
        case "cancel-timer":
            return Command(
                command_type=CommandType.COMMAND_TYPE_CANCEL_TIMER,
                cancel_timer_command_attributes=CancelTimerCommandAttributes(timer_id=words[0]),
            )
        case "activity":
            return _activity(words[0], attempts=int(words[1]) if len(words) > 1 else 1)
        case "cancel-activity":
            request = RequestCancelActivityTaskCommandAttributes(scheduled_event_id=int(words[0]))
            return Command(
                command_type=CommandType.COMMAND_TYPE_REQUEST_CANCEL_ACTIVITY_TASK,
                request_cancel_activity_task_command_attributes=request,
            )
        case "marker":
            return Command(
                command_type=CommandType.COMMAND_TYPE_RECORD_MARKER,
                record_marker_command_attributes=RecordMarkerCommandAttributes(marker_name=words[0]),
            )
        case "close":
            return Command(
                command_type=CommandType.COMMAND_TYPE_COMPLETE_WORKFLOW_EXECUTION,
                complete_workflow_execution_command_attributes=CompleteWorkflowExecutionCommandAttributes(),
            )
        case _:
            raise ValueError(f"unknown command {text!r}")


def _activity(activity_id: str, attempts: int) -> Command:
    attributes = ScheduleActivityTaskCommandAttributes(
        activity_id=activity_id,
        activity_type=ActivityType(name="Activity"),
        task_queue=TaskQueue(name="queue"),
        start_to_close_timeout=seconds(10),
        heartbeat_timeout=seconds(4),
        schedule_to_close_timeout=seconds(60),
        retry_policy=RetryPolicy(initial_interval=seconds(1), backoff_coefficient=1, maximum_attempts=attempts),
    )
    return Command(
        command_type=CommandType.COMMAND_TYPE_SCHEDULE_ACTIVITY_TASK,
        schedule_activity_task_command_attributes=attributes,
    )


def seconds(value: float) -> Duration:
    made = Duration()
    made.FromNanoseconds(int(value * SECOND))
    return made


# -- what holds for every history


def check_history(events: list[HistoryEvent], *, is_closed: bool, since: int = NOON) -> None:
    """Ids without gaps, causes before effects, one workflow task at a time, one end, and it is the last event."""
    assert [e.event_id for e in events] == list(range(1, len(events) + 1))
    assert events[0].event_type == E.EVENT_TYPE_WORKFLOW_EXECUTION_STARTED
    ends = [e for e in events if e.event_type in CLOSING]
    assert len(ends) == (1 if is_closed else 0)
    assert not is_closed or events[-1].event_type in CLOSING
    times = [e.event_time.ToNanoseconds() for e in events]
    assert min(times) >= since
    _check_tasks(events)
    _check_outcomes(events)


def _check_tasks(events: list[HistoryEvent]) -> None:
    """Scheduled, started, ended, scheduled, ...: never two workflow tasks at once."""
    state = "none"
    for event in events:
        match event.event_type:
            case E.EVENT_TYPE_WORKFLOW_TASK_SCHEDULED:
                assert state == "none", f"a second workflow task is scheduled by event {event.event_id}"
                state = "scheduled"
            case E.EVENT_TYPE_WORKFLOW_TASK_STARTED:
                assert state == "scheduled", f"event {event.event_id} starts a task that is not scheduled"
                state = "started"
            case E.EVENT_TYPE_WORKFLOW_TASK_COMPLETED | E.EVENT_TYPE_WORKFLOW_TASK_FAILED:
                assert state == "started", f"event {event.event_id} ends a task that has not started"
                state = "none"
            case E.EVENT_TYPE_WORKFLOW_TASK_TIMED_OUT:
                assert state != "none", f"event {event.event_id} times out a task that is not there"
                state = "none"
            case _:
                pass


def _check_outcomes(events: list[HistoryEvent]) -> None:
    """Whatever ends names what began, once; a timer fires or is cancelled once."""
    by_id = {event.event_id: event for event in events}
    ended: set[int] = set()
    for event in events:
        attributes = getattr(event, str(event.WhichOneof("attributes")))
        began = 0
        if event.event_type in OUTCOMES:
            began = attributes.scheduled_event_id
        elif event.event_type in (E.EVENT_TYPE_TIMER_FIRED, E.EVENT_TYPE_TIMER_CANCELED):
            began = attributes.started_event_id
        if not began:
            continue
        assert by_id[began].event_id < event.event_id
        assert began not in ended, f"what event {began} began ends twice"
        ended.add(began)
        if event.event_type in OUTCOMES and attributes.started_event_id:
            assert by_id[attributes.started_event_id].event_id < event.event_id
