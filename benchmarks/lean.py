"""A client and a worker made of raw RPCs: load that costs the driver little, and leaves every RPC in our hands.

    start -> workflow task -> schedule an activity -> activity -> sticky workflow task -> complete -> long-polled result

`RawService` is the WorkflowService as awaitable methods; the functions below it build the messages that drivers send.
Benchmarks, crash tests and connection tests share this module. Run by itself it drives workflows of one activity:

    python -m benchmarks.lean [--address HOST:PORT] [--workflows 1000] [--in-flight 50]
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import json
import sys
import time
import uuid
from collections.abc import AsyncGenerator, Awaitable, Callable, Coroutine, Sequence
from pathlib import Path
from typing import Any, Protocol, TypeVar, cast

import grpc
import grpc.aio
from google.protobuf.message import Message
from temporalio.api.command.v1 import Command
from temporalio.api.common.v1 import ActivityType, Payload, Payloads, WorkflowExecution, WorkflowType
from temporalio.api.enums.v1 import CommandType, EventType, HistoryEventFilterType, TaskQueueKind
from temporalio.api.history.v1 import HistoryEvent
from temporalio.api.taskqueue.v1 import StickyExecutionAttributes, TaskQueue
from temporalio.api.workflowservice import v1 as api

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))  # so that the script also runs by its path

from tests.server_process import is_smoke_run, mainspring_command, temporary_server

NAMESPACE = "default"
SERVICE = "/temporal.api.workflowservice.v1.WorkflowService/"
POLL_TIMEOUT_S = 70.0

Request = TypeVar("Request", bound=Message)
Request_contra = TypeVar("Request_contra", bound=Message, contravariant=True)
Reply = TypeVar("Reply", bound=Message)
Reply_co = TypeVar("Reply_co", bound=Message, covariant=True)


class Rpc(Protocol[Request_contra, Reply_co]):
    """One unary RPC: raises `grpc.aio.AioRpcError`."""

    def __call__(self, request: Request_contra, /, *, timeout: float = ...) -> Awaitable[Reply_co]: ...


class RawService:
    """The WorkflowService over one channel of its own, without retries."""

    def __init__(
        self, address: str, *, compression: grpc.Compression | None = None, options: Sequence[tuple[str, Any]] = ()
    ) -> None:
        limits = [("grpc.max_receive_message_length", 128 << 20), ("grpc.max_send_message_length", -1)]
        # Channels with equal options share one connection; drivers need their own.
        own = [("grpc.use_local_subchannel_pool", 1)]
        # A server that is restarted under load must be found again at once.
        backoff = [("grpc.initial_reconnect_backoff_ms", 50), ("grpc.max_reconnect_backoff_ms", 200)]
        self.channel = grpc.aio.insecure_channel(
            address, options=[*limits, *own, *backoff, *options], compression=compression
        )
        rpc = self._rpc
        self.describe_namespace = rpc(api.DescribeNamespaceRequest, api.DescribeNamespaceResponse)
        self.start_workflow = rpc(api.StartWorkflowExecutionRequest, api.StartWorkflowExecutionResponse)
        self.signal_workflow = rpc(api.SignalWorkflowExecutionRequest, api.SignalWorkflowExecutionResponse)
        self.update_workflow = rpc(api.UpdateWorkflowExecutionRequest, api.UpdateWorkflowExecutionResponse)
        self.terminate_workflow = rpc(api.TerminateWorkflowExecutionRequest, api.TerminateWorkflowExecutionResponse)
        self.describe_workflow = rpc(api.DescribeWorkflowExecutionRequest, api.DescribeWorkflowExecutionResponse)
        self.count_workflows = rpc(api.CountWorkflowExecutionsRequest, api.CountWorkflowExecutionsResponse)
        self.history = rpc(api.GetWorkflowExecutionHistoryRequest, api.GetWorkflowExecutionHistoryResponse)
        self.poll_workflow_task = rpc(api.PollWorkflowTaskQueueRequest, api.PollWorkflowTaskQueueResponse)
        self.complete_workflow_task = rpc(
            api.RespondWorkflowTaskCompletedRequest, api.RespondWorkflowTaskCompletedResponse
        )
        self.fail_workflow_task = rpc(api.RespondWorkflowTaskFailedRequest, api.RespondWorkflowTaskFailedResponse)
        self.poll_activity_task = rpc(api.PollActivityTaskQueueRequest, api.PollActivityTaskQueueResponse)
        self.heartbeat = rpc(api.RecordActivityTaskHeartbeatRequest, api.RecordActivityTaskHeartbeatResponse)
        self.complete_activity_task = rpc(
            api.RespondActivityTaskCompletedRequest, api.RespondActivityTaskCompletedResponse
        )

    def _rpc(self, request: type[Request], reply: type[Reply]) -> Rpc[Request, Reply]:
        method = SERVICE + request.__name__.removesuffix("Request")
        call = cast(
            "Callable[..., Awaitable[Reply]]",
            self.channel.unary_unary(  # pyright: ignore[reportUnknownMemberType] the stubs leave it bare
                method, request_serializer=request.SerializeToString, response_deserializer=reply.FromString
            ),
        )

        def send(message: Request, /, *, timeout: float = 30.0) -> Awaitable[Reply]:
            return call(message, timeout=timeout)

        return send

    async def close(self) -> None:
        await self.channel.close(None)

    async def events(self, workflow_id: str, run_id: str = "") -> list[HistoryEvent]:
        """The whole history of a run, the current one if `run_id` is empty."""
        request = api.GetWorkflowExecutionHistoryRequest(
            namespace=NAMESPACE, execution=WorkflowExecution(workflow_id=workflow_id, run_id=run_id)
        )
        events: list[HistoryEvent] = []
        while True:
            page = await self.history(request)
            events.extend(page.history.events)
            if not page.next_page_token:
                return events
            request.next_page_token = page.next_page_token

    async def wait_closed(self, workflow_id: str, run_id: str) -> HistoryEvent:
        """The event that closed the run, long-polled for as SDKs do."""
        request = api.GetWorkflowExecutionHistoryRequest(
            namespace=NAMESPACE,
            execution=WorkflowExecution(workflow_id=workflow_id, run_id=run_id),
            wait_new_event=True,
            history_event_filter_type=HistoryEventFilterType.HISTORY_EVENT_FILTER_TYPE_CLOSE_EVENT,
        )
        while True:
            reply = await self.history(request, timeout=POLL_TIMEOUT_S)
            if reply.history.events:
                return reply.history.events[-1]
            request.next_page_token = reply.next_page_token


@contextlib.asynccontextmanager
async def connected(address: str) -> AsyncGenerator[RawService, None]:
    service = RawService(address)
    try:
        yield service
    finally:
        await service.close()


def new_id(prefix: str) -> str:
    return f"{prefix}-{uuid.uuid4().hex[:12]}"


def text_payloads(*texts: str) -> Payloads:
    return Payloads(
        payloads=[Payload(metadata={"encoding": b"json/plain"}, data=json.dumps(text).encode()) for text in texts]
    )


def start_request(workflow_id: str, queue: str) -> api.StartWorkflowExecutionRequest:
    return api.StartWorkflowExecutionRequest(
        namespace=NAMESPACE,
        workflow_id=workflow_id,
        workflow_type=WorkflowType(name="Lean"),
        task_queue=TaskQueue(name=queue),
        request_id=str(uuid.uuid4()),
        identity="lean",
        input=text_payloads("hello"),
    )


def workflow_poll(queue: str, *, sticky_of: str = "") -> api.PollWorkflowTaskQueueRequest:
    """A poll of a normal queue, or of the sticky queue `queue` that belongs to the normal queue `sticky_of`."""
    kind = TaskQueueKind.TASK_QUEUE_KIND_STICKY if sticky_of else TaskQueueKind.TASK_QUEUE_KIND_NORMAL
    return api.PollWorkflowTaskQueueRequest(
        namespace=NAMESPACE, task_queue=TaskQueue(name=queue, kind=kind, normal_name=sticky_of), identity="lean"
    )


def activity_poll(queue: str) -> api.PollActivityTaskQueueRequest:
    return api.PollActivityTaskQueueRequest(
        namespace=NAMESPACE,
        task_queue=TaskQueue(name=queue, kind=TaskQueueKind.TASK_QUEUE_KIND_NORMAL),
        identity="lean",
    )


def task_completed(
    task: api.PollWorkflowTaskQueueResponse, commands: Sequence[Command], *, sticky_queue: str = ""
) -> api.RespondWorkflowTaskCompletedRequest:
    request = api.RespondWorkflowTaskCompletedRequest(
        namespace=NAMESPACE, task_token=task.task_token, identity="lean", commands=commands
    )
    if sticky_queue:
        request.sticky_attributes.CopyFrom(sticky_attributes(sticky_queue))
    return request


def sticky_attributes(sticky_queue: str) -> StickyExecutionAttributes:
    sticky = StickyExecutionAttributes(
        worker_task_queue=TaskQueue(name=sticky_queue, kind=TaskQueueKind.TASK_QUEUE_KIND_STICKY)
    )
    sticky.schedule_to_start_timeout.FromSeconds(10)
    return sticky


def activity_completed(task: api.PollActivityTaskQueueResponse, result: str) -> api.RespondActivityTaskCompletedRequest:
    return api.RespondActivityTaskCompletedRequest(
        namespace=NAMESPACE, task_token=task.task_token, identity="lean", result=text_payloads(result)
    )


def schedule_activity(activity_id: str, queue: str, *, start_to_close_s: int = 60) -> Command:
    command = Command(command_type=CommandType.COMMAND_TYPE_SCHEDULE_ACTIVITY_TASK)
    attributes = command.schedule_activity_task_command_attributes
    attributes.activity_id = activity_id
    attributes.activity_type.CopyFrom(ActivityType(name="work"))
    attributes.task_queue.CopyFrom(TaskQueue(name=queue, kind=TaskQueueKind.TASK_QUEUE_KIND_NORMAL))
    attributes.start_to_close_timeout.FromSeconds(start_to_close_s)
    attributes.input.CopyFrom(text_payloads("world"))
    return command


def start_timer(timer_id: str, fires_after_ms: int) -> Command:
    command = Command(command_type=CommandType.COMMAND_TYPE_START_TIMER)
    command.start_timer_command_attributes.timer_id = timer_id
    command.start_timer_command_attributes.start_to_fire_timeout.FromMilliseconds(fires_after_ms)
    return command


def complete_workflow(result: str = "done") -> Command:
    command = Command(command_type=CommandType.COMMAND_TYPE_COMPLETE_WORKFLOW_EXECUTION)
    command.complete_workflow_execution_command_attributes.result.CopyFrom(text_payloads(result))
    return command


class OneActivityWorker:
    """Serves workflows of one activity on one queue, as an SDK worker would: sticky, many polls open."""

    def __init__(self, service: RawService, queue: str) -> None:
        self._service = service
        self._queue = queue
        self._sticky = new_id("sticky")

    async def run(self, poller_count: int) -> None:
        """Poll until cancelled, `poller_count` polls open on the sticky and on the activity queue each."""
        async with asyncio.TaskGroup() as group:
            for _ in range(max(1, poller_count // 2)):
                group.create_task(self._serve_workflow_tasks(workflow_poll(self._queue)))
            for _ in range(poller_count):
                group.create_task(self._serve_workflow_tasks(workflow_poll(self._sticky, sticky_of=self._queue)))
                group.create_task(self._serve_activities())

    async def _serve_workflow_tasks(self, poll: api.PollWorkflowTaskQueueRequest) -> None:
        while True:
            task = await self._service.poll_workflow_task(poll, timeout=POLL_TIMEOUT_S)
            if not task.task_token:
                continue
            is_first = task.previous_started_event_id == 0
            command = schedule_activity("1", self._queue) if is_first else complete_workflow()
            await self._service.complete_workflow_task(task_completed(task, [command], sticky_queue=self._sticky))

    async def _serve_activities(self) -> None:
        while True:
            task = await self._service.poll_activity_task(activity_poll(self._queue), timeout=POLL_TIMEOUT_S)
            if task.task_token:
                await self._service.complete_activity_task(activity_completed(task, "ok"))


async def drive(address: str, workflow_count: int, in_flight: int) -> float:
    """Run workflows of one activity to their end; returns the seconds it took."""
    async with connected(address) as service, connected(address) as worker_service:
        queue = new_id("lean")
        worker = asyncio.create_task(OneActivityWorker(worker_service, queue).run(min(in_flight, 10)))
        waiting = iter(range(workflow_count))

        async def start_and_wait() -> None:
            for _ in waiting:
                workflow_id = new_id("lean")
                started = await service.start_workflow(start_request(workflow_id, queue))
                closed = await service.wait_closed(workflow_id, started.run_id)
                assert closed.event_type == EventType.EVENT_TYPE_WORKFLOW_EXECUTION_COMPLETED, closed

        began = time.perf_counter()
        await finish_beside(worker, [start_and_wait() for _ in range(in_flight)])
        return time.perf_counter() - began


async def finish_beside(background: asyncio.Task[None], work: Sequence[Coroutine[None, None, None]]) -> None:
    """Wait for all of `work`, then cancel `background`; should that end first, its error is raised instead."""

    async def all_of_it() -> None:
        async with asyncio.TaskGroup() as group:
            for one in work:
                group.create_task(one)

    foreground = asyncio.create_task(all_of_it())
    done, _ = await asyncio.wait([background, foreground], return_when=asyncio.FIRST_COMPLETED)
    for task in (background, foreground):
        task.cancel()
    await asyncio.wait([background, foreground])
    for task in done:
        task.result()


def main() -> None:
    parser = argparse.ArgumentParser(description="Drive workflows of one activity by raw RPCs.")
    parser.add_argument("--address", help="of a server that is running; without it, Mainspring is started for this run")
    parser.add_argument("--workflows", type=int, default=20 if is_smoke_run() else 2000)
    parser.add_argument("--in-flight", type=int, default=50)
    options = parser.parse_args()
    with contextlib.ExitStack() as stack:
        address = options.address or stack.enter_context(temporary_server(mainspring_command())).address
        seconds = asyncio.run(drive(address, options.workflows, options.in_flight))
    rate = options.workflows / seconds
    print(json.dumps({"workflows": options.workflows, "seconds": seconds, "workflows_per_s": rate}))


if __name__ == "__main__":
    main()
