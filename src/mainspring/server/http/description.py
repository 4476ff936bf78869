"""Where the OpenAPI document is found: `/openapi.yaml`, as with the real server, and `/openapi.json`."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Sequence
from functools import cache
from typing import Final

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from mainspring.server.http.payload_json import Object
from mainspring.server.http.yaml_text import yaml_text

_NOT_KEPT: Final = {"cache-control": "no-store", "x-content-type-options": "nosniff"}


def description_routes(document: Callable[[], Object]) -> Sequence[BaseRoute]:
    """The document in both forms; `document` makes it, in a thread, when somebody first asks."""

    @cache
    def as_yaml() -> bytes:
        return yaml_text(document()).encode()

    @cache
    def as_json() -> bytes:
        return json.dumps(document(), indent=2).encode()

    async def openapi_yaml(_request: Request) -> Response:
        return Response(await asyncio.to_thread(as_yaml), media_type="text/plain", headers=_NOT_KEPT)

    async def openapi_json(_request: Request) -> Response:
        return Response(await asyncio.to_thread(as_json), media_type="application/json", headers=_NOT_KEPT)

    return [Route("/openapi.yaml", openapi_yaml), Route("/openapi.json", openapi_json)]
