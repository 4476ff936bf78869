"""A server with gRPC and the web UI, both on this loop.

async with serving_ui(Config()) as served:
    served.ui, served.grpc     # "http://127.0.0.1:8233", "127.0.0.1:7233"
"""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncGenerator, Generator
from contextlib import asynccontextmanager, contextmanager
from typing import NamedTuple

import uvicorn
from starlette.applications import Starlette

from mainspring.server.process.assembly import Assembly, assemble
from mainspring.server.process.config import Config
from mainspring.server.process.grpc_server import GrpcServer
from mainspring.server.process.http_doors import ui_options
from mainspring.server.process.server import opened_store
from mainspring.server.process.ui_service import UiService
from mainspring.server.ui import Options, routes

HOST = "127.0.0.1"
STOP_S = 1.0


class Served(NamedTuple):
    """Where it listens."""

    grpc: str
    ui: str


@asynccontextmanager
async def serving_ui(config: Config, *, ui_port: int = 0) -> AsyncGenerator[Served]:
    """Both, for as long as the context is open. `ui_port` 0: a free one."""
    async with opened_store(config.store.path) as store:
        assembly = await assemble(config, store, address="ui-demo")
        grpc = GrpcServer(assembly.methods.values(), assembly.door)
        listening = socket.create_server((HOST, ui_port))
        ui = _ui_server(assembly, ui_options(config.ui))
        serving = asyncio.create_task(ui.serve([listening]))
        try:
            await grpc.start(HOST, config.grpc.port)
            yield Served(f"{HOST}:{grpc.port}", f"http://{HOST}:{listening.getsockname()[1]}")
        finally:
            ui.should_exit = True
            await serving
            finishing = asyncio.create_task(grpc.finish(STOP_S))
            await assembly.drain()
            await finishing
            await grpc.hang_up()
            await assembly.close()


def _ui_server(assembly: Assembly, options: Options) -> uvicorn.Server:
    app = Starlette(routes=routes(UiService(assembly), options))
    config = uvicorn.Config(app, log_level="warning", lifespan="off", access_log=False)
    return _Quiet(config)


class _Quiet(uvicorn.Server):
    """Leaves signals to the program around it."""

    @contextmanager
    def capture_signals(self) -> Generator[None]:
        yield
