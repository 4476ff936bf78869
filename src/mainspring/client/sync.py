"""The client for code that does not await: its calls run on a loop in a thread of their own, and are waited for.

    with sync.connect("localhost:7233") as wait:
        handle = wait(wait.client.start_workflow(Provision.run, "n1", id="n1", task_queue="nodes"))
        print(wait(handle.result()))
        for run in wait.each(wait.client.list_workflows()):
            print(run.id)

There is one client, not two: whatever it returns to be awaited is given to `wait`, and type checkers see through it.
"""

from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncIterator, Callable, Coroutine, Generator, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, TypeVar, Unpack

from mainspring.client._client import Client

if TYPE_CHECKING:
    from mainspring.client._config import ConnectOptions

__all__ = ["Wait", "connect"]

T = TypeVar("T")


class Wait:
    """Runs coroutines on a loop in a thread of its own, from any number of threads at once."""

    client: Client

    def __init__(self, make: Callable[[], Coroutine[Any, Any, Client]]) -> None:
        """Start the thread and make the client on its loop; `close` ends both.

        Raises: whatever `make` raises; the thread is gone then.
        """
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="mainspring-client", daemon=True)
        self._thread.start()
        try:
            self.client = self(make())
        except BaseException:
            self._stop()
            raise

    def __repr__(self) -> str:
        return f"<Wait for {self.client!r}>"

    def __call__(self, coroutine: Coroutine[Any, Any, T]) -> T:
        """Run it to its end; what it raises is raised. If the wait is interrupted, it is cancelled.

        Raises:
            RuntimeError: A loop runs in this thread, which waiting would block: await the coroutine instead. Or there
                is no thread to run it: this was closed, or made before this process was forked.
        """
        if _is_in_a_loop():
            coroutine.close()
            raise RuntimeError("a loop runs in this thread: await the coroutine instead of waiting for it here")
        if not self._thread.is_alive():
            coroutine.close()
            raise RuntimeError(
                "the thread of this client is not there: it was closed, or another process made it and then forked "
                "this one. Connect here (in gunicorn's post_fork, for example)"
            )
        running = asyncio.run_coroutine_threadsafe(coroutine, self._loop)
        try:
            return running.result()
        except BaseException:
            running.cancel()
            raise

    def each(self, items: AsyncIterator[T]) -> Iterator[T]:
        """Iterate, waiting for each item."""
        while True:
            try:
                yield self(_next(items))
            except StopAsyncIteration:
                return

    def close(self) -> None:
        """End the connection, cancel what runs, and end the thread, if it is in this process."""
        if self._thread.is_alive():
            self(self.client.service_client.close())
            self._stop()

    def _stop(self) -> None:
        self(_cancel_others())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()


@contextmanager
def connect(target_host: str, **settings: Unpack[ConnectOptions]) -> Generator[Wait]:
    """Connect to a server, as `Client.connect`, for as long as the block runs.

    Raises: RuntimeError: no server answers.
    """
    wait = Wait(lambda: Client.connect(target_host, **settings))
    try:
        yield wait
    finally:
        wait.close()


async def _next(items: AsyncIterator[T]) -> T:
    return await anext(items)


async def _cancel_others() -> None:
    others = asyncio.all_tasks() - {asyncio.current_task()}
    for task in others:
        task.cancel()
    await asyncio.gather(*others, return_exceptions=True)


def _is_in_a_loop() -> bool:
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        return False
    return True
