from __future__ import annotations

import math

from hypothesis import given
from hypothesis import strategies as st

from mainspring.server.matching.rates import RateWindow, TokenBucket


def a_bucket(per_second: float | None, now_s: float = 0.0) -> TokenBucket:
    bucket = TokenBucket()
    bucket.set_rate(per_second, now_s)
    return bucket


def passed_by(bucket: TokenBucket, now_s: float) -> int:
    """How many tasks go through at that instant."""
    count = 0
    while bucket.ready_at_s() <= now_s and count < 1000:
        bucket.spend(now_s)
        count += 1
    return count


def test_a_second_s_worth_may_go_at_once_and_then_one_by_one() -> None:
    bucket = a_bucket(4.0)

    assert passed_by(bucket, 0.0) == 4
    assert passed_by(bucket, 0.2) == 0
    assert passed_by(bucket, 0.25) == 1
    assert passed_by(bucket, 0.75) == 2


def test_an_idle_bucket_saves_no_more_than_its_burst() -> None:
    bucket = a_bucket(4.0)

    assert passed_by(bucket, 1000.0) == 4


def test_a_rate_below_one_lets_single_tasks_through() -> None:
    bucket = a_bucket(0.1)

    assert passed_by(bucket, 0.0) == 1
    assert bucket.ready_at_s() == 10.0


def test_a_rate_of_zero_lets_nothing_through() -> None:
    assert a_bucket(0.0).ready_at_s() == math.inf


def test_no_rate_is_no_limit() -> None:
    assert passed_by(a_bucket(None), 0.0) == 1000


def test_a_new_rate_does_not_wait_out_the_debt_of_the_old_one() -> None:
    bucket = a_bucket(0.001)
    bucket.spend(0.0)

    bucket.set_rate(2.0, 1.0)

    assert bucket.ready_at_s() <= 1.5


@given(
    per_second=st.floats(0.1, 50.0),
    steps_s=st.lists(st.floats(0.0, 3.0), min_size=1, max_size=50),
)
def test_never_more_passes_than_rate_and_burst_allow(per_second: float, steps_s: list[float]) -> None:
    bucket, now_s, count = a_bucket(per_second), 0.0, 0
    for step_s in steps_s:
        now_s += step_s
        count += passed_by(bucket, now_s)
        assert count <= max(1.0, per_second) + per_second * now_s + 1e-6


def test_a_rate_window_forgets_what_is_older_than_thirty_seconds() -> None:
    window = RateWindow(0.0)
    for second in range(60):
        window.add(float(second))

    assert 0.9 < window.per_second(60.0) <= 1.05
    assert window.per_second(200.0) == 0.0


def test_a_young_window_counts_over_its_age() -> None:
    window = RateWindow(100.0)
    for _ in range(20):
        window.add(101.0)

    assert window.per_second(102.0) == 10.0
