"""Workflows and activities for which time matters."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from datetime import timedelta

from mainspring import activity, workflow
from mainspring.common import RetryPolicy
from mainspring.exceptions import ApplicationError
from mainspring.testing import WorkflowEnvironment

QUEUE = "queue"
DAY_S = 86_400


@workflow.defn
class Sleeper:
    """Sleeps, and says so."""

    @workflow.run
    async def run(self, seconds: float) -> str:
        await asyncio.sleep(seconds)
        return "rested"

    @workflow.query
    def now(self) -> float:
        return workflow.now().timestamp()

    @workflow.signal
    def touch(self) -> None:
        """Brings a workflow task, so that queries see the present time."""

    @workflow.update
    async def nap(self, seconds: float) -> str:
        await asyncio.sleep(seconds)
        return "napped"


@workflow.defn
class Reminders:
    """Sends one reminder a day until it is told to stop."""

    def __init__(self) -> None:
        self.sent = 0
        self.is_stopped = False

    @workflow.run
    async def run(self) -> int:
        while not self.is_stopped:
            try:
                await workflow.wait_condition(lambda: self.is_stopped, timeout=timedelta(days=1))
            except TimeoutError:
                self.sent += 1
        return self.sent

    @workflow.signal
    def stop(self) -> None:
        self.is_stopped = True

    @workflow.query
    def count(self) -> int:
        return self.sent


@workflow.defn
class Daily:
    """A day's work, and the next day in a new run."""

    @workflow.run
    async def run(self, day: int, days: int) -> int:
        await asyncio.sleep(DAY_S)
        if day < days:
            workflow.continue_as_new(args=[day + 1, days])
        return day


@workflow.defn
class Listening:
    """Keeps what it hears, over a run for each time that it hears something."""

    def __init__(self) -> None:
        self.heard: list[int] = []
        self.is_over = False

    @workflow.run
    async def run(self, before: list[int]) -> list[int]:
        await workflow.wait_condition(lambda: bool(self.heard) or self.is_over)
        if not self.is_over:
            workflow.continue_as_new(before + self.heard)
        return before + self.heard

    @workflow.signal
    def hear(self, number: int) -> None:
        self.heard.append(number)

    @workflow.signal
    def end(self) -> None:
        self.is_over = True


@workflow.defn
class Moment:
    @workflow.run
    async def run(self) -> float:
        return workflow.now().timestamp()


@workflow.defn
class Parent:
    @workflow.run
    async def run(self) -> list[str]:
        naps = [workflow.execute_child_workflow(Sleeper.run, seconds) for seconds in (DAY_S, 2 * DAY_S)]
        return await asyncio.gather(*naps)


@workflow.defn
class Retrying:
    @workflow.run
    async def run(self) -> str:
        result: str = await workflow.execute_activity(
            "flaky",
            start_to_close_timeout=timedelta(hours=1),
            retry_policy=RetryPolicy(initial_interval=timedelta(hours=1), backoff_coefficient=2, maximum_attempts=4),
            result_type=str,
        )
        return result


@workflow.defn
class Neglected:
    """Waits for an activity that no worker takes."""

    @workflow.run
    async def run(self) -> None:
        await workflow.execute_activity(
            "flaky",
            task_queue="nobody",
            schedule_to_start_timeout=timedelta(hours=1),
            schedule_to_close_timeout=timedelta(hours=9),
        )


@workflow.defn
class Heartbeating:
    @workflow.run
    async def run(self) -> str:
        result: str = await workflow.execute_activity(
            "oversleep",
            schedule_to_close_timeout=timedelta(hours=1),
            heartbeat_timeout=timedelta(seconds=20),
            retry_policy=RetryPolicy(maximum_attempts=1),
            result_type=str,
        )
        return result


@workflow.defn
class Working:
    """An activity beside a timer that would be due long before it."""

    @workflow.run
    async def run(self) -> list[str]:
        work = workflow.start_activity("hold", start_to_close_timeout=timedelta(days=9), result_type=str)
        timer = asyncio.create_task(workflow.sleep(timedelta(days=1)))
        finished, _ = await workflow.wait([work, timer], return_when=asyncio.FIRST_COMPLETED)
        return ["activity" if work in finished else "timer"]


@workflow.defn
class Asserting:
    def __init__(self) -> None:
        self.answer = 0

    @workflow.run
    async def run(self, answer: int) -> None:
        assert answer != 41, "not the answer"
        await workflow.wait_condition(lambda: self.answer == 42)

    @workflow.signal
    def guess(self, answer: int) -> None:
        assert answer == 42, "not the answer"
        self.answer = answer


@dataclass
class Activities:
    """Activities that look at the clock of their environment, and wait to be let go."""

    env: WorkflowEnvironment
    times: list[float] = field(default_factory=list[float])
    has_begun: asyncio.Event = field(default_factory=asyncio.Event)
    may_end: asyncio.Event = field(default_factory=asyncio.Event)

    @activity.defn
    async def flaky(self) -> str:
        self.times.append((await self.env.get_current_time()).timestamp())
        if activity.info().attempt < 4:
            raise ApplicationError("not yet")
        return "at last"

    @activity.defn
    async def oversleep(self) -> str:
        heartbeat_timeout = activity.info().heartbeat_timeout
        assert heartbeat_timeout is not None
        await self.env.sleep(2 * heartbeat_timeout)
        return "awake"

    @activity.defn
    async def hold(self) -> str:
        self.has_begun.set()
        await self.may_end.wait()
        return "done"


WORKFLOWS = [
    Sleeper,
    Reminders,
    Daily,
    Moment,
    Parent,
    Retrying,
    Neglected,
    Heartbeating,
    Working,
    Asserting,
    Listening,
]
