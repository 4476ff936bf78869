"""How long something took, many times: a histogram that costs a few hundred nanoseconds an entry.

    took.add(0.004)      took.since(earlier).quantile(0.99)

Written by one thread; others may read at any moment, and may then miss the newest entry.
"""

from __future__ import annotations

from bisect import bisect_left
from typing import Final

BOUNDS_S: Final = (
    *(0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1),
    *(0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0),
)
"""Upper bounds of the buckets; above the last there is one more."""


class Durations:
    """Counts by bucket, and the sum."""

    __slots__ = ("counts", "total_s")

    def __init__(self, counts: list[int] | None = None, total_s: float = 0.0) -> None:
        self.counts = counts or [0] * (len(BOUNDS_S) + 1)
        self.total_s = total_s

    def __repr__(self) -> str:
        return f"<Durations {self.count} in {self.total_s:.3f} s>"

    @property
    def count(self) -> int:
        """How many there are."""
        return sum(self.counts)

    def add(self, took_s: float) -> None:
        """One more."""
        self.counts[bisect_left(BOUNDS_S, took_s)] += 1
        self.total_s += took_s

    def copy(self) -> Durations:
        """As they are now."""
        return Durations(self.counts[:], self.total_s)

    def since(self, earlier: Durations) -> Durations:
        """Those that were added since a copy was taken."""
        counts = [now - then for now, then in zip(self.counts, earlier.counts, strict=True)]
        return Durations(counts, self.total_s - earlier.total_s)

    def plus(self, other: Durations) -> Durations:
        """Those of both."""
        counts = [mine + theirs for mine, theirs in zip(self.counts, other.counts, strict=True)]
        return Durations(counts, self.total_s + other.total_s)

    def quantile(self, share: float) -> float | None:
        """Seconds that this share of them took at most, read off their bucket; None if there are none.

        Those above the last bound count as that bound.
        """
        left = share * self.count
        if not left:
            return None
        lower_s = 0.0
        for upper_s, inside in zip(BOUNDS_S, self.counts, strict=False):
            if inside >= left:
                return lower_s + (upper_s - lower_s) * left / inside
            left -= inside
            lower_s = upper_s
        return lower_s
