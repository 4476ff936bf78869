"""Listens for HTTP in the server's own event loop, by uvicorn without its own loop, signals and log.

    start   bind, serve      finish   no more connections -> answers under way end -> the rest is cancelled, closed

uvicorn's own main loop wakes ten times a second, for a date that is not sent and limits that are not used: it is left
out, so that a door nobody calls costs nothing.
"""

from __future__ import annotations

import asyncio
import errno
import socket
from collections.abc import Sequence
from typing import Final, Protocol, cast

import uvicorn
from starlette.routing import BaseRoute
from starlette.types import ASGIApp

from mainspring.server.http import allowed_hosts, door
from mainspring.server.http.bindings import Table
from mainspring.server.http.rest import api_routes
from mainspring.server.process.assembly import OPERATOR_SERVICE, WORKFLOW_SERVICE, Assembly
from mainspring.server.process.config import HttpConfig, UiConfig
from mainspring.server.process.grpc_server import refuse_taken
from mainspring.server.process.http_service import HttpService
from mainspring.server.process.ui_service import UiService
from mainspring.server.ui import Options, routes
from mainspring.server.ui.codec_server import CodecServer

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
    """One listening HTTP server. Must be made on the event loop that will serve."""

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
        self.port = 0

    def __repr__(self) -> str:
        return f"<HttpServer port={self.port}>"

    async def start(self, ip: str, port: int) -> None:
        """Listen; port 0 takes a free one. `self.port` is the port taken.

        Raises:
            OSError: The address cannot be bound, most often because another server has it.
        """
        if port:
            await refuse_taken(ip, port)
        sockets = await _bound(ip, port)
        self.port = int(sockets[0].getsockname()[1])
        await self._server.startup(sockets=sockets)

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


async def ui_server(config: UiConfig, assembly: Assembly) -> HttpServer:
    """The web UI of a server, listening.

    Raises:
        OSError: The address cannot be bound.
    """
    service = UiService(assembly.methods, assembly.door.calls)
    return await _served(config, assembly, routes(service, ui_options(config)))


def ui_options(config: UiConfig) -> Options:
    """What the configuration says of the UI itself."""
    return Options(
        codec=CodecServer(config.codec_endpoint) if config.codec_endpoint else None,
        is_read_only=config.disable_write_actions,
    )


async def api_server(config: HttpConfig, assembly: Assembly) -> HttpServer:
    """The HTTP API of a server, listening.

    Raises:
        OSError: The address cannot be bound.
    """
    service = HttpService(assembly.methods, assembly.door)
    return await _served(config, assembly, api_routes(service, api_table(), assembly.door.limits.request_size_bytes))


async def _served(config: UiConfig | HttpConfig, assembly: Assembly, behind: Sequence[BaseRoute]) -> HttpServer:
    """A listening server of what is behind the door."""
    calls = assembly.door.calls
    server = HttpServer(door(allowed_hosts(config.ip, config.allowed_hosts), lambda: not calls.is_closed, behind))
    await server.start(config.ip, config.port)
    return server


def api_table() -> Table:
    """What the HTTP API serves."""
    return Table([WORKFLOW_SERVICE, OPERATOR_SERVICE])


async def _bound(ip: str, port: int) -> list[socket.socket]:
    """A socket for each address that a name stands for and this machine has, all on one port."""
    found = await asyncio.get_running_loop().getaddrinfo(ip, port, type=socket.SOCK_STREAM)
    sockets: list[socket.socket] = []
    try:
        for family, _, _, _, address in found:
            taken = port or (sockets[0].getsockname()[1] if sockets else 0)
            try:
                sockets.append(_listening(family, (address[0], taken, *address[2:])))
            except OSError as error:
                if error.errno not in {errno.EADDRNOTAVAIL, errno.EAFNOSUPPORT}:
                    raise OSError(f"cannot listen on {ip}:{port} for HTTP: {error.strerror}") from error
    except OSError:
        for each in sockets:
            each.close()
        raise
    if not sockets:
        raise OSError(f"cannot listen on {ip}:{port} for HTTP, this machine has no such address")
    return sockets


def _listening(family: int, address: tuple[object, ...]) -> socket.socket:
    listener = socket.socket(family, socket.SOCK_STREAM)
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if family == socket.AF_INET6:
            listener.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
        listener.bind(address)
    except OSError:
        listener.close()
        raise
    return listener
