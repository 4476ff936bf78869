"""The services as calls in this process: messages in, messages or errors out.

    async with in_process(config) as services:
        start = services.bind("/temporal.api.workflowservice.v1.WorkflowService/StartWorkflowExecution", error_of)
        reply = await start(request, metadata, timeout)

The same methods as behind gRPC, without bytes and without its limits on the size of a message: those of payloads and
histories hold as ever. A call that its caller cancels is over at once; what it had written stays written.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import time
from collections.abc import AsyncGenerator, Callable, Coroutine, Mapping
from datetime import timedelta
from typing import Any, NoReturn, TypeAlias

import msgspec
from google.protobuf.message import Message
from temporalio.api.workflowservice.v1 import PollWorkflowTaskQueueRequest

from mainspring.server.engine.errors import ServiceError, Unimplemented
from mainspring.server.frontend.call import Call, RawReply
from mainspring.server.frontend.workflow_tasks import TaskToCome
from mainspring.server.process.assembly import Assembly, assemble
from mainspring.server.process.binding import Handler
from mainspring.server.process.config import Config
from mainspring.server.process.grpc_methods import as_service_error
from mainspring.server.process.grpc_server import GrpcServer
from mainspring.server.process.home import Home
from mainspring.server.process.server import opened_store
from mainspring.server.process.time_skipping import TimeSkipping

log = logging.getLogger(__name__)

ADDRESS = "in-process"
STOP_WITHIN_S = 1.0
ANOTHER_LOOP = (
    "an embedded engine is called on the loop that opened it, and in no process forked from that one: "
    "serve its file by `mainspring server start-dev`, and connect"
)


Serve: TypeAlias = Callable[[Message, Mapping[str, str | bytes], timedelta | None], Coroutine[Any, Any, Message]]
"""Answers the calls of one RPC; without a timeout the caller waits for ever."""
Refused: TypeAlias = Callable[[int, str, bytes], Exception]
"""What is raised if a call does not succeed: of the gRPC code, the message and the serialized `google.rpc.Status`."""


class InProcess:
    """The services. They belong to the loop on which they were opened."""

    def __init__(self, assembly: Assembly) -> None:
        self._methods = assembly.methods
        self._calls = assembly.door.calls
        self._workflow_tasks = assembly.workflow_tasks
        self._loop = asyncio.get_running_loop()
        self._home = Home()

    def bind(self, path: str, refused: Refused) -> Serve:
        """The coroutine function that answers the calls of an RPC.

        It raises what `refused` makes of an error; RuntimeError: on another loop, whose calls would not wait for those
        here.
        """
        method = self._methods.get(path)
        handler = _unknown(path) if method is None else method.handler
        calls, loop, is_here = self._calls, self._loop, self._home.is_here

        async def serve(request: Message, metadata: Mapping[str, str | bytes], timeout: timedelta | None) -> Message:
            caller = asyncio.current_task(loop) if is_here() else None
            if caller is None:
                raise RuntimeError(ANOTHER_LOOP)
            deadline_s = None if timeout is None else time.monotonic() + timeout.total_seconds()
            try:
                task = calls.begin(caller)
                try:
                    call = Call(deadline_s=deadline_s, metadata=metadata)  # type: ignore[arg-type]  # see there
                    reply = await handler(request, call)
                finally:
                    calls.end(task)
            except Exception as error:  # noqa: BLE001 - the door: `as_service_error` logs what nobody expected
                refusal = as_service_error(error, path)
                raise refused(int(refusal.code), refusal.message, refusal.status().SerializeToString()) from None
            return reply.to_message() if type(reply) is RawReply else reply  # `isinstance` would ask the message

        return serve

    def listen(
        self, request: PollWorkflowTaskQueueRequest, has_room: Callable[[], bool], take: Callable[[TaskToCome], None]
    ) -> Callable[[], None] | None:
        """See `frontend.WorkflowTasks.listen`. A request that is refused is left to the polls, which are told why.

        Raises: RuntimeError: on another loop than the services', as calls do.
        """
        if asyncio.get_running_loop() is not self._loop:
            raise RuntimeError(ANOTHER_LOOP)
        try:
            return self._workflow_tasks.listen(request, has_room, take)
        except ServiceError as refused:
            log.debug("a worker does not listen: %s", refused.message)
            return None


def _unknown(path: str) -> Handler:
    async def refuse(_request: Message, _call: Call) -> NoReturn:
        raise Unimplemented(f"unknown method {path.rpartition('/')[2]}")

    return refuse


class ServerInProcess(msgspec.Struct, frozen=True, kw_only=True):
    """A server in this process."""

    services: InProcess
    port: int  # where gRPC clients connect; 0: they cannot


@contextlib.asynccontextmanager
async def in_process(config: Config) -> AsyncGenerator[InProcess]:
    """An engine over the configured store, for as long as the context is open.

    Raises:
        StoreError: The store cannot be opened, or another process has it.
    """
    async with server_in_process(config, listens=False) as server:
        yield server.services


@contextlib.asynccontextmanager
async def server_in_process(
    config: Config, *, listens: bool, time_skipping: TimeSkipping | None = None
) -> AsyncGenerator[ServerInProcess]:
    """The same, for gRPC clients too if it `listens`; with `time_skipping`, on that time.

    Raises:
        StoreError: The store cannot be opened, or another process has it.
        OSError: The configured address cannot be bound.
    """
    are_workers_here = not listens
    async with opened_store(config.store.path, are_workers_here=are_workers_here) as store:
        assembly = await assemble(
            config, store, address=ADDRESS, are_workers_here=are_workers_here, time_skipping=time_skipping
        )
        listener = GrpcServer(assembly.methods.values(), assembly.door) if listens else None
        try:
            if listener is not None:
                await listener.start(config.grpc.ip, config.grpc.port)
            yield ServerInProcess(services=InProcess(assembly), port=0 if listener is None else listener.port)
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
