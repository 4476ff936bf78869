"""An engine that knows nothing, behind a real client: polls wait, and what the worker says is kept.

engine = FakeEngine() ; Worker(engine.client(), ...)
engine.give(task) ; await engine.said("respond_workflow_task_completed")
"""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import Mapping
from datetime import timedelta
from typing import Any, cast

from google.protobuf.message import Message
from temporalio.api.workflowservice.v1 import (
    DescribeNamespaceResponse,
    PollActivityTaskQueueResponse,
    PollNexusTaskQueueResponse,
    PollWorkflowTaskQueueResponse,
    RecordActivityTaskHeartbeatResponse,
    RespondActivityTaskCanceledResponse,
    RespondActivityTaskCompletedResponse,
    RespondActivityTaskFailedResponse,
    RespondNexusTaskCompletedResponse,
    RespondNexusTaskFailedResponse,
    RespondQueryTaskCompletedResponse,
    RespondWorkflowTaskCompletedResponse,
    RespondWorkflowTaskFailedResponse,
    ShutdownWorkerResponse,
)
from typing_extensions import override

from mainspring.client import Client
from mainspring.service import ConnectConfig, DirectServiceClient, RPCError
from tests.service.by_name import CalledByName

Options = Any  # options of a worker by name
WITHIN_S = 10.0
ANSWERS: dict[str, type[Message]] = {
    "respond_workflow_task_completed": RespondWorkflowTaskCompletedResponse,
    "respond_workflow_task_failed": RespondWorkflowTaskFailedResponse,
    "respond_query_task_completed": RespondQueryTaskCompletedResponse,
    "respond_activity_task_completed": RespondActivityTaskCompletedResponse,
    "respond_activity_task_failed": RespondActivityTaskFailedResponse,
    "respond_activity_task_canceled": RespondActivityTaskCanceledResponse,
    "respond_nexus_task_completed": RespondNexusTaskCompletedResponse,
    "respond_nexus_task_failed": RespondNexusTaskFailedResponse,
    "record_activity_task_heartbeat": RecordActivityTaskHeartbeatResponse,
}
POLLS: dict[str, type[Message]] = {
    "poll_workflow_task_queue": PollWorkflowTaskQueueResponse,
    "poll_activity_task_queue": PollActivityTaskQueueResponse,
    "poll_nexus_task_queue": PollNexusTaskQueueResponse,
}


class FakeEngine(CalledByName):
    """See the module."""

    def __init__(self) -> None:
        self.namespace = DescribeNamespaceResponse()
        self.namespace.namespace_info.capabilities.worker_poll_complete_on_shutdown = True
        self.errors: dict[str, RPCError] = {}  # RPC -> what every call of it raises
        self.replies: dict[str, Message] = {}  # RPC -> what it answers, instead of nothing
        self.most_polls = 0
        self.polls_out = 0
        self._tasks: defaultdict[str, asyncio.Queue[Message]] = defaultdict(asyncio.Queue)
        self._said: defaultdict[str, asyncio.Queue[Any]] = defaultdict(asyncio.Queue)
        self._stopped = asyncio.Event()

    def client(self, **config: Any) -> Client:
        return Client(DirectServiceClient(ConnectConfig("nowhere:1", identity="me"), self), **config)

    def give(
        self, task: PollWorkflowTaskQueueResponse | PollActivityTaskQueueResponse | PollNexusTaskQueueResponse
    ) -> None:
        """Have a task ready for a poll."""
        poll = next(rpc for rpc, kind in POLLS.items() if isinstance(task, kind))
        self._tasks[poll].put_nowait(task)

    async def said(self, rpc: str) -> Any:
        """The next request of this RPC."""
        return await asyncio.wait_for(self._said[rpc].get(), WITHIN_S)

    def has_said(self, rpc: str) -> bool:
        """Whether there is a request of this RPC that nobody has asked for by `said`."""
        return not self._said[rpc].empty()

    @override
    async def call(
        self, service: str, rpc: str, request: Message, metadata: Mapping[str, str | bytes], timeout: timedelta | None
    ) -> Message:
        if rpc in self.errors:
            raise self.errors[rpc]
        if rpc in POLLS:
            return await self._poll(rpc)
        if rpc == "describe_namespace":
            return self.namespace
        kept = type(request)()
        kept.CopyFrom(request)
        self._said[rpc].put_nowait(kept)
        if rpc == "shutdown_worker":
            self._stopped.set()
            return ShutdownWorkerResponse()
        return self.replies.get(rpc) or ANSWERS[rpc]()

    async def _poll(self, rpc: str) -> Message:
        self.polls_out += 1
        self.most_polls = max(self.most_polls, self.polls_out)
        waits = {asyncio.ensure_future(self._tasks[rpc].get()), asyncio.ensure_future(self._stopped.wait())}
        try:
            done, _ = await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
            replies = [one.result() for one in done if isinstance(one.result(), Message)]
            return cast("Message", replies[0]) if replies else POLLS[rpc]()
        finally:
            self.polls_out -= 1
            for wait in waits:
                wait.cancel()
