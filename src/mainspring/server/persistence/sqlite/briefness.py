"""Whether commits are brief, so that the event loop may make them itself: see decision 0025.

briefness.is_given(now_s)  ->  the loop commits  ->  briefness.note(took_s, job_count, now_s)
"""

from __future__ import annotations

BRIEF_S = 0.002
BRIEF_JOB_S = 0.0002  # on top, for each job: several times what one takes
WEIGHT = 1 / 8  # of the newest in the average
MOST = 4.0  # that the newest counts for: one that hangs says little of the next
FIRST_AWAY_S = 0.25
LONGEST_AWAY_S = 60.0


class Briefness:
    """How long commits took lately, in parts of what is brief.

    When the average is more than that, the loop makes none for a moment, then tries again; for twice as long each
    time, up to a minute. After it has gone well for as long as that, a moment is enough again.
    """

    def __init__(self) -> None:
        self._average = 0.0
        self._away_s = FIRST_AWAY_S
        self._again_at_s = 0.0

    def is_given(self, now_s: float) -> bool:
        """Whether the loop may make the next commit."""
        return now_s >= self._again_at_s

    def note(self, took_s: float, job_count: int, now_s: float) -> None:
        """The loop has made one."""
        newest = min(took_s / (BRIEF_S + job_count * BRIEF_JOB_S), MOST)
        self._average += (newest - self._average) * WEIGHT
        if self._average > 1:
            self._average = 0.0
            self._again_at_s = now_s + self._away_s
            self._away_s = min(2 * self._away_s, LONGEST_AWAY_S)
        elif now_s - self._again_at_s > self._away_s:
            self._away_s = FIRST_AWAY_S
