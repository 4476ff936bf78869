"""One request to a handler of a Nexus operation: its context made, the handler called, the answer in the API's words.

NexusRequest(task, around).answer() -> Answer: a response, a failure, or nothing if nobody waits any more
"""

from __future__ import annotations

import asyncio
import concurrent.futures
import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import msgspec
from google.protobuf.message import Message
from nexusrpc import HandlerError, HandlerErrorType, Link, OperationError
from nexusrpc.handler import (
    CancelOperationContext,
    Handler,
    StartOperationContext,
    StartOperationResultAsync,
    StartOperationResultSync,
)
from temporalio.api.common.v1 import Payload
from temporalio.api.failure.v1 import Failure, NexusHandlerFailureInfo
from temporalio.api.nexus.v1 import CancelOperationRequest, CancelOperationResponse, Response, StartOperationRequest
from temporalio.api.nexus.v1 import HandlerError as HandlerErrorMessage
from temporalio.api.nexus.v1 import Link as LinkMessage
from temporalio.api.nexus.v1 import StartOperationResponse as StartResponse
from temporalio.api.workflowservice.v1 import PollNexusTaskQueueResponse

from mainspring.client._caller import CALLER
from mainspring.common import MetricMeter
from mainspring.common._composite_event import CompositeEvent
from mainspring.converter import DataConverter, NexusSerializationContext
from mainspring.nexus import Info
from mainspring.nexus import logger as nexus_logger
from mainspring.nexus._calls import HandlerOfStart
from mainspring.nexus._context import Context, current_context
from mainspring.worker._nexus_cancellation import Reason, TaskCancellation, seconds_of
from mainspring.worker._nexus_errors import (
    handler_error_of,
    input_error,
    older_form_of,
    operation_failure_of,
    too_large,
)
from mainspring.worker._payload_limits import PayloadsTooLargeError, SizeLimits
from mainspring.worker._payload_walk import change_payloads

if TYPE_CHECKING:
    from mainspring.client import Client

logger = logging.getLogger("mainspring.worker")

TIMEOUT_HEADER = "request-timeout"


@dataclass(frozen=True)
class NexusSurroundings:
    """What all requests of a worker share."""

    handler: Handler
    data_converter: DataConverter
    client: Client
    worker_shutdown: CompositeEvent
    metric_meter: MetricMeter
    namespace: str
    task_queue: str
    limits: SizeLimits | None = None


class Answer(msgspec.Struct, kw_only=True):
    """How a request ended; nobody waits for an answer if nothing is there. `failure_reason`: for the metrics."""

    response: Response | None = None
    failure: Failure | None = None  # a handler error
    error: HandlerErrorMessage | None = None  # the same in the older form
    fatal: Exception | None = None  # no handler can run in this worker any more
    failure_reason: str = ""


