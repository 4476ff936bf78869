"""A server that knows nothing: it keeps each request that it gets and answers as it was told.

async with capture_server() as server:
    server.answer("StartWorkflowExecution", StartWorkflowExecutionResponse(run_id="r"))
    ... clients of any kind call server.address ...
    server.calls        # [Received("/temporal...WorkflowService/StartWorkflowExecution", bytes, metadata)]
"""

from __future__ import annotations

import asyncio
from collections import defaultdict, deque
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any, cast

import grpc
import grpc.aio  # pyright: ignore[reportUnusedImport] - makes `grpc.aio`
from google.protobuf.message import Message

GRPC: Any = grpc  # its stubs are older than it


@dataclass(frozen=True)
class Received:
    """One call, as it came over the wire."""

    path: str
    body: bytes
    metadata: dict[str, str | bytes]
    timeout_s: float | None

    @property
    def rpc(self) -> str:
        return self.path.rsplit("/", 1)[-1]


@dataclass(frozen=True)
class Refusal:
    """An answer that is an error."""

    code: grpc.StatusCode
    message: str = ""
    details: bytes = b""


@dataclass(frozen=True)
class Silence:
    """No answer, ever."""


Answer = Message | Refusal | Silence


@dataclass
class CaptureServer:
    """What came, and what is to be said to it."""

    calls: list[Received] = field(default_factory=list["Received"])
    address: str = ""
    _answers: defaultdict[str, deque[Answer]] = field(default_factory=lambda: defaultdict(deque))

    def answer(self, rpc: str, *answers: Answer) -> None:
        """Say these one after the other, the last one for ever; an RPC without answers gets an empty message."""
        self._answers[rpc] = deque(answers)

    def of(self, rpc: str) -> list[Received]:
        return [call for call in self.calls if call.rpc == rpc]

    async def serve(self, body: bytes, context: Any, path: str) -> bytes:
        metadata = dict(context.invocation_metadata())
        received = Received(path, body, metadata, context.time_remaining())
        self.calls.append(received)
        answers = self._answers[received.rpc]
        if not answers:
            return b""
        answer = answers.popleft() if len(answers) > 1 else answers[0]
        if isinstance(answer, Silence):
            await asyncio.Event().wait()
        if isinstance(answer, Refusal):
            trailers = (("grpc-status-details-bin", answer.details),) if answer.details else ()
            await context.abort(answer.code, answer.message, trailers)
        return cast("Message", answer).SerializeToString()


class _Anything:
    """Every unary RPC that there may be."""

    def __init__(self, server: CaptureServer) -> None:
        self._server = server

    def service(self, handler_call_details: grpc.HandlerCallDetails) -> Any:
        path = handler_call_details.method

        async def serve(body: bytes, context: Any) -> bytes:
            return await self._server.serve(body, context, path)

        return GRPC.unary_unary_rpc_method_handler(serve)


@asynccontextmanager
async def capture_server(credentials: grpc.ServerCredentials | None = None) -> AsyncGenerator[CaptureServer]:
    """Serve on a free port of this machine until the block ends; with TLS, if there are credentials."""
    captured = CaptureServer()
    server = GRPC.aio.server()
    server.add_generic_rpc_handlers((_Anything(captured),))
    if credentials is None:
        port = server.add_insecure_port("127.0.0.1:0")
    else:
        port = server.add_secure_port("127.0.0.1:0", credentials)
    captured.address = f"127.0.0.1:{port}"
    await server.start()
    try:
        yield captured
    finally:
        await server.stop(None)
