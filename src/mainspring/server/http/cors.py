"""Which pages of other sites may call the API: none, but for those that `http.cors_origins` names.

    preflight of a named page   -> answered here       its requests     -> answered, and it may read the answer
    of another                  -> refused here        of another       -> refused by `check_origin`

A browser sends some requests without asking, and only keeps the answer from the page. The server has nothing to check
but who asks, so what a page of an unnamed site sends is refused. Cookies mean nothing to it, and are never allowed.
"""

from __future__ import annotations

from collections.abc import Collection
from typing import Final
from urllib.parse import urlsplit

from starlette.datastructures import Headers
from starlette.middleware.cors import CORSMiddleware
from starlette.types import ASGIApp

from mainspring.server.engine.errors import PermissionDenied

_METHODS: Final = ("GET", "POST", "DELETE")
_HEADERS: Final = (
    *("accept", "authorization", "content-type", "grpc-timeout"),
    *("client-name", "client-version", "supported-server-versions", "temporal-namespace"),
)


def opened_to(app: ASGIApp, origins: Collection[str]) -> ASGIApp:
    """The application, for pages of these origins too; without any, as it is."""
    if not origins:
        return app
    return CORSMiddleware(app, allow_origins=origins, allow_methods=_METHODS, allow_headers=_HEADERS)


def check_origin(headers: Headers, origins: Collection[str]) -> None:
    """Raises: PermissionDenied: the request comes from a page of another site, which is none of `origins`."""
    origin = headers.get("origin")
    if origin is None or origin in origins:
        return
    try:
        host = urlsplit(origin).netloc
    except ValueError:
        host = ""
    if not host or host != headers.get("host"):
        raise PermissionDenied("the request comes from a page of another site, which http.cors_origins does not name")
