"""The engine as a service of this process: methods found by name, errors as gRPC would carry them."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager

from temporalio.api.operatorservice.v1 import service_pb2 as operator_service
from temporalio.api.testservice.v1 import service_pb2 as test_service
from temporalio.api.workflowservice.v1 import PollWorkflowTaskQueueRequest
from temporalio.api.workflowservice.v1 import service_pb2 as workflow_service

from mainspring._embedded._memory import seldom_collected
from mainspring.server.process.config import Config, NamespaceConfig, StoreConfig
from mainspring.server.process.in_process import InProcess, in_process
from mainspring.service import RPCError, RPCStatusCode
from mainspring.service._client import TaskToCome
from mainspring.service._direct import Serve
from mainspring.service._methods import snake_case

SERVICES = {
    "workflow": workflow_service.DESCRIPTOR.services_by_name["WorkflowService"],
    "operator": operator_service.DESCRIPTOR.services_by_name["OperatorService"],
    "test": test_service.DESCRIPTOR.services_by_name["TestService"],  # served where time skips
}


class EmbeddedEngine:
    """A `service.Engine` over the server's code. It belongs to the loop on which it was opened."""

    def __init__(self, services: InProcess) -> None:
        self._services = services
        self._paths = {
            (short, snake_case(method.name)): f"/{service.full_name}/{method.name}"
            for short, service in SERVICES.items()
            for method in service.methods
        }

    def bind(self, service: str, rpc: str) -> Serve:
        """See `service.Engine`. Calls raise RuntimeError on another loop than the engine's."""
        return self._services.bind(self._paths.get((service, rpc), f"/{service}/{rpc}"), _rpc_error)

    def listen(
        self, request: PollWorkflowTaskQueueRequest, has_room: Callable[[], bool], take: Callable[[TaskToCome], None]
    ) -> Callable[[], None] | None:
        """See `service.Engine`."""
        return self._services.listen(request, has_room, take)


def _rpc_error(code: int, message: str, status: bytes) -> RPCError:
    return RPCError(message, RPCStatusCode(code), status)


@asynccontextmanager
async def open_engine(path: str | None = None, *, namespace: str = "default") -> AsyncGenerator[EmbeddedEngine]:
    """Open the engine over a file, or in memory, for as long as the context is open.

    Raises:
        StoreError: The file cannot be opened, or another process has it.
    """
    config = Config(store=StoreConfig(path=path or ""), namespaces=NamespaceConfig(create=(namespace,)))
    with seldom_collected():
        async with in_process(config) as services:
            yield EmbeddedEngine(services)
