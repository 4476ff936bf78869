"""The engine as a service of this process: methods found by name, errors as gRPC would carry them."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Mapping
from contextlib import asynccontextmanager
from datetime import timedelta

from google.protobuf.message import Message
from temporalio.api.operatorservice.v1 import service_pb2 as operator_service
from temporalio.api.testservice.v1 import service_pb2 as test_service
from temporalio.api.workflowservice.v1 import service_pb2 as workflow_service

from mainspring._embedded._memory import seldom_collected
from mainspring.server.process.config import Config, NamespaceConfig, StoreConfig
from mainspring.server.process.in_process import CallInProcess, Refusal, in_process
from mainspring.service import RPCError, RPCStatusCode
from mainspring.service._methods import snake_case

SERVICES = {
    "workflow": workflow_service.DESCRIPTOR.services_by_name["WorkflowService"],
    "operator": operator_service.DESCRIPTOR.services_by_name["OperatorService"],
    "test": test_service.DESCRIPTOR.services_by_name["TestService"],  # served where time skips
}


class EmbeddedEngine:
    """A `service.Engine` over the server's code. It belongs to the loop on which it was opened."""

    def __init__(self, call: CallInProcess) -> None:
        self._call = call
        self._loop = asyncio.get_running_loop()
        self._paths = {
            (short, snake_case(method.name)): f"/{service.full_name}/{method.name}"
            for short, service in SERVICES.items()
            for method in service.methods
        }

    async def call(
        self,
        service: str,
        rpc: str,
        request: Message,
        metadata: Mapping[str, str | bytes],
        timeout: timedelta | None,
    ) -> Message:
        """See `service.Engine`. Raises: RuntimeError: on another loop, whose calls would not wait for those here."""
        if asyncio.get_running_loop() is not self._loop:
            raise RuntimeError(
                "an embedded engine is called on the loop that opened it, and in no process forked from that one: "
                "serve its file by `mainspring server start-dev`, and connect"
            )
        path = self._paths.get((service, rpc), f"/{service}/{rpc}")
        try:
            return await self._call(path, request, metadata, None if timeout is None else timeout.total_seconds())
        except Refusal as refusal:
            raise RPCError(refusal.message, RPCStatusCode(refusal.code), refusal.status) from None


@asynccontextmanager
async def open_engine(path: str | None = None, *, namespace: str = "default") -> AsyncGenerator[EmbeddedEngine]:
    """Open the engine over a file, or in memory, for as long as the context is open.

    Raises:
        StoreError: The file cannot be opened, or another process has it.
    """
    config = Config(store=StoreConfig(path=path or ""), namespaces=NamespaceConfig(create=(namespace,)))
    with seldom_collected():
        async with in_process(config) as call:
            yield EmbeddedEngine(call)
