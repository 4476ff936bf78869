"""The life of a server process: open the store, assemble, listen; on SIGTERM or SIGINT stop within 2 s.

    run(config)   open -> assemble -> listen -> (signal) -> stop accepting, answer polls empty, finish -> close

Nothing acknowledged depends on a clean stop: killed at any moment, the next start finds everything in the store.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
import signal
import sys
import time
from collections.abc import AsyncGenerator, Callable, Coroutine, Mapping, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple, NoReturn

from mainspring import __version__
from mainspring.server.persistence.sqlite import open_sqlite
from mainspring.server.persistence.store import Store
from mainspring.server.process.assembly import Assembly, assemble
from mainspring.server.process.config import Config, HttpConfig, MetricsConfig, UiConfig
from mainspring.server.process.grpc_server import GrpcServer
from mainspring.server.process.http_listener import HttpListener
from mainspring.server.process.memory import settle_memory
from mainspring.server.process.time_skipping import TimeSkipping

if TYPE_CHECKING:
    from mainspring.server.process.http_server import HttpServer

log = logging.getLogger(__name__)


def main(config: Config) -> None:
    """Serve until a signal, on uvloop where there is one."""
    _run_on_fast_loop(run(config))


def main_skipping(config: Config, *, lock_count: int) -> None:
    """Serve until a signal, with a time that skips: for tests. `lock_count`: how many locks it has at first."""
    _run_on_fast_loop(_run_skipping(config, lock_count))


async def _run_skipping(config: Config, lock_count: int) -> None:
    await run(config, time_skipping=TimeSkipping(lock_count=lock_count))


async def run(
    config: Config,
    on_started: Callable[[int], None] | None = None,
    *,
    time_skipping: TimeSkipping | None = None,
) -> None:
    """Serve until SIGTERM or SIGINT; `on_started` is told the port once clients can connect.

    Raises:
        OSError: the address cannot be bound.
        StoreError: the store cannot be opened, or another server has it.
    """
    stop = asyncio.Event()
    _on_signals(stop)
    async with serving(config, hangs_up=False, time_skipping=time_skipping) as server:
        if on_started is not None:
            on_started(server.port)
        await stop.wait()
        log.info("mainspring stopping: grace_s=%s", config.grpc.stop_s)
    log.info("mainspring stopped")
    _leave()


@contextlib.asynccontextmanager
async def serving(
    config: Config, *, hangs_up: bool = True, time_skipping: TimeSkipping | None = None
) -> AsyncGenerator[GrpcServer]:
    """A server that listens while the context is open.

    `hangs_up` False: connections are left to the end of the process, which must follow. Clients try again whatever they
    had sent to a server that has gone, but not what grpcio cancels while it closes a connection.
    """
    began_at = time.monotonic()
    async with opened_store(config.store.path) as store:
        address = f"{config.grpc.ip}:{config.grpc.port}"
        assembly = await assemble(config, store, address=address, time_skipping=time_skipping)
        server = GrpcServer(assembly.methods.values(), assembly.door)
        doors = _http_doors(config, assembly)
        try:
            await server.start(config.grpc.ip, config.grpc.port)
            for door in doors.values():
                await door.listener.start(door.ip, door.port)
            settle_memory()
            _log_start(config, server, doors, time.monotonic() - began_at)
            yield server
        finally:
            await _stop([server, *(door.listener for door in doors.values())], assembly, config.grpc.stop_s)
            if hangs_up:
                await server.hang_up()
            await assembly.close()


@contextlib.asynccontextmanager
async def opened_store(path: str, *, are_workers_here: bool = False) -> AsyncGenerator[Store]:
    """The store of a file; with an empty path, one in memory. `are_workers_here`: as `assemble` is told."""
    store = await open_sqlite(path or None, commits_on_loop=are_workers_here)
    try:
        yield store
    finally:
        await store.close()


class _HttpDoor(NamedTuple):
    """A port for HTTP, and where it is to be."""

    listener: HttpListener
    ip: str
    port: int


def _http_doors(config: Config, assembly: Assembly) -> dict[str, _HttpDoor]:
    """Those that are wanted, by name. What they stand on is loaded when somebody comes."""

    def load_ui() -> HttpServer:
        from mainspring.server.process.http_doors import ui_door

        return ui_door(config.ui, assembly)

    def load_api() -> HttpServer:
        from mainspring.server.process.http_doors import api_door

        return api_door(config.http, assembly)

    def load_metrics() -> HttpServer:
        from mainspring.server.process.http_doors import metrics_door

        return metrics_door(config.metrics, assembly)

    places: dict[str, tuple[UiConfig | HttpConfig | MetricsConfig, Callable[[], HttpServer]]] = {
        "ui": (config.ui, load_ui),
        "http": (config.http, load_api),
        "metrics": (config.metrics, load_metrics),
    }
    return {
        name: _HttpDoor(HttpListener(load), place.ip, place.port)
        for name, (place, load) in places.items()
        if place.enabled
    }


async def _stop(listeners: Sequence[GrpcServer | HttpListener], assembly: Assembly, grace_s: float) -> None:
    finishing = [asyncio.create_task(each.finish(grace_s)) for each in listeners]
    await assembly.drain()
    await asyncio.gather(*finishing)


def _leave() -> NoReturn:
    """End the process with its connections open: see `serving`. Everything is stored and closed."""
    logging.shutdown()
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(0)


def _log_start(config: Config, server: GrpcServer, doors: Mapping[str, _HttpDoor], took_s: float) -> None:
    log.info(
        "mainspring started: version=%s address=%s:%s %s store=%s namespaces=%s took_ms=%.0f",
        __version__,
        config.grpc.ip,
        server.port,
        " ".join(f"{name}=http://{_in_url(door.ip)}:{door.listener.port}" for name, door in doors.items()) or "ui=none",
        config.store.path or "memory",
        ",".join(config.namespaces.create),
        took_s * 1_000,
    )


def _in_url(ip: str) -> str:
    return f"[{ip}]" if ":" in ip else ip


def _on_signals(stop: asyncio.Event) -> None:
    """The first signal stops the server in good order; a second one ends the process at once."""
    loop = asyncio.get_running_loop()

    def stop_in_order(received: signal.Signals) -> None:
        stop.set()
        loop.remove_signal_handler(received)

    for each in (signal.SIGTERM, signal.SIGINT):
        if sys.platform == "win32":
            signal.signal(each, lambda _number, _frame: loop.call_soon_threadsafe(stop.set))
        else:
            loop.add_signal_handler(each, stop_in_order, each)


def _run_on_fast_loop(main_coroutine: Coroutine[Any, Any, None]) -> None:
    try:
        import uvloop
    except ImportError:
        asyncio.run(main_coroutine)
    else:
        uvloop.run(main_coroutine)
