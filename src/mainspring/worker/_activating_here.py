"""Workflow code in the event loop's own thread, as long as it is brief: no step pays for a change of threads.

    activation  ->  here, with a watchdog
                ->  a thread (`_activating.py`), if it repeats what is in the history, or the run was not brief before

Workflow code that holds the loop for 2 s is interrupted by the watchdog, and its task fails as it would on a thread.
What waits outside of Python, in a lock or a system call, cannot be interrupted: the log says where it is.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable

from mainspring.replay.requests import Completion
from mainspring.worker._activating import DEADLOCK_S, Interrupted, ThreadActivator, WatchedThread, blocked
from mainspring.worker._cached_run import CachedRun

logger = logging.getLogger("mainspring.worker")

BRIEF_S = 0.02
"""A run whose code took longer than that at once is activated on threads from then on."""
LOOKS = 4
"""How often the watchdog looks at an activation before it has lasted too long."""


class ActivatorHere:
    """Runs brief activations at once, others on threads. `deadlock_s` None: nobody watches."""

    def __init__(self, elsewhere: ThreadActivator, deadlock_s: float | None = DEADLOCK_S) -> None:
        self._elsewhere = elsewhere
        self._watchdog = None if deadlock_s is None else Watchdog(deadlock_s)

    async def activate(self, work: Callable[[], Completion], run: CachedRun) -> Completion:
        """Run one activation."""
        if run.is_repeating or not run.is_brief:
            return await self._elsewhere.activate(work, run)
        began = time.monotonic()
        completion = work() if self._watchdog is None else self._watchdog.watched(work)
        run.is_brief = time.monotonic() - began < BRIEF_S
        return completion


class Watchdog:
    """A thread that looks now and then whether workflow code is where it was; gone while there is none."""

    def __init__(self, deadlock_s: float) -> None:
        self._deadlock_s = deadlock_s
        self._watched = WatchedThread()
        self._thread: threading.Thread | None = None

    def watched(self, work: Callable[[], Completion]) -> Completion:
        """Run one activation in the calling thread; one that lasts too long ends with a `DeadlockError`."""
        try:
            completion = self._watched.run(self._begun, work)
        except Interrupted:
            completion = Completion()
        stack = self._watched.stack
        return blocked(self._deadlock_s, stack) if stack else completion

    def _begun(self, work: Callable[[], Completion]) -> Completion:
        if self._thread is None:
            self._thread = threading.Thread(target=self._look, name="mainspring-watchdog", daemon=True)
            self._thread.start()
        return work()

    def _look(self) -> None:
        count, looks = -1, 0
        while self._is_needed(count):
            time.sleep(self._deadlock_s / LOOKS)
            is_same = self._watched.is_inside and self._watched.count == count
            count, looks = self._watched.count, looks + 1 if is_same else 0
            if looks and looks % LOOKS == 0 and not self._watched.is_debugged():
                self._bark(count)

    def _is_needed(self, seen: int) -> bool:
        """Whether there was an activation since `seen`, or is one. If not, the next one starts another thread."""
        if self._watched.is_inside or self._watched.count != seen:
            return True
        self._thread = None
        if self._watched.count == seen:  # else it may have seen that there is a thread
            return False
        self._thread = threading.current_thread()
        return True

    def _bark(self, count: int) -> None:
        if self._watched.interrupt(count) or not self._watched.is_inside:
            return
        logger.error("workflow code holds the event loop, and cannot be interrupted:\n%s", self._watched.stack)
