"""Small clocks of a queue: how fast it may go, and how fast it went, for each priority.

All take the time as an argument, in seconds of the loop's clock.
"""

from __future__ import annotations

import math

BUCKET_S = 5.0
BUCKET_COUNT = 6  # 30 s


class TokenBucket:
    """Lets so many tasks a second pass, with a burst of one second's worth (at least one task).

    Kept as one instant: when the next task would be due if all went evenly. A task may run ahead of it by the burst.
    """

    def __init__(self) -> None:
        self.per_second: float | None = None  # None: no limit
        self._even_at_s = -math.inf
        self._interval_s = 0.0
        self._burst_s = 0.0

    def set_rate(self, per_second: float | None, now_s: float) -> None:
        """Change the rate; credit and debt beyond the new burst are forgotten."""
        if per_second == self.per_second:
            return
        self.per_second = per_second
        if not per_second:
            self._even_at_s = -math.inf
            return
        self._interval_s = 1.0 / per_second
        self._burst_s = max(1.0, per_second) * self._interval_s - self._interval_s
        self._even_at_s = min(self._even_at_s, now_s + self._burst_s + self._interval_s)

    def ready_at_s(self) -> float:
        """From when on the next task may pass; infinite if the rate is 0."""
        if self.per_second is None:
            return -math.inf
        return self._even_at_s - self._burst_s if self.per_second > 0 else math.inf

    def spend(self, now_s: float) -> None:
        """One task passes."""
        if self.per_second:
            self._even_at_s = max(self._even_at_s, now_s) + self._interval_s


class RateWindow:
    """Counts per second over the last 30 s, in steps of 5 s; over the queue's age while it is younger."""

    def __init__(self, now_s: float) -> None:
        self._born_s = now_s
        self._step = int(now_s // BUCKET_S)
        self._step_ends_s = (self._step + 1) * BUCKET_S
        self._counts = [0] * (BUCKET_COUNT + 1)  # of the steps, the present one last

    def add(self, now_s: float) -> None:
        if now_s >= self._step_ends_s:
            self._advance(int(now_s // BUCKET_S))
        self._counts[-1] += 1

    def per_second(self, now_s: float) -> float:
        self._advance(int(now_s // BUCKET_S))
        full_s = BUCKET_COUNT * BUCKET_S + now_s % BUCKET_S
        length_s = min(full_s, now_s - self._born_s)
        return sum(self._counts) / max(length_s, 1.0)

    def _advance(self, step: int) -> None:
        """Time has come to this step; it does not go back."""
        passed = min(step - self._step, len(self._counts))
        if passed > 0:
            self._counts = self._counts[passed:] + [0] * passed
            self._step = step
            self._step_ends_s = (step + 1) * BUCKET_S


class RateByPriority:
    """A window for each priority that was met; all begin with the queue."""

    def __init__(self, now_s: float) -> None:
        self._born_s = now_s
        self._windows: dict[int, RateWindow] = {}

    def add(self, priority: int, now_s: float) -> None:
        window = self._windows.get(priority)
        if window is None:
            window = self._windows[priority] = RateWindow(self._born_s)
        window.add(now_s)

    def per_second(self, now_s: float) -> dict[int, float]:
        return {priority: window.per_second(now_s) for priority, window in self._windows.items()}
