"""A program with the engine in itself is killed at random moments, and finishes everything after it is started again.

    KILLS=50 MAINSPRING_CRASH_SEED=7 python -m pytest tests/crash/test_embedded_kill.py

What must hold of every workflow whose start was acknowledged: it completes; each of its activities had its effect at
least once; exactly one result of each is recorded, that of an attempt which had its effect, and it is the one that the
workflow got. The seed is printed, and decides the moments; the interleaving itself is the machine's.
"""

from __future__ import annotations

import asyncio
import os
import random
import subprocess
import sys
import time
from pathlib import Path
from typing import TypeVar

import pytest
from temporalio.api.common.v1 import Payloads
from temporalio.api.enums.v1 import EventType
from temporalio.api.history.v1 import HistoryEvent

from mainspring import embedded
from mainspring.client import Client, WorkflowExecutionStatus, WorkflowFailureError
from mainspring.converter import PayloadConverter
from mainspring.exceptions import ActivityError, TimeoutType
from mainspring.exceptions import TimeoutError as TimedOut
from tests.crash.database_file import assert_file_is_sound
from tests.crash.embedded_program import STOPS, STOPS_OF_LEG, Stop
from tests.crash.holding_program import (
    ACTIVITIES,
    WORKFLOWS,
    Life,
    of_activity,
    of_only_activity,
    of_workflow_task,
)
from tests.server_process import CHECKOUT

T = TypeVar("T")

HELD_COUNT = 5  # an activity, one without another attempt, a workflow task, and two activities that were left

KILL_COUNT = int(os.environ.get("MAINSPRING_CRASH_KILLS") or os.environ.get("KILLS") or "6")
WORKFLOWS_PER_LIFE = 10
OPENED_WITHIN_S = 60.0
FINISHED_WITHIN_S = 120.0


@pytest.mark.slow
@pytest.mark.timeout(240 + 15 * KILL_COUNT)
async def test_a_killed_program_finishes_everything_with_each_result_recorded_once(tmp_path: Path) -> None:
    seed = int(os.environ.get("MAINSPRING_CRASH_SEED") or random.SystemRandom().randrange(10**6))
    print(f"MAINSPRING_CRASH_SEED={seed} MAINSPRING_CRASH_KILLS={KILL_COUNT}")
    rng = random.Random(seed)
    lives = Lives(tmp_path)
    for at in range(KILL_COUNT):
        lives.live_and_die(f"life{at}", rng)
        assert_file_is_sound(lives.file, tmp_path / f"copy-{at}")
    lives.live_to_the_end()

    async with embedded(lives.file) as client:
        for workflow_id, run_id in lives.noted("started"):
            await assert_finished_once(client, lives, workflow_id, run_id)
        await assert_results_are_kept(client, lives)
    print(f"{len(lives.noted('started'))} workflows, {len(lives.noted('effects'))} effects, {KILL_COUNT} deaths")


@pytest.mark.slow
@pytest.mark.timeout(90)
async def test_what_a_killed_program_held_goes_on_when_it_is_opened_again(tmp_path: Path) -> None:
    """All timeouts are an hour, so that none of them can be what it goes on by."""
    held = await asyncio.to_thread(hold_and_die, tmp_path)
    life = Life(str(tmp_path), process_id=0)
    async with embedded(tmp_path / "engine.db", workflows=WORKFLOWS, activities=ACTIVITIES) as client:
        assert await client.get_workflow_handle(of_activity.__name__).result() == 2, "the second attempt"
        assert await client.get_workflow_handle(of_workflow_task.__name__).result() == "done"
        with pytest.raises(WorkflowFailureError) as failed:
            await client.get_workflow_handle(of_only_activity.__name__).result()
        assert isinstance(failed.value.cause, ActivityError)
        assert isinstance(failed.value.cause.cause, TimedOut)
        assert failed.value.cause.cause.type == TimeoutType.HEARTBEAT

        workflow_id, token = held["left"]
        await client.get_async_activity_handle(task_token=bytes.fromhex(token)).complete("by another life")
        assert await client.get_workflow_handle(workflow_id).result() == "by another life"
        assert await client.execute_workflow(of_activity, life, id="new") == 1, "what is new is as ever"


def hold_and_die(directory: Path) -> dict[str, list[str]]:
    """Run the program until it holds all, and kill it. Returns: what it said first of each."""
    with (directory / "log").open("ab") as log:
        process = subprocess.Popen(
            [sys.executable, "-m", "tests.crash.holding_program", str(directory / "engine.db"), str(directory)],
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            cwd=CHECKOUT,
            env={**os.environ, "PYTHONPATH": str(CHECKOUT / "src")},
        )
    try:
        deadline = time.monotonic() + OPENED_WITHIN_S
        while len(lines := held_lines(directory)) < HELD_COUNT:
            assert process.poll() is None, (directory / "log").read_text("utf-8")
            assert time.monotonic() < deadline, f"the program holds only {lines}"
            time.sleep(0.01)
    finally:
        process.kill()
        process.wait()
    return {what: details for what, *details in reversed(lines)}


