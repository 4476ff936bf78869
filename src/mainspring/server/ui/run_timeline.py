"""The timeline on the page of a run: bars of steps as an SVG, and links that zoom and move its window.

&from=<nanos>&to=<nanos>     the window; else all that was read
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import msgspec

from mainspring.explain.steps import Step, StepKind
from mainspring.explain.timeline import WIDTH, Bar, Timeline, Window, timeline, whole_window
from mainspring.server.ui import times
from mainspring.server.ui.page import Nanos, Visit
from mainspring.server.ui.run_history import Place

_LATEST: Final = 2**62  # nanoseconds, the year 2116
_LANE: Final = 24  # pixels
_MOST_LABEL: Final = 60


class BarView(msgspec.Struct, frozen=True, kw_only=True):
    """One bar; places and lengths in percent of the width."""

    x: float
    width: float
    begun_x: float | None
    style: str  # its class: the status of the step
    step_id: int
    words: str


class LaneView(msgspec.Struct, frozen=True, kw_only=True):
    """One lane; `y` in pixels."""

    y: int
    label: str
    kind: str
    step_id: int | None  # None: several steps share the lane
    bars: tuple[BarView, ...]


class TimelineView(msgspec.Struct, frozen=True, kw_only=True):
    """The drawing."""

    height: int
    lanes: tuple[LaneView, ...]
    marks: tuple[tuple[float, str], ...]  # percent, label
    now_x: float | None
    left_out_count: int
    is_zoomed: bool
    moves: tuple[tuple[str, str], ...]  # label, address


def timeline_of(visit: Visit, place: Place, steps: Sequence[Step], start_at: Nanos) -> TimelineView | None:
    """The timeline of these steps; None if there is nothing to draw."""
    if not steps:
        return None
    asked = _asked(visit)
    window = asked or whole_window(steps, visit.now)
    drawn = timeline(steps, window, start_at=start_at, now=visit.now)
    lanes = [_lane(number, lane.label, lane.kind, lane.bars) for number, lane in enumerate(drawn.lanes)]
    return TimelineView(
        height=_LANE * len(lanes),
        lanes=tuple(lanes),
        marks=tuple((_percent(mark.x), mark.label) for mark in drawn.marks),
        now_x=None if drawn.now_x is None else _percent(drawn.now_x),
        left_out_count=drawn.left_out_count,
        is_zoomed=asked is not None,
        moves=tuple(_moves(visit, place, drawn, is_zoomed=asked is not None)),
    )


def _asked(visit: Visit) -> Window | None:
    """The window that the address names, if it is one."""
    found = [visit.query.one(name) for name in ("from", "to")]
    if not all(text.isascii() and text.isdigit() and len(text) < 20 for text in found):
        return None
    from_at, to_at = (int(text) for text in found)
    return Window(from_at, to_at) if from_at < to_at <= _LATEST else None


def _moves(visit: Visit, place: Place, drawn: Timeline, *, is_zoomed: bool) -> list[tuple[str, str]]:
    windows = [
        ("Closer", drawn.window.zoomed(0.5)),
        ("Farther", drawn.window.zoomed(2)),
        ("Earlier", drawn.window.moved(-0.5)),
        ("Later", drawn.window.moved(0.5)),
    ]
    links = [
        (label, place.link(visit, **{"from": str(window.from_at), "to": str(window.to_at)}))
        for label, window in windows
    ]
    return [*links, *([("All", place.link(visit, **{"from": "", "to": ""}))] if is_zoomed else [])]


def _lane(number: int, label: str, kind: StepKind, bars: Sequence[Bar]) -> LaneView:
    is_shared = kind is StepKind.WORKFLOW_TASK or any(bar.step.is_point for bar in bars)
    return LaneView(
        y=number * _LANE,
        label=label if len(label) <= _MOST_LABEL else f"{label[:_MOST_LABEL]}…",
        kind="" if is_shared else kind.value,
        step_id=None if is_shared else bars[0].step.event_ids[0],
        bars=tuple(_bar(bar, is_shared=is_shared) for bar in bars),
    )


def _bar(bar: Bar, *, is_shared: bool) -> BarView:
    """Where an attempt began is shown where there is room for it: in a lane of the step's own."""
    step = bar.step
    is_failing = step.is_open and step.failure is not None
    return BarView(
        x=_percent(bar.x),
        width=_percent(bar.width),
        begun_x=None if bar.begun_x is None or is_shared else _percent(bar.begun_x),
        style="failing" if is_failing else step.status.value.replace(" ", ""),
        step_id=step.event_ids[0],
        words=_words(step),
    )


def _words(step: Step) -> str:
    took = f", {times.span(step.ended_at - step.started_at)}" if step.ended_at and not step.is_point else ""
    attempt = f", attempt {step.attempt}" if step.attempt > 1 else ""
    return f"{step.kind.value} {step.title[:_MOST_LABEL]}: {step.status.value}{took}{attempt}"


def _percent(x: float) -> float:
    return round(x * 100 / WIDTH, 3)
