"""Where workflow code runs: on threads, watched for blocking; in the event loop's own; or there and unwatched.

activate = ThreadActivator(executor).activate       a run that does not yield for 2 s fails its task
activate = ActivatorHere(...).activate              the same without a change of threads: `_activating_here.py`
activate = activate_inline                          for debuggers: nobody watches
"""

from __future__ import annotations

import asyncio
import concurrent.futures
import sys
import threading
import traceback
from collections.abc import Callable
from typing import ParamSpec

from mainspring.determinism._debugger import debugger_is_attached, is_debugged
from mainspring.replay.requests import Completion
from mainspring.worker._cached_run import CachedRun
from mainspring.worker._raising import raise_in_thread

P = ParamSpec("P")

DEADLOCK_S = 2.0


class DeadlockError(Exception):
    """Workflow code held its thread for too long."""


class Interrupted(BaseException):
    """Raised inside a thread whose workflow code blocks, to get it out."""


class ThreadActivator:
    """Runs activations on an executor's threads."""

    def __init__(self, executor: concurrent.futures.Executor, deadlock_s: float | None = DEADLOCK_S) -> None:
        self._executor = executor
        self._deadlock_s = deadlock_s

    async def activate(self, work: Callable[[], Completion], run: CachedRun) -> Completion:
        """Run one activation.

        A thread that does not give it back in time is interrupted; the activation then has a `DeadlockError`. Nobody
        hurries a person who looks at it in a debugger.
        """
        thread = WatchedThread()
        loop = asyncio.get_running_loop()
        future = loop.run_in_executor(self._executor, thread.run, work)
        done, _ = await asyncio.wait([future], timeout=self._deadlock_s)
        while not done and thread.is_debugged():
            done, _ = await asyncio.wait([future], timeout=self._deadlock_s)
        if done:
            return future.result()
        stack = thread.interrupt()
        future.add_done_callback(_forget)
        run.is_lost = True
        run.blocked_thread = future
        assert self._deadlock_s is not None, "without it there was no end of waiting"
        return blocked(self._deadlock_s, stack)


def blocked(deadlock_s: float, stack: str) -> Completion:
    """The end of an activation that was interrupted."""
    error = DeadlockError(
        f"[TMPRL1101] Potential deadlock detected: workflow didn't yield within {deadlock_s:g} second(s).\n{stack}"
    )
    return Completion(error=error)


async def activate_inline(work: Callable[[], Completion], run: CachedRun) -> Completion:
    """Run one activation in the calling thread."""
    del run
    return work()


class WatchedThread:
    """A thread while workflow code runs in it: one activation after the other."""

    def __init__(self) -> None:
        self.count = 0  # of activations so far
        self._id: int | None = None
        self._stack = ""
        self._lock = threading.Lock()

    def run(self, work: Callable[P, Completion], *args: P.args, **kwargs: P.kwargs) -> Completion:
        """Run one activation. Raises: Interrupted: it was, and let the interruption pass."""
        thread_id = threading.get_ident()
        with self._lock:
            self._stack = ""
            self._id = thread_id
            self.count += 1
        try:
            return work(*args, **kwargs)
        finally:
            with self._lock:  # from here on nobody interrupts the thread, which goes on to something else
                self._id = None
                if self._stack:  # the interruption may not have come yet
                    raise_in_thread(thread_id, None)

    @property
    def is_inside(self) -> bool:
        """Whether workflow code runs now."""
        return self._id is not None

    def is_debugged(self) -> bool:
        """Whether a person looks at workflow code there: see `debugger_is_attached`, `is_debugged`."""
        with self._lock:
            return self._id is not None and (debugger_is_attached() or is_debugged(self._id))

    def interrupt(self, count: int | None = None) -> str:
        """Get workflow code out of the thread, once; if `count` is given, only that activation.

        Returns: where it was; empty if it is over.
        """
        with self._lock:
            if self._id is None or self._stack or count not in {None, self.count}:
                return ""
            frame = sys._current_frames().get(self._id)
            self._stack = "".join(traceback.format_stack(frame)) if frame is not None else "(no stack)"
            raise_in_thread(self._id, Interrupted)
            return self._stack

    @property
    def stack(self) -> str:
        """Where the last activation was when it was interrupted; empty if it was not."""
        return self._stack


def _forget(future: asyncio.Future[Completion]) -> None:
    """Look at the outcome of an activation that nobody waits for, so that nobody is told that it was not looked at."""
    if not future.cancelled():
        future.exception()
