"""`ActivityEnvironment`: one activity by itself, with everything that `mainspring.activity` gives it.

    run(create_vm, order) -> the context is set, create_vm is called, the context goes
         ^-- cancel, worker_shutdown: of all that run and all to come

There is no worker: nothing is converted, intercepted or tried again, and the activity runs where it is called, a `def`
on the calling thread, an `async def` in a task of the caller's loop.
"""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Coroutine, Generator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, ParamSpec, TypeVar, cast

from mainspring.activity import ActivityCancellationDetails, Info
from mainspring.activity._context import Context
from mainspring.activity._definition import Definition
from mainspring.activity._info import ActivityCancellationDetailsHolder
from mainspring.common import MetricMeter, Priority
from mainspring.common._callables import is_async
from mainspring.common._composite_event import CompositeEvent
from mainspring.converter import DataConverter, PayloadConverter
from mainspring.exceptions import CancelledError
from mainspring.worker._activity_threads import ThreadExceptionRaiser

if TYPE_CHECKING:
    from mainspring.client import Client

P = ParamSpec("P")
R = TypeVar("R")

CANCEL_REQUESTED = ActivityCancellationDetails(cancel_requested=True)
EPOCH = datetime.fromtimestamp(0, UTC)


class ActivityEnvironment:
    """Runs activities, and whatever calls functions of `mainspring.activity`, without a server or a worker.

    Attributes, to be set before `run`:
        info: What `activity.info` gives; by default `default_info()`, of which `dataclasses.replace` makes others.
        on_heartbeat: Called with the details of each heartbeat.
        payload_converter: What `activity.payload_converter` gives.
        metric_meter: What `activity.metric_meter` gives; by default one that records nothing.
    """

    def __init__(self, client: Client | None = None) -> None:
        """`client` is what `activity.client` gives in `async def` activities."""
        self.info: Info = self.default_info()
        self.on_heartbeat: Callable[..., None] = _ignore
        self.payload_converter: PayloadConverter = DataConverter.default.payload_converter
        self.metric_meter: MetricMeter = MetricMeter.noop
        self._client = client
        self._is_cancelled = False
        self._is_worker_shut_down = False
        self._running: set[_Running] = set()
        self._details = ActivityCancellationDetailsHolder()

    @staticmethod
    def default_info() -> Info:
        """The first attempt of an activity `unknown` of a workflow `test`."""
        return Info(
            activity_id="test",
            activity_type="unknown",
            attempt=1,
            current_attempt_scheduled_time=EPOCH,
            heartbeat_details=[],
            heartbeat_timeout=None,
            is_local=False,
            namespace="default",
            schedule_to_close_timeout=timedelta(seconds=1),
            scheduled_time=EPOCH,
            start_to_close_timeout=timedelta(seconds=1),
            started_time=EPOCH,
            task_queue="test",
            task_token=b"test",
            workflow_id="test",
            workflow_namespace="default",
            workflow_run_id="test-run",
            workflow_type="test",
            priority=Priority.default,
            retry_policy=None,
        )

    def cancel(self, cancellation_details: ActivityCancellationDetails = CANCEL_REQUESTED) -> None:
        """Tell all activities to stop, those that run and those to come. Only the first call counts."""
        if self._is_cancelled:
            return
        self._is_cancelled = True
        self._details.details = cancellation_details
        for running in list(self._running):
            running.cancel()

    def worker_shutdown(self) -> None:
        """Tell all activities that their worker stops, those that run and those to come."""
        self._is_worker_shut_down = True
        for running in list(self._running):
            running.shut_down()

    def run(self, fn: Callable[P, R], *args: P.args, **kwargs: P.kwargs) -> R:
        """Call `fn` as an activity, on this thread; what an `async def` gives is to be awaited."""
        called: Callable[..., Any] = fn
        running = _Running(called, is_async=is_async(called))
        if running.is_async:
            return cast("R", self._run_async(running, called(*args, **kwargs)))
        with self._entered(running):
            return cast("R", running.on_this_thread(lambda: called(*args, **kwargs)))

    async def _run_async(self, running: _Running, coroutine: Coroutine[Any, Any, Any]) -> Any:
        with self._entered(running):
            running.task = asyncio.ensure_future(coroutine)
            if self._is_cancelled:
                running.task.cancel()
            return await running.task

    @contextmanager
    def _entered(self, running: _Running) -> Generator[None]:
        if self._is_cancelled:
            running.cancelled.set()
        if self._is_worker_shut_down:
            running.shutdown.set()
        self._running.add(running)
        token = Context.set(self._context(running))
        try:
            yield
        finally:
            Context.reset(token)
            self._running.remove(running)

    def _context(self, running: _Running) -> Context:
        return Context(
            info=lambda: self.info,
            heartbeat=lambda *details: self.on_heartbeat(*details),  # noqa: PLW0108 - it may be set later
            cancelled_event=running.cancelled,
            worker_shutdown_event=running.shutdown,
            shield_thread_cancel_exception=None if running.raiser is None else running.raiser.shielded,
            payload_converter_class_or_instance=self.payload_converter,
            runtime_metric_meter=self.metric_meter,
            client=self._client if running.is_async else None,
            cancellation_details=self._details,
        )


class _Running:
    """An activity under way, and what stops it."""

    def __init__(self, fn: Callable[..., Any], *, is_async: bool) -> None:
        self.is_async = is_async
        self.cancelled = _event(is_async=is_async)
        self.shutdown = _event(is_async=is_async)
        self.task: asyncio.Future[Any] | None = None
        definition = Definition.from_callable(fn)
        is_raised = not is_async and not (definition is not None and definition.no_thread_cancel_exception)
        self.raiser = ThreadExceptionRaiser() if is_raised else None

    def on_this_thread(self, call: Callable[[], R]) -> R:
        """Make the call; a cancellation is raised in it."""
        if self.raiser is None:
            return call()
        with self.raiser.active_thread():
            return call()

    def cancel(self) -> None:
        self.cancelled.set()
        if self.raiser is not None:
            self.raiser.raise_in_thread(CancelledError)
        if self.task is not None:
            self.task.cancel()

    def shut_down(self) -> None:
        self.shutdown.set()


def _event(*, is_async: bool) -> CompositeEvent:
    return CompositeEvent(threading.Event(), asyncio.Event() if is_async else None)


def _ignore(*details: Any) -> None:
    """Nobody listens for heartbeats."""
