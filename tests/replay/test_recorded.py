"""Histories that workers of releases made, ours and official ones, go on with the code of today."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from temporalio.api.enums.v1 import EventType

from mainspring.client import WorkflowHistory
from mainspring.replay.task import Task
from mainspring.worker import Replayer
from mainspring.worker._activating import activate_inline
from mainspring.worker._cached_run import CachedRun
from mainspring.workflow import NondeterminismError
from tests.replay import both_sdks

FILES = sorted((Path(__file__).parent / "recorded").glob("*.json"))
COMPLETED = EventType.EVENT_TYPE_WORKFLOW_TASK_COMPLETED


def named(path: Path) -> str:
    return path.stem


def read(file: Path) -> WorkflowHistory:
    return WorkflowHistory.from_json("recorded", file.read_text("utf-8"))


def test_there_are_histories_of_both_sdks() -> None:
    assert {file.stem.split("-")[1] for file in FILES} == {"official", "ours"}


@pytest.mark.parametrize("file", FILES, ids=named)
async def test_a_recorded_history_replays(file: Path) -> None:
    await Replayer(workflows=both_sdks.ours.WORKFLOWS).replay_workflow(read(file))


@pytest.mark.parametrize("file", [file for file in FILES if file.stem.endswith("-1")], ids=named)
async def test_a_replay_gives_the_values_of_the_recorded_run(file: Path) -> None:
    """Random values, times and the order of things are in the program's log, which its run gives to the next."""
    history = read(file)
    events = list(history.events)
    end = max(at for at, event in enumerate(events) if event.event_type == COMPLETED)
    replayer = Replayer(workflows=both_sdks.ours.WORKFLOWS)
    run = CachedRun(replayer._details(), replayer._definitions(), "recorded", history.run_id)
    run.begin(Task(events=events[:end], previous_started_event_id=1))
    await run.advance(activate_inline)
    command = run.replay.answer().commands[-1].continue_as_new_workflow_execution_command_attributes
    run.evict()
    recorded = events[-1].workflow_execution_continued_as_new_event_attributes
    [made], [expected] = command.input.payloads, recorded.input.payloads
    assert json.loads(made.data) == json.loads(expected.data)


@pytest.mark.parametrize("file", [file for file in FILES if file.stem.endswith("-1")], ids=named)
async def test_a_recorded_history_with_an_event_left_out_does_not_replay(file: Path) -> None:
    history = read(file)
    events = [
        event for event in history.events if event.event_type != EventType.EVENT_TYPE_WORKFLOW_PROPERTIES_MODIFIED
    ]
    with pytest.raises(NondeterminismError, match="WorkflowProperties"):
        await Replayer(workflows=both_sdks.ours.WORKFLOWS).replay_workflow(WorkflowHistory("recorded", events))
