"""When the event loop makes commits itself: as long as they are brief."""

from __future__ import annotations

from mainspring.server.persistence.sqlite.briefness import (
    BRIEF_JOB_S,
    BRIEF_S,
    FIRST_AWAY_S,
    LONGEST_AWAY_S,
    Briefness,
)

SLOW_S = 0.1


def commit(briefness: Briefness, took_s: float, at_s: float, *, times: int, job_count: int = 1) -> bool:
    """Returns: whether the loop may make the next one too."""
    for _ in range(times):
        briefness.note(took_s, job_count, at_s)
        if not briefness.is_given(at_s):
            return False
    return True


def until_slow(briefness: Briefness, at_s: float) -> None:
    assert not commit(briefness, SLOW_S, at_s, times=10)


def test_brief_commits_stay_in_the_loop() -> None:
    assert commit(Briefness(), BRIEF_S, 1.0, times=1000)


def test_large_groups_may_take_longer() -> None:
    assert commit(Briefness(), BRIEF_S + 100 * BRIEF_JOB_S, 1.0, times=100, job_count=100)
    assert not commit(Briefness(), BRIEF_S + 100 * BRIEF_JOB_S, 1.0, times=100, job_count=1)


def test_one_that_hangs_changes_nothing() -> None:
    briefness = Briefness()
    assert commit(briefness, BRIEF_S / 4, 1.0, times=100)
    assert commit(briefness, 10.0, 1.0, times=1)
    assert commit(briefness, BRIEF_S / 4, 1.0, times=100)


def test_slow_ones_are_tried_again_ever_later() -> None:
    briefness, now_s = Briefness(), 1.0
    away_s = FIRST_AWAY_S
    while away_s < LONGEST_AWAY_S:
        until_slow(briefness, now_s)
        assert not briefness.is_given(now_s + away_s * 0.99)
        now_s += away_s
        assert briefness.is_given(now_s)
        away_s *= 2
    until_slow(briefness, now_s)
    assert briefness.is_given(now_s + LONGEST_AWAY_S), "never later than that"


def test_when_it_has_gone_well_for_long_it_is_as_if_nothing_had_been() -> None:
    briefness = Briefness()
    until_slow(briefness, 1.0)
    again_s = 1.0 + FIRST_AWAY_S
    until_slow(briefness, again_s)
    assert not briefness.is_given(again_s + FIRST_AWAY_S)
    later_s = again_s + 10 * FIRST_AWAY_S
    assert commit(briefness, BRIEF_S / 4, later_s, times=1)
    until_slow(briefness, later_s)
    assert briefness.is_given(later_s + FIRST_AWAY_S)
