"""A port for HTTP whose server is loaded when the first client connects.

    start   bind, listen          first connection   load in a thread -> serve, that connection first
    finish  no more connections -> answers under way end -> the rest is cancelled, closed

The web UI, the HTTP API and metrics stand on libraries that take half a second and 40 MB: a server pays for them when
somebody comes, not at each start. The system keeps connections that come meanwhile in its queue.
"""

from __future__ import annotations

import asyncio
import errno
import logging
import socket
from collections.abc import Callable
from typing import TYPE_CHECKING, Final

from mainspring.server.process.grpc_server import refuse_taken
from mainspring.server.process.memory import settle_memory

if TYPE_CHECKING:
    from mainspring.server.process.http_server import HttpServer

log = logging.getLogger(__name__)

_QUEUE_LENGTH: Final = 2_048  # connections that wait to be taken


class HttpListener:
    """One port. `load` makes what serves it; it is called at most once, in a thread of its own."""

    def __init__(self, load: Callable[[], HttpServer]) -> None:
        self._load = load
        self._sockets: list[socket.socket] = []
        self._server: HttpServer | None = None
        self._loading: asyncio.Task[None] | None = None
        self._is_finished = False
        self.port = 0

    def __repr__(self) -> str:
        return f"<HttpListener port={self.port}>"

    async def start(self, ip: str, port: int) -> None:
        """Listen; port 0 takes a free one. `self.port` is the port taken.

        Raises:
            OSError: The address cannot be bound, most often because another server has it.
        """
        if port:
            await refuse_taken(ip, port)
        self._sockets = await _bound(ip, port)
        self.port = int(self._sockets[0].getsockname()[1])
        try:
            for each in self._sockets:
                each.listen(_QUEUE_LENGTH)
                asyncio.get_running_loop().add_reader(each, self._begin)
        except NotImplementedError:  # the loop of Windows
            await self._serve()

    async def finish(self, patience_s: float) -> None:
        """Take no more requests, let the answers under way end for `patience_s`, then end the rest and hang up."""
        self._is_finished = True
        if self._server is not None:
            await self._server.finish(patience_s)
        elif self._loading is None:
            self._ignore_connections()
        for each in self._sockets:
            each.close()

    def _begin(self) -> None:
        self._ignore_connections()
        self._loading = asyncio.create_task(self._serve())

    def _ignore_connections(self) -> None:
        for each in self._sockets:
            asyncio.get_running_loop().remove_reader(each)

    async def _serve(self) -> None:
        try:
            server = await asyncio.to_thread(self._load)
            if not self._is_finished:
                await server.start(self._sockets)
                self._server = server
                settle_memory()
        except Exception:
            log.exception("cannot serve HTTP: port=%s", self.port)
            for each in self._sockets:
                each.close()


async def _bound(ip: str, port: int) -> list[socket.socket]:
    """A socket for each address that a name stands for and this machine has, all on one port."""
    found = await asyncio.get_running_loop().getaddrinfo(ip, port, type=socket.SOCK_STREAM)
    sockets: list[socket.socket] = []
    try:
        for family, _, _, _, address in found:
            taken = port or (sockets[0].getsockname()[1] if sockets else 0)
            try:
                sockets.append(_socket_at(family, (address[0], taken, *address[2:])))
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


def _socket_at(family: int, address: tuple[object, ...]) -> socket.socket:
    made = socket.socket(family, socket.SOCK_STREAM)
    try:
        made.settimeout(0)
        made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if family == socket.AF_INET6:
            made.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
        made.bind(address)
    except OSError:
        made.close()
        raise
    return made
