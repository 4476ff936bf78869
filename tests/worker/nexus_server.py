"""A server in memory for tests of the Nexus side of a worker: it gives requests, and keeps their answers."""

from __future__ import annotations

import asyncio
import concurrent.futures
import threading
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

import msgspec
from temporalio.api.common.v1 import Payload
from temporalio.api.failure.v1 import Failure
from temporalio.api.nexus.v1 import HandlerError, Response
from temporalio.api.nexus.v1 import Link as LinkMessage
from temporalio.api.workflowservice.v1 import PollNexusTaskQueueResponse

from mainspring.client import Client
from mainspring.common import MetricMeter
from mainspring.common._composite_event import CompositeEvent
from mainspring.converter import DataConverter
from mainspring.service import RPCError
from mainspring.worker import Interceptor
from mainspring.worker._nexus_handlers import handler_of
from mainspring.worker._nexus_request import NexusSurroundings
from mainspring.worker._nexus_worker import NexusOptions, NexusWorker
from mainspring.worker._poller_behavior import PollerBehaviorSimpleMaximum
from mainspring.worker._slots import CountedSlots, FixedLimit
from tests.worker.fake_engine import FakeEngine

WITHIN_S = 10.0


class Said(msgspec.Struct, kw_only=True):
    """What the worker said of one request."""

    response: Response | None = None
    failure: Failure | None = None
    error: HandlerError | None = None

    @property
    def value(self) -> Any:
        """The result of an operation that ended at once."""
        assert self.response is not None, self
        payload = self.response.start_operation.sync_success.payload
        return DataConverter.default.payload_converter.from_payloads([payload])[0]

    @property
    def handler_error(self) -> tuple[str, str, int]:
        """Type, message and whether it is retried."""
        assert self.failure is not None, self
        info = self.failure.nexus_handler_failure_info
        return info.type, self.failure.message, info.retry_behavior


class FakeNexusServer:
    """One server for one worker."""

    def __init__(self) -> None:
        self.tasks: asyncio.Queue[PollNexusTaskQueueResponse] = asyncio.Queue()
        self.answers: asyncio.Queue[Said] = asyncio.Queue()
        self.refuses_with: RPCError | None = None

    async def poll(self) -> PollNexusTaskQueueResponse:
        return await self.tasks.get()

    async def complete(self, task_token: bytes, response: Response) -> None:
        self.answers.put_nowait(Said(response=response))
        self._check()

    async def fail(self, task_token: bytes, failure: Failure | None, error: HandlerError | None) -> None:
        self.answers.put_nowait(Said(failure=failure, error=error))
        self._check()

    def end_polls(self) -> None:
        self.tasks.put_nowait(PollNexusTaskQueueResponse())

    async def answer(self) -> Said:
        """The next answer."""
        return await asyncio.wait_for(self.answers.get(), WITHIN_S)

    def _check(self) -> None:
        if self.refuses_with is not None:
            raise self.refuses_with


def a_start(operation: str, value: Any = None, **fields: Any) -> PollNexusTaskQueueResponse:
    """A request to start an operation of the service `Words`; `headers`, and fields of the request by name."""
    task = _a_task(fields.pop("headers", {}))
    start = task.request.start_operation
    start.service, start.operation, start.request_id = fields.pop("service", "Words"), operation, "request-1"
    payload: Payload = fields.pop("payload", None) or DataConverter.default.payload_converter.to_payloads([value])[0]
    start.payload.CopyFrom(payload)
    start.callback_header.update(fields.pop("callback_header", {}))
    start.links.extend(LinkMessage(url=url, type=kind) for url, kind in fields.pop("links", ()))
    for name, given in fields.items():
        setattr(start, name, given)
    return task


def a_cancellation(operation: str, token: str) -> PollNexusTaskQueueResponse:
    task = _a_task({})
    cancel = task.request.cancel_operation
    cancel.service, cancel.operation, cancel.operation_token = "Words", operation, token
    return task


def _a_task(headers: dict[str, str]) -> PollNexusTaskQueueResponse:
    task = PollNexusTaskQueueResponse(task_token=b"token")
    task.request.endpoint = "shop"
    task.request.header.update(headers)
    task.request.scheduled_time.FromDatetime(datetime.now(UTC))
    task.request.capabilities.temporal_failure_responses = True
    return task


class Serving:
    """`async with Serving(server, [service]) as worker:` a worker that runs, and is stopped at the end."""

    def __init__(
        self,
        server: FakeNexusServer,
        services: Sequence[Any],
        *,
        executor: concurrent.futures.Executor | None = None,
        interceptors: Sequence[Interceptor] = (),
        data_converter: DataConverter = DataConverter.default,
        **surroundings: Any,
    ) -> None:
        self.server = server
        self.client: Client = FakeEngine().client()
        self.around = NexusSurroundings(
            handler=handler_of(services, executor, interceptors),
            data_converter=data_converter,
            client=self.client,
            worker_shutdown=CompositeEvent(threading.Event(), asyncio.Event()),
            metric_meter=MetricMeter.noop,
            namespace="default",
            task_queue="tq",
            **surroundings,
        )

    async def __aenter__(self) -> NexusWorker:
        options = NexusOptions(task_queue="tq", polls=PollerBehaviorSimpleMaximum(1))
        self.worker = NexusWorker(self.server, self.around, options, CountedSlots(FixedLimit(10)))
        self.task = asyncio.create_task(self.worker.run())
        return self.worker

    async def __aexit__(self, *error: object) -> None:
        if not self.task.done():
            self.worker.stop_polling()
            self.worker.cancel_all()
            self.server.end_polls()
            await asyncio.wait_for(self.task, WITHIN_S)
