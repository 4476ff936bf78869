"""Whether somebody looks at the program by hand, so that nothing should be hurried."""

from __future__ import annotations

import sys
import threading

DEBUGGERS = ("pydevd", "_pydevd_bundle.pydevd", "debugpy")


def debugger_is_attached() -> bool:
    """Whether a debugger traces this thread or others, or one has been loaded that can at any time.

    Coverage tools trace too; whoever measures time beside them should not.
    """
    return (
        sys.gettrace() is not None or threading.gettrace() is not None or any(one in sys.modules for one in DEBUGGERS)
    )
