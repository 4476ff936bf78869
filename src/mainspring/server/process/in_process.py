"""The services as calls in this process: messages in, messages or a `Refusal` out.

    async with in_process(config) as call:
        reply = await call("/temporal.api.workflowservice.v1.WorkflowService/StartWorkflowExecution", request, ...)

The same methods as behind gRPC, without bytes and without its limits on the size of a message: those of payloads and
histories hold as ever. A call that its caller cancels is over at once; what it had written stays written.
"""

from __future__ import annotations

import contextlib
import time
from collections.abc import AsyncGenerator, Mapping
from typing import Protocol, cast

from google.protobuf.message import Message

from mainspring.server.engine.errors import ServiceError, Unimplemented
from mainspring.server.frontend.call import Call, RawReply
from mainspring.server.process.assembly import Assembly, assemble
from mainspring.server.process.config import Config
from mainspring.server.process.grpc_methods import as_service_error
from mainspring.server.process.server import opened_store

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


@contextlib.asynccontextmanager
async def in_process(config: Config) -> AsyncGenerator[CallInProcess]:
    """An engine over the configured store, for as long as the context is open.

    Raises:
        StoreError: The store cannot be opened, or another process has it.
    """
    async with opened_store(config.store.path) as store:
        assembly = await assemble(config, store, address=ADDRESS)
        try:
            yield _calls_of(assembly)
        finally:
            await assembly.drain()
            await assembly.door.calls.finish(STOP_WITHIN_S)
            await assembly.close()


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
