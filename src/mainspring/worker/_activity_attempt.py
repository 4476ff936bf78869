"""One attempt: arguments decoded, interceptors around the function, its end told in the API's words.

Assignment -> Attempt.run() -> Ending: a result, a failure, a cancellation, or "somebody else will complete it"
"""

from __future__ import annotations

import asyncio
import concurrent.futures
import contextvars
import logging
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import msgspec
from google.protobuf.message import Message
from temporalio.api.common.v1 import Payload, Payloads
from temporalio.api.failure.v1 import ApplicationFailureInfo, Failure

from mainspring.activity import ActivityCancellationDetails, Info, logger
from mainspring.activity._context import CompleteAsyncError, Context
from mainspring.activity._definition import Definition
from mainspring.common import MetricMeter, RawValue
from mainspring.common._composite_event import CompositeEvent, LateCompositeEvent
from mainspring.converter import DataConverter
from mainspring.exceptions import ApplicationError, ApplicationErrorCategory, CancelledError
from mainspring.worker._activity_heartbeats import Details, Heartbeats
from mainspring.worker._activity_registry import ActivityRegistry
from mainspring.worker._activity_running import InboundTail, OutboundTail, Stop
from mainspring.worker._activity_tasks import Assignment
from mainspring.worker._activity_threads import ThreadExceptionRaiser
from mainspring.worker._interceptor import ActivityInboundInterceptor, ExecuteActivityInput, Interceptor
from mainspring.worker._own_loop import OwnLoop
from mainspring.worker._payload_limits import PayloadsTooLargeError, SizeLimits

if TYPE_CHECKING:
    from mainspring.client import Client

CANCELLATIONS = (asyncio.CancelledError, CancelledError)
FAILED = {"__temporal_error_identifier": "ActivityFailure"}
MOST_SENT_BYTES = 4 * 1024 * 1024 - 64 * 1024  # of a request, less what stands around a failure
MOST_OF_MESSAGE = 2_000
SHUTDOWN_MESSAGE = "Worker is shutting down and this activity did not complete in time"


@dataclass(frozen=True)
class Surroundings:
    """What all attempts of a worker share."""

    registry: ActivityRegistry
    data_converter: DataConverter
    worker_shutdown: CompositeEvent
    interceptors: Sequence[Interceptor] = ()
    metric_meter: MetricMeter | None = None
    client: Client | None = None
    decode_headers: bool = False
    limits: SizeLimits | None = None  # None: of local activities, whose markers are looked at
    loop: OwnLoop = field(default_factory=OwnLoop)


class Ending(msgspec.Struct, kw_only=True):
    """How an attempt ended: with `result`, with `failure`, or by completion from elsewhere if neither is there."""

    result: Payload | None = None
    failure: Failure | None = None
    is_cancelled: bool = False  # `failure` says with which details
    last_heartbeat: Payloads | None = None  # what a failure still has to tell
    fatal: Exception | None = None  # no activity can run in this worker any more


