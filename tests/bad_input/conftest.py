"""One server for all of it: what one test did to it must not matter to the next, and at the end it is still well."""

from __future__ import annotations

import asyncio
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.bad_input.service import assert_still_well
from tests.server_process import ServerProcess


@pytest.fixture(scope="session")
def server() -> Iterator[ServerProcess]:
    with tempfile.TemporaryDirectory(prefix="bad-input-") as directory, ServerProcess(Path(directory)) as started:
        yield started
        asyncio.run(assert_still_well(started))
