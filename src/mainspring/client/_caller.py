"""Who makes the calls of a client, where those that are called shall know: the handler of a Nexus operation.

    CALLER.set(caller)        in the handler's context          call(...)        asks it before the RPC, tells it after

The room `nexus` has such callers. Nothing here knows of `nexusrpc`, which need not be installed.
"""

from __future__ import annotations

from contextvars import ContextVar
from typing import Protocol

from google.protobuf.message import Message


class Caller(Protocol):
    """Sees each request before it goes, and its reply. Most kinds of requests are nothing to it."""

    def prepare(self, request: Message) -> None:
        """Put into the request what is to be known. May be asked twice for the same one."""
        ...

    def answered(self, request: Message, reply: Message) -> None:
        """The request was answered."""
        ...


CALLER: ContextVar[Caller | None] = ContextVar("caller", default=None)
