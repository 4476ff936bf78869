"""The HTTP door: health, and whose requests are answered at all."""

from __future__ import annotations

import httpx
import pytest
from starlette.requests import Request
from starlette.responses import PlainTextResponse
from starlette.routing import Route

from mainspring.server.http import allowed_hosts, door
from mainspring.server.http.hosts import is_allowed


async def answer(_request: Request) -> PlainTextResponse:
    return PlainTextResponse("behind")


async def metrics() -> bytes:
    return b"up 1\n"


async def get(path: str, *, host: str = "localhost:8233", is_ready: bool = True) -> httpx.Response:
    app = door(allowed_hosts("127.0.0.1", ()), lambda: is_ready, metrics, [Route("/page", answer)])
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app=app), base_url="http://localhost") as http:
        return await http.get(path, headers={"host": host})


@pytest.mark.parametrize(
    "path, is_ready, status",
    [("/healthz", True, 200), ("/healthz", False, 200), ("/readyz", True, 200), ("/readyz", False, 503)],
)
async def test_a_stopping_server_is_healthy_but_not_ready(path: str, status: int, *, is_ready: bool) -> None:
    answered = await get(path, is_ready=is_ready)
    assert answered.status_code == status
    assert answered.headers["cache-control"] == "no-store"


async def test_what_is_behind_the_door_answers() -> None:
    assert (await get("/page")).text == "behind"
    assert (await get("/elsewhere")).status_code == 404


@pytest.mark.parametrize("host", ["evil.example", "evil.example:8233", "localhost.evil.example", ""])
@pytest.mark.parametrize("path", ["/page", "/healthz"])
async def test_a_name_that_another_site_gave_this_machine_is_refused(path: str, host: str) -> None:
    refused = await get(path, host=host)
    assert refused.status_code == 421
    assert "behind" not in refused.text


@pytest.mark.parametrize(
    "ip, configured, header, is_answered",
    [
        ("127.0.0.1", (), "127.0.0.1:8233", True),
        ("localhost", (), "LOCALHOST", True),
        ("::1", (), "[::1]:8233", True),
        ("::1", (), "[::1]", True),
        ("127.0.0.2", (), "127.0.0.2:1", True),
        ("127.0.0.1", (), "192.168.0.1", False),
        ("127.0.0.1", (), "localhost:evil", False),
        ("0.0.0.0", (), "any.example", True),
        ("10.0.0.1", (), "any.example", True),
        ("0.0.0.0", ("Flows.Example",), "flows.example:443", True),
        ("0.0.0.0", ("flows.example",), "localhost", False),
        ("127.0.0.1", ("*",), "any.example", True),
    ],
)
def test_names_that_are_answered(ip: str, configured: tuple[str, ...], header: str, *, is_answered: bool) -> None:
    assert is_allowed(header, allowed_hosts(ip, configured)) == is_answered
