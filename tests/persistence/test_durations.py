"""Histograms of durations: buckets, differences, quantiles."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mainspring.server.persistence.durations import BOUNDS_S, Durations


def took(*seconds: float) -> Durations:
    made = Durations()
    for each in seconds:
        made.add(each)
    return made


def test_a_duration_on_a_bound_is_in_its_bucket() -> None:
    made = took(BOUNDS_S[0], BOUNDS_S[-1], BOUNDS_S[-1] + 1)
    assert made.counts == [1, *[0] * (len(BOUNDS_S) - 2), 1, 1]
    assert made.total_s == pytest.approx(BOUNDS_S[0] + 2 * BOUNDS_S[-1] + 1)


def test_what_came_since_a_copy_is_the_difference() -> None:
    made = took(0.003, 0.2)
    earlier = made.copy()
    made.add(0.004)
    assert made.since(earlier).counts == took(0.004).counts
    assert earlier.count == 2
    assert earlier.plus(took(0.004)).counts == made.counts


def test_quantiles_lie_in_the_bucket_of_the_duration() -> None:
    made = took(*[0.0002] * 98, 0.7, 400)
    assert made.quantile(0.5) == pytest.approx(0.0005 * 50 / 98)
    assert made.quantile(0.99) == pytest.approx(1.0)
    assert made.quantile(1) == BOUNDS_S[-1]
    assert Durations().quantile(0.5) is None


@given(st.lists(st.floats(0, 100), min_size=1), st.floats(0.01, 1))
def test_a_quantile_is_never_further_than_a_bucket_off(seconds: list[float], share: float) -> None:
    found = took(*seconds).quantile(share)
    assert found is not None
    exact = sorted(seconds)[max(0, -int(-share * len(seconds) // 1) - 1)]
    below = max((bound for bound in (0.0, *BOUNDS_S) if bound < exact), default=0.0)
    above = min((bound for bound in BOUNDS_S if bound >= exact), default=BOUNDS_S[-1])
    assert below <= found <= above
