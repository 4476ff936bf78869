"""Values of metrics in memory, for what is exported now and then instead of at once.

A family is a metric; each set of attributes makes a series of it, under a key that the exporter chooses.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Generic, TypeVar

from mainspring.runtime._meter import MetricKind, MetricShape

BUCKETS_MS = (50.0, 100.0, 500.0, 1_000.0, 2_500.0, 10_000.0)
BUCKETS_S = tuple(bound / 1000 for bound in BUCKETS_MS)

KeyT = TypeVar("KeyT", bound=Hashable)


@dataclass
class Histogram:
    """How many values fell into each bucket; a bound belongs to the bucket below it."""

    bounds: Sequence[float]
    counts: list[int] = field(default_factory=list[int])  # each bucket by itself; the last has what is over all bounds
    total: float = 0

    def __post_init__(self) -> None:
        self.counts = [0] * (len(self.bounds) + 1)

    def add(self, value: float) -> None:
        self.counts[bisect_left(self.bounds, value)] += 1
        self.total += value


@dataclass
class Family(Generic[KeyT]):
    """A metric and its series."""

    name: str
    shape: MetricShape
    bounds: Sequence[float]
    numbers: dict[KeyT, float] = field(default_factory=dict[KeyT, float])
    histograms: dict[KeyT, Histogram] = field(default_factory=dict[KeyT, Histogram])

    @property
    def is_empty(self) -> bool:
        return not self.numbers and not self.histograms

    def record(self, value: float, key: KeyT) -> None:
        if self.shape.kind is MetricKind.COUNTER:
            self.numbers[key] = self.numbers.get(key, 0) + value
        elif self.shape.kind is MetricKind.GAUGE:
            self.numbers[key] = value
        else:
            self.histograms.setdefault(key, Histogram(self.bounds)).add(value)

    def forget(self) -> None:
        """Start counting anew; a gauge keeps its value."""
        self.histograms.clear()
        if self.shape.kind is MetricKind.COUNTER:
            self.numbers.clear()


def bounds_of(
    metric: MetricShape, overrides: Mapping[str, Sequence[float]] | None, *, in_seconds: bool
) -> Sequence[float]:
    """The upper bounds of a histogram's buckets, in its own unit."""
    return sorted((overrides or {}).get(metric.name, BUCKETS_S if in_seconds else BUCKETS_MS))
