"""User timers: started and cancelled by commands, fired by time.

Timers that are due together fire in order of their deadlines, then of their start. A timer that fired while the worker
had the task, and which that worker cancels, counts as cancelled: its held back event is taken out again.
Reference: tests/differential/test_timers.py.
"""

from __future__ import annotations

from temporalio.api.command.v1 import CancelTimerCommandAttributes, StartTimerCommandAttributes
from temporalio.api.enums.v1 import WorkflowTaskFailedCause
from temporalio.api.history.v1 import HistoryEvent

from mainspring.server.engine import events, workflow_task
from mainspring.server.engine.errors import BadCommand
from mainspring.server.engine.records import Timer
from mainspring.server.engine.run import Run
from mainspring.server.engine.times import length_ns

_Cause = WorkflowTaskFailedCause


def check_start_timer(run: Run, command: StartTimerCommandAttributes) -> None:
    """No timer of that id runs."""
    if command.timer_id in run.timers:
        raise BadCommand(
            _Cause.WORKFLOW_TASK_FAILED_CAUSE_START_TIMER_DUPLICATE_ID,
            f"invalid history builder state for action: add-timer-started-event, TimerID: {command.timer_id}",
        )


def start_timer(run: Run, command: StartTimerCommandAttributes, completed_by: int) -> HistoryEvent:
    """COMMAND_TYPE_START_TIMER, already checked: write TimerStarted and note when it is due."""
    event = events.timer_started(run, command, completed_by)
    fires_at = run.now + length_ns(command.start_to_fire_timeout)
    run.put_timer(Timer(command.timer_id, event.event_id, fires_at))
    return event


def check_cancel_timer(run: Run, command: CancelTimerCommandAttributes) -> None:
    """The timer runs, or has fired behind the worker's back."""
    if command.timer_id in run.timers:
        return
    if not any(e.timer_fired_event_attributes.timer_id == command.timer_id for e in run.history.buffered_events()):
        raise BadCommand(
            _Cause.WORKFLOW_TASK_FAILED_CAUSE_BAD_CANCEL_TIMER_ATTRIBUTES,
            f"invalid history builder state for action: add-timer-canceled-event, TimerID: {command.timer_id}",
        )


def cancel_timer(run: Run, command: CancelTimerCommandAttributes, completed_by: int, identity: str) -> HistoryEvent:
    """COMMAND_TYPE_CANCEL_TIMER, already checked."""
    if command.timer_id in run.timers:
        started_event_id = run.timers.remove(command.timer_id).started_event_id
    else:
        fired = run.history.take_buffered_timer_fired(command.timer_id)
        started_event_id = fired.timer_fired_event_attributes.started_event_id if fired is not None else 0
    return events.timer_canceled(run, command.timer_id, started_event_id, completed_by, identity)


def fire(run: Run, timer: Timer) -> None:
    """Time: the timer is due. Callers fire several in the order of their deadlines."""
    workflow_task.record_speculative(run)
    run.timers.remove(timer.timer_id)
    events.timer_fired(run, timer)
    workflow_task.want(run)
