"""How an activity's function is run: in the loop, in a thread, or in another process.

The tail of both chains of interceptors. What runs in a thread keeps the context variables of its caller; what runs in
another process gets what can be pickled: no client, no meter, no details of a cancellation.
"""

from __future__ import annotations

import asyncio
import concurrent.futures
import contextvars
import threading
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from mainspring.activity import ActivityCancellationDetails, Info
from mainspring.activity._context import Context
from mainspring.activity._definition import Definition
from mainspring.activity._info import ActivityCancellationDetailsHolder
from mainspring.common import MetricMeter
from mainspring.common._callables import is_async
from mainspring.common._composite_event import CompositeEvent
from mainspring.converter import PayloadConverter
from mainspring.exceptions import CancelledError
from mainspring.worker._activity_shared_state import SharedHeartbeatSender, SharedStateManager
from mainspring.worker._activity_tasks import Assignment
from mainspring.worker._activity_threads import ThreadExceptionRaiser
from mainspring.worker._interceptor import (
    ActivityInboundInterceptor,
    ActivityOutboundInterceptor,
    ExecuteActivityInput,
)

HEARTBEAT_TAKEN_WITHIN_S = 10.0


class Stop:
    """What tells one attempt to stop, wherever it runs."""

    def __init__(self, cancelled: CompositeEvent, raiser: ThreadExceptionRaiser | None) -> None:
        self.cancelled = cancelled
        self.raiser = raiser
        self.holder = ActivityCancellationDetailsHolder()
        self.task: asyncio.Task[Any] | None = None  # that an `async def` runs in, and that goes on after it
        self._is_task_cancelled = False
        self.is_elsewhere = False  # in another process
        self._telling: asyncio.Future[None] | None = None
        self.is_over = False  # the function has ended; its outcome must not be disturbed

    @property
    def details(self) -> ActivityCancellationDetails | None:
        return self.holder.details

    def request(self, details: ActivityCancellationDetails) -> None:
        """Tell the activity. Only the first reason counts."""
        if self.holder.details is not None:
            return
        self.holder.details = details
        self._tell()
        if self.is_over:
            return
        if self.raiser is not None:
            self.raiser.raise_in_thread(CancelledError)
        if self.task is not None:
            self._is_task_cancelled = self.task.cancel("Activity cancelled")

    def end(self) -> None:
        """The attempt has ended: its task goes on as if nobody had cancelled it."""
        if self.task is not None and self._is_task_cancelled:
            self.task.uncancel()
        self.task = None

    def _tell(self) -> None:
        if self.is_elsewhere:
            self._telling = asyncio.ensure_future(asyncio.to_thread(self.cancelled.set))  # that takes a while
        else:
            self.cancelled.set()


class OutboundTail(ActivityOutboundInterceptor):
    """What `activity.info` and `activity.heartbeat` come to."""

    def __init__(self, assignment: Assignment, beat: Callable[..., None]) -> None:
        self._assignment = assignment
        self._beat = beat

    def info(self) -> Info:
        return self._assignment.info

    def heartbeat(self, *details: Any) -> None:
        self._beat(*details)


