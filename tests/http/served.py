"""The HTTP API on a whole server in memory, without a port."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager

import httpx
from starlette.applications import Starlette

from mainspring.server.http.cors import opened_to
from mainspring.server.persistence.sqlite import open_sqlite
from mainspring.server.process.http_doors import api_and_its_description
from tests.assembled import assembled


@asynccontextmanager
async def api(*origins: str) -> AsyncGenerator[httpx.AsyncClient]:
    """`origins`: of pages of other sites that may call it."""
    async with assembled(await open_sqlite(None)) as assembly:
        app = opened_to(Starlette(routes=api_and_its_description(assembly, origins)), origins)
        transport = httpx.ASGITransport(app=app)
        async with httpx.AsyncClient(transport=transport, base_url="http://api.test") as http:
            yield http
