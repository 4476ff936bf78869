"""What a worker shares with activities that run in other processes: events, and heartbeats on their way back.

activity's process:  SharedHeartbeatSender.send_heartbeat -> queue of the manager -> a thread here -> heartbeat
"""

from __future__ import annotations

import asyncio
import concurrent.futures
import logging
import multiprocessing.managers
import queue
import threading
from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from typing import Any

logger = logging.getLogger("mainspring.worker")

MOST_HEARTBEATS_QUEUED = 1000
SEND_WITHIN_S = 30.0
END_WITHIN_S = 5.0
LOOK_AGAIN_AFTER_S = 0.5  # how long the thread outlives the last activity

_Item = tuple[bytes, Sequence[Any] | None]  # None: the activity has ended, and no heartbeat of it follows


class SharedHeartbeatSender(ABC):
    """Sends heartbeats from another process. Picklable."""

    @abstractmethod
    def send_heartbeat(self, task_token: bytes, *details: Any) -> None:
        """Hand a heartbeat over to the worker's process."""


class SharedStateManager(ABC):
    """Makes what crosses processes. One may serve several workers."""

    @staticmethod
    def create_from_multiprocessing(
        mgr: multiprocessing.managers.SyncManager, queue_poller_executor: concurrent.futures.Executor | None = None
    ) -> SharedStateManager:
        """One that works by a manager of `multiprocessing`.

        Args:
            mgr: Usually `multiprocessing.Manager()`.
            queue_poller_executor: Where heartbeats are waited for; a thread of its own if it is left out.
        """
        return MultiprocessingSharedState(mgr, queue_poller_executor or concurrent.futures.ThreadPoolExecutor(1))

    @abstractmethod
    def new_event(self) -> threading.Event:
        """An event that can be set here and seen in another process."""

    @abstractmethod
    async def register_heartbeater(self, task_token: bytes, heartbeat: Callable[..., None]) -> SharedHeartbeatSender:
        """Have `heartbeat` called, in some thread, with what is sent for this activity. Returns: what sends it."""

    @abstractmethod
    async def unregister_heartbeater(self, task_token: bytes) -> None:
        """Call nothing for this activity any more, after all that was sent so far."""


class MultiprocessingSharedHeartbeatSender(SharedHeartbeatSender):
    """Puts heartbeats into the manager's queue."""

    def __init__(self, heartbeats: queue.Queue[_Item]) -> None:
        self._heartbeats = heartbeats

    def send_heartbeat(self, task_token: bytes, *details: Any) -> None:
        self._heartbeats.put((task_token, details), timeout=SEND_WITHIN_S)


class MultiprocessingSharedState(SharedStateManager):
    """See `SharedStateManager.create_from_multiprocessing`."""

    def __init__(self, mgr: multiprocessing.managers.SyncManager, executor: concurrent.futures.Executor) -> None:
        self._mgr = mgr
        self._executor = executor
        self._queue: queue.Queue[_Item] = mgr.Queue(MOST_HEARTBEATS_QUEUED)
        self._heartbeats: dict[bytes, Callable[..., None]] = {}
        self._ended: dict[bytes, Callable[[], object]] = {}
        self._lock = threading.Lock()
        self._is_listening = False

    def new_event(self) -> threading.Event:
        return self._mgr.Event()

    async def register_heartbeater(self, task_token: bytes, heartbeat: Callable[..., None]) -> SharedHeartbeatSender:
        with self._lock:
            self._heartbeats[task_token] = heartbeat
            if not self._is_listening:
                self._is_listening = True
                self._executor.submit(self._listen)
        return MultiprocessingSharedHeartbeatSender(self._queue)

    async def unregister_heartbeater(self, task_token: bytes) -> None:
        loop = asyncio.get_running_loop()
        ended = asyncio.Event()
        self._ended[task_token] = lambda: loop.call_soon_threadsafe(ended.set)
        await asyncio.to_thread(self._queue.put, (task_token, None), timeout=END_WITHIN_S)
        await ended.wait()

    def _listen(self) -> None:
        """Hand heartbeats on until no activity is left that could send one."""
        while True:
            with self._lock:
                self._is_listening = bool(self._heartbeats)
                if not self._is_listening:
                    return
            try:
                self._hand_on(*self._queue.get(timeout=LOOK_AGAIN_AFTER_S))
            except queue.Empty:
                continue
            except Exception:
                logger.exception("heartbeats from other processes are no longer heard")
                self._give_up()
                return

    def _hand_on(self, task_token: bytes, details: Sequence[Any] | None) -> None:
        if details is not None:
            heartbeat = self._heartbeats.get(task_token)
            if heartbeat is not None:
                _beat(heartbeat, details)
            return
        self._heartbeats.pop(task_token, None)
        ended = self._ended.pop(task_token, None)
        if ended is not None:
            ended()

    def _give_up(self) -> None:
        """Let nobody wait for what will not come: the manager's process is gone."""
        with self._lock:
            self._is_listening = False
            self._heartbeats.clear()
            for ended in self._ended.values():
                ended()
            self._ended.clear()


def _beat(heartbeat: Callable[..., None], details: Sequence[Any]) -> None:
    """What is wrong with one activity's heartbeat, in an interceptor of the user's for example, stops no other one."""
    try:
        heartbeat(*details)
    except Exception:
        logger.exception("a heartbeat from another process was lost")
