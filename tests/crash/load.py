"""Load that writes down what is acknowledged: clients and workers of raw RPCs that outlive any crash of the server.

    Lane     start -> signals and an update at random moments -> wait for the result -> again
    Worker   polls workflow tasks (normal and sticky queue) and activities; decides from the history alone

A workflow schedules two activities and a timer, a third activity after the first, and completes once all of these are
done, `SIGNAL_COUNT` signals are in its history and its update was answered. So whatever is lost hangs it.

As SDKs do, a driver sends a request again, unchanged, until it is answered; with the same request id it must be carried
out once. Where an earlier try went unanswered, "not found" may mean that it was carried out.
"""

from __future__ import annotations

import asyncio
import contextlib
import random
import uuid
from collections.abc import Sequence

import grpc
import grpc.aio
from google.protobuf.any_pb2 import Any as AnyMessage
from google.protobuf.message import Message as ProtobufMessage
from temporalio.api.command.v1 import Command
from temporalio.api.common.v1 import WorkflowExecution
from temporalio.api.enums.v1 import CommandType, EventType, UpdateWorkflowExecutionLifecycleStage
from temporalio.api.history.v1 import HistoryEvent
from temporalio.api.protocol.v1 import Message
from temporalio.api.update.v1 import Acceptance, Input, Meta, Outcome, Request, Response, WaitPolicy
from temporalio.api.workflowservice import v1 as api

from benchmarks import lean
from tests.crash.ledger import (
    Ledger,
    accepted_update_ids,
    activity_results,
    scheduled_activity_ids,
    signal_request_ids,
    text_of,
)

SIGNAL_COUNT = 2
TASK_TIMEOUT_S = 2
ACTIVITY_TIMEOUT_S = 2
RPC_TIMEOUT_S = 10.0
POLL_TIMEOUT_S = 5.0
RETRY_PAUSE_S = 0.05

# The server is down, stopping or busy, or its connection broke in the middle of a reply: ask again.
UNANSWERED = {
    grpc.StatusCode.UNAVAILABLE,
    grpc.StatusCode.DEADLINE_EXCEEDED,
    grpc.StatusCode.RESOURCE_EXHAUSTED,
    grpc.StatusCode.ABORTED,
    grpc.StatusCode.CANCELLED,
}


class Gone(Exception):
    """What the request names is not there (any more): the answer to a request that may have been carried out before."""


async def answered(
    rpc: lean.Rpc[lean.Request, lean.Reply], request: lean.Request, *, may_be_gone: bool = False
) -> lean.Reply:
    """Send the request until it is answered.

    Raises:
        Gone: NOT_FOUND, after an unanswered try or where `may_be_gone` says that it is an answer like any other.
        AioRpcError: every other error; drivers send nothing that may be refused.
    """
    while True:
        try:
            return await rpc(request, timeout=RPC_TIMEOUT_S)
        except grpc.aio.AioRpcError as error:
            if error.code() == grpc.StatusCode.NOT_FOUND and may_be_gone:
                raise Gone from error
            if error.code() not in UNANSWERED:
                raise
            may_be_gone = True
            await asyncio.sleep(RETRY_PAUSE_S)