class InboundTail(ActivityInboundInterceptor):
    """Runs the function."""

    def __init__(
        self,
        definition: Definition,
        stop: Stop,
        converter_class: type[PayloadConverter],
        shared_state_manager: SharedStateManager | None,
    ) -> None:
        self._definition = definition
        self._stop = stop
        self._converter_class = converter_class
        self._shared_state_manager = shared_state_manager

    def init(self, outbound: ActivityOutboundInterceptor) -> None:
        context = Context.current()
        context.info = outbound.info
        context.heartbeat = outbound.heartbeat

    async def execute_activity(self, input: ExecuteActivityInput) -> Any:
        definition = self._definition
        if input.fn is definition.fn:
            if definition.is_async:
                return await (definition.ordinary or definition.fn)(*input.args)
        elif is_async(input.fn):  # what an interceptor put in the activity's place
            return await input.fn(*input.args)
        beat = _heartbeat_from_thread(Context.current())
        if isinstance(input.executor, concurrent.futures.ThreadPoolExecutor):
            return await self._in_thread(input, beat)
        return await self._in_process(input, beat)

    async def _in_thread(self, input: ExecuteActivityInput, beat: Callable[..., None]) -> Any:
        context = Context.current()
        call = _Call(
            info=context.info(),
            heartbeat=beat,
            cancelled=self._stop.cancelled.for_threads(),
            worker_shutdown=context.worker_shutdown_event.thread_event,
            converter=context.payload_converter_class_or_instance,
            holder=self._stop.holder,
            fn=input.fn,
            args=tuple(input.args),
            raiser=self._stop.raiser,
            meter=context.runtime_metric_meter,
        )
        context_of_thread = contextvars.copy_context()
        return await asyncio.get_running_loop().run_in_executor(
            input.executor, lambda: context_of_thread.run(_run_sync, call)
        )

    async def _in_process(self, input: ExecuteActivityInput, beat: Callable[..., None]) -> Any:
        context, shared = Context.current(), self._shared_state_manager
        assert shared is not None, "checked when the worker was made"
        info = context.info()
        sender = await shared.register_heartbeater(info.task_token, beat)
        call = _Call(
            info=info,
            heartbeat=sender,
            cancelled=self._stop.cancelled.thread_event,
            worker_shutdown=context.worker_shutdown_event.thread_event,
            converter=self._converter_class,
            holder=ActivityCancellationDetailsHolder(),
            fn=input.fn,
            args=tuple(input.args),
        )
        try:
            # In a thread, since it may start a process.
            running = await asyncio.to_thread(_executor(input).submit, _run_sync, call)
            return await asyncio.wrap_future(running)
        finally:
            await shared.unregister_heartbeater(info.task_token)


def _executor(input: ExecuteActivityInput) -> concurrent.futures.Executor:
    assert input.executor is not None, "checked when the worker was made"
    return input.executor


@dataclass
class _Call:
    """A call of a `def`, for another thread or process."""

    info: Info
    heartbeat: Callable[..., None] | SharedHeartbeatSender
    cancelled: threading.Event | None
    worker_shutdown: threading.Event | None
    converter: type[PayloadConverter] | PayloadConverter
    holder: ActivityCancellationDetailsHolder
    fn: Callable[..., Any]
    args: tuple[Any, ...]
    raiser: ThreadExceptionRaiser | None = None
    meter: MetricMeter | None = None

    def beat(self, *details: Any) -> None:
        if isinstance(self.heartbeat, SharedHeartbeatSender):
            self.heartbeat.send_heartbeat(self.info.task_token, *details)
        else:
            self.heartbeat(*details)

    def context(self) -> Context:
        return Context(
            info=lambda: self.info,
            heartbeat=self.beat,
            cancelled_event=CompositeEvent(self.cancelled, None),
            worker_shutdown_event=CompositeEvent(self.worker_shutdown, None),
            shield_thread_cancel_exception=self.raiser.shielded if self.raiser is not None else None,
            payload_converter_class_or_instance=self.converter,
            runtime_metric_meter=self.meter,
            client=None,
            cancellation_details=self.holder,
        )


def _run_sync(call: _Call) -> Any:
    """Run a `def` where it is called. At the top of the module, so that it can be pickled."""
    token = Context.set(call.context())
    try:
        if call.raiser is None:
            return call.fn(*call.args)
        with call.raiser.active_thread():
            return call.fn(*call.args)
    finally:
        Context.reset(token)


def _heartbeat_from_thread(context: Context) -> Callable[..., None]:
    """A heartbeat that any thread may call: the interceptors and the worker see it in the loop."""
    loop = asyncio.get_running_loop()
    beat_in_loop = context.heartbeat
    assert beat_in_loop is not None, "the interceptors were initialised"

    async def beat(*details: Any) -> None:
        Context.set(context)
        beat_in_loop(*details)

    def beat_and_wait(*details: Any) -> None:
        asyncio.run_coroutine_threadsafe(beat(*details), loop).result(HEARTBEAT_TAKEN_WITHIN_S)

    return beat_and_wait
