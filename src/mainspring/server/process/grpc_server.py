"""The gRPC transport: every method of the service, health and reflection on one port.

    grpc.aio server --path--> one table of handlers, made once at start
                              unknown service or method -> UNIMPLEMENTED in the real server's words

The keepalive options are part of the contract with SDKs, which ping every 30 s whether calls are open or not: grpcio's
defaults answer that with GOAWAY `too_many_pings` and kill every long poll after 44 s (Reference:
tests/scenario/test_connections.py).
"""

from __future__ import annotations

import asyncio
import errno
import socket
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Final, Protocol, cast

import grpc
import grpc.aio

from mainspring.server.process.binding import Method
from mainspring.server.process.grpc_methods import Context, Door, unary
from mainspring.server.process.handlers import RpcHandler, raw_unary
from mainspring.server.process.health import Health
from mainspring.server.process.reflection import reflection_handlers

_LARGEST_REPLY_BYTES: Final = 128 * 1024 * 1024  # what SDKs are ready to receive
_HEALTH: Final = "grpc.health.v1.Health"
_FAREWELL_S: Final = 0.1
"""For the last replies to travel."""
_HEALTH_ONLY: Final = "temporal.api.adminservice.v1.AdminService"  # no service, but the real server knows its health

OPTIONS: Final[tuple[tuple[str, int], ...]] = (
    ("grpc.max_receive_message_length", -1),  # checked by `grpc_methods`, whose text SDKs know
    ("grpc.max_send_message_length", _LARGEST_REPLY_BYTES),
    ("grpc.so_reuseport", 0),  # a second server on the port must fail, not share it
    ("grpc.http2.min_ping_interval_without_data_ms", 10_000),
    ("grpc.http2.max_ping_strikes", 0),
    ("grpc.keepalive_permit_without_calls", 1),
    ("grpc.keepalive_time_ms", 60_000),
    ("grpc.keepalive_timeout_ms", 10_000),
    ("grpc.max_connection_idle_ms", 120_000),
    ("grpc.max_connection_age_ms", 300_000),
    ("grpc.max_connection_age_grace_ms", 70_000),
)


class GrpcServer:
    """One listening gRPC server. Must be made on the event loop that will serve."""

    def __init__(self, methods: Iterable[Method], door: Door) -> None:
        handlers = {method.path: raw_unary(unary(method, door)) for method in methods}
        services = sorted({path.split("/")[1] for path in handlers})
        self._health = Health(["", _HEALTH_ONLY, *services])
        handlers.update(self._health.handlers())
        handlers.update(reflection_handlers([*services, _HEALTH]))
        self._calls = door.calls
        self._server = _new_server(OPTIONS)
        self._server.add_generic_rpc_handlers((_Table(handlers),))
        self.port = 0

    def __repr__(self) -> str:
        return f"<GrpcServer port={self.port}>"

    async def start(self, ip: str, port: int) -> None:
        """Listen; port 0 takes a free one. `self.port` is the port taken.

        Raises:
            OSError: the address cannot be bound, most often because another server has it.
        """
        host = f"[{ip}]" if ":" in ip else ip
        if port:
            await refuse_taken(ip, port)
        try:
            self.port = self._server.add_insecure_port(f"{host}:{port}")
        except RuntimeError as error:
            raise OSError(f"cannot listen on {ip}:{port}, is another server running there?") from error
        await self._server.start()

    async def finish(self, patience_s: float) -> None:
        """Take no more calls, let those under way end; what waits after `patience_s` is told to try again."""
        self._health.stop()
        await self._calls.finish(patience_s)
        await asyncio.sleep(_FAREWELL_S)

    async def hang_up(self) -> None:
        """Close all connections. A call that arrives in this moment is cancelled, which clients take for an answer."""
        await self._server.stop(None)


async def refuse_taken(ip: str, port: int) -> None:
    """A port must be free on every address that a name stands for: else a client may find another server there.

    Asked beforehand, since gRPC is content with one of them. An address that this machine does not have
    is no hindrance.

    Raises: OSError: the port is taken on one of them, or there is no such name.
    """
    found = await asyncio.get_running_loop().getaddrinfo(ip, port, type=socket.SOCK_STREAM)
    for family, _, _, _, address in found:
        with socket.socket(family, socket.SOCK_STREAM) as trial:
            trial.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                trial.bind(address)
            except OSError as error:
                if error.errno == errno.EADDRINUSE:
                    raise OSError(f"cannot listen on {address[0]}:{port}, is another server running there?") from error


class _Server(Protocol):
    """The part of grpcio's server that is used."""

    def add_generic_rpc_handlers(self, generic_rpc_handlers: Sequence[object]) -> None: ...

    def add_insecure_port(self, address: str) -> int: ...

    async def start(self) -> None: ...

    async def stop(self, grace: float | None) -> None: ...


def _new_server(options: Sequence[tuple[str, int]]) -> _Server:
    return cast("_Server", grpc.aio.server(options=options))  # pyright: ignore[reportUnknownMemberType] - open in the stubs


if TYPE_CHECKING:  # not generic at run time
    _GenericHandler = grpc.GenericRpcHandler[Any, Any]
else:
    _GenericHandler = grpc.GenericRpcHandler


class _Table(_GenericHandler):
    """Finds the handler of a path."""

    def __init__(self, handlers: Mapping[str, RpcHandler]) -> None:
        self._handlers = handlers
        self._services = {path.split("/")[1] for path in handlers}

    def service(self, handler_call_details: grpc.HandlerCallDetails) -> RpcHandler:
        path = handler_call_details.method
        return self._handlers.get(path) or self._unknown(path)

    def _unknown(self, path: str) -> RpcHandler:
        service, slash, name = path.removeprefix("/").rpartition("/")
        if not slash:
            text = f'malformed method name: "{path}"'
        elif service in self._services:
            text = f"unknown method {name} for service {service}"
        else:
            text = f"unknown service {service}"

        async def refuse(_request: bytes, context: Context) -> bytes:
            await context.abort(grpc.StatusCode.UNIMPLEMENTED, text)

        return raw_unary(refuse)
