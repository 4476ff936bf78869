"""The services as calls in this process: messages in, messages or a `Refusal` out.

    async with in_process(config) as call:
        reply = await call("/temporal.api.workflowservice.v1.WorkflowService/StartWorkflowExecution", request, ...)

The same methods as behind gRPC, without bytes and without its limits on the size of a message: those of payloads and
histories hold as ever. A call that its caller cancels is over at once; what it had written stays written.
"""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import AsyncGenerator, Mapping
from typing import Protocol, cast

import msgspec
from google.protobuf.message import Message

from mainspring.server.engine.errors import ServiceError, Unimplemented
from mainspring.server.frontend.call import Call, RawReply
from mainspring.server.process.assembly import Assembly, assemble
from mainspring.server.process.config import Config
from mainspring.server.process.grpc_methods import as_service_error
from mainspring.server.process.grpc_server import GrpcServer
from mainspring.server.process.server import opened_store
from mainspring.server.process.time_skipping import TimeSkipping

ADDRESS = "in-process"
STOP_WITHIN_S = 1.0


class Refusal(Exception):
    """A call did not succeed: the gRPC code, the message and the serialized `google.rpc.Status` of the answer."""

    def __init__(self, error: ServiceError) -> None:
        super().__init__(error.message)
        self.code = int(error.code)
        self.message = error.message
        self.status = error.status().SerializeToString()


class CallInProcess(Protocol):
    """One call; `timeout_s` is what the caller allows, None if it waits for ever.

    Raises:
        Refusal: The call did not succeed.
    """

    async def __call__(
        self, path: str, request: Message, metadata: Mapping[str, str | bytes], timeout_s: float | None
    ) -> Message: ...


class ServerInProcess(msgspec.Struct, frozen=True, kw_only=True):
    """A server in this process."""

    call: CallInProcess
    port: int  # where gRPC clients connect; 0: they cannot


@contextlib.asynccontextmanager
async def in_process(config: Config) -> AsyncGenerator[CallInProcess]:
    """An engine over the configured store, for as long as the context is open.

    Raises:
        StoreError: The store cannot be opened, or another process has it.
    """
    async with server_in_process(config, listens=False) as server:
        yield server.call


@contextlib.asynccontextmanager
async def server_in_process(
    config: Config, *, listens: bool, time_skipping: TimeSkipping | None = None
) -> AsyncGenerator[ServerInProcess]:
    """The same, for gRPC clients too if it `listens`; with `time_skipping`, on that time.

    Raises:
        StoreError: The store cannot be opened, or another process has it.
        OSError: The configured address cannot be bound.
    """
    async with opened_store(config.store.path) as store:
        assembly = await assemble(
            config, store, address=ADDRESS, are_workers_here=not listens, time_skipping=time_skipping
        )
        listener = GrpcServer(assembly.methods.values(), assembly.door) if listens else None
        try:
            if listener is not None:
                await listener.start(config.grpc.ip, config.grpc.port)
            yield ServerInProcess(call=_calls_of(assembly), port=0 if listener is None else listener.port)
        finally:
            await _stop(assembly, listener)
            await assembly.close()


async def _stop(assembly: Assembly, listener: GrpcServer | None) -> None:
    if listener is None:
        await assembly.drain()
        await assembly.door.calls.finish(STOP_WITHIN_S)
        return
    finishing = asyncio.create_task(listener.finish(STOP_WITHIN_S))
    await assembly.drain()
    await finishing
    await listener.hang_up()


def _calls_of(assembly: Assembly) -> CallInProcess:
    methods = {path: method.handler for path, method in assembly.methods.items()}
    calls = assembly.door.calls
    now = time.monotonic

    async def call(
        path: str, request: Message, metadata: Mapping[str, str | bytes], timeout_s: float | None
    ) -> Message:
        handler = methods.get(path)
        if handler is None:
            raise Refusal(Unimplemented(f"unknown method {path.rpartition('/')[2]}"))
        deadline_s = None if timeout_s is None else now() + timeout_s
        try:
            task = calls.begin()
            try:
                reply = await handler(
                    request, Call(deadline_s=deadline_s, metadata=cast("Mapping[str, str]", metadata))
                )
            finally:
                calls.end(task)
        except Exception as error:
            raise Refusal(as_service_error(error, path)) from error
        return reply.to_message() if isinstance(reply, RawReply) else reply

    return call
