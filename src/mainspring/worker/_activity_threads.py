"""Cancel an activity that runs in a thread: an exception is raised there, between two instructions of its code."""

from __future__ import annotations

import threading
from collections.abc import Generator
from contextlib import contextmanager

from mainspring.worker._raising import raise_in_thread


class ThreadExceptionRaiser:
    """Raises at most one exception in the thread of an activity, and none while that is shielded or after its end."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._thread_id: int | None = None
        self._pending: type[BaseException] | None = None
        self._shields = 0

    def raise_in_thread(self, kind: type[BaseException]) -> None:
        """Raise now, or when the activity has begun and is not shielded."""
        with self._lock:
            self._pending = kind
            self._raise_if_possible()

    @contextmanager
    def active_thread(self) -> Generator[None]:
        """The block is the activity, and the calling thread the one that runs it."""
        thread_id = threading.get_ident()
        with self._lock:
            self._thread_id = thread_id
            self._raise_if_possible()
        try:
            yield
        finally:
            with self._lock:
                self._thread_id = self._pending = None
                raise_in_thread(thread_id, None)  # or it would hit the executor's own code

    @contextmanager
    def shielded(self) -> Generator[None]:
        """Nothing is raised in the block; what came meanwhile is raised at its end."""
        with self._lock:
            self._shields += 1
        try:
            yield
        finally:
            with self._lock:
                self._shields -= 1
                self._raise_if_possible()

    def _raise_if_possible(self) -> None:
        if self._thread_id is not None and self._shields == 0 and self._pending is not None:
            raise_in_thread(self._thread_id, self._pending)
            self._pending = None
