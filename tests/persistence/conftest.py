"""Every store under test: the one on a file, and the one in memory."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from pathlib import Path

import pytest

from mainspring.server.persistence.sqlite import open_sqlite
from mainspring.server.persistence.store import Store


@pytest.fixture(params=["file", "file, by the loop", "memory", "memory, by the loop"])
async def store(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncGenerator[Store]:
    place, _, by_the_loop = request.param.partition(", ")
    path = str(tmp_path / "store.db") if place == "file" else None
    opened = await open_sqlite(path, commits_on_loop=bool(by_the_loop))
    try:
        yield opened
    finally:
        await opened.close()
