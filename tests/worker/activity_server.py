"""A server in memory for tests of the activity side of a worker: it gives tasks, and keeps what is said of them."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec
from temporalio.api.common.v1 import Payload, Payloads
from temporalio.api.failure.v1 import Failure
from temporalio.api.workflowservice.v1 import PollActivityTaskQueueResponse, RecordActivityTaskHeartbeatResponse

from mainspring import activity
from mainspring.converter import DataConverter
from mainspring.service import RPCError, RPCStatusCode
from mainspring.worker._activity_attempt import Surroundings
from mainspring.worker._activity_heartbeats import Throttle
from mainspring.worker._activity_registry import ActivityRegistry
from mainspring.worker._activity_worker import ActivityOptions, ActivityWorker
from mainspring.worker._poller_behavior import PollerBehaviorSimpleMaximum
from mainspring.worker._slots import CountedSlots, FixedLimit

WITHIN_S = 10.0


class Said(msgspec.Struct):
    """What the worker said of one task."""

    how: str  # completed, failed, cancelled
    result: Any = None
    failure: Failure | None = None
    last_heartbeat: list[Any] | None = None


class FakeServer:
    """One server for one worker."""

    def __init__(self) -> None:
        self.tasks: asyncio.Queue[PollActivityTaskQueueResponse] = asyncio.Queue()
        self.ends: asyncio.Queue[Said] = asyncio.Queue()
        self.heartbeats: asyncio.Queue[list[Any]] = asyncio.Queue()
        self.reply = RecordActivityTaskHeartbeatResponse()
        self.polls_failed_with: RPCError | None = None
        self.forgets = False  # answers NOT_FOUND to whatever is said of a task

    async def poll(self) -> PollActivityTaskQueueResponse:
        if self.polls_failed_with is not None:
            raise self.polls_failed_with
        return await self.tasks.get()

    def end_polls(self) -> None:
        self.tasks.put_nowait(PollActivityTaskQueueResponse())

    async def heartbeat(self, task_token: bytes, details: Payloads | None) -> RecordActivityTaskHeartbeatResponse:
        self.heartbeats.put_nowait(decoded(details))
        self._check()
        return self.reply

    async def leave(self, task_token: bytes) -> None:
        self.ends.put_nowait(Said("left"))

    async def complete(self, task_token: bytes, result: Payload) -> None:
        self._check()
        reporting = asyncio.current_task()
        assert reporting is not None
        assert not reporting.cancelling(), "the activity was cancelled, not the one who tells its end"
        assert not activity.in_activity(), "its end is told outside of it"
        self.ends.put_nowait(Said("completed", result=decoded(Payloads(payloads=[result]))[0]))

    async def fail(self, task_token: bytes, failure: Failure, last_heartbeat: Payloads | None) -> None:
        said = decoded(last_heartbeat) if last_heartbeat is not None else None
        self.ends.put_nowait(Said("failed", failure=failure, last_heartbeat=said))

    async def cancel(self, task_token: bytes, details: Payloads | None) -> None:
        self.ends.put_nowait(Said("cancelled"))

    def give(self, name: str, *args: Any, **fields: Any) -> None:
        """Have a task ready."""
        self.tasks.put_nowait(a_task(name, *args, **fields))

    async def end(self) -> Said:
        """How the next task to end ended."""
        return await asyncio.wait_for(self.ends.get(), WITHIN_S)

    def _check(self) -> None:
        if self.forgets:
            raise RPCError("no such activity", RPCStatusCode.NOT_FOUND, b"")


def a_task(name: str, *args: Any, **fields: Any) -> PollActivityTaskQueueResponse:
    now = datetime.now(UTC)
    task = PollActivityTaskQueueResponse(task_token=name.encode(), activity_id="7", attempt=1)
    task.activity_type.name = name
    task.workflow_type.name = "AddNode"
    task.workflow_execution.workflow_id = "n1"
    task.workflow_execution.run_id = "run"
    task.input.payloads.extend(DataConverter.default.payload_converter.to_payloads(args))
    task.scheduled_time.FromDatetime(now)
    task.current_attempt_scheduled_time.FromDatetime(now)
    task.started_time.FromDatetime(now)
    task.start_to_close_timeout.FromTimedelta(timedelta(minutes=1))
    for field, value in fields.items():
        if isinstance(value, timedelta):
            getattr(task, field).FromTimedelta(value)
        elif isinstance(value, bytes | int | str):
            setattr(task, field, value)
        else:
            getattr(task, field).CopyFrom(value)
    return task


def decoded(payloads: Payloads | None) -> list[Any]:
    if payloads is None:
        return []
    return DataConverter.default.payload_converter.from_payloads(payloads.payloads)


def encoded(*values: Any) -> Payloads:
    return Payloads(payloads=DataConverter.default.payload_converter.to_payloads(values))


class Running:
    """`async with Running(server, [activity]) as worker:` a worker that runs, and is stopped at the end."""

    def __init__(
        self,
        server: FakeServer,
        activities: Sequence[Callable[..., Any]],
        *,
        most_tasks: int = 100,
        registry: ActivityRegistry | None = None,
        data_converter: DataConverter = DataConverter.default,
        **surroundings: Any,
    ) -> None:
        self.server = server
        self.registry = registry or ActivityRegistry(activities, None, None)
        self.most_tasks = most_tasks
        self.data_converter = data_converter
        self.surroundings = surroundings

    async def __aenter__(self) -> ActivityWorker:
        around = Surroundings(
            registry=self.registry,
            worker_shutdown=await self.registry.new_shutdown_event(),
            data_converter=self.data_converter,
            **self.surroundings,
        )
        options = ActivityOptions(
            namespace="default",
            task_queue="tq",
            polls=PollerBehaviorSimpleMaximum(1),
            throttle=Throttle(without_timeout_s=0),
        )
        self.worker = ActivityWorker(self.server, around, options, CountedSlots(FixedLimit(self.most_tasks)))
        self.task = asyncio.create_task(self.worker.run())
        return self.worker

    async def __aexit__(self, *error: object) -> None:
        if not self.task.done():
            await self.worker.stop()
            self.server.end_polls()
            await asyncio.wait_for(self.task, WITHIN_S)
