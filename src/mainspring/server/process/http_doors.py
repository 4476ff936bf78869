"""What is spoken over HTTP, each on a port of its own: the web UI, the API, metrics. Loaded when somebody comes.

door (hosts, /healthz, /readyz, /metrics) -> pages of the UI | the API | nothing
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from functools import partial
from typing import TYPE_CHECKING

from starlette.routing import BaseRoute
from starlette.types import ASGIApp

from mainspring import __version__
from mainspring.server.http import allowed_hosts, door
from mainspring.server.http.bindings import Table
from mainspring.server.http.description import description_routes
from mainspring.server.http.openapi import document
from mainspring.server.http.payload_json import Object
from mainspring.server.http.rest import api_routes
from mainspring.server.process.assembly import OPERATOR_SERVICE, WORKFLOW_SERVICE, Assembly
from mainspring.server.process.config import HttpConfig, MetricsConfig, UiConfig
from mainspring.server.process.http_server import HttpServer
from mainspring.server.process.http_service import HttpService

if TYPE_CHECKING:
    from mainspring.server.ui import Options


def ui_door(config: UiConfig, assembly: Assembly) -> HttpServer:
    """The web UI."""
    from mainspring.server.process.ui_service import UiService
    from mainspring.server.ui import routes

    return HttpServer(_app(config, assembly, routes(UiService(assembly), ui_options(config))))


def ui_options(config: UiConfig) -> Options:
    """What the configuration says of the UI itself."""
    from mainspring.server.ui import Options
    from mainspring.server.ui.codec_server import CodecServer

    return Options(
        codec=CodecServer(config.codec_endpoint) if config.codec_endpoint else None,
        is_read_only=config.disable_write_actions,
    )


def api_door(config: HttpConfig, assembly: Assembly) -> HttpServer:
    """The API."""
    routes = api_and_its_description(assembly, config.cors_origins)
    return HttpServer(_app(config, assembly, routes, config.cors_origins))


def metrics_door(config: MetricsConfig, assembly: Assembly) -> HttpServer:
    """Metrics, and nothing else."""
    return HttpServer(_app(config, assembly, []))


def api_and_its_description(assembly: Assembly, origins: Collection[str] = ()) -> Sequence[BaseRoute]:
    """The API, and the document that says what of it is served."""
    table = api_table()

    def described() -> Object:
        return document((each for each in table if assembly.methods[each.rpc].is_served), __version__)

    largest_body_bytes = assembly.door.limits.request_size_bytes
    return [*description_routes(described), *api_routes(HttpService(assembly), table, largest_body_bytes, origins)]


def api_table() -> Table:
    """What the HTTP API serves."""
    return Table([WORKFLOW_SERVICE, OPERATOR_SERVICE])


def _app(
    config: UiConfig | HttpConfig | MetricsConfig,
    assembly: Assembly,
    behind: Sequence[BaseRoute],
    origins: Collection[str] = (),
) -> ASGIApp:
    calls = assembly.door.calls
    hosts = allowed_hosts(config.ip, config.allowed_hosts)
    return door(hosts, lambda: not calls.is_closed, partial(_metrics, assembly), behind, origins)


async def _metrics(assembly: Assembly) -> bytes:
    from mainspring.server.process.metrics import exposition

    return await exposition(assembly)
