"""Plugins of workers and replayers: they change the options, and wrap around the run."""

from __future__ import annotations

import abc
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AbstractAsyncContextManager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from mainspring.client import WorkflowHistory
    from mainspring.worker._replayer import Replayer, ReplayerConfig, WorkflowReplayResult
    from mainspring.worker._worker import Worker
    from mainspring.worker._worker_config import WorkerConfig


class Plugin(abc.ABC):
    """Base of plugins. The first in a list changes the options first, and is outermost around the run."""

    def name(self) -> str:
        """Its name; that of its class unless overridden."""
        return type(self).__module__ + "." + type(self).__qualname__

    @abc.abstractmethod
    def configure_worker(self, config: WorkerConfig) -> WorkerConfig:
        """The options that a worker is made with, from those that it was given."""

    @abc.abstractmethod
    async def run_worker(self, worker: Worker, next: Callable[[Worker], Awaitable[None]]) -> None:
        """Run the worker, by `await next(worker)`."""

    @abc.abstractmethod
    def configure_replayer(self, config: ReplayerConfig) -> ReplayerConfig:
        """The options that a replayer is made with: they must fit those of the workers."""

    @abc.abstractmethod
    def run_replayer(
        self,
        replayer: Replayer,
        histories: AsyncIterator[WorkflowHistory],
        next: Callable[
            [Replayer, AsyncIterator[WorkflowHistory]],
            AbstractAsyncContextManager[AsyncIterator[WorkflowReplayResult]],
        ],
    ) -> AbstractAsyncContextManager[AsyncIterator[WorkflowReplayResult]]:
        """Replay the histories, by `next(replayer, histories)`."""