class Lane:
    """One client: workflows one after the other, each with its signals and its update."""

    def __init__(self, service: lean.RawService, ledger: Ledger, queue: str, rng: random.Random) -> None:
        self._service = service
        self._ledger = ledger
        self._queue = queue
        self._rng = rng

    async def run(self, stopping: asyncio.Event) -> None:
        """Start workflows until `stopping` is set, then see the last one to its end."""
        while not stopping.is_set():
            workflow_id = lean.new_id("crash")
            await self._start(workflow_id)
            async with asyncio.TaskGroup() as group:
                for _ in range(SIGNAL_COUNT):
                    group.create_task(self._signal(workflow_id))
                group.create_task(self._update(workflow_id))
            await self._wait_closed(workflow_id)

    async def _start(self, workflow_id: str) -> None:
        request = lean.start_request(workflow_id, self._queue)
        request.workflow_type.name = self._queue
        request.workflow_task_timeout.FromSeconds(TASK_TIMEOUT_S)
        reply = await answered(self._service.start_workflow, request)
        self._ledger.started(workflow_id, reply.run_id)

    async def _signal(self, workflow_id: str) -> None:
        await asyncio.sleep(self._rng.uniform(0, 0.5))
        request_id = str(uuid.UUID(int=self._rng.getrandbits(128)))
        request = api.SignalWorkflowExecutionRequest(
            namespace=lean.NAMESPACE,
            workflow_execution=WorkflowExecution(workflow_id=workflow_id),
            signal_name="note",
            input=lean.text_payloads(request_id),
            request_id=request_id,
        )
        with contextlib.suppress(Gone):  # an unanswered try arrived, and the workflow has finished since
            await answered(self._service.signal_workflow, request)
        self._ledger.signaled(workflow_id, request_id)

    async def _update(self, workflow_id: str) -> None:
        await asyncio.sleep(self._rng.uniform(0, 0.5))
        update_id = str(uuid.UUID(int=self._rng.getrandbits(128)))
        request = api.UpdateWorkflowExecutionRequest(
            namespace=lean.NAMESPACE,
            workflow_execution=WorkflowExecution(workflow_id=workflow_id),
            request=Request(
                meta=Meta(update_id=update_id), input=Input(name="ask", args=lean.text_payloads(update_id))
            ),
            wait_policy=WaitPolicy(
                lifecycle_stage=UpdateWorkflowExecutionLifecycleStage.UPDATE_WORKFLOW_EXECUTION_LIFECYCLE_STAGE_COMPLETED
            ),
        )
        with contextlib.suppress(Gone):
            while True:
                reply = await answered(self._service.update_workflow, request)
                if reply.HasField("outcome"):
                    self._ledger.updated(workflow_id, update_id, text_of(reply.outcome.success))
                    return

    async def _wait_closed(self, workflow_id: str) -> None:
        run_id = self._ledger.runs[workflow_id].run_id
        while True:
            try:
                closed = await self._service.wait_closed(workflow_id, run_id)
            except grpc.aio.AioRpcError as error:
                if error.code() not in UNANSWERED:
                    raise
                await asyncio.sleep(RETRY_PAUSE_S)
            else:
                assert closed.event_type == EventType.EVENT_TYPE_WORKFLOW_EXECUTION_COMPLETED, closed
                self._ledger.completed(workflow_id)
                return


class CrashWorker:
    """Serves the lanes' workflows and activities until cancelled."""

    def __init__(self, service: lean.RawService, ledger: Ledger, queue: str, rng: random.Random) -> None:
        self._service = service
        self._ledger = ledger
        self._queue = queue
        self._sticky = f"{queue}-sticky"
        self._rng = rng

    async def run(self, poller_count: int) -> None:
        polls = [lean.workflow_poll(self._queue), lean.workflow_poll(self._sticky, sticky_of=self._queue)]
        async with asyncio.TaskGroup() as group:
            for _ in range(poller_count):
                group.create_task(self._serve_activities())
                for poll in polls:
                    group.create_task(self._serve_workflow_tasks(poll))

    async def _serve_workflow_tasks(self, poll: api.PollWorkflowTaskQueueRequest) -> None:
        while True:
            task = await self._polled(self._service.poll_workflow_task, poll)
            if task is not None and task.task_token:
                with contextlib.suppress(Gone):
                    await self._complete_workflow_task(task)

    async def _complete_workflow_task(self, task: api.PollWorkflowTaskQueueResponse) -> None:
        # The whole history, sticky or not: as a worker whose cache was lost would ask for.
        try:
            events = await self._service.events(task.workflow_execution.workflow_id, task.workflow_execution.run_id)
        except grpc.aio.AioRpcError as error:
            if error.code() in UNANSWERED:
                return  # the task will time out and come again
            raise
        messages = [message for asked in task.messages for message in answers(asked)]
        commands = [protocol_command(message.id) for message in messages]
        commands += decide(events, len(task.messages), self._queue, self._rng)
        sticky_queue = self._sticky if self._rng.random() < 0.5 else ""
        request = lean.task_completed(task, commands, sticky_queue=sticky_queue)
        request.messages.extend(messages)
        if sticky_queue:
            request.sticky_attributes.schedule_to_start_timeout.FromSeconds(1)
        if await self._respond(request) and any(is_completion(command) for command in commands):
            self._ledger.completed(task.workflow_execution.workflow_id)

    async def _respond(self, request: api.RespondWorkflowTaskCompletedRequest) -> bool:
        """Whether the answer was accepted: not if something new arrived meanwhile (UnhandledCommand)."""
        try:
            await answered(self._service.complete_workflow_task, request, may_be_gone=True)
        except grpc.aio.AioRpcError as error:
            if error.code() == grpc.StatusCode.INVALID_ARGUMENT and "UnhandledCommand" in (error.details() or ""):
                return False
            raise
        return True

    async def _serve_activities(self) -> None:
        while True:
            task = await self._polled(self._service.poll_activity_task, lean.activity_poll(self._queue))
            if task is None or not task.task_token:
                continue
            result = f"{task.activity_id} by attempt {task.attempt}, {self._rng.getrandbits(64):x}"
            with contextlib.suppress(Gone):
                request = lean.activity_completed(task, result)
                await answered(self._service.complete_activity_task, request, may_be_gone=True)
                self._ledger.activity_completed(task.workflow_execution.workflow_id, task.activity_id, result)

    async def _polled(self, rpc: lean.Rpc[lean.Request, lean.Reply], poll: lean.Request) -> lean.Reply | None:
        """One poll; None if the server went away."""
        try:
            return await rpc(poll, timeout=POLL_TIMEOUT_S)
        except grpc.aio.AioRpcError as error:
            if error.code() not in UNANSWERED:
                raise
            await asyncio.sleep(RETRY_PAUSE_S)
            return None


