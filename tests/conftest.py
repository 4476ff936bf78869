"""What holds for every test: markers by folder, and nothing of ours may block an event loop.

    tests/differential/test_timers.py  ->  marked `differential`
    tests/engine/test_retry.py         ->  a unit test, no marker

`blockbuster` makes a blocking call (file, socket, sleep, SQL) an error where an event loop runs and our own code is
on the stack; the official SDK in the same process may do as it likes.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import grpc.aio
import pytest
from blockbuster import BlockBuster, blockbuster_ctx

pytest_plugins = ["tests.lateness"]

HERE = Path(__file__).parent
# What waits for a compiler or kills processes is long, and few tests: at the end one core would wait for it.
FIRST_FOLDERS = ("interop", "crash")
FOLDER_MARKERS = {
    "bad_input",
    "crash",
    "differential",
    "interop",
    "scenario",
    "simulation",
    "ui",
}


def folder_of(item: pytest.Item) -> str:
    return item.path.relative_to(HERE).parts[0] if item.path.is_relative_to(HERE) else ""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if folder_of(item) in FOLDER_MARKERS:
            item.add_marker(folder_of(item))
    items.sort(key=lambda item: folder_of(item) not in FIRST_FOLDERS)


@pytest.fixture(scope="session", autouse=True)
def grpc_stays_up() -> Iterator[None]:
    """One polling thread of gRPC lives as long as the tests.

    grpcio joins it when the last `grpc.aio` channel of the process is collected, closed or not, on whatever stack the
    collector then interrupts. If that is one of ours in a loop, the join is a blocking call that `blockbuster` refuses,
    and the thread's sockets are left open, to be warned of in yet another test.
    """
    grpc.aio.init_grpc_aio()  # type: ignore[attr-defined]  # not in the stubs
    yield
    grpc.aio.shutdown_grpc_aio()  # type: ignore[attr-defined]  # not in the stubs


@pytest.fixture(autouse=True)
def nothing_blocks_the_loop() -> Iterator[BlockBuster]:
    """Any blocking call of ours inside a running event loop raises `BlockingError`.

    The guards of workflow code stand between every caller and what they guard, so their frames do not make a call ours.
    Commits may block it, for they are the loop's only as long as they are brief.
    """
    with blockbuster_ctx("mainspring", excluded_modules=["mainspring.determinism"]) as blockbuster:
        for name, function in blockbuster.functions.items():
            if name.startswith("sqlite3."):
                function.can_block_in("sqlite/writer.py", {"_commit"})
        yield blockbuster
