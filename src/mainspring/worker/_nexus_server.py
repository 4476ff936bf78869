"""The server as the Nexus side of a worker sees it: a protocol, and the one that speaks to a service.

The protocol is small, so that tests of the worker need no server. Errors are the service's: `RPCError`.
"""

from __future__ import annotations

from datetime import timedelta
from typing import Protocol

import msgspec
from temporalio.api.deployment.v1 import WorkerDeploymentOptions
from temporalio.api.failure.v1 import Failure
from temporalio.api.nexus.v1 import HandlerError, Response
from temporalio.api.workflowservice.v1 import (
    PollNexusTaskQueueRequest,
    PollNexusTaskQueueResponse,
    RespondNexusTaskCompletedRequest,
    RespondNexusTaskFailedRequest,
)

from mainspring.service import WorkflowService

POLL_TIMEOUT = timedelta(seconds=70)


class NexusServer(Protocol):
    """Who gives requests and takes their answers. All raise `RPCError`; NOT_FOUND means that nobody waits."""

    async def poll(self) -> PollNexusTaskQueueResponse:
        """The next request; one without a token if none came in time."""
        ...

    async def complete(self, task_token: bytes, response: Response) -> None: ...

    async def fail(self, task_token: bytes, failure: Failure | None, error: HandlerError | None) -> None:
        """A handler error, in one of two forms."""
        ...


class NexusPolling(msgspec.Struct, kw_only=True, frozen=True):
    """Who polls, and where."""

    namespace: str
    task_queue: str
    identity: str
    worker_instance_key: str = ""
    deployment: WorkerDeploymentOptions | None = None


class ServiceNexusServer:
    """The server behind a service."""

    def __init__(self, service: WorkflowService, polling: NexusPolling) -> None:
        self._service = service
        self._polling = polling
        self._request = PollNexusTaskQueueRequest(
            namespace=polling.namespace,
            identity=polling.identity,
            worker_instance_key=polling.worker_instance_key,
            deployment_options=polling.deployment,
        )
        self._request.task_queue.name = polling.task_queue

    async def poll(self) -> PollNexusTaskQueueResponse:
        return await self._service.poll_nexus_task_queue(self._request, timeout=POLL_TIMEOUT)

    async def complete(self, task_token: bytes, response: Response) -> None:
        request = RespondNexusTaskCompletedRequest(
            namespace=self._polling.namespace,
            identity=self._polling.identity,
            task_token=task_token,
            response=response,
        )
        await self._service.respond_nexus_task_completed(request, retry=True)

    async def fail(self, task_token: bytes, failure: Failure | None, error: HandlerError | None) -> None:
        request = RespondNexusTaskFailedRequest(
            namespace=self._polling.namespace,
            identity=self._polling.identity,
            task_token=task_token,
            failure=failure,
            error=error,
        )
        await self._service.respond_nexus_task_failed(request, retry=True)