class NexusRequest:
    """One request. `stop` cancels its handler from outside."""

    def __init__(self, task: PollNexusTaskQueueResponse, around: NexusSurroundings) -> None:
        self._request = task.request
        self._around = around
        self._converter = around.data_converter._with_made_context(self._context)  # pyright: ignore[reportPrivateUsage] - of ours
        self._headers = with_lower_case(task.request.header)
        self._cancellation = TaskCancellation()
        self._handling: asyncio.Task[Answer] | None = None

    async def answer(self) -> Answer:
        """Handle the request to its end, whatever that is."""
        timeout_s = self._timeout_s()
        handling = self._handling = asyncio.create_task(self._handle(self._deadline(timeout_s)))
        timer = None
        if timeout_s is not None:
            timer = asyncio.get_running_loop().call_later(timeout_s, self.stop, Reason.TIMED_OUT)
        await asyncio.wait([handling])
        if timer is not None:
            timer.cancel()
        if not handling.cancelled():
            return handling.result()
        if self._cancellation.cancellation_reason() == Reason.WORKER_SHUTDOWN:
            return await self.refuse()
        return Answer(failure_reason="timeout")  # the server has given up on it

    async def refuse(self) -> Answer:
        """Let the server ask another worker, since this one ends."""
        return await self._failed(HandlerError("Worker is shutting down", type=HandlerErrorType.UNAVAILABLE))

    def stop(self, reason: Reason) -> None:
        """Tell the handler to stop. Only the first reason counts."""
        if self._cancellation.cancel(reason) and self._handling is not None:
            self._handling.cancel()

    def _context(self) -> NexusSerializationContext:
        request = self._request
        asked = request.cancel_operation if request.HasField("cancel_operation") else request.start_operation
        return NexusSerializationContext(endpoint=request.endpoint, service=asked.service, operation=asked.operation)

    def _timeout_s(self) -> float | None:
        value = self._headers.get(TIMEOUT_HEADER)
        if value is None:
            return None
        try:
            return seconds_of(value)
        except ValueError as error:
            logger.warning("the deadline of a Nexus request is not known: %s", error)
            return None

    def _deadline(self, timeout_s: float | None) -> datetime | None:
        return None if timeout_s is None else datetime.now(UTC) + timedelta(seconds=timeout_s)

    # -- handling

    async def _handle(self, deadline: datetime | None) -> Answer:
        try:
            return await self._responded(deadline)
        except PayloadsTooLargeError as error:
            return Answer(error=too_large(str(error)), failure_reason="PayloadsTooLarge")
        except BaseException as error:
            if isinstance(error, asyncio.CancelledError) and self._cancellation.is_cancelled():
                raise
            method = "cancel" if self._request.HasField("cancel_operation") else "start"
            nexus_logger.warning("Failed to execute Nexus %s operation method", method, exc_info=error)
            return await self._failed(error)

    async def _responded(self, deadline: datetime | None) -> Answer:
        request = self._request
        if request.HasField("start_operation"):
            response = Response(start_operation=await self._start(request.start_operation, deadline))
        elif request.HasField("cancel_operation"):
            await self._cancel(request.cancel_operation, deadline)
            response = Response(cancel_operation=CancelOperationResponse())
        else:
            raise HandlerError("Unknown kind of Nexus request", type=HandlerErrorType.NOT_IMPLEMENTED)
        await self._encode(response)
        if self._around.limits is not None:
            self._around.limits.check_payloads("nexus operation result", response)
        return Answer(response=response, failure_reason=_reason_of(response.start_operation))

    async def _start(self, start: StartOperationRequest, deadline: datetime | None) -> StartResponse:
        context = StartOperationContext(
            service=start.service,
            operation=start.operation,
            headers=self._headers,
            task_cancellation=self._cancellation,
            request_deadline=deadline,
            request_id=start.request_id,
            callback_url=start.callback,
            callback_headers=with_lower_case(start.callback_header),
            inbound_links=[Link(url=link.url, type=link.type) for link in start.links],
        )
        self._enter(context)
        CALLER.set(HandlerOfStart(context))
        try:
            result = await self._around.handler.start_operation(context, Input(start.payload, self._converter))
        except OperationError as error:
            return StartResponse(failure=self._to_failure(operation_failure_of(error)))
        return self._started(result, [LinkMessage(url=link.url, type=link.type) for link in context.outbound_links])

    def _started(
        self, result: StartOperationResultSync[Any] | StartOperationResultAsync, links: Sequence[LinkMessage]
    ) -> StartResponse:
        if isinstance(result, StartOperationResultAsync):
            return StartResponse(async_success=StartResponse.Async(operation_token=result.token, links=links))
        if isinstance(result, StartOperationResultSync):  # pyright: ignore[reportUnnecessaryIsInstance]  # handlers may be untyped
            payload = self._converter.payload_converter.to_payloads([result.value])[0]
            return StartResponse(sync_success=StartResponse.Sync(payload=payload, links=links))
        raise TypeError(
            "Operation start method must return either nexusrpc.handler.StartOperationResultSync or "
            f"nexusrpc.handler.StartOperationResultAsync, got {type(result).__name__}"
        )

    async def _cancel(self, cancel: CancelOperationRequest, deadline: datetime | None) -> None:
        context = CancelOperationContext(
            service=cancel.service,
            operation=cancel.operation,
            headers=self._headers,
            task_cancellation=self._cancellation,
            request_deadline=deadline,
        )
        self._enter(context)
        await self._around.handler.cancel_operation(context, cancel.operation_token)

    def _enter(self, context: StartOperationContext | CancelOperationContext) -> None:
        """Let the functions of `mainspring.nexus` know the request, in this task and what it calls."""
        around = self._around
        current_context.set(
            Context(
                info=Info(self._request.endpoint, around.namespace, around.task_queue),
                request=context,
                client=around.client,
                worker_shutdown_event=around.worker_shutdown,
                runtime_metric_meter=around.metric_meter,
            )
        )

    # -- failing

    async def _failed(self, error: BaseException) -> Answer:
        fatal = error if isinstance(error, concurrent.futures.BrokenExecutor) else None
        try:
            failure = self._to_failure(handler_error_of(error))
            await self._encode(failure)
        except Exception as inner:  # of the user's converter; what is known is reported
            logger.exception("Exception handling failed, original error: %s", error)
            info = NexusHandlerFailureInfo(type=HandlerErrorType.INTERNAL.value)
            failure = Failure(message=f"Failed building exception result: {inner}", nexus_handler_failure_info=info)
        reason = f"handler_error_{failure.nexus_handler_failure_info.type}"
        if self._request.capabilities.temporal_failure_responses:
            return Answer(failure=failure, fatal=fatal, failure_reason=reason)
        return Answer(error=older_form_of(failure), fatal=fatal, failure_reason=reason)

    def _to_failure(self, error: BaseException) -> Failure:
        failure = Failure()
        self._converter.failure_converter.to_failure(error, self._converter.payload_converter, failure)
        return failure

    async def _encode(self, message: Message) -> None:
        """The codec, then the storage for large payloads."""
        converter = self._converter
        if converter.payload_codec is not None:
            await change_payloads(message, converter._encode_payload_sequence, headers=False)  # pyright: ignore[reportPrivateUsage] - the official name
        if converter.external_storage is not None:
            await change_payloads(message, converter._external_store_payload_sequence, headers=False)  # pyright: ignore[reportPrivateUsage] - the official name


