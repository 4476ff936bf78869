"""The loop makes an engine's commits where workers can only be in its process; a server's are made by a thread."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from sqlite3 import Connection

import pytest

from mainspring._embedded._engine import open_engine
from mainspring._embedded._testing import TestEngineOptions, open_test_engine
from mainspring.server.persistence.sqlite.group_commit import do_and_commit
from mainspring.server.persistence.sqlite.jobs import Job


@pytest.fixture
def on_loop(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """The sizes of the groups that the loop commits."""
    sizes: list[int] = []

    def counted(db: Connection, group: Sequence[Job]) -> None:
        sizes.append(len(group))
        do_and_commit(db, group)

    monkeypatch.setattr("mainspring.server.persistence.sqlite.writer.do_and_commit", counted)
    return sizes


async def test_an_embedded_engine_s_loop_does(tmp_path: Path, on_loop: list[int]) -> None:
    async with open_engine(str(tmp_path / "app.db")):
        assert on_loop, "the namespace and the cluster's id were written"


async def test_a_server_s_does_not(tmp_path: Path, on_loop: list[int]) -> None:
    async with open_test_engine(TestEngineOptions(path=str(tmp_path / "app.db"), port=0)):
        assert not on_loop
