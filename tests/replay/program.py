"""A workflow that does a bit of everything, written for the official SDK; `both_sdks` has it for ours as well.

It waits at gates, which the signal `go` opens, so that a test can change the worker at each of them. Its log holds what
must be the same on every worker that replays it: random values, times, results, errors.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, NoReturn

from temporalio import activity, workflow
from temporalio.common import RetryPolicy, SearchAttributeKey, SearchAttributeUpdate
from temporalio.exceptions import ActivityError, ApplicationError, ChildWorkflowError

SOON = timedelta(milliseconds=10)
MINUTE = timedelta(minutes=1)
COLOUR = SearchAttributeKey.for_keyword("Colour")
COUNT = SearchAttributeKey.for_int("Count")
ONCE = RetryPolicy(maximum_attempts=1)
LAST_GATE = 3


@dataclass
class Plan:
    """What a run begins with: the log of the runs before it."""

    log: list[str]
    is_second: bool = False


@activity.defn
async def double(number: int) -> int:
    return 2 * number


@activity.defn
async def fail_until(attempt: int) -> str:
    """Fails until the attempt of this number; -1: always, and for good."""
    if attempt < 0:
        raise ApplicationError("never", "the detail", type="Never", non_retryable=True)
    if activity.info().attempt < attempt:
        raise ApplicationError("not yet")
    return f"at attempt {attempt}"


@activity.defn
async def beat_until_cancelled() -> None:
    while True:
        activity.heartbeat()
        await asyncio.sleep(0.05)


@workflow.defn
class Child:
    """Returns what it is given with a random number, or fails."""

    @workflow.run
    async def run(self, word: str) -> str:
        if not word:
            raise ApplicationError("no word", type="NoWord")
        await asyncio.sleep(0.01)
        return f"{word} {workflow.random().randint(0, 1 << 40)}"


@workflow.defn
class Everything:
    """See the module."""

    def __init__(self) -> None:
        self.log: list[str] = []
        self.open_gates = 0
        self.gate = 0
        self.words: list[str] = []

    @workflow.run
    async def run(self, plan: Plan) -> list[str]:
        self.log.extend(plan.log)
        if plan.is_second:
            local = await workflow.execute_local_activity(double, 6, start_to_close_timeout=MINUTE)
            self.note("second run", workflow.uuid4(), workflow.memo(), local)
            return self.log
        await self.begin()
        await self.at_gate()
        await self.many_at_once()
        await self.at_gate()
        await self.what_fails()
        await self.at_gate()
        await workflow.wait_condition(workflow.all_handlers_finished)
        return self.go_on()

    def go_on(self) -> NoReturn:
        workflow.continue_as_new(Plan(self.log, is_second=True))

    def note(self, *what: object) -> None:
        self.log.append(" ".join(map(str, what)))

    def paint(self, *updates: SearchAttributeUpdate[Any]) -> None:
        workflow.upsert_search_attributes(updates)  # pyright: ignore[reportUnknownMemberType] # is typed so

    async def at_gate(self) -> None:
        self.gate += 1
        self.note("gate", self.gate, workflow.uuid4(), workflow.time_ns(), workflow.random().random())
        await workflow.wait_condition(lambda: self.open_gates >= self.gate)

    async def begin(self) -> None:
        """One after the other."""
        self.note("seeds", workflow.random().choice("abcdefgh"), workflow.new_random("own").random())
        await asyncio.sleep(0.01)
        if workflow.patched("doubled"):
            self.note("double", await workflow.execute_activity(double, 4, start_to_close_timeout=MINUTE))
        workflow.deprecate_patch("ancient")
        self.note("again", workflow.patched("doubled"), workflow.uuid4())
        local = await workflow.execute_local_activity(double, 5, start_to_close_timeout=MINUTE)
        self.note("local", local, workflow.time_ns())
        workflow.upsert_memo({"mood": "good", "count": 1})
        self.paint(COLOUR.value_set("green"), COUNT.value_set(3))
        if workflow.patched("child"):
            self.note("child", await workflow.execute_child_workflow(Child.run, "word", id=f"c-{workflow.uuid4()}"))
        self.note(workflow.memo(), workflow.info().typed_search_attributes.get(COLOUR))

    async def many_at_once(self) -> None:
        """Things that race: their order is that of the history."""
        async with asyncio.TaskGroup() as group:
            group.create_task(self.doubled(1, is_local=False))
            group.create_task(self.doubled(2, is_local=True))
            group.create_task(self.slept())
            group.create_task(self.doubled(3, is_local=False))
            group.create_task(self.doubled(4, is_local=True))
        children = [
            await workflow.start_child_workflow(Child.run, word, id=f"c-{workflow.uuid4()}") for word in ("a", "b")
        ]
        done, _ = await workflow.wait(children, return_when=asyncio.FIRST_COMPLETED)
        self.note("first of", len(children), bool(done))
        self.note(*await asyncio.gather(*children))
        self.paint(COUNT.value_unset())
        workflow.upsert_memo({"mood": None, "more": [1, 2]})

    async def doubled(self, number: int, *, is_local: bool) -> None:
        execute = workflow.execute_local_activity if is_local else workflow.execute_activity
        result = await execute(double, number, start_to_close_timeout=MINUTE)
        self.note("is local" if is_local else "is far", result, workflow.time_ns(), workflow.uuid4())

    async def slept(self) -> None:
        await workflow.sleep(SOON)
        self.note("slept", workflow.time_ns(), workflow.uuid4())

    async def what_fails(self) -> None:
        """Failures, retries, timeouts and cancellations."""
        retried = RetryPolicy(initial_interval=SOON)
        self.note(await workflow.execute_activity(fail_until, 2, start_to_close_timeout=MINUTE, retry_policy=retried))
        self.note(
            await workflow.execute_local_activity(fail_until, 2, start_to_close_timeout=MINUTE, retry_policy=retried)
        )
        for execute in (workflow.execute_activity, workflow.execute_local_activity):
            try:
                await execute(fail_until, -1, start_to_close_timeout=MINUTE)
            except (ActivityError, ApplicationError) as error:  # a local activity's error comes as it is
                cause = error if isinstance(error, ApplicationError) else error.cause
                assert isinstance(cause, ApplicationError)
                self.note("failed", type(error).__name__, cause.type, list(cause.details))
        try:
            await workflow.execute_child_workflow(Child.run, "", id=f"c-{workflow.uuid4()}", retry_policy=ONCE)
        except ChildWorkflowError as error:
            self.note("child failed", error.cause)
        beating = workflow.start_activity(
            beat_until_cancelled,
            start_to_close_timeout=MINUTE,
            heartbeat_timeout=MINUTE,
            cancellation_type=workflow.ActivityCancellationType.TRY_CANCEL,
        )
        try:
            await asyncio.wait_for(beating, 0.05)
        except (TimeoutError, ActivityError) as error:
            self.note("given up", type(error).__name__, workflow.uuid4())
        backing_off = RetryPolicy(initial_interval=timedelta(milliseconds=20), maximum_attempts=3)
        self.note(
            await workflow.execute_local_activity(
                fail_until,
                1,
                start_to_close_timeout=MINUTE,
                retry_policy=backing_off,
                local_retry_threshold=timedelta(milliseconds=1),
            )
        )

    @workflow.signal
    async def go(self, gates: int, word: str) -> None:
        await asyncio.sleep(0.001)
        self.words.append(word)
        self.note("word", word, workflow.uuid4())
        self.open_gates = max(self.open_gates, gates)

    @workflow.update
    async def until(self, gate: int) -> list[str]:
        """The log as it is when the gate is reached."""
        self.note("asked", gate, workflow.uuid4())
        await workflow.wait_condition(lambda: self.gate >= gate)
        return self.log

    @until.validator
    def check(self, gate: int) -> None:
        if not 0 < gate <= LAST_GATE:
            raise ValueError("there is no such gate")

    @workflow.query
    def read(self) -> list[str]:
        return self.log


WORKFLOWS = [Everything, Child]
ACTIVITIES = [double, fail_until, beat_until_cancelled]
