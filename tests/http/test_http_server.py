"""Listening for HTTP in the loop of the server: start, bounds, stop."""

from __future__ import annotations

import asyncio
import socket
import subprocess
import sys
import threading
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager, suppress

import httpx
import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse, StreamingResponse
from starlette.routing import Route

from mainspring.server.process.config import Config, GrpcConfig, UiConfig
from mainspring.server.process.http_listener import HttpListener
from mainspring.server.process.http_server import HttpServer
from mainspring.server.process.server import serving
from tests.server_process import free_port


async def quick(_request: Request) -> PlainTextResponse:
    return PlainTextResponse("quick")


async def endless(_request: Request) -> StreamingResponse:
    async def parts() -> AsyncGenerator[bytes]:
        yield b"first"
        await asyncio.Event().wait()

    return StreamingResponse(parts())


def listener(*routes: Route) -> HttpListener:
    return HttpListener(lambda: HttpServer(Starlette(routes=routes)))


@asynccontextmanager
async def listening() -> AsyncGenerator[tuple[HttpListener, httpx.AsyncClient]]:
    server = listener(Route("/quick", quick), Route("/endless", endless))
    await server.start("127.0.0.1", 0)
    try:
        async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{server.port}") as http:
            yield server, http
    finally:
        await server.finish(0)


async def test_an_open_stream_does_not_hold_up_a_stop() -> None:
    async with listening() as (server, http), http.stream("GET", "/endless") as stream:
        parts = stream.aiter_bytes()
        assert await anext(parts) == b"first"
        async with asyncio.timeout(5):
            await server.finish(0.01)
            with pytest.raises(httpx.RemoteProtocolError):
                await anext(parts)


async def test_a_server_that_has_finished_takes_no_connections() -> None:
    async with listening() as (server, http):
        assert (await http.get("/quick")).text == "quick"
        await server.finish(0)
        with pytest.raises(ConnectionRefusedError):
            await asyncio.open_connection("127.0.0.1", server.port)


async def test_headers_that_do_not_end_are_refused() -> None:
    async with listening() as (_, http):
        with suppress(httpx.TransportError):  # it may hang up before it has read all of them
            assert (await http.get("/quick", headers={"x": "y" * 200_000})).status_code == 400
        assert (await http.get("/quick")).text == "quick"


async def test_a_port_that_is_taken_is_named() -> None:
    async with listening() as (server, _):
        with pytest.raises(OSError, match=f"cannot listen on 127.0.0.1:{server.port}"):
            await listener().start("127.0.0.1", server.port)


async def test_what_serves_is_loaded_when_somebody_comes_and_once() -> None:
    loaded: list[str] = []

    def load() -> HttpServer:
        loaded.append(threading.current_thread().name)
        return HttpServer(Starlette(routes=[Route("/quick", quick)]))

    server = HttpListener(load)
    await server.start("127.0.0.1", 0)
    try:
        assert loaded == []
        async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{server.port}") as http:
            answers = await asyncio.gather(*(http.get("/quick") for _ in range(20)))
    finally:
        await server.finish(0)
    assert [answer.text for answer in answers] == ["quick"] * 20
    assert len(loaded) == 1
    assert loaded != [threading.main_thread().name]


async def test_a_server_that_cannot_be_loaded_hangs_up_and_says_why(caplog: pytest.LogCaptureFixture) -> None:
    def load() -> HttpServer:
        raise ModuleNotFoundError("No module named 'jinja2'")

    server = HttpListener(load)
    await server.start("127.0.0.1", 0)
    async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{server.port}") as http:
        with pytest.raises(httpx.TransportError):
            await http.get("/quick")
    await server.finish(0)
    assert "No module named 'jinja2'" in caplog.text


async def test_nobody_may_have_come_before_the_end() -> None:
    server = listener()
    await server.start("127.0.0.1", 0)
    await server.finish(0)
    with pytest.raises(ConnectionRefusedError):
        await asyncio.open_connection("127.0.0.1", server.port)


async def test_an_end_does_not_wait_for_what_is_being_loaded() -> None:
    may_end, begun = threading.Event(), asyncio.Event()
    loop = asyncio.get_running_loop()

    def load() -> HttpServer:
        loop.call_soon_threadsafe(begun.set)
        may_end.wait(10)
        return HttpServer(Starlette())

    server = HttpListener(load)
    await server.start("127.0.0.1", 0)
    _, writer = await asyncio.open_connection("127.0.0.1", server.port)
    try:
        async with asyncio.timeout(5):
            await begun.wait()
            await server.finish(0)
    finally:
        may_end.set()
        writer.close()


def test_a_server_loads_nothing_of_http_before_somebody_comes() -> None:
    program = """
import asyncio, sys
from mainspring.server.process.config import Config, GrpcConfig, HttpConfig, MetricsConfig, UiConfig
from mainspring.server.process.server import serving

async def main():
    places = dict(ui=UiConfig(enabled=True, port=0), http=HttpConfig(enabled=True, port=0))
    async with serving(Config(grpc=GrpcConfig(port=0), metrics=MetricsConfig(enabled=True, port=0), **places)):
        print(sorted({"starlette", "uvicorn", "jinja2", "prometheus_client"} & set(sys.modules)))

asyncio.run(main())
"""
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True, timeout=15)
    assert done.stdout == "[]\n"


async def test_a_name_with_two_addresses_has_one_port() -> None:
    server = listener(Route("/quick", quick))
    await server.start("localhost", 0)
    addresses = await asyncio.get_running_loop().getaddrinfo("localhost", server.port, type=socket.SOCK_STREAM)
    try:
        async with httpx.AsyncClient() as http:
            for family, *_, address in addresses:
                host = f"[{address[0]}]" if family == socket.AF_INET6 else address[0]
                assert (await http.get(f"http://{host}:{server.port}/quick")).text == "quick"
    finally:
        await server.finish(0)


async def test_a_whole_server_serves_its_pages() -> None:
    port = free_port()
    config = Config(grpc=GrpcConfig(port=0, stop_s=0.1), ui=UiConfig(enabled=True, port=port))
    async with serving(config), httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}") as http:
        assert (await http.get("/readyz")).status_code == 200
        page = await http.get("/workflows")
        assert page.status_code == 200
        assert "Workflows" in page.text
        assert (await http.get("/workflows", headers={"host": "evil.example"})).status_code == 421


async def test_a_server_whose_ui_cannot_listen_does_not_start() -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        config = Config(grpc=GrpcConfig(port=0, stop_s=0.1), ui=UiConfig(enabled=True, port=other.getsockname()[1]))
        with pytest.raises(OSError, match="cannot listen"):
            async with serving(config):
                pass
