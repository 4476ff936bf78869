"""Steps as the geometry of a drawing."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from mainspring.explain.steps import Step, StepKind, StepStatus
from mainspring.explain.timeline import MOST_LANES, WIDTH, Window, marks, timeline, whole_window
from mainspring.explain.times import SECOND

WINDOW = Window(100 * SECOND, 200 * SECOND)


def step(
    started: float, ended: float | None, *, kind: StepKind = StepKind.ACTIVITY, begun: float | None = None
) -> Step:
    return Step(
        kind=kind,
        status=StepStatus.RUNNING if ended is None else StepStatus.COMPLETED,
        title="charge",
        summary="",
        started_at=int(started * SECOND),
        begun_at=None if begun is None else int(begun * SECOND),
        ended_at=None if ended is None else int(ended * SECOND),
        attempt=1,
        worker="",
        failure=None,
        event_ids=(5,),
    )


def test_a_bar_lies_where_its_step_was_and_shows_where_its_attempt_began() -> None:
    bar = timeline([step(110, 130, begun=120)], WINDOW, start_at=100 * SECOND, now=0).lanes[0].bars[0]
    assert (bar.x, bar.width, bar.begun_x) == (100.0, 200.0, 200.0)


def test_what_goes_on_reaches_to_now_and_not_beyond() -> None:
    drawn = timeline([step(110, None)], WINDOW, start_at=0, now=150 * SECOND)
    assert (drawn.lanes[0].bars[0].width, drawn.now_x) == (400.0, 500.0)


def test_bars_are_cut_at_the_edges_and_left_out_beyond() -> None:
    steps = [step(0, 50), step(50, 150), step(150, 900), step(300, 400)]
    bars = [lane.bars[0] for lane in timeline(steps, WINDOW, start_at=0, now=0).lanes]
    assert [(bar.x, bar.width, bar.is_cut_left, bar.is_cut_right) for bar in bars] == [
        (0.0, 500.0, True, False),
        (500.0, 500.0, False, True),
    ]


def test_workflow_tasks_and_points_share_lanes() -> None:
    steps = [step(110 + n, 111 + n, kind=StepKind.WORKFLOW_TASK) for n in range(5)]
    steps += [step(120 + n, 120 + n, kind=StepKind.SIGNAL) for n in range(3)]
    lanes = timeline(steps, WINDOW, start_at=0, now=0).lanes
    assert [(lane.label, len(lane.bars)) for lane in lanes] == [("Events", 3), ("Workflow tasks", 5)]


def test_a_huge_run_has_as_many_lanes_as_can_be_drawn_and_tells_the_rest() -> None:
    drawn = timeline([step(110, 120)] * 5_000, WINDOW, start_at=0, now=0)
    assert (len(drawn.lanes), drawn.left_out_count) == (MOST_LANES, 5_000 - MOST_LANES)


def test_the_scale_has_round_marks() -> None:
    found = marks(Window(103 * SECOND, 203 * SECOND), 100 * SECOND)
    assert [mark.label for mark in found] == ["15s", "30s", "45s", "1m", "1m 15s", "1m 30s"]


def test_marks_far_from_the_start_and_close_by_each_other_are_told_exactly() -> None:
    at = 86_400 * SECOND + 7_384 * SECOND
    found = marks(Window(at, at + SECOND // 100), 0)
    assert [mark.label for mark in found][:2] == ["1d 02:03:04.000", "1d 02:03:04.002"]


@given(start=st.integers(0, 10**19), length=st.integers(1_000_000, 10**19), offset=st.integers(-(10**18), 10**18))
def test_every_scale_can_be_read(start: int, length: int, offset: int) -> None:
    found = marks(Window(start, start + length), start + offset)
    assert len(found) <= 9
    assert all(0 <= mark.x <= WIDTH for mark in found)


@given(st.lists(st.tuples(st.floats(0, 1e6), st.one_of(st.none(), st.floats(0, 1e6))), max_size=20))
def test_every_bar_lies_in_the_drawing(given_steps: list[tuple[float, float | None]]) -> None:
    steps = [step(start, None if length is None else start + length) for start, length in given_steps]
    now = 2_000_000 * SECOND
    drawn = timeline(steps, whole_window(steps, now), start_at=0, now=now)
    bars = [bar for lane in drawn.lanes for bar in lane.bars]
    assert len(bars) == len(steps)
    assert all(bar.x >= 0 and bar.x + bar.width <= WIDTH + 0.02 for bar in bars)


def test_a_window_zooms_around_its_middle_and_moves() -> None:
    assert WINDOW.zoomed(0.5) == Window(125 * SECOND, 175 * SECOND)
    assert WINDOW.zoomed(2) == Window(50 * SECOND, 250 * SECOND)
    assert WINDOW.moved(0.5) == Window(150 * SECOND, 250 * SECOND)
    assert WINDOW.moved(-9) == Window(0, 100 * SECOND)
    assert WINDOW.zoomed(0).length > 0


def test_a_run_without_steps_has_a_window() -> None:
    assert whole_window([], 5 * SECOND).length > 0
