"""The ASGI application in front of every door that speaks HTTP.

    door(hosts, is_ready, metrics, behind) -> 421 for other hosts, /healthz, /readyz, /metrics, then the routes behind

Nothing here reads a body: whoever does bounds it.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Collection, Sequence
from typing import Final

from starlette.applications import Starlette
from starlette.datastructures import Headers
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import BaseRoute, Route
from starlette.types import ASGIApp, Receive, Scope, Send

from mainspring.server.engine.errors import MainspringError
from mainspring.server.http.cors import opened_to
from mainspring.server.http.hosts import is_allowed

_NOT_KEPT: Final = {"cache-control": "no-store", "x-content-type-options": "nosniff"}
_METRICS_TYPE: Final = "text/plain; version=0.0.4; charset=utf-8"
_MISDIRECTED: Final = 421


def door(
    hosts: frozenset[str],
    is_ready: Callable[[], bool],
    metrics: Callable[[], Awaitable[bytes]],
    behind: Sequence[BaseRoute],
    origins: Collection[str] = (),
) -> ASGIApp:
    """The application.

    `hosts` are the names it answers to, see `hosts.allowed_hosts`; `is_ready` whether calls are taken at the
    moment; `metrics` gives the server's numbers as text; pages of `origins` may read the answers, see `cors`.
    """

    async def healthz(_request: Request) -> PlainTextResponse:
        return PlainTextResponse("ok\n", headers=_NOT_KEPT)

    async def readyz(_request: Request) -> PlainTextResponse:
        if is_ready():
            return PlainTextResponse("ready\n", headers=_NOT_KEPT)
        return PlainTextResponse("stopping\n", status_code=503, headers=_NOT_KEPT)

    async def numbers(_request: Request) -> Response:
        try:
            return Response(await metrics(), media_type=_METRICS_TYPE, headers=_NOT_KEPT)
        except MainspringError as error:
            return PlainTextResponse(f"{error}\n", status_code=503, headers=_NOT_KEPT)

    own = [Route("/healthz", healthz), Route("/readyz", readyz), Route("/metrics", numbers)]
    app = Starlette(routes=[*own, *behind])
    app.router.redirect_slashes = False
    return _OwnHosts(opened_to(app, origins), hosts)


class _OwnHosts:
    """Refuses requests that were meant for another host."""

    def __init__(self, app: ASGIApp, hosts: frozenset[str]) -> None:
        self._app = app
        self._hosts = hosts

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        header = Headers(scope=scope).get("host", "")
        if is_allowed(header, self._hosts):
            await self._app(scope, receive, send)
            return
        text = "this server does not answer to the host name of the request; allow it by the setting ui.allowed_hosts\n"
        refusal = PlainTextResponse(text, status_code=_MISDIRECTED, headers=_NOT_KEPT)
        await refusal(scope, receive, send)
