"""An event that threads and coroutines can wait for."""

from __future__ import annotations

import asyncio
import threading
from dataclasses import dataclass


@dataclass
class CompositeEvent:
    """Set for threads and, if code of an event loop waits too, for it.

    `thread_event` may come later, when it is first needed; `async_event` is there for asynchronous activities only.
    """

    thread_event: threading.Event | None
    async_event: asyncio.Event | None

    def set(self) -> None:
        self._for_threads().set()
        if self.async_event:
            self.async_event.set()

    def is_set(self) -> bool:
        return self._for_threads().is_set()

    async def wait(self) -> None:
        if not self.async_event:
            raise RuntimeError("not in async activity")
        await self.async_event.wait()

    def wait_sync(self, timeout: float | None = None) -> None:
        """Wait in a thread, at most `timeout` seconds."""
        self._for_threads().wait(timeout)

    def _for_threads(self) -> threading.Event:
        if not self.thread_event:
            raise RuntimeError("Missing event")
        return self.thread_event
