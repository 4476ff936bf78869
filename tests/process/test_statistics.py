"""What the server counts of itself: totals, and what came of late."""

from __future__ import annotations

import pytest

from mainspring.server.engine.errors import NotFound
from mainspring.server.persistence.durations import Durations
from mainspring.server.process.statistics import Statistics

PATH = "/temporal.api.workflowservice.v1.WorkflowService/GetSystemInfo"


class Hall:
    """Statistics on a clock of their own."""

    def __init__(self) -> None:
        self.now_s = 1_000.0
        self.commits = Durations()
        self.statistics = Statistics(self.commits.copy, lambda: self.now_s)
        self.method = self.statistics.method("grpc", PATH)

    def call(self, *, after_s: float, took_s: float = 0.0) -> None:
        self.now_s += after_s + took_s
        self.statistics.ended(self.method, self.now_s - took_s)

    def recent(self) -> tuple[float, int]:
        found = self.statistics.recent()
        return found.window_s, sum(each.count for each in found.durations.values())


def test_calls_are_counted_by_door_and_method() -> None:
    hall = Hall()
    hall.call(after_s=0, took_s=0.2)
    hall.method.failed(NotFound("no such run"))
    hall.method.failed(None)
    hall.statistics.method("http", PATH)
    ((key, method),) = hall.statistics.called().items()
    assert key == ("grpc", PATH)
    assert method.durations.total_s == pytest.approx(0.2)
    assert (method.errors, method.error_count) == ({5: 1, 1: 1}, 2)


def test_a_young_server_tells_of_all_its_time() -> None:
    hall = Hall()
    for _ in range(3):
        hall.call(after_s=5)
    assert hall.recent() == (15, 3)


def test_an_old_server_tells_of_the_last_minute_or_so() -> None:
    hall = Hall()
    for _ in range(600):
        hall.call(after_s=1)
    window_s, count = hall.recent()
    assert 60 <= window_s <= 70
    assert count == window_s


def test_what_was_long_ago_is_not_recent() -> None:
    hall = Hall()
    for _ in range(100):
        hall.call(after_s=1)
    hall.now_s += 3_600
    hall.call(after_s=0)
    window_s, count = hall.recent()
    assert window_s >= 3_600
    assert count <= 11
    hall.now_s += 60
    assert hall.recent() == (60, 0)


def test_commits_are_recent_too() -> None:
    hall = Hall()
    hall.commits.add(0.004)
    hall.call(after_s=30)
    hall.commits.add(0.004)
    hall.call(after_s=61)
    assert hall.statistics.recent().commits.count == 1