class Input:
    """What an operation is given, decoded when its handler's type is known."""

    def __init__(self, payload: Payload, converter: DataConverter) -> None:
        self._payload = payload
        self._converter = converter

    async def consume(self, as_type: type[Any] | None = None) -> Any:
        """The value. Raises: HandlerError: it cannot be had."""
        converter = self._converter
        try:
            stored = await converter._external_retrieve_payload_sequence([self._payload])  # pyright: ignore[reportPrivateUsage] - the official name
        except Exception as error:
            raise HandlerError(
                "Failed to retrieve Nexus operation input from external storage",
                type=HandlerErrorType.INTERNAL,
                retryable_override=True,
            ) from error
        try:
            payloads = await converter._decode_payload_sequence(stored)  # pyright: ignore[reportPrivateUsage] - the official name
        except Exception as error:
            message = "Payload codec failed to decode Nexus operation input"
            raise input_error(message, error, is_callers_fault=False) from error
        try:
            return converter.payload_converter.from_payloads(payloads, [as_type] if as_type else None)[0]
        except Exception as error:
            message = "Payload converter failed to decode Nexus operation input"
            raise input_error(message, error, is_callers_fault=True) from error


def with_lower_case(headers: Mapping[str, str]) -> dict[str, str]:
    """Headers as handlers find them, whoever sent them."""
    return {name.lower(): value for name, value in headers.items()}


def _reason_of(response: StartResponse) -> str:
    if not response.HasField("failure"):
        return ""
    return "operation_canceled" if response.failure.HasField("canceled_failure_info") else "operation_failed"
