"""Where something lives: one thread of one process. To ask the event loop for that is a system call to Python 3.11."""

from __future__ import annotations

import os
from threading import get_ident


class _Forks:
    """How many forks lie between this process and the first."""

    count = 0


def _forked() -> None:
    _Forks.count += 1


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_forked)


class Home:
    """The thread and the process that it was made in."""

    def __init__(self) -> None:
        self._thread, self._forks = get_ident(), _Forks.count

    def is_here(self) -> bool:
        """Whether this is asked there, and in no process forked from that one."""
        return get_ident() == self._thread and _Forks.count == self._forks
