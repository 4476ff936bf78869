"""The event loop that a part of a worker runs on, asked for once: to Python 3.11 each time is a system call."""

from __future__ import annotations

import asyncio
from typing import Any


class OwnLoop:
    """The loop that was running when it was first asked for; it may be made anywhere."""

    def __init__(self) -> None:
        self._loop: asyncio.AbstractEventLoop | None = None

    def get(self) -> asyncio.AbstractEventLoop:
        """The loop. Raises: RuntimeError: none is running, the first time."""
        if self._loop is None:
            self._loop = asyncio.get_running_loop()
        return self._loop

    def current_task(self) -> asyncio.Task[Any] | None:
        """The task that runs on it now."""
        return asyncio.current_task(self.get())
