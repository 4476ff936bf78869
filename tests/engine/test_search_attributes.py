"""Times in search attributes: those that every Python reads alike."""

from __future__ import annotations

import pytest

from mainspring.server.engine.search_attributes import instant_of


def test_a_time_is_kept_to_the_nanosecond() -> None:
    assert instant_of("1970-01-01T01:00:01.000000002+01:00") == 1_000_000_002


@pytest.mark.parametrize("text", ["1970-01-01T24:00:00Z", "1970-01-01T00:00:00", "1970-01-01T00:00:60Z", "tomorrow"])
def test_what_is_no_time_is_refused(text: str) -> None:
    with pytest.raises(ValueError):  # noqa: PT011  # Python's own, each with its own text
        instant_of(text)
