"""Every store under test: the one on a file, and the one in memory."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from pathlib import Path

import pytest

from mainspring.server.persistence.sqlite import open_sqlite
from mainspring.server.persistence.store import Store


@pytest.fixture(params=["file", "memory"])
async def store(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncGenerator[Store]:
    opened = await open_sqlite(str(tmp_path / "store.db") if request.param == "file" else None)
    try:
        yield opened
    finally:
        await opened.close()
