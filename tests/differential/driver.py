"""A scripted client and worker: one RPC at a time, in the scenario's order, all of it written down.

    Driver        client calls, polls          `await driver.start()` `task = await driver.poll_workflow_task()`
    WorkflowTask  one polled workflow task     `await task.complete(start_timer("t", 1))`
    ActivityTask  one polled activity task     `await task.fail(failure("no"))`

Every method fills in what its request leaves open, and `ask` what all of them say: namespace, workflow, identity,
request id; `send` sends a request as it is. An error is raised as `Refused`, after it was written down; `attempt(...)`
turns it into None where one is expected. Each RPC has a deadline, so no scenario hangs.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from types import TracebackType
from typing import Self, TypeVar, cast

import grpc
import grpc.aio
from google.protobuf.message import Message
from temporalio.api.command.v1 import Command
from temporalio.api.common.v1 import Payloads, WorkflowExecution, WorkflowType
from temporalio.api.enums.v1 import HistoryEventFilterType, TaskQueueKind, WorkflowTaskFailedCause
from temporalio.api.failure.v1 import CanceledFailureInfo, Failure
from temporalio.api.history.v1 import HistoryEvent
from temporalio.api.operatorservice.v1 import OperatorServiceStub
from temporalio.api.query.v1 import WorkflowQuery
from temporalio.api.taskqueue.v1 import TaskQueue
from temporalio.api.workflowservice import v1 as api

from tests.differential.commands import QUEUE, WORKFLOW_TYPE, failure, filled, payloads
from tests.differential.transcript import Refused, Transcript, refusal

IDENTITY = "driver"
WORKFLOW = "workflow"
RPC_WITHIN_S = 8.0
POLL_WITHIN_S = 9.0
EMPTY_POLL_S = 2.2  # polls answer 1 s before their deadline, and refuse deadlines under 2 s
SETTLE_WITHIN_S = 8.0

Request = TypeVar("Request", bound=Message)
Reply = TypeVar("Reply", bound=Message)
Result = TypeVar("Result")


class NoTaskError(Exception):
    """A poll that should bring a task came back empty."""


async def attempt(call: Awaitable[Result]) -> Result | None:
    """The result, or None if the server refuses; the transcript has the refusal."""
    try:
        return await call
    except Refused:
        return None


def execution(workflow_id: str = WORKFLOW, run_id: str = "") -> WorkflowExecution:
    return WorkflowExecution(workflow_id=workflow_id, run_id=run_id)


def queue(name: str = QUEUE) -> TaskQueue:
    return TaskQueue(name=name)


def sticky_queue(name: str, normal_name: str = QUEUE) -> TaskQueue:
    return TaskQueue(name=name, kind=TaskQueueKind.TASK_QUEUE_KIND_STICKY, normal_name=normal_name)


def what_about(request: Message) -> str:
    """The workflow or other thing that a request names."""
    for name in ("workflow_execution", "execution"):
        if name in request.DESCRIPTOR.fields_by_name:
            return str(getattr(request, name).workflow_id)
    for name in ("workflow_id", "schedule_id", "task_queue", "query"):
        if name in request.DESCRIPTOR.fields_by_name:
            value = getattr(request, name)
            return str(value.name if isinstance(value, TaskQueue) else value)
    return ""


class Driver:
    """A client and a worker of one server, in one namespace."""

    def __init__(self, address: str, namespace: str) -> None:
        self.namespace = namespace
        self.transcript = Transcript()
        self._channel = grpc.aio.insecure_channel(address, options=[("grpc.use_local_subchannel_pool", 1)])
        channel = cast(grpc.Channel, self._channel)
        self.service = api.WorkflowServiceStub(channel)
        self.operator = OperatorServiceStub(channel)
        self._tasks: list[asyncio.Task[object]] = []
        self._request_count = 0

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await self._channel.close(None)

    # -- any RPC

    async def send(
        self, rpc: grpc.UnaryUnaryMultiCallable[Request, Reply], request: Request, *, within_s: float = RPC_WITHIN_S
    ) -> Reply:
        """Send a request exactly as it is, and write down what comes back."""
        exchange = self.transcript.begin(request.DESCRIPTOR.name.removesuffix("Request"), what_about(request))
        call = cast(Callable[..., Awaitable[Reply]], rpc)
        try:
            reply = await call(request, timeout=within_s)
        except grpc.aio.AioRpcError as error:
            exchange.outcome = refusal(error)
            raise exchange.outcome from error
        exchange.outcome = reply
        return reply

    async def ask(
        self, rpc: grpc.UnaryUnaryMultiCallable[Request, Reply], request: Request, *, within_s: float = RPC_WITHIN_S
    ) -> Reply:
        """Send a request. Where it does not say the namespace, the workflow, who asks, a request id, the usual goes."""
        fields = request.DESCRIPTOR.fields_by_name
        if "request_id" in fields:
            self._request_count += 1
        said_by_all = {
            "namespace": self.namespace,
            "workflow_execution": execution(),
            "execution": execution(),
            "identity": IDENTITY,
            "request_id": f"request-{self._request_count}",
        }
        usual = type(request)(**{name: value for name, value in said_by_all.items() if name in fields})
        return await self.send(rpc, filled(request, usual), within_s=within_s)

    async def settle(self, call: Callable[[], Awaitable[Result]], until: Callable[[Result], bool]) -> Result:
        """Repeat a call until its result is as wanted, for what a server brings up to date later.

        Only the last try stays in the transcript. A refusal counts as not yet as wanted.
        """
        loop = asyncio.get_running_loop()
        deadline = loop.time() + SETTLE_WITHIN_S
        while True:
            before = len(self.transcript.entries)
            result = await attempt(call())
            if (result is not None and until(result)) or loop.time() > deadline:
                assert result is not None, "refused until the end"
                return result
            del self.transcript.entries[before:]
            await asyncio.sleep(0.05)

    async def beside(self, call: Awaitable[Result]) -> asyncio.Task[Result]:
        """Begin a call that goes on while others follow; await the task for its result."""

        async def run() -> Result:
            return await call

        task = asyncio.create_task(run())
        self._tasks.append(cast("asyncio.Task[object]", task))
        await asyncio.sleep(0.25)  # the call is under way on the server, a slow one too, before the next one begins
        return task

    # -- client

    async def start(
        self, request: api.StartWorkflowExecutionRequest | None = None
    ) -> api.StartWorkflowExecutionResponse:
        """Start `WORKFLOW` of `WORKFLOW_TYPE` on `QUEUE`, unless the request says otherwise."""
        usual = api.StartWorkflowExecutionRequest(
            workflow_id=WORKFLOW, workflow_type=WorkflowType(name=WORKFLOW_TYPE), task_queue=queue()
        )
        return await self.ask(self.service.StartWorkflowExecution, filled(request, usual))

    async def signal(
        self, request: api.SignalWorkflowExecutionRequest | str = "signal"
    ) -> api.SignalWorkflowExecutionResponse:
        """Signal `WORKFLOW`; a plain text is the name of the signal."""
        made = api.SignalWorkflowExecutionRequest(signal_name=request) if isinstance(request, str) else request
        return await self.ask(self.service.SignalWorkflowExecution, made)

    async def signal_with_start(
        self, request: api.SignalWithStartWorkflowExecutionRequest | None = None
    ) -> api.SignalWithStartWorkflowExecutionResponse:
        usual = api.SignalWithStartWorkflowExecutionRequest(
            workflow_id=WORKFLOW,
            workflow_type=WorkflowType(name=WORKFLOW_TYPE),
            task_queue=queue(),
            signal_name="signal",
        )
        return await self.ask(self.service.SignalWithStartWorkflowExecution, filled(request, usual))

    async def request_cancel(
        self, request: api.RequestCancelWorkflowExecutionRequest | None = None
    ) -> api.RequestCancelWorkflowExecutionResponse:
        made = request or api.RequestCancelWorkflowExecutionRequest()
        return await self.ask(self.service.RequestCancelWorkflowExecution, made)

    async def terminate(
        self, request: api.TerminateWorkflowExecutionRequest | None = None
    ) -> api.TerminateWorkflowExecutionResponse:
        usual = api.TerminateWorkflowExecutionRequest(reason="enough")
        return await self.ask(self.service.TerminateWorkflowExecution, filled(request, usual))

    async def delete(self, workflow_id: str = WORKFLOW, run_id: str = "") -> api.DeleteWorkflowExecutionResponse:
        request = api.DeleteWorkflowExecutionRequest(workflow_execution=execution(workflow_id, run_id))
        return await self.ask(self.service.DeleteWorkflowExecution, request)

    async def query(
        self, request: api.QueryWorkflowRequest | str = "query", *, within_s: float = RPC_WITHIN_S
    ) -> api.QueryWorkflowResponse:
        """Query `WORKFLOW`; a plain text is the type of the query."""
        query_type, given = (request, None) if isinstance(request, str) else ("query", request)
        usual = api.QueryWorkflowRequest(query=WorkflowQuery(query_type=query_type))
        return await self.ask(self.service.QueryWorkflow, filled(given, usual), within_s=within_s)

    async def update(
        self, request: api.UpdateWorkflowExecutionRequest, *, within_s: float = RPC_WITHIN_S
    ) -> api.UpdateWorkflowExecutionResponse:
        return await self.ask(self.service.UpdateWorkflowExecution, request, within_s=within_s)

    async def describe(self, workflow_id: str = WORKFLOW, run_id: str = "") -> api.DescribeWorkflowExecutionResponse:
        request = api.DescribeWorkflowExecutionRequest(execution=execution(workflow_id, run_id))
        return await self.ask(self.service.DescribeWorkflowExecution, request)

    async def history(self, workflow_id: str = WORKFLOW, run_id: str = "") -> list[HistoryEvent]:
        """All events up to now."""
        request = api.GetWorkflowExecutionHistoryRequest(execution=execution(workflow_id, run_id))
        reply = await self.ask(self.service.GetWorkflowExecutionHistory, request)
        return list(reply.history.events)

    async def closing_event(self, workflow_id: str = WORKFLOW, run_id: str = "") -> HistoryEvent:
        """Wait until the run is closed."""
        request = api.GetWorkflowExecutionHistoryRequest(
            execution=execution(workflow_id, run_id),
            wait_new_event=True,
            history_event_filter_type=HistoryEventFilterType.HISTORY_EVENT_FILTER_TYPE_CLOSE_EVENT,
        )
        reply = await self.ask(self.service.GetWorkflowExecutionHistory, request, within_s=POLL_WITHIN_S)
        return reply.history.events[-1]

    async def list_runs(self, query: str = "", *, count: int) -> api.ListWorkflowExecutionsResponse:
        """What the list shows, as soon as it shows `count` runs."""
        request = api.ListWorkflowExecutionsRequest(query=query)
        return await self.settle(
            lambda: self.ask(self.service.ListWorkflowExecutions, request),
            until=lambda reply: len(reply.executions) == count,
        )

    # -- worker

    async def poll_workflow_task(
        self, request: api.PollWorkflowTaskQueueRequest | None = None, *, within_s: float = POLL_WITHIN_S
    ) -> WorkflowTask:
        """Poll `QUEUE`, unless the request says otherwise, for a task that must come."""
        reply = await self._poll_workflow_task(request, within_s)
        if not reply.task_token:
            raise NoTaskError("no workflow task came")
        return WorkflowTask(self, reply)

    async def no_workflow_task(self, request: api.PollWorkflowTaskQueueRequest | None = None) -> None:
        """Poll for a second, and expect nothing."""
        reply = await self._poll_workflow_task(request, EMPTY_POLL_S)
        assert not reply.task_token, "a workflow task came"

    async def poll_activity(
        self, request: api.PollActivityTaskQueueRequest | None = None, *, on_queue: str = QUEUE
    ) -> ActivityTask:
        """Poll for an activity that must come."""
        reply = await self._poll_activity(request, POLL_WITHIN_S, on_queue)
        if not reply.task_token:
            raise NoTaskError("no activity task came")
        return ActivityTask(self, reply)

    async def no_activity(
        self, request: api.PollActivityTaskQueueRequest | None = None, *, on_queue: str = QUEUE
    ) -> None:
        """Poll for a second, and expect nothing."""
        reply = await self._poll_activity(request, EMPTY_POLL_S, on_queue)
        assert not reply.task_token, "an activity task came"

    async def _poll_workflow_task(
        self, request: api.PollWorkflowTaskQueueRequest | None, within_s: float
    ) -> api.PollWorkflowTaskQueueResponse:
        usual = api.PollWorkflowTaskQueueRequest(task_queue=queue())
        return await self.ask(self.service.PollWorkflowTaskQueue, filled(request, usual), within_s=within_s)

    async def _poll_activity(
        self, request: api.PollActivityTaskQueueRequest | None, within_s: float, on_queue: str
    ) -> api.PollActivityTaskQueueResponse:
        usual = api.PollActivityTaskQueueRequest(task_queue=queue(on_queue))
        return await self.ask(self.service.PollActivityTaskQueue, filled(request, usual), within_s=within_s)


class WorkflowTask:
    """One workflow task that a poll brought."""

    def __init__(self, driver: Driver, reply: api.PollWorkflowTaskQueueResponse) -> None:
        self._driver = driver
        self.reply = reply
        self.events = list(reply.history.events)

    async def complete(
        self, *commands: Command, beside: api.RespondWorkflowTaskCompletedRequest | None = None
    ) -> api.RespondWorkflowTaskCompletedResponse:
        """Answer with commands; `beside` holds what else the answer says."""
        usual = api.RespondWorkflowTaskCompletedRequest(task_token=self.reply.task_token, commands=commands)
        return await self._driver.ask(self._driver.service.RespondWorkflowTaskCompleted, filled(beside, usual))

    async def fail(
        self, request: api.RespondWorkflowTaskFailedRequest | None = None
    ) -> api.RespondWorkflowTaskFailedResponse:
        usual = api.RespondWorkflowTaskFailedRequest(
            task_token=self.reply.task_token,
            cause=WorkflowTaskFailedCause.WORKFLOW_TASK_FAILED_CAUSE_WORKFLOW_WORKER_UNHANDLED_FAILURE,
            failure=failure("worker failed"),
        )
        return await self._driver.ask(self._driver.service.RespondWorkflowTaskFailed, filled(request, usual))

    async def answer_query(
        self, request: api.RespondQueryTaskCompletedRequest
    ) -> api.RespondQueryTaskCompletedResponse:
        """Answer a task that is nothing but a query."""
        usual = api.RespondQueryTaskCompletedRequest(task_token=self.reply.task_token)
        return await self._driver.ask(self._driver.service.RespondQueryTaskCompleted, filled(request, usual))


class ActivityTask:
    """One activity task that a poll, or a workflow task's completion, brought."""

    def __init__(self, driver: Driver, reply: api.PollActivityTaskQueueResponse) -> None:
        self._driver = driver
        self.reply = reply

    async def complete(self, result: Payloads | None = None) -> api.RespondActivityTaskCompletedResponse:
        request = api.RespondActivityTaskCompletedRequest(
            task_token=self.reply.task_token, result=result or payloads("result")
        )
        return await self._driver.ask(self._driver.service.RespondActivityTaskCompleted, request)

    async def fail(
        self, reason: Failure | None = None, *, last_heartbeat_details: Payloads | None = None
    ) -> api.RespondActivityTaskFailedResponse:
        request = api.RespondActivityTaskFailedRequest(
            task_token=self.reply.task_token,
            failure=reason or failure("activity failed"),
            last_heartbeat_details=last_heartbeat_details,
        )
        return await self._driver.ask(self._driver.service.RespondActivityTaskFailed, request)

    async def cancel(self, details: Payloads | None = None) -> api.RespondActivityTaskCanceledResponse:
        request = api.RespondActivityTaskCanceledRequest(
            task_token=self.reply.task_token, details=details or payloads("canceled")
        )
        return await self._driver.ask(self._driver.service.RespondActivityTaskCanceled, request)

    async def heartbeat(self, *details: str) -> api.RecordActivityTaskHeartbeatResponse:
        request = api.RecordActivityTaskHeartbeatRequest(
            task_token=self.reply.task_token, details=payloads(*details) if details else None
        )
        return await self._driver.ask(self._driver.service.RecordActivityTaskHeartbeat, request)


def canceled_failure(text: str) -> Failure:
    return Failure(message=text, source="driver", canceled_failure_info=CanceledFailureInfo())
