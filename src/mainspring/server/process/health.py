"""The standard health service, `grpc.health.v1.Health`.

    Check("") -> SERVING
    Check("temporal.api.workflowservice.v1.WorkflowService") -> SERVING
    Check("x") -> NOT_FOUND

Orchestrators and SDK test environments ask it. While the server stops, every service is NOT_SERVING and watchers are
told. grpcio's own servicer is not used: it answers an unknown service without the text that the real server gives.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from typing import Final

import grpc
from grpc_health.v1.health_pb2 import HealthCheckRequest, HealthCheckResponse

from mainspring.server.process import handlers
from mainspring.server.process.grpc_methods import Context

_SERVICE: Final = "/grpc.health.v1.Health"


class Health:
    """Health of the named services; they share one state."""

    def __init__(self, services: Sequence[str]) -> None:
        self._services = frozenset(services)
        self._is_serving = True
        self._changed = asyncio.Event()

    def stop(self) -> None:
        """From now on nothing is served; watchers get to know."""
        self._is_serving = False
        self._changed.set()

    def handlers(self) -> dict[str, handlers.RpcHandler]:
        """Method handlers by path."""
        return {
            f"{_SERVICE}/Check": handlers.unary(HealthCheckRequest, self._check),
            f"{_SERVICE}/Watch": handlers.unary_stream(HealthCheckRequest, self._watch),
        }

    async def _check(self, request: HealthCheckRequest, context: Context) -> HealthCheckResponse:
        if request.service not in self._services:
            await context.abort(grpc.StatusCode.NOT_FOUND, "unknown service")
        return self._state(request.service)

    async def _watch(self, request: HealthCheckRequest, _context: Context) -> AsyncIterator[HealthCheckResponse]:
        yield self._state(request.service)
        if self._is_serving:
            await self._changed.wait()
            yield self._state(request.service)
        await asyncio.Event().wait()  # the stream stays open until the client or the server ends it

    def _state(self, service: str) -> HealthCheckResponse:
        if service not in self._services:
            return HealthCheckResponse(status=HealthCheckResponse.SERVICE_UNKNOWN)
        serving = HealthCheckResponse.SERVING if self._is_serving else HealthCheckResponse.NOT_SERVING
        return HealthCheckResponse(status=serving)
