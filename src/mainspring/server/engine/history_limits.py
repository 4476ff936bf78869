"""A history that has grown beyond what can be kept and replayed: its run is ended.

    before a commit:  excess(run) -> reason -> the run is terminated instead, and the caller is told why

Workers are told long before (`suggest_continue_as_new`). Reference: tests/scenario/test_limits.py.
"""

from __future__ import annotations

from mainspring.server.engine import close
from mainspring.server.engine.run import Run

SIZE_REASON = "Workflow history size exceeds limit."
COUNT_REASON = "Workflow history count exceeds limit."
IDENTITY = "history-service"


def excess(run: Run) -> str | None:
    """Why an open run must end, in the real server's words; None: it need not."""
    state, limits = run.state, run.limits
    if state.history_size_bytes > limits.history_size_error_bytes and run.is_running:
        return SIZE_REASON
    if run.history.next_event_id - 1 > limits.history_error_count and run.is_running:
        return COUNT_REASON
    return None


def end(run: Run, reason: str) -> None:
    """Terminate the run for it."""
    close.terminate(run, reason=reason, details=None, identity=IDENTITY)