class Attempt:
    """One attempt. `stop.request` cancels it from outside."""

    def __init__(self, assignment: Assignment, surroundings: Surroundings) -> None:
        self.assignment = assignment
        self.stop = Stop(LateCompositeEvent(), None)
        self.heartbeat_error: Exception | None = None
        self.heartbeats: Heartbeats | None = None  # None: a local activity, whose heartbeats nobody waits for
        self._entered: contextvars.Token[Context] | None = None  # the context of the activity
        self._around = surroundings
        self._converter = surroundings.data_converter._with_made_context(assignment.context)  # pyright: ignore[reportPrivateUsage] - of ours
        if self._converter.external_storage is not None:
            self._converter = self._converter._with_store_context(assignment.store_context())  # pyright: ignore[reportPrivateUsage] - the official name

    @property
    def info(self) -> Info:
        """What `activity.info()` says."""
        return self.assignment.info

    @property
    def cancelled_event(self) -> CompositeEvent:
        """Set when the activity was told to stop."""
        return self.stop.cancelled

    async def run(self) -> Ending:
        """Run it to its end, whatever that is."""
        auto: asyncio.Task[None] | None = None
        try:
            assignment = self.assignment
            definition = self._around.registry.find(assignment)
            if definition.is_async:
                self.stop.task = self._around.loop.current_task()
            else:
                await self._prepare_elsewhere(definition)
            if definition.auto_heartbeat and self.heartbeats is not None and assignment.heartbeat_timeout_s:
                auto = asyncio.create_task(self.heartbeats.beat_by_itself())
            ending = await self._call(definition)
        except BaseException as error:  # noqa: BLE001 - user code may raise anything, and it is reported
            ending = await self._ending_of(error)
        if auto is not None:
            auto.cancel()
        unsent = await self.heartbeats.end() if self.heartbeats is not None else None
        if unsent is not None and ending.failure is not None and not ending.is_cancelled:
            ending.last_heartbeat = await self._encoded(unsent)
        self._leave()
        return ending

    def _leave(self) -> None:
        """Leave the task as it was, and no circle of references: an attempt is then gone at once."""
        if self._entered is not None:
            Context.reset(self._entered)
        self.stop.end()
        self.heartbeats = self._entered = None

    async def encode_heartbeat(self, details: Details) -> Payloads | None:
        """The details as the server takes them."""
        if not details:
            return None
        converter = self._converter._with_store_context(self.assignment.heartbeat_store_context())  # pyright: ignore[reportPrivateUsage] - the official name
        payloads = Payloads(payloads=await converter.encode(details))
        self._check_size("heartbeat details", payloads)
        return payloads

    def fail_heartbeat(self, error: Exception) -> None:
        """A heartbeat cannot be sent: the attempt ends with that error, unless it ends by itself before."""
        self.heartbeat_error = error
        self.stop.request(ActivityCancellationDetails())

    # -- running

    async def _prepare_elsewhere(self, definition: Definition) -> None:
        """Make what can stop a `def`, for where it will run."""
        registry = self._around.registry
        if registry.uses_threads:
            self.stop.cancelled = LateCompositeEvent(is_for_coroutines=False)
            self.stop.raiser = None if definition.no_thread_cancel_exception else ThreadExceptionRaiser()
        elif registry.shared_state_manager is not None:
            self.stop.is_elsewhere = True
            self.stop.cancelled = CompositeEvent(await asyncio.to_thread(registry.shared_state_manager.new_event), None)

    async def _call(self, definition: Definition) -> Ending:
        try:
            args = await self._arguments(definition)
            if self.assignment.heartbeat_details:
                self.assignment.tell_details(await self._details_before())
            result = await self._intercepted(definition, args)
        finally:
            self.stop.is_over = True
        payload = (await self._converter.encode([result]))[0]
        self._check_size("activity result", payload)
        return Ending(result=payload)

    async def _intercepted(self, definition: Definition, args: Sequence[Any]) -> Any:
        around, is_sync = self._around, not definition.is_async
        headers = self.assignment.headers
        if around.decode_headers:
            headers = {
                name: await self._converter._transform_inbound_payload(payload)  # pyright: ignore[reportPrivateUsage] - the official name
                for name, payload in headers.items()
            }
        self._entered = Context.set(self._context(definition))
        if logger.logger.isEnabledFor(logging.DEBUG):  # asked here, it costs a quarter
            logger.debug("Starting activity")
        inbound: ActivityInboundInterceptor = InboundTail(
            definition, self.stop, around.data_converter.payload_converter_class, around.registry.shared_state_manager
        )
        for interceptor in reversed(around.interceptors):
            inbound = interceptor.intercept_activity(inbound)
        beat = self.heartbeats.beat if self.heartbeats is not None else _nothing
        inbound.init(OutboundTail(self.assignment, beat))
        executor = around.registry.executor if is_sync else None
        return await inbound.execute_activity(
            ExecuteActivityInput(fn=definition.fn, args=args, executor=executor, headers=headers)
        )

    def _context(self, definition: Definition) -> Context:
        around, is_here = self._around, definition.is_async or self._around.registry.uses_threads
        assignment = self.assignment
        return Context(
            info=lambda: assignment.info,
            heartbeat=None,
            cancelled_event=self.stop.cancelled,
            worker_shutdown_event=around.worker_shutdown,
            shield_thread_cancel_exception=self.stop.raiser.shielded if self.stop.raiser is not None else None,
            payload_converter_class_or_instance=self._converter.payload_converter,
            runtime_metric_meter=around.metric_meter if is_here else None,
            client=around.client if definition.is_async else None,
            cancellation_details=self.stop.holder,
        )

    async def _arguments(self, definition: Definition) -> Sequence[Any]:
        payloads = self.assignment.input
        types = definition.arg_types
        if definition.name is None:
            types = [RawValue] * len(payloads)
        try:
            values = await self._converter.decode(payloads, types) if payloads else []
        except Exception as error:
            raise ApplicationError("Failed decoding arguments") from error
        return [values] if definition.name is None else values

    async def _details_before(self) -> Sequence[Any]:
        """What the attempt before this one said last."""
        try:
            return await self._converter.decode(self.assignment.heartbeat_details)
        except Exception as error:
            raise ApplicationError("Failed decoding heartbeat details", non_retryable=True) from error

    # -- ending

    async def _ending_of(self, error: BaseException) -> Ending:
        if isinstance(error, CompleteAsyncError):
            logger.debug("Completing asynchronously")
            return Ending()
        told = self._told(error)
        if told is None:
            logger.debug("Completing as cancelled")
            return Ending(failure=await self._failure_of(CancelledError("Cancelled")), is_cancelled=True)
        fatal = error if isinstance(error, concurrent.futures.BrokenExecutor) else None
        if isinstance(told, Failure):
            return Ending(failure=told)
        return Ending(failure=await self._failure_of(told), fatal=fatal)

    def _told(self, error: BaseException) -> BaseException | Failure | None:
        """What to report for an error; None for a cancellation that was asked for."""
        details = self.stop.details
        if not isinstance(error, CANCELLATIONS) or (details is None and self.heartbeat_error is None):
            self._log_failure(error)
            return error
        if self.heartbeat_error is not None:
            shown = f"error of type {type(self.heartbeat_error)}: {self.heartbeat_error}"
            logger.warning("Completing as failure during heartbeat with %s", shown)
            return self.heartbeat_error
        assert details is not None, "cancelled by whoever set the details"
        for reason, is_meant in (("pause", details.paused), ("reset", details.reset)):
            if is_meant:
                message = f"Unhandled activity cancel error produced by activity {reason}"
                logger.warning("Completing as failure due to unhandled cancel error produced by activity %s", reason)
                return ApplicationError(message, type=f"Activity{reason.capitalize()}")
        if details.worker_shutdown and not details.cancel_requested:
            return shutdown_failure()
        if details.cancel_requested:
            return None
        self._log_failure(error)
        return error

    def _log_failure(self, error: BaseException) -> None:
        is_benign = isinstance(error, ApplicationError) and error.category == ApplicationErrorCategory.BENIGN
        log = logger.debug if is_benign else logger.warning
        log("Completing activity as failed", exc_info=error, extra=FAILED)

    async def _failure_of(self, error: BaseException) -> Failure:
        failure = Failure()
        try:
            await self._converter.encode_failure(error, failure)
        except Exception as inner:  # noqa: BLE001 - of the user's converter; what is known is reported
            logger.exception("Exception handling failed, original error: %s", error)
            failure.Clear()
            failure.message = f"Failed building exception result: {inner}"
            failure.application_failure_info.SetInParent()
        return failure if failure.ByteSize() <= MOST_SENT_BYTES else _cut(failure)

    async def _encoded(self, details: Details) -> Payloads | None:
        """The last heartbeat for a failure; none if it cannot be sent, since the failure is worth more."""
        try:
            return await self.encode_heartbeat(details)
        except Exception as error:  # noqa: BLE001 - of the user's converter or codec
            logger.warning("The last heartbeat of a failed activity could not be converted", exc_info=error)
            return None

    def _check_size(self, name: str, message: Message) -> None:
        """Raises: ApplicationError: it is more than the server would take, by the name of the official SDK."""
        if self._around.limits is None:
            return
        try:
            self._around.limits.check_payloads(name, message)
        except PayloadsTooLargeError as error:
            raise ApplicationError(str(error), type="PayloadsTooLarge") from None


def shutdown_failure() -> Failure:
    """How an attempt ends that the end of its worker cuts off."""
    return Failure(message=SHUTDOWN_MESSAGE, application_failure_info=ApplicationFailureInfo(type="WorkerShutdown"))


def _cut(failure: Failure) -> Failure:
    """What can be sent of a failure that gRPC would not carry: else the activity would look as if it went on."""
    size_bytes, given = failure.ByteSize(), failure.application_failure_info
    cut = Failure(message=f"{failure.message[:MOST_OF_MESSAGE]} (cut: the failure has {size_bytes} bytes)")
    info = ApplicationFailureInfo(type=given.type, non_retryable=given.non_retryable, category=given.category)
    if given.HasField("next_retry_delay"):
        info.next_retry_delay.CopyFrom(given.next_retry_delay)
    cut.application_failure_info.CopyFrom(info)
    return cut


def _nothing(*details: Any) -> None:
    """A heartbeat of a local activity: the worker that runs it is the one that would hear it."""
    del details
