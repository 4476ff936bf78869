"""An engine for tests: that of `open_engine`, with a port for others or a time that skips."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Mapping
from contextlib import asynccontextmanager

import msgspec

from mainspring._embedded._engine import EmbeddedEngine
from mainspring.server.process.config import Config, GrpcConfig, NamespaceConfig, SearchAttributeType, StoreConfig
from mainspring.server.process.config_source import with_dynamic
from mainspring.server.process.in_process import server_in_process
from mainspring.server.process.time_skipping import TimeSkipping

KEPT_S = 86_400.0


class TestEngineOptions(msgspec.Struct, frozen=True, kw_only=True):
    """What an engine for tests is to be like."""

    __test__ = False  # not for pytest

    path: str = ""  # of its file; empty: in memory
    namespace: str = "default"
    search_attributes: Mapping[str, str] = {}  # name to type, as Keyword
    dynamic_config: Mapping[str, object] = {}  # limits by the official keys
    ip: str = "127.0.0.1"
    port: int | None = None  # for gRPC clients; 0: a free one, None: there are none
    skips_time: bool = False  # and keeps closed workflows for ever


class TestEngine(msgspec.Struct, frozen=True, kw_only=True):
    """An engine, and where gRPC clients find it."""

    __test__ = False

    engine: EmbeddedEngine
    address: str


@asynccontextmanager
async def open_test_engine(options: TestEngineOptions) -> AsyncGenerator[TestEngine]:
    """Open it for as long as the context is open.

    Raises:
        StoreError: The file cannot be opened, or another process has it.
        OSError: The port cannot be had.
        ValueError: A limit or a search attribute is not one.
    """
    time_skipping = TimeSkipping() if options.skips_time else None
    config = _config(options)
    async with server_in_process(config, listens=options.port is not None, time_skipping=time_skipping) as server:
        address = f"{options.ip}:{server.port}" if server.port else "in-process"
        yield TestEngine(engine=EmbeddedEngine(server.services), address=address)


def _config(options: TestEngineOptions) -> Config:
    errors: list[str] = []
    limits = with_dynamic(Config().limits, dict(options.dynamic_config), errors)
    if errors:
        raise ValueError("; ".join(errors))
    return Config(
        grpc=GrpcConfig(ip=options.ip, port=options.port or 0),
        store=StoreConfig(path=options.path),
        namespaces=NamespaceConfig(
            create=tuple(dict.fromkeys(["default", options.namespace])),
            retention_s=0 if options.skips_time else KEPT_S,
            search_attributes=msgspec.convert(dict(options.search_attributes), dict[str, SearchAttributeType]),
        ),
        limits=limits,
    )
