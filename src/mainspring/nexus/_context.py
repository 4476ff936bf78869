"""The context of a request that is being handled, and the functions that read it.

A worker sets a `Context` in the context variable before it calls the handler, and copies it to the thread of a `def`.
"""

from __future__ import annotations

import contextvars
import functools
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

from nexusrpc.handler import CancelOperationContext, StartOperationContext

from mainspring.common import MetricMeter
from mainspring.common._composite_event import CompositeEvent

if TYPE_CHECKING:
    from mainspring.client import Client


@dataclass(frozen=True)
class Info:
    """Where the request came in."""

    endpoint: str
    """The endpoint that the caller named."""
    namespace: str
    """The worker's."""
    task_queue: str
    """The worker's."""


@dataclass(kw_only=True)
class Context:
    """All that a running handler can ask for. `request`: what `nexusrpc` hands to it, as it came."""

    info: Info
    request: StartOperationContext | CancelOperationContext
    client: Client
    worker_shutdown_event: CompositeEvent
    runtime_metric_meter: MetricMeter

    @staticmethod
    def current() -> Context:
        """The context of the calling handler.

        Raises:
            RuntimeError: The caller is in none.
        """
        context = current_context.get(None)
        if context is None:
            raise RuntimeError("Not in Nexus operation context.")
        return context

    @functools.cached_property
    def metric_meter(self) -> MetricMeter:
        """The meter, with what names the operation."""
        return self.runtime_metric_meter.with_additional_attributes(
            {
                "nexus_service": self.request.service,
                "nexus_operation": self.request.operation,
                "task_queue": self.info.task_queue,
            }
        )


current_context: contextvars.ContextVar[Context] = contextvars.ContextVar("nexus_operation")


def in_operation() -> bool:
    """Whether the calling code handles a Nexus operation."""
    return current_context.get(None) is not None


def info() -> Info:
    """Where the request came in.

    Raises:
        RuntimeError: The caller handles no operation.
    """
    return Context.current().info


def client() -> Client:
    """The worker's client, in `async def` and `def` handlers.

    Raises:
        RuntimeError: The caller handles no operation.
    """
    return Context.current().client


def metric_meter() -> MetricMeter:
    """The meter of the operation.

    Raises:
        RuntimeError: The caller handles no operation.
    """
    return Context.current().metric_meter


def is_worker_shutdown() -> bool:
    """Whether the worker was told to stop.

    Raises:
        RuntimeError: The caller handles no operation.
    """
    return Context.current().worker_shutdown_event.is_set()


async def wait_for_worker_shutdown() -> None:
    """Wait until the worker is told to stop; in `async def` handlers.

    Raises:
        RuntimeError: The caller handles no operation.
    """
    await Context.current().worker_shutdown_event.wait()


def wait_for_worker_shutdown_sync(timeout: timedelta | float | None = None) -> None:
    """Block until the worker is told to stop, at most `timeout` (seconds).

    Raises:
        RuntimeError: The caller handles no operation.
    """
    seconds = timeout.total_seconds() if isinstance(timeout, timedelta) else timeout
    Context.current().worker_shutdown_event.wait_sync(seconds)
