"""Guards are exchanged while other threads run workflow code, and their own: each has what is his."""

from __future__ import annotations

import random
import sys
import threading
import time
from collections.abc import Iterator

import pytest

from mainspring import workflow
from tests.worker.driven import Driven, signal

SIGNALS = 50


@workflow.defn
class Looks:
    def __init__(self) -> None:
        self.seen: list[bool] = []
        self.drawn: list[float] = []

    @workflow.run
    async def run(self) -> list[float]:
        await workflow.wait_condition(lambda: len(self.seen) == SIGNALS)
        assert all(self.seen)
        return self.drawn

    @workflow.signal
    def look(self) -> None:
        self.seen.append(time.time() == workflow.time())
        self.drawn.append(random.random())


@pytest.fixture
def hasty_threads() -> Iterator[None]:
    before = sys.getswitchinterval()
    sys.setswitchinterval(1e-5)
    yield
    sys.setswitchinterval(before)


@pytest.mark.usefixtures("hasty_threads")
def test_threads_of_workflows_and_others_each_have_their_own_time_and_chance() -> None:
    began_at, is_over = time.time(), threading.Event()
    strange: list[float] = []
    ends: list[str] = []

    def elsewhere() -> None:
        while not is_over.is_set():
            if abs(time.time() - began_at) > 600:
                strange.append(time.time())

    def runs() -> None:
        run = Driven(Looks)
        run.begin()
        for _ in range(SIGNALS):
            run.tell(signal("look"))
        ends.append(run.all[-1])

    others = threading.Thread(target=elsewhere)
    workers = [threading.Thread(target=runs) for _ in range(4)]
    for thread in (others, *workers):
        thread.start()
    for thread in workers:
        thread.join()
    is_over.set()
    others.join()
    assert not strange
    assert len(ends) == len(workers)
    assert len(set(ends)) == 1, "the same seed draws the same"
    assert ends[0].startswith("complete [")
