"""An event that threads and coroutines can wait for."""

from __future__ import annotations

import asyncio
import threading
from dataclasses import dataclass

_MAKING = threading.Lock()


@dataclass
class CompositeEvent:
    """Set for threads and, if code of an event loop waits too, for it.

    `thread_event` may come later, when it is first needed; `async_event` is there for asynchronous activities only.
    """

    thread_event: threading.Event | None
    async_event: asyncio.Event | None

    def set(self) -> None:
        self.for_threads().set()
        if self.async_event:
            self.async_event.set()

    def is_set(self) -> bool:
        return self.for_threads().is_set()

    async def wait(self) -> None:
        if not self.async_event:
            raise RuntimeError("not in async activity")
        await self.async_event.wait()

    def wait_sync(self, timeout: float | None = None) -> None:
        """Wait in a thread, at most `timeout` seconds."""
        self.for_threads().wait(timeout)

    def for_threads(self) -> threading.Event:
        """What threads wait on. Raises: RuntimeError: there is none."""
        if not self.thread_event:
            raise RuntimeError("Missing event")
        return self.thread_event


class LateCompositeEvent(CompositeEvent):
    """One whose parts are made when they are first asked for: hardly anybody waits for one."""

    def __init__(self, *, is_for_coroutines: bool = True) -> None:
        self.thread_event = None
        self.async_event = None
        self._is_for_coroutines = is_for_coroutines
        self._is_set = False

    def set(self) -> None:
        with _MAKING:  # a thread may ask for its event just now
            self._is_set = True
            if self.thread_event is not None:
                self.thread_event.set()
        if self.async_event is not None:
            self.async_event.set()

    def is_set(self) -> bool:
        return self._is_set

    async def wait(self) -> None:
        if self._is_for_coroutines and self.async_event is None:
            self.async_event = asyncio.Event()
            if self._is_set:
                self.async_event.set()
        await super().wait()

    def for_threads(self) -> threading.Event:
        with _MAKING:
            if self.thread_event is None:
                self.thread_event = threading.Event()
                if self._is_set:
                    self.thread_event.set()
            return self.thread_event
