"""`ServiceClient`: the one way from the SDK to a server, whichever way its calls travel.

    ServiceClient.connect(config)       -> over gRPC: `_grpc.py`, imported when it is needed
    DirectServiceClient(config, engine) -> by method calls in this process: `_direct.py`

A transport says how an RPC becomes a coroutine function (`_bind`), once per RPC and client.
"""

from __future__ import annotations

import logging
from abc import ABC, abstractmethod
from collections.abc import Callable, Coroutine, Mapping
from datetime import timedelta
from typing import Any, Final, TypeAlias, TypeVar, cast

from google.protobuf.message import Message
from temporalio.api.workflowservice.v1 import PollWorkflowTaskQueueRequest, PollWorkflowTaskQueueResponse

from mainspring.service._config import ConnectConfig
from mainspring.service._descriptors import provide_all
from mainspring.service._methods import NO_METADATA, Call, Metadata, Method
from mainspring.service._services import CloudService, HealthService, OperatorService, TestService, WorkflowService

ServiceRequest = TypeVar("ServiceRequest", bound=Message)
ServiceResponse = TypeVar("ServiceResponse", bound=Message)

TaskToCome: TypeAlias = Coroutine[Any, Any, PollWorkflowTaskQueueResponse]
WORKFLOW_SERVICE: Final = "temporal.api.workflowservice.v1.WorkflowService"

log = logging.getLogger(__name__)

provide_all()


class ServiceClient(ABC):
    """The services of a server."""

    @staticmethod
    async def connect(config: ConnectConfig) -> ServiceClient:
        """Connect over gRPC; with `config.lazy`, when the first call is made.

        Raises: RuntimeError: the server cannot be reached or does not answer as one.
        """
        from mainspring.service._grpc import GrpcServiceClient

        return await GrpcServiceClient.connect(config)

    def __init__(self, config: ConnectConfig) -> None:
        super().__init__()
        self.config = config
        self.workflow_service = WorkflowService(self)
        self.operator_service = OperatorService(self)
        self.cloud_service = CloudService(self)
        self.test_service = TestService(self)
        self.health_service = HealthService(self)

    async def check_health(
        self,
        *,
        service: str = WORKFLOW_SERVICE,
        retry: bool = False,
        metadata: Mapping[str, str | bytes] = NO_METADATA,
        timeout: timedelta | None = None,
    ) -> bool:
        """Whether the service is up; false if the server runs without it.

        Raises: RPCError: the server cannot be reached, or knows no such service.
        """
        from grpc_health.v1.health_pb2 import HealthCheckRequest, HealthCheckResponse

        reply = await self.health_service.check(
            HealthCheckRequest(service=service), retry=retry, metadata=metadata, timeout=timeout
        )
        serving: int = HealthCheckResponse.ServingStatus.SERVING
        return getattr(reply, "status", None) == serving

    def listen_for_workflow_tasks(
        self,
        request: PollWorkflowTaskQueueRequest,
        has_room: Callable[[], bool],
        take: Callable[[TaskToCome], None],
    ) -> Callable[[], None] | None:
        """Get what polls like this one are answered with as soon as it is there, where that saves anything.

        `take` is called while the worker `has_room`, with what a poll's reply comes of; it must be awaited. The worker
        polls nevertheless: of some tasks, and over a network of all, only polls are told. Returns: what ends it; None:
        it did not begin.
        """
        del request, has_room, take
        return None

    async def close(self) -> None:  # noqa: B027 # not every kind has something to end
        """End the connection of the running loop, if there is one; a later call connects anew."""

    @property
    @abstractmethod
    def worker_service_client(self) -> ServiceClient:
        """The client that makes the calls, where this one wraps another."""
        raise NotImplementedError

    @abstractmethod
    def update_rpc_metadata(self, metadata: Mapping[str, str | bytes]) -> None:
        """Send this metadata with every call from now on, instead of what the config said.

        Raises: TypeError, ValueError: it cannot be sent; the old metadata stays.
        """
        raise NotImplementedError

    @abstractmethod
    def update_api_key(self, api_key: str | None) -> None:
        """Send this key with every call from now on."""
        raise NotImplementedError

    async def _rpc_call(
        self,
        rpc: str,
        req: Message,
        resp_type: type[ServiceResponse],  # noqa: ARG002 - for those that override this
        *,
        service: str,
        retry: bool,
        metadata: Mapping[str, str | bytes],
        timeout: timedelta | None,
    ) -> ServiceResponse:
        """Make one call; `service` is workflow, operator, cloud, test or health, `rpc` the method in snake_case.

        A class that says nothing of how RPCs are bound overrides this: all calls come here.
        """
        if type(self)._bind is ServiceClient._bind:
            raise NotImplementedError(f"{type(self).__name__} overrides neither _rpc_call nor _bind")
        call = getattr(getattr(self, f"{service}_service"), rpc)
        return cast("ServiceResponse", await call(req, retry=retry, metadata=metadata, timeout=timeout))

    def _bind(self, method: Method) -> Call:
        """The coroutine function that makes calls of `method`; kept by the service object.

        The transports here override this, so that a call looks nothing up.
        """

        async def call(
            req: Message, retry: bool = False, metadata: Metadata = NO_METADATA, timeout: timedelta | None = None
        ) -> Any:
            return await self._rpc_call(
                method.name,
                req,
                method.response_type,
                service=method.service,
                retry=retry,
                metadata=metadata,
                timeout=timeout,
            )

        return call
