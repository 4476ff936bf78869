"""Transitions that stay open in their runs until the worker's answer to the task that they started, or too late.

left = LeftOpen(write)
written = left.add(run)     done when the transition is durable, or was refused
left.take(run_id).end()     the answer has come: both are one transition
left.close(run_id)          the answer takes long, or others want the run: it is written by itself
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable

import msgspec

from mainspring.server.engine.run import Run

LEFT_OPEN_S = 0.02
"""How long an answer may take: as long as it does in this process with fifty runs in flight."""


class Left(msgspec.Struct, frozen=True):
    """One of them."""

    run: Run
    due_s: float  # of the loop's time
    written: asyncio.Future[None]

    def end(self, error: BaseException | None = None) -> None:
        """It is durable, or was refused; perhaps nobody waits for that any more."""
        if error is not None and not self.written.done():
            self.written.set_exception(error)
        elif not self.written.done():
            self.written.set_result(None)


class LeftOpen:
    """See the module. `write` begins to write what a run was left open with; it raises if that is refused at once."""

    def __init__(self, write: Callable[[Run], asyncio.Future[None]]) -> None:
        self._write = write
        self._left: dict[str, Left] = {}  # by run id; the longest open first
        self._timer: asyncio.TimerHandle | None = None
        self._loop: asyncio.AbstractEventLoop | None = None

    def add(self, run: Run) -> asyncio.Future[None]:
        """Leave the run open. Returns: done when all that it has now is durable."""
        loop = self._loop = self._loop or asyncio.get_running_loop()
        due_s = loop.time() + LEFT_OPEN_S
        left = self._left[run.key.run_id] = Left(run, due_s, loop.create_future())
        if self._timer is None:
            self._timer = loop.call_at(due_s, self._close_due, loop)
        return left.written

    def take(self, run_id: str) -> Left | None:
        """What the run was left open with is the caller's: to be written, or given up, and `end`ed."""
        return self._left.pop(run_id, None)

    def close(self, run_id: str) -> None:
        """Write by itself what a run was left open with, if it was."""
        left = self._left.pop(run_id, None)
        if left is None:
            return
        try:
            written = self._write(left.run)
        except Exception as error:  # noqa: BLE001 - it goes to whoever waits for the change
            left.end(error)
        else:
            written.add_done_callback(lambda done: left.end(done.exception()))

    def _close_due(self, loop: asyncio.AbstractEventLoop) -> None:
        """Write those that have waited too long for an answer, and come again when the next one has."""
        now_s = loop.time()
        self._timer = None
        for run_id, left in list(self._left.items()):
            if left.due_s > now_s:
                self._timer = loop.call_at(left.due_s, self._close_due, loop)
                return
            self.close(run_id)