def held_lines(directory: Path) -> list[list[str]]:
    path = directory / "held"
    return [line.split() for line in path.read_text("utf-8").splitlines()] if path.exists() else []


class Lives:
    """The program, started again and again on one file, and what it has noted."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        self.file = directory / "engine.db"

    def noted(self, file: str) -> list[list[str]]:
        path = self.directory / file
        return [line.split() for line in path.read_text("utf-8").splitlines()] if path.exists() else []

    def live_and_die(self, name: str, rng: random.Random) -> None:
        """Start it, and kill it: at work, mostly, but sometimes while it still starts."""
        process = self._start(name, WORKFLOWS_PER_LIFE)
        try:
            if rng.random() < 0.8:
                self._wait_until_opened(name, process)
            time.sleep(rng.uniform(0, 1.5))
        finally:
            process.kill()
            process.wait()

    def live_to_the_end(self) -> None:
        process = self._start("last", 0)
        try:
            assert process.wait(FINISHED_WITHIN_S) == 0, (self.directory / "log").read_text("utf-8")
        finally:
            process.kill()

    def _start(self, name: str, count: int) -> subprocess.Popen[bytes]:
        arguments = [str(self.file), str(self.directory), name, str(count)]
        with (self.directory / "log").open("ab") as log:
            return subprocess.Popen(
                [sys.executable, "-m", "tests.crash.embedded_program", *arguments],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                cwd=CHECKOUT,
                env={**os.environ, "PYTHONPATH": str(CHECKOUT / "src")},
            )

    def _wait_until_opened(self, name: str, process: subprocess.Popen[bytes]) -> None:
        deadline = time.monotonic() + OPENED_WITHIN_S
        while [name] not in self.noted("opened"):
            assert process.poll() is None, (self.directory / "log").read_text("utf-8")
            assert time.monotonic() < deadline, "the program does not open its file"
            time.sleep(0.01)


async def assert_finished_once(client: Client, lives: Lives, workflow_id: str, run_id: str) -> None:
    """The very run that was acknowledged has completed, with results that are recorded once and had their effects."""
    described = await client.get_workflow_handle(workflow_id).describe()
    assert (described.run_id, described.status) == (run_id, WorkflowExecutionStatus.COMPLETED)
    of_journey = await recorded_results(client, workflow_id)
    of_leg = await recorded_results(client, f"{workflow_id}/leg")
    assert (sorted(of_journey), sorted(of_leg)) == (STOPS, STOPS_OF_LEG)

    effects = {(effect[0], int(effect[1]), effect[2]) for effect in lives.noted("effects")}
    assert {(workflow_id, stop, token) for stop, token in of_journey.items()} <= effects
    assert {(f"{workflow_id}/leg", stop, token) for stop, token in of_leg.items()} <= effects
    result: list[str] = await client.get_workflow_handle(workflow_id, result_type=list[str]).result()
    recorded = {**of_journey, **of_leg}
    assert result == [recorded[stop] for stop in sorted(recorded)]


async def recorded_results(client: Client, workflow_id: str) -> dict[int, str]:
    """The token that is recorded for each stop; each is scheduled once and completed once."""
    events = list((await client.get_workflow_handle(workflow_id).fetch_history()).events)
    assert [event.event_id for event in events] == list(range(1, len(events) + 1))
    scheduled = {event.event_id: stop_of(event) for event in events if is_of(event, "SCHEDULED")}
    completed = [event.activity_task_completed_event_attributes for event in events if is_of(event, "COMPLETED")]
    assert sorted(one.scheduled_event_id for one in completed) == sorted(scheduled), "one result for each activity"
    assert len(set(scheduled.values())) == len(scheduled), "each stop is one activity"
    return {scheduled[one.scheduled_event_id]: value_of(one.result, str) for one in completed}


async def assert_results_are_kept(client: Client, lives: Lives) -> None:
    """A result that was given to somebody is the result for ever."""
    for workflow_id, *tokens in lives.noted("completed"):
        result: list[str] = await client.get_workflow_handle(workflow_id, result_type=list[str]).result()
        assert result == tokens


def is_of(event: HistoryEvent, what: str) -> bool:
    return event.event_type == EventType.Value(f"EVENT_TYPE_ACTIVITY_TASK_{what}")


def stop_of(event: HistoryEvent) -> int:
    return value_of(event.activity_task_scheduled_event_attributes.input, Stop).number


def value_of(payloads: Payloads, type_: type[T]) -> T:
    value: T = PayloadConverter.default.from_payloads(payloads.payloads, [type_])[0]
    return value
