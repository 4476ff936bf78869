"""Where workflow code runs: on threads of its own, watched for blocking; or right here, for speed and for debuggers.

activate = ThreadActivator(executor).activate       a run that does not yield for 2 s fails its task
activate = activate_inline                          no thread is changed, and nobody watches
"""

from __future__ import annotations

import asyncio
import concurrent.futures
import ctypes
import threading
from collections.abc import Callable

from mainspring.determinism._debugger import debugger_is_attached, is_debugged
from mainspring.replay.requests import Completion
from mainspring.worker._cached_run import CachedRun

DEADLOCK_S = 2.0


class DeadlockError(Exception):
    """Workflow code held its thread for too long."""


class _Interrupted(BaseException):
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
        thread = _Thread()
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
        error = DeadlockError(
            f"[TMPRL1101] Potential deadlock detected: workflow didn't yield within {self._deadlock_s:g} second(s).\n"
            f"{stack}"
        )
        return Completion(error=error)


async def activate_inline(work: Callable[[], Completion], run: CachedRun) -> Completion:
    """Run one activation in the calling thread."""
    del run
    return work()


class _Thread:
    """The thread of one activation."""

    def __init__(self) -> None:
        self._id: int | None = None
        self._lock = threading.Lock()

    def run(self, work: Callable[[], Completion]) -> Completion:
        with self._lock:
            self._id = threading.get_ident()
        try:
            return work()
        finally:
            with self._lock:  # from here on nobody interrupts the thread: it is about to be somebody else's
                self._id = None

    def is_debugged(self) -> bool:
        """Whether a person looks at workflow code there: see `debugger_is_attached`, `is_debugged`."""
        with self._lock:
            return self._id is not None and (debugger_is_attached() or is_debugged(self._id))

    def interrupt(self) -> str:
        """Get workflow code out of the thread. Returns where it was."""
        import sys
        import traceback

        with self._lock:
            if self._id is None:
                return ""
            frame = sys._current_frames().get(self._id)
            stack = "".join(traceback.format_stack(frame)) if frame is not None else ""
            ctypes.pythonapi.PyThreadState_SetAsyncExc(ctypes.c_ulong(self._id), ctypes.py_object(_Interrupted))
            return stack


def _forget(future: asyncio.Future[Completion]) -> None:
    """Look at the outcome of an activation that nobody waits for, so that nobody is told that it was not looked at."""
    if not future.cancelled():
        future.exception()