def decide(events: Sequence[HistoryEvent], update_count: int, queue: str, rng: random.Random) -> list[Command]:
    """What the workflow does next, from its history and the number of updates that this task answers."""
    scheduled = set(scheduled_activity_ids(events).values())
    done = {activity_id for activity_id, _ in activity_results(events)}
    if not scheduled:
        first = [activity("a1", queue), activity("a2", queue)]
        return [*first, lean.start_timer("t1", rng.randrange(1, 300))]
    if "a1" in done and "a3" not in scheduled:
        return [activity("a3", queue)]
    is_timer_fired = any(event.event_type == EventType.EVENT_TYPE_TIMER_FIRED for event in events)
    has_signals = len(set(signal_request_ids(events))) >= SIGNAL_COUNT
    has_update = len(accepted_update_ids(events)) + update_count > 0
    if done >= {"a1", "a2", "a3"} and is_timer_fired and has_signals and has_update:
        return [lean.complete_workflow()]
    return []


def activity(activity_id: str, queue: str) -> Command:
    return lean.schedule_activity(activity_id, queue, start_to_close_s=ACTIVITY_TIMEOUT_S)


def is_completion(command: Command) -> bool:
    return command.command_type == CommandType.COMMAND_TYPE_COMPLETE_WORKFLOW_EXECUTION


def answers(asked: Message) -> list[Message]:
    """Accept the update, and complete it with its own id as the outcome."""
    request = Request()
    asked.body.Unpack(request)
    acceptance = Acceptance(
        accepted_request_message_id=asked.id,
        accepted_request_sequencing_event_id=asked.event_id,
        accepted_request=request,
    )
    response = Response(
        meta=request.meta, outcome=Outcome(success=lean.text_payloads(f"seen {request.meta.update_id}"))
    )
    return [protocol_message(asked, "accept", acceptance), protocol_message(asked, "complete", response)]


def protocol_message(asked: Message, kind: str, body: ProtobufMessage) -> Message:
    packed = AnyMessage()
    packed.Pack(body)
    return Message(
        id=f"{asked.protocol_instance_id}/{kind}", protocol_instance_id=asked.protocol_instance_id, body=packed
    )


def protocol_command(message_id: str) -> Command:
    command = Command(command_type=CommandType.COMMAND_TYPE_PROTOCOL_MESSAGE)
    command.protocol_message_command_attributes.message_id = message_id
    return command
