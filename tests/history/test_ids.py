"""Ids are UUIDs of version 7, and none comes twice."""

from __future__ import annotations

import time
import uuid

from mainspring.server.history.ids import new_id


def test_ids_are_uuids_of_version_7() -> None:
    made = uuid.UUID(new_id())
    assert (made.version, made.variant) == (7, uuid.RFC_4122)
    assert abs((made.int >> 80) - time.time_ns() // 1_000_000) < 10_000
    assert str(made) == str(uuid.UUID(str(made)))


def test_no_id_comes_twice() -> None:
    assert len({new_id() for _ in range(10_000)}) == 10_000


def test_later_ids_are_greater() -> None:
    first = new_id()
    began = time.time_ns() // 1_000_000
    while time.time_ns() // 1_000_000 == began:
        pass
    assert new_id() > first
