"""Whether somebody looks at the program by hand, so that nothing should be hurried."""

from __future__ import annotations

import sys
import threading
from types import FrameType

DEBUGGERS = ("pydevd", "_pydevd_bundle.pydevd", "debugpy")
STOPPED_IN = {"bdb", "pdb", "pydevd", "_pydevd_bundle"}  # where a thread is that waits for a person


def debugger_is_attached() -> bool:
    """Whether a debugger traces this thread or all new ones, or an editor's is loaded, which may at any time.

    Coverage tools trace too; whoever measures time beside them should not.
    """
    return (
        sys.gettrace() is not None or threading.gettrace() is not None or any(one in sys.modules for one in DEBUGGERS)
    )


def is_debugged(thread_id: int) -> bool:
    """Whether a person steps through a thread, or is asked there what to do next: it called `breakpoint()`."""
    frame: FrameType | None = sys._current_frames().get(thread_id)
    while frame is not None:
        package = str(frame.f_globals.get("__name__", "")).partition(".")[0]
        if frame.f_trace is not None or package in STOPPED_IN:
            return True
        frame = frame.f_back
    return False
