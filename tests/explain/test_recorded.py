"""What is told of histories that real workers made."""

from __future__ import annotations

import itertools
from pathlib import Path

import pytest
from google.protobuf import json_format
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from temporalio.api.history.v1 import History, HistoryEvent

from mainspring.explain.closing import is_closing
from mainspring.explain.steps import OPEN, StepKind, Steps, StepStatus
from mainspring.explain.timeline import timeline, whole_window

FILES = sorted((Path(__file__).parent.parent / "replay" / "recorded").glob("*.json"))


def events_of(file: Path) -> list[HistoryEvent]:
    return list(json_format.Parse(file.read_text("utf-8"), History()).events)


recorded = pytest.mark.parametrize("file", FILES, ids=lambda path: path.stem)


@recorded
def test_every_event_is_in_one_step_and_none_of_a_closed_run_goes_on(file: Path) -> None:
    events = events_of(file)
    assert is_closing(events[-1])
    steps = Steps()
    steps.feed(events)
    found = steps.all()
    assert sorted(number for step in found for number in step.event_ids) == [event.event_id for event in events]
    assert not [step for step in found if step.status in OPEN or step.status is StepStatus.UNREAD]
    assert all(step.ended_at is not None and step.ended_at >= step.started_at for step in found)
    assert {StepKind.START, StepKind.WORKFLOW_TASK, StepKind.CLOSE} <= {step.kind for step in found}
    assert len(timeline(found, whole_window(found, 0), start_at=0, now=0).lanes) >= 2


@recorded
@settings(max_examples=20, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(cuts=st.lists(st.integers(0, 200), max_size=5), is_newest_first=st.booleans())
def test_steps_do_not_depend_on_how_pages_are_cut(file: Path, cuts: list[int], is_newest_first: bool) -> None:
    events = events_of(file)
    whole, paged = Steps(), Steps()
    whole.feed(events)
    ordered = events[::-1] if is_newest_first else events
    edges = [0, *sorted(min(cut, len(events)) for cut in cuts), len(events)]
    for begin, end in itertools.pairwise(edges):
        paged.feed(ordered[begin:end])
    assert paged.all() == whole.all()


@recorded
def test_a_page_alone_claims_nothing_about_the_rest(file: Path) -> None:
    events = events_of(file)
    for size in range(1, len(events)):
        steps = Steps()
        steps.feed(events[:size])
        assert not [step for step in steps.all(has_newest=False) if step.is_open]
