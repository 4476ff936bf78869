"""Steps as the geometry of a drawing: lanes from above, time from the left. No word of SVG here.

    steps + window + now  --timeline-->  Timeline(lanes of bars, marks of the scale)

Lengths are in units of the drawing, which is `WIDTH` wide. Workflow tasks and points share a lane each; every other
step has its own, in order of its beginning. A bar that reaches beyond the window is cut at its edges.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import msgspec

from mainspring.explain.steps import Step, StepKind, StepStatus
from mainspring.explain.times import SECOND, Nanos, span

WIDTH: Final = 1_000.0
MOST_LANES: Final = 100
MOST_IN_A_SHARED_LANE: Final = 400
_SHORTEST_BAR: Final = 3.0
_MOST_MARKS: Final = 8
_MILLISECOND: Final = SECOND // 1_000
_DAY: Final = 86_400 * SECOND
_NICE: Final = (
    *(count * unit * _MILLISECOND for unit in (1, 10, 100) for count in (1, 2, 5)),
    *(seconds * SECOND for seconds in (1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1_800)),
    *(hours * 3_600 * SECOND for hours in (1, 2, 3, 6, 12)),
    *(count * unit * _DAY for unit in (1, 10, 100, 1_000, 10_000) for count in (1, 2, 5)),
)


class Window(msgspec.Struct, frozen=True):
    """The part of time that is drawn; `to_at` is later than `from_at`."""

    from_at: Nanos
    to_at: Nanos

    @property
    def length(self) -> Nanos:
        return self.to_at - self.from_at

    def zoomed(self, factor: float) -> Window:
        """Around its middle: below 1 closer, above 1 farther. Never shorter than a millisecond."""
        half = max(_MILLISECOND, int(self.length * factor)) // 2
        middle = self.from_at + self.length // 2
        return Window(max(0, middle - half), middle + half)

    def moved(self, part: float) -> Window:
        """To later by that part of its length, or to earlier if it is negative."""
        by = max(-self.from_at, int(self.length * part))
        return Window(self.from_at + by, self.to_at + by)


class Bar(msgspec.Struct, frozen=True, kw_only=True):
    """One step in its lane. `begun_x`: where its last attempt began, if that is in the window and after `x`."""

    x: float
    width: float
    begun_x: float | None
    is_cut_left: bool
    is_cut_right: bool
    step: Step


class Lane(msgspec.Struct, frozen=True):
    """One line of the drawing."""

    label: str
    kind: StepKind
    bars: tuple[Bar, ...]


class Mark(msgspec.Struct, frozen=True):
    """A mark of the scale, and how long after the run's start it is."""

    x: float
    label: str


class Timeline(msgspec.Struct, frozen=True, kw_only=True):
    """The drawing. `left_out_count`: steps of the window that have no place in it."""

    window: Window
    lanes: tuple[Lane, ...]
    marks: tuple[Mark, ...]
    now_x: float | None
    left_out_count: int


def whole_window(steps: Sequence[Step], now: Nanos) -> Window:
    """The window that holds all steps; up to `now` if one of them goes on."""
    from_at = min((step.started_at for step in steps), default=now)
    ends = [_end(step, now) for step in steps]
    return Window(from_at, max([*ends, from_at + _MILLISECOND]))


def timeline(steps: Sequence[Step], window: Window, *, start_at: Nanos, now: Nanos) -> Timeline:
    """Lay out the steps; the scale counts from `start_at`."""
    seen = [step for step in steps if step.started_at <= window.to_at and _end(step, now) >= window.from_at]
    own = [step for step in seen if not step.is_point and step.kind is not StepKind.WORKFLOW_TASK]
    shared = {
        "Events": [step for step in seen if step.is_point],
        "Workflow tasks": [step for step in seen if step.kind is StepKind.WORKFLOW_TASK],
    }
    lanes = [
        Lane(label, group[0].kind, tuple(_bar(step, window, now) for step in group[-MOST_IN_A_SHARED_LANE:]))
        for label, group in shared.items()
        if group
    ]
    lanes += [Lane(step.title, step.kind, (_bar(step, window, now),)) for step in own[:MOST_LANES]]
    left_out = sum(max(0, len(group) - MOST_IN_A_SHARED_LANE) for group in shared.values())
    return Timeline(
        window=window,
        lanes=tuple(lanes),
        marks=marks(window, start_at),
        now_x=_x(now, window) if window.from_at <= now <= window.to_at else None,
        left_out_count=left_out + max(0, len(own) - MOST_LANES),
    )


def marks(window: Window, start_at: Nanos) -> tuple[Mark, ...]:
    """Marks of the scale at round lengths of time after the start, at most as many as can be read."""
    fitting = (nice for nice in _NICE if window.length // nice < _MOST_MARKS)
    apart = next(fitting, window.length)
    first = -((start_at - window.from_at) // apart)
    count = window.length // apart + 1
    offsets = [(first + number) * apart for number in range(count)]
    seen = [offset for offset in offsets if window.from_at <= start_at + offset <= window.to_at]
    labels = [_offset_text(offset) for offset in seen]
    if len(set(labels)) < len(labels):  # far from the start and close by each other
        labels = [_exact_text(offset) for offset in seen]
    return tuple(Mark(_x(start_at + offset, window), label) for offset, label in zip(seen, labels, strict=True))


def _offset_text(offset: Nanos) -> str:
    if offset == 0:
        return "0"
    return span(offset) if offset > 0 else f"-{span(-offset)}"


def _exact_text(offset: Nanos) -> str:
    """1d 02:03:04.005"""
    sign = "-" if offset < 0 else ""
    days, rest = divmod(abs(offset), _DAY)
    seconds, nanos = divmod(rest, SECOND)
    clock = f"{seconds // 3_600:02}:{seconds // 60 % 60:02}:{seconds % 60:02}.{nanos // _MILLISECOND:03}"
    return f"{sign}{days}d {clock}" if days else f"{sign}{clock}"


def _end(step: Step, now: Nanos) -> Nanos:
    """Where its bar ends."""
    if step.ended_at is not None:
        return step.ended_at
    return step.begun_at or step.started_at if step.status is StepStatus.UNREAD else max(now, step.started_at)


def _bar(step: Step, window: Window, now: Nanos) -> Bar:
    left = max(step.started_at, window.from_at)
    right = min(_end(step, now), window.to_at)
    x = min(_x(left, window), WIDTH - _SHORTEST_BAR)
    begun_at = step.begun_at
    is_begun_inside = begun_at is not None and left < begun_at <= right
    return Bar(
        x=x,
        width=round(max(_SHORTEST_BAR, _x(right, window) - x), 2),
        begun_x=_x(begun_at, window) if begun_at is not None and is_begun_inside else None,
        is_cut_left=step.started_at < window.from_at,
        is_cut_right=_end(step, now) > window.to_at,
        step=step,
    )


def _x(at: Nanos, window: Window) -> float:
    return round((at - window.from_at) * WIDTH / max(1, window.length), 2)
