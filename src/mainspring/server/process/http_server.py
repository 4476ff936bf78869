"""Serves HTTP in the server's own event loop, by uvicorn without its own loop, signals and log.

uvicorn's own main loop wakes ten times a second, for a date that is not sent and limits that are not used: it is left
out, so that a door nobody calls costs nothing.
"""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Sequence
from typing import Final, Protocol, cast

import uvicorn
from starlette.types import ASGIApp

_LARGEST_HEAD_BYTES: Final = 64 * 1024
_MOST_CONNECTIONS: Final = 1_000
_KEEP_ALIVE_S: Final = 75
_FAREWELL_S: Final = 0.1
"""For cancelled answers to end."""


class _Connection(Protocol):
    """The part of uvicorn's protocols that is used."""

    transport: asyncio.Transport

    def shutdown(self) -> None: ...


class HttpServer:
    """One HTTP server on sockets that `HttpListener` has bound. May be made in any thread."""

    def __init__(self, app: ASGIApp) -> None:
        config = uvicorn.Config(
            app,
            http="h11",
            ws="none",
            lifespan="off",
            log_config=None,
            log_level="error",
            access_log=False,
            server_header=False,
            date_header=False,
            proxy_headers=False,
            limit_concurrency=_MOST_CONNECTIONS,
            timeout_keep_alive=_KEEP_ALIVE_S,
            h11_max_incomplete_event_size=_LARGEST_HEAD_BYTES,
        )
        config.load()
        self._server = uvicorn.Server(config)
        self._server.lifespan = config.lifespan_class(config)

    async def start(self, sockets: Sequence[socket.socket]) -> None:
        """Take connections."""
        await self._server.startup(sockets=list(sockets))

    async def finish(self, patience_s: float) -> None:
        """Take no more requests, let the answers under way end for `patience_s`, then end the rest and hang up."""
        for listener in self._server.servers:
            listener.close()
        for connection in self._connections():
            connection.shutdown()
        await self._end_answers(patience_s)
        for connection in self._connections():
            connection.transport.close()

    def _connections(self) -> list[_Connection]:
        return cast("list[_Connection]", list(self._server.server_state.connections))

    async def _end_answers(self, patience_s: float) -> None:
        answers = set(self._server.server_state.tasks)
        if not answers:
            return
        _, late = await asyncio.wait(answers, timeout=patience_s)
        for answer in late:
            answer.cancel()
        if late:
            await asyncio.wait(late, timeout=_FAREWELL_S)
