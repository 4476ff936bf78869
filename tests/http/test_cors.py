"""Pages of other sites: which may call the API, and which may read what it answers."""

from __future__ import annotations

import httpx
import pytest

from mainspring.server.process.config import Config, GrpcConfig, HttpConfig
from mainspring.server.process.config_source import ConfigError, load
from mainspring.server.process.server import serving
from tests.http.served import api
from tests.server_process import free_port

NAMED, OTHER = "https://flows.example", "https://evil.example"
W = "/api/v1/namespaces/default/workflows"
START = {"workflowType": {"name": "T"}, "taskQueue": {"name": "q"}}


def preflight(origin: str, *, method: str = "POST", headers: str = "content-type,grpc-timeout") -> dict[str, str]:
    return {
        "origin": origin,
        "access-control-request-method": method,
        "access-control-request-headers": headers,
    }


async def test_a_named_page_calls_and_reads() -> None:
    async with api(NAMED) as http:
        asked = await http.options(f"{W}/w", headers=preflight(NAMED))
        assert asked.status_code == 200
        assert asked.headers["access-control-allow-origin"] == NAMED
        assert "grpc-timeout" in asked.headers["access-control-allow-headers"]
        started = await http.post(f"{W}/w", json=START, headers={"origin": NAMED})
        assert started.status_code == 200
        assert started.headers["access-control-allow-origin"] == NAMED
        assert "Origin" in started.headers["vary"]
        refused = await http.get(f"{W}/none", headers={"origin": NAMED})
        assert (refused.status_code, refused.headers["access-control-allow-origin"]) == (404, NAMED)


@pytest.mark.parametrize(
    "origin", [OTHER, "null", f"{NAMED}.evil.example", "http://flows.example", f"{NAMED}:8443", "*"]
)
async def test_no_other_page_calls_or_reads(origin: str) -> None:
    async with api(NAMED) as http:
        asked = await http.options(f"{W}/w", headers=preflight(origin))
        assert asked.status_code == 400
        assert "access-control-allow-origin" not in asked.headers
        sent = await http.post(f"{W}/w", json=START, headers={"origin": origin})
        assert sent.status_code == 403
        assert "access-control-allow-origin" not in sent.headers
        assert (await http.get(f"{W}/w")).status_code == 404


@pytest.mark.parametrize("asked", [{"method": "PUT"}, {"headers": "x-anything"}])
async def test_a_named_page_may_ask_for_what_the_api_has_and_no_more(asked: dict[str, str]) -> None:
    async with api(NAMED) as http:
        assert (await http.options(f"{W}/w", headers=preflight(NAMED, **asked))).status_code == 400


async def test_cookies_are_never_allowed() -> None:
    async with api(NAMED) as http:
        for answer in (
            await http.options(f"{W}/w", headers=preflight(NAMED)),
            await http.get(W, headers={"origin": NAMED}),
        ):
            assert "access-control-allow-credentials" not in answer.headers


async def test_without_a_named_origin_nothing_is_allowed() -> None:
    async with api() as http:
        asked = await http.options(f"{W}/w", headers=preflight(NAMED))
        assert asked.status_code == 403
        assert not [name for name in asked.headers if name.startswith("access-control")]
        assert (await http.post(f"{W}/w", json=START, headers={"origin": NAMED})).status_code == 403


async def test_a_whole_server_is_open_to_the_origins_of_its_settings() -> None:
    port = free_port()
    config = Config(
        grpc=GrpcConfig(port=0, stop_s=0.1), http=HttpConfig(enabled=True, port=port, cors_origins=(NAMED,))
    )
    async with serving(config), httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}") as http:
        assert (await http.options(W, headers=preflight(NAMED, method="GET"))).status_code == 200
        assert (await http.get(W, headers={"origin": NAMED})).headers["access-control-allow-origin"] == NAMED
        rebound = preflight(NAMED) | {"host": "evil.example"}
        assert (await http.options(W, headers=rebound)).status_code == 421


@pytest.mark.parametrize("value", ["*", "flows.example", "https://flows.example/", "https://*.example", "ftp://a"])
def test_an_origin_is_a_scheme_and_a_host(value: str) -> None:
    with pytest.raises(ConfigError, match=r"http.cors_origins"):
        load(None, {"MAINSPRING_HTTP_CORS_ORIGINS": f"{NAMED}, {value}"})


def test_origins_come_from_the_environment_too() -> None:
    config = load(None, {"MAINSPRING_HTTP_CORS_ORIGINS": f"{NAMED}, http://[::1]:8080"})
    assert config.http.cors_origins == (NAMED, "http://[::1]:8080")
