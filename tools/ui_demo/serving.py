"""A server with gRPC and the web UI, both on this loop, as users run it.

async with serving_ui(Config()) as served:
    served.ui, served.grpc     # "http://127.0.0.1:8233", "127.0.0.1:7233"
"""

from __future__ import annotations

import socket
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from typing import NamedTuple

import msgspec

from mainspring.server.process.config import Config
from mainspring.server.process.server import serving

HOST = "127.0.0.1"


class Served(NamedTuple):
    """Where it listens."""

    grpc: str
    ui: str


@asynccontextmanager
async def serving_ui(config: Config, *, ui_port: int = 0) -> AsyncGenerator[Served]:
    """Both, for as long as the context is open. `ui_port` 0: a free one."""
    port = ui_port or _free_port()
    with_ui = msgspec.structs.replace(config, ui=msgspec.structs.replace(config.ui, enabled=True, port=port))
    async with serving(with_ui) as grpc:
        yield Served(f"{HOST}:{grpc.port}", f"http://{HOST}:{port}")


def _free_port() -> int:
    with socket.create_server((HOST, 0)) as listener:
        return int(listener.getsockname()[1])
