"""The calls under way, so that a stop can end each in a way that its client tries again.

stop:  new calls are told UNAVAILABLE  ->  short calls finish  ->  what still waits after a while (long polls of
       history, updates, queries) is told so too  ->  nothing is left for the transport to cancel, which clients would
       take for an answer
"""

from __future__ import annotations

import asyncio

from mainspring.server.engine.errors import Unavailable


def stopping() -> Unavailable:
    """What clients are told, who then try again, here or elsewhere."""
    return Unavailable("the server is stopping")


class Calls:
    """Made on the loop that serves."""

    def __init__(self) -> None:
        self._tasks: set[asyncio.Task[object]] = set()
        self._interrupted: set[asyncio.Task[object]] = set()
        self._is_closed = False

    def __len__(self) -> int:
        return len(self._tasks)

    @property
    def is_closed(self) -> bool:
        """No more calls are taken: the server is stopping."""
        return self._is_closed

    def begin(self, task: asyncio.Task[object] | None = None) -> asyncio.Task[object]:
        """The task, or the present one, serves a call until `end`, which must follow.

        Raises: Unavailable: the server is stopping.
        """
        if self._is_closed:
            raise stopping()
        if task is None:
            task = asyncio.current_task()
            assert task is not None, "a call is served by a task"
        self._tasks.add(task)
        return task

    def end(self, task: asyncio.Task[object]) -> None:
        """The call is over."""
        self._tasks.discard(task)
        if self._interrupted:
            self._interrupted.discard(task)

    def was_interrupted(self, task: asyncio.Task[object]) -> bool:
        """The call's task was cancelled by `finish`, and not by its client."""
        return task in self._interrupted

    async def finish(self, patience_s: float) -> None:
        """Take no more calls; wait for those under way for `patience_s`, then interrupt the rest."""
        self._is_closed = True
        if self._tasks:
            await asyncio.wait(set(self._tasks), timeout=patience_s)
        for task in list(self._tasks):
            self._interrupted.add(task)
            task.cancel()
