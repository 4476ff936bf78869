"""A whole server below its transports, in this process: for tests of what no single room shows.

async with assembled(store) as server:
    await call(server, "StartWorkflowExecution", request)
"""

from __future__ import annotations

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager

from google.protobuf.message import Message

from benchmarks import lean
from mainspring.server.frontend.call import Call, RawReply
from mainspring.server.persistence.store import Store
from mainspring.server.process.assembly import Assembly, assemble
from mainspring.server.process.config import Config

CONFIG = Config()


@asynccontextmanager
async def assembled(store: Store, config: Config = CONFIG) -> AsyncGenerator[Assembly]:
    """A server on a store, which is closed in the end."""
    assembly = await assemble(config, store, address="assembled")
    try:
        yield assembly
    finally:
        await assembly.drain()
        await assembly.close()
        await store.close()


async def call(assembly: Assembly, name: str, request: Message) -> Message:
    """What an RPC of the WorkflowService answers."""
    reply = await assembly.methods[lean.SERVICE + name].handler(request, Call())
    return reply.to_message() if isinstance(reply, RawReply) else reply
