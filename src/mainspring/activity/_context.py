"""The context of a running attempt, and the functions that read it.

A worker sets a `Context` in the context variable before it calls the activity. Code that hands work to other threads
copies the context (`contextvars.copy_context().run`) if these functions are to work there.
"""

from __future__ import annotations

import contextvars
from collections.abc import Callable, Generator, Mapping
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Any, NoReturn

from mainspring.activity._info import ActivityCancellationDetails, ActivityCancellationDetailsHolder, Info
from mainspring.common import MetricMeter
from mainspring.common._composite_event import CompositeEvent

if TYPE_CHECKING:
    from mainspring.client import Client
    from mainspring.converter import PayloadConverter


class CompleteAsyncError(BaseException):
    """Leaves an activity that someone else will complete."""


@dataclass
class Context:
    """All that a running attempt can ask for. `heartbeat` is None until the interceptors are initialised."""

    info: Callable[[], Info]
    heartbeat: Callable[..., None] | None
    cancelled_event: CompositeEvent
    worker_shutdown_event: CompositeEvent
    shield_thread_cancel_exception: Callable[[], AbstractContextManager[Any]] | None
    payload_converter_class_or_instance: type[PayloadConverter] | PayloadConverter
    runtime_metric_meter: MetricMeter | None
    client: Client | None
    cancellation_details: ActivityCancellationDetailsHolder
    _logger_details: Mapping[str, Any] | None = None
    _payload_converter: PayloadConverter | None = None
    _metric_meter: MetricMeter | None = None

    @staticmethod
    def current() -> Context:
        """The context of the calling activity.

        Raises:
            RuntimeError: the caller is not in an activity.
        """
        context = current_context.get(None)
        if context is None:
            raise RuntimeError("Not in activity context")
        return context

    @staticmethod
    def set(context: Context) -> contextvars.Token[Context]:
        return current_context.set(context)

    @staticmethod
    def reset(token: contextvars.Token[Context]) -> None:
        current_context.reset(token)

    @property
    def logger_details(self) -> Mapping[str, Any]:
        """What every log record of the attempt says."""
        if self._logger_details is None:
            self._logger_details = self.info().logger_details()
        return self._logger_details

    @property
    def payload_converter(self) -> PayloadConverter:
        """The converter, made when it is first asked for: a class goes to other processes where an object cannot."""
        if self._payload_converter is None:
            given = self.payload_converter_class_or_instance
            self._payload_converter = given() if isinstance(given, type) else given
        return self._payload_converter

    @property
    def metric_meter(self) -> MetricMeter:
        """The meter, with what names the activity.

        Raises:
            RuntimeError: the activity runs in another process, where there is none.
        """
        if self.runtime_metric_meter is None:
            raise RuntimeError("Metrics meter not available in non-threaded sync activities like mulitprocess")
        if self._metric_meter is None:
            info = self.info()
            self._metric_meter = self.runtime_metric_meter.with_additional_attributes(
                {
                    "namespace": info.namespace,
                    "task_queue": info.task_queue,
                    "activity_type": info.activity_type,
                }
            )
        return self._metric_meter


current_context: contextvars.ContextVar[Context] = contextvars.ContextVar("activity")


def in_activity() -> bool:
    """Whether the calling code runs in an activity."""
    return current_context.get(None) is not None


def info() -> Info:
    """The running attempt.

    Raises:
        RuntimeError: the caller is not in an activity.
    """
    return Context.current().info()


def client() -> Client:
    """The worker's client; in `async def` activities only.

    Raises:
        RuntimeError: there is none here.
    """
    found = Context.current().client
    if found is None:
        raise RuntimeError(
            "No client available. The client is only available in `async def` activities; not in `def` activities. "
            "In tests you can pass a client when creating ActivityEnvironment."
        )
    return found


def payload_converter() -> PayloadConverter:
    """The payload converter, which knows that it serves this activity; dynamic activities convert raw values by it."""
    return Context.current().payload_converter


def metric_meter() -> MetricMeter:
    """The meter of the running attempt.

    Raises:
        RuntimeError: the caller is not in an activity, or in one that runs in another process.
    """
    return Context.current().metric_meter


def heartbeat(*details: Any) -> None:
    """Tell the server that the activity lives and how far it came; the next attempt reads the details.

    Cheap: the worker sends what is said last, seldom. Without heartbeats an activity never learns that it is cancelled.

    Raises:
        RuntimeError: the caller is not in an activity.
    """
    beat = Context.current().heartbeat
    if beat is None:
        raise RuntimeError("Can only execute heartbeat after interceptor init")
    beat(*details)


def cancellation_details() -> ActivityCancellationDetails | None:
    """Why the activity was told to stop; None if it was not."""
    return Context.current().cancellation_details.details


def is_cancelled() -> bool:
    """Whether the activity was ever told to stop."""
    return Context.current().cancelled_event.is_set()


async def wait_for_cancelled() -> None:
    """Wait until the activity is told to stop; in `async def` activities."""
    await Context.current().cancelled_event.wait()


def wait_for_cancelled_sync(timeout: timedelta | float | None = None) -> None:
    """Block until the activity is told to stop, at most `timeout` (seconds)."""
    Context.current().cancelled_event.wait_sync(_seconds(timeout))


@contextmanager
def shield_thread_cancel_exception() -> Generator[None]:
    """Hold the cancellation of a threaded activity back until the end of the outermost such block.

    Without it the exception may come between any two instructions. Elsewhere the block just runs.

    Raises:
        CancelledError: at the end of the block, in place of what the block raises.
    """
    shield = Context.current().shield_thread_cancel_exception
    if shield is None:
        yield
    else:
        with shield():
            yield


def is_worker_shutdown() -> bool:
    """Whether the worker was told to stop."""
    return Context.current().worker_shutdown_event.is_set()


async def wait_for_worker_shutdown() -> None:
    """Wait until the worker is told to stop; in `async def` activities."""
    await Context.current().worker_shutdown_event.wait()


def wait_for_worker_shutdown_sync(timeout: timedelta | float | None = None) -> None:
    """Block until the worker is told to stop, at most `timeout` (seconds)."""
    Context.current().worker_shutdown_event.wait_sync(_seconds(timeout))


def raise_complete_async() -> NoReturn:
    """Leave the activity open: somebody with its task token or id will complete it."""
    raise CompleteAsyncError


def _seconds(timeout: timedelta | float | None) -> float | None:
    return timeout.total_seconds() if isinstance(timeout, timedelta) else timeout
