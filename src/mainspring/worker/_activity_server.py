"""The server as the activity side of a worker sees it: a protocol, and the one that speaks to a service.

The protocol is small, so that tests of the worker need no server. Errors are the service's: `RPCError`.
"""

from __future__ import annotations

from datetime import timedelta
from typing import Protocol

import msgspec
from temporalio.api.common.v1 import Payload, Payloads
from temporalio.api.deployment.v1 import WorkerDeploymentOptions
from temporalio.api.failure.v1 import Failure
from temporalio.api.workflowservice.v1 import (
    PollActivityTaskQueueRequest,
    PollActivityTaskQueueResponse,
    RecordActivityTaskHeartbeatRequest,
    RecordActivityTaskHeartbeatResponse,
    RespondActivityTaskCanceledRequest,
    RespondActivityTaskCompletedRequest,
    RespondActivityTaskFailedRequest,
)

from mainspring.service import WorkflowService

LEFT = {"mainspring-activity-left": "1"}  # with a heartbeat: see `server.frontend.activity_tasks`
POLL_TIMEOUT = timedelta(seconds=70)


class ActivityServer(Protocol):
    """Who gives tasks and takes their ends. All raise `RPCError`; NOT_FOUND means that nobody waits for the attempt."""

    async def poll(self) -> PollActivityTaskQueueResponse:
        """The next task; one without a token if none came in time."""
        ...

    async def heartbeat(self, task_token: bytes, details: Payloads | None) -> RecordActivityTaskHeartbeatResponse: ...

    async def leave(self, task_token: bytes) -> None:
        """Somebody else will complete the activity: it is not lost with this worker."""
        ...

    async def complete(self, task_token: bytes, result: Payload) -> None: ...

    async def fail(self, task_token: bytes, failure: Failure, last_heartbeat: Payloads | None) -> None: ...

    async def cancel(self, task_token: bytes, details: Payloads | None) -> None: ...


class Polling(msgspec.Struct, kw_only=True, frozen=True):
    """Who polls, and where."""

    namespace: str
    task_queue: str
    identity: str
    worker_instance_key: str = ""
    deployment: WorkerDeploymentOptions | None = None
    most_per_second_in_queue: float | None = None
    ends_with_engine: bool = False  # they are in one process


class ServiceActivityServer:
    """The server behind a service."""

    def __init__(self, service: WorkflowService, polling: Polling) -> None:
        self._service = service
        self._polling = polling
        self._request = PollActivityTaskQueueRequest(
            namespace=polling.namespace, identity=polling.identity, worker_instance_key=polling.worker_instance_key
        )
        self._request.task_queue.name = polling.task_queue
        if polling.deployment is not None:
            self._request.deployment_options.CopyFrom(polling.deployment)
        if polling.most_per_second_in_queue is not None:
            self._request.task_queue_metadata.max_tasks_per_second.value = polling.most_per_second_in_queue
        # What is the same in all: to read that is far cheaper than to set each field.
        self._completed = RespondActivityTaskCompletedRequest(
            identity=polling.identity, namespace=polling.namespace, deployment_options=polling.deployment
        ).SerializeToString()

    async def poll(self) -> PollActivityTaskQueueResponse:
        return await self._service.poll_activity_task_queue(self._request, timeout=POLL_TIMEOUT)

    async def heartbeat(self, task_token: bytes, details: Payloads | None) -> RecordActivityTaskHeartbeatResponse:
        request = RecordActivityTaskHeartbeatRequest(
            task_token=task_token,
            identity=self._polling.identity,
            namespace=self._polling.namespace,
            details=details,
        )
        return await self._service.record_activity_task_heartbeat(request, retry=True)

    async def leave(self, task_token: bytes) -> None:
        if not self._polling.ends_with_engine:
            return  # the server minds timeouts only, and this worker's end is none
        request = RecordActivityTaskHeartbeatRequest(
            task_token=task_token, identity=self._polling.identity, namespace=self._polling.namespace
        )
        await self._service.record_activity_task_heartbeat(request, retry=True, metadata=LEFT)

    async def complete(self, task_token: bytes, result: Payload) -> None:
        request = RespondActivityTaskCompletedRequest.FromString(self._completed)
        request.task_token = task_token
        request.result.payloads.append(result)
        await self._service.respond_activity_task_completed(request, retry=True)

    async def fail(self, task_token: bytes, failure: Failure, last_heartbeat: Payloads | None) -> None:
        request = RespondActivityTaskFailedRequest(
            task_token=task_token,
            identity=self._polling.identity,
            namespace=self._polling.namespace,
            failure=failure,
            last_heartbeat_details=last_heartbeat,
            deployment_options=self._polling.deployment,
        )
        await self._service.respond_activity_task_failed(request, retry=True)

    async def cancel(self, task_token: bytes, details: Payloads | None) -> None:
        request = RespondActivityTaskCanceledRequest(
            task_token=task_token,
            identity=self._polling.identity,
            namespace=self._polling.namespace,
            details=details,
            deployment_options=self._polling.deployment,
        )
        await self._service.respond_activity_task_canceled(request, retry=True)
