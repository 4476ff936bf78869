"""A server to throw things at: raw calls, and whether it is still well afterwards."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from types import TracebackType
from typing import Self, cast

import grpc
import grpc.aio
import msgspec
from google.protobuf.descriptor import MethodDescriptor
from temporalio.api.operatorservice.v1 import service_pb2 as operator_service
from temporalio.api.workflowservice.v1 import service_pb2 as workflow_service

from benchmarks import lean
from tests.server_process import ServerProcess

CLEAN = frozenset(
    {
        "OK",
        "CANCELLED",
        "INVALID_ARGUMENT",
        "NOT_FOUND",
        "ALREADY_EXISTS",
        "PERMISSION_DENIED",
        "FAILED_PRECONDITION",
        "RESOURCE_EXHAUSTED",
        "ABORTED",
        "UNIMPLEMENTED",
        "UNAVAILABLE",
        "DEADLINE_EXCEEDED",
    }
)
"""Answers that say what is wrong. UNKNOWN is retried by clients, INTERNAL means a fault of ours."""
ANSWER_WITHIN_S = 0.4
TROUBLE = ("Traceback", "unexpected error", "store_write_failed", "store_read_failed", "InvariantError")


def methods() -> list[MethodDescriptor]:
    """Every RPC of both services."""
    services = (
        workflow_service.DESCRIPTOR.services_by_name["WorkflowService"],
        operator_service.DESCRIPTOR.services_by_name["OperatorService"],
    )
    return [method for service in services for method in service.methods]


def path_of(method: MethodDescriptor) -> str:
    return f"/{method.containing_service.full_name}/{method.name}"


def _as_is(body: bytes) -> bytes:
    return body


class Answer(msgspec.Struct, frozen=True):
    """How a call ended."""

    code: str
    text: str = ""

    @property
    def is_clean(self) -> bool:
        return self.code in CLEAN


class Target:
    """A connection to the server under test."""

    def __init__(self, address: str) -> None:
        self._channel = grpc.aio.insecure_channel(address, options=[("grpc.use_local_subchannel_pool", 1)])

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._channel.close(None)

    async def send(self, path: str, body: bytes, *, within_s: float | None = ANSWER_WITHIN_S) -> Answer:
        """Call a method with these bytes as its request."""
        call = cast(
            "Callable[..., Awaitable[bytes]]",
            self._channel.unary_unary(  # pyright: ignore[reportUnknownMemberType] the stubs leave it bare
                path, request_serializer=_as_is, response_deserializer=_as_is
            ),
        )
        try:
            await call(body, timeout=within_s)
        except grpc.aio.AioRpcError as error:
            return Answer(error.code().name, error.details() or "")
        return Answer("OK")

    async def send_and_leave(self, path: str, body: bytes, *, after_s: float) -> Answer:
        """Call without a deadline, and cancel the call if there is no answer by then."""
        try:
            return await asyncio.wait_for(self.send(path, body, within_s=None), after_s)
        except TimeoutError:
            return Answer("CANCELLED")

    async def send_all(self, path: str, bodies: list[bytes]) -> list[Answer]:
        return list(await asyncio.gather(*(self.send(path, body) for body in bodies)))


async def assert_still_well(server: ServerProcess) -> None:
    """A whole workflow runs to its end, and the log is free of tracebacks."""
    await lean.drive(server.address, workflow_count=1, in_flight=1)
    log = server.log_path.read_text(encoding="utf-8", errors="replace")
    found = [line for line in log.splitlines() if any(word in line for word in TROUBLE)]
    assert not found, "\n".join(found[:5])
