"""Limits under the real server's keys."""

from __future__ import annotations

import pytest

from mainspring.server.engine.limits import LimitError, Limits, duration_s


def test_a_key_sets_its_limit_whatever_its_case() -> None:
    limits = Limits().with_dynamic("LIMIT.blobsize.ERROR", 10)

    assert limits.blob_size_error_bytes == 10
    assert limits == Limits(blob_size_error_bytes=10)


def test_unknown_keys_change_nothing() -> None:
    assert Limits().with_dynamic("history.enableChasm", True) == Limits()


@pytest.mark.parametrize(
    "text,seconds",
    [("20s", 20.0), ("1m30s", 90.0), ("300ms", 0.3), ("1.5h", 5400.0), ("7d", 604_800.0), ("45", 45.0)],
)
def test_durations_are_read_as_go_and_the_cli_write_them(text: str, seconds: float) -> None:
    assert duration_s("x", text) == pytest.approx(seconds)
    assert Limits().with_dynamic("history.longPollExpirationInterval", text).history_poll_s == pytest.approx(seconds)


@pytest.mark.parametrize("text", ["", "s", "20 s", "-1s", "1x", "1s2"])
def test_what_is_no_duration_is_refused(text: str) -> None:
    with pytest.raises(LimitError, match=r"^x: expected a duration"):
        duration_s("x", text)


@pytest.mark.parametrize("value", ["a", True, -1, 1.5, None, [1]])
def test_a_value_that_does_not_fit_names_the_key(value: object) -> None:
    with pytest.raises(LimitError, match=r"^limit\.maxIDLength: expected "):
        Limits().with_dynamic("limit.maxIDLength", value)


def test_whole_numbers_stay_whole() -> None:
    assert repr(Limits().with_dynamic("limit.maxIDLength", 5.0).id_length_bytes) == "5"
