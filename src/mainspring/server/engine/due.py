"""Time passes for a run: whatever has come due happens, in the order in which it came due.

    run.wake_at() has come  ->  fire_due(run)  ->  timers fire, activities time out or try again, tasks time out, the
    run ends

Reference: tests/engine/test_stories.py.
"""

from __future__ import annotations

from mainspring.server.engine import activity, close, start, timer, update, workflow_task
from mainspring.server.engine.changes import Nanos
from mainspring.server.engine.run import Run, activity_deadline, task_deadline
from mainspring.server.engine.succession import Chain


def fire_due(run: Run, chain: Chain | None) -> None:
    """Do all that is due at `run.now`. Time may be reported more than once."""
    while run.is_running:
        at, kind = _next(run)
        if not at or at > run.now:
            return
        if kind == "record":
            _fire_record(run)
        elif kind == "first task":
            start.end_first_wait(run)
        elif kind == "workflow task":
            update.take_back(run, seen_are_failed=False)
            workflow_task.time_out(run)
        else:
            close.time_out(run, chain)


def _next(run: Run) -> tuple[Nanos, str]:
    """The earliest deadline; where several come together, the run's own end comes last."""
    state = run.state
    entry = run.next_record_deadline()
    candidates = [
        (entry[0] if entry is not None else 0, 0, "record"),
        (state.first_task_at, 1, "first task"),
        (task_deadline(state), 2, "workflow task"),
        (state.run_expires_at, 3, "run"),
        (state.execution_expires_at, 4, "run"),
    ]
    known = [c for c in candidates if c[0]]
    if not known:
        return 0, ""
    at, _, kind = min(known)
    return at, kind


def _fire_record(run: Run) -> None:
    entry = run.next_record_deadline()
    if entry is None:
        return
    kind, key = entry[2], entry[3]
    if kind == "timer":
        due = run.timers.get(str(key))
        if due is not None:
            timer.fire(run, due)
        return
    pending = run.activities.get(int(key))
    nearest = None if pending is None else activity_deadline(pending)
    if pending is None or nearest is None:
        return
    if nearest[1]:
        activity.time_out(run, pending, nearest[1])
    else:
        activity.dispatch_attempt(run, pending)
