"""A workflow that executes a program: a tree of steps, as a test makes it up.

["each", [["timer", 1], ["gather", [["activity", 0], ["local", 2]]]]]

Its value does not depend on what came first; its log does, and has the random values and times besides.
"""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import Any

from mainspring import activity, workflow
from mainspring.common import RetryPolicy
from mainspring.exceptions import ActivityError, ApplicationError, ChildWorkflowError, FailureError

Step = list[Any]  # a name and a number, or a name and steps; as JSON has it

MINUTE = timedelta(minutes=1)
MILLISECOND = timedelta(milliseconds=1)
FAILS, IS_TRIED_AGAIN, HANGS = 1, 2, 3
WITHOUT_ENDS = 5  # ways to hang
LOCAL = 3  # the one that is a local activity
CANCELLATIONS = list(workflow.ActivityCancellationType)
count = itertools.count()  # never the same twice: side effects record it


@activity.defn
async def act(kind: int) -> int:
    if kind == FAILS:
        raise ApplicationError("fails", non_retryable=True)
    if kind == IS_TRIED_AGAIN and activity.info().attempt == 1:
        raise ApplicationError("again")
    while kind == HANGS:
        await asyncio.sleep(0.005)
        if not activity.info().is_local:
            activity.heartbeat()
    return kind


@workflow.defn
class Child:
    @workflow.run
    async def run(self, kind: int) -> int:
        if kind == FAILS:
            raise ApplicationError("child fails")
        if kind == HANGS:
            await workflow.wait_condition(lambda: False)
        return kind


@workflow.defn
class Program:
    """See the module."""

    def __init__(self) -> None:
        self.log: list[str] = []
        self.signals = 0
        self.updates = 0

    @workflow.run
    async def run(self, program: Step, signals: int, updates: int) -> list[Any]:
        value = await self.step(program)
        await workflow.wait_condition(lambda: self.signals >= signals and self.updates >= updates)
        await workflow.wait_condition(workflow.all_handlers_finished)
        return [value, self.log]

    @workflow.signal
    async def poke(self, step: Step) -> None:
        self.signals += 1
        self.note("poked", await self.step(step))

    @workflow.update
    async def change(self, step: Step) -> Any:
        self.updates += 1
        value = await self.step(step)
        self.note("changed", value)
        return value

    @change.validator
    def check(self, step: Step) -> None:
        if step[0] == "deprecate":
            raise ValueError("refused")

    @workflow.query
    def read(self) -> list[str]:
        return self.log

    def note(self, *what: object) -> None:
        seen = (self.signals, self.updates, workflow.time_ns(), workflow.random().getrandbits(32))
        self.log.append(" ".join(map(str, (*what, *seen))))

    async def step(self, step: Step) -> Any:
        """Execute one step; failures are values."""
        name, given = step
        do: Callable[[Any], Awaitable[Any]] = getattr(self, f"do_{name}")
        try:
            value = await do(given)
        except (FailureError, TimeoutError) as error:
            value = type(error).__name__
        self.note(name, value)
        return value

    # -- steps of a number

    async def do_timer(self, number: int) -> None:
        await asyncio.sleep(number / 1000)

    async def do_activity(self, number: int) -> int:
        return await workflow.execute_activity(
            act, number % 3, start_to_close_timeout=MINUTE, retry_policy=RetryPolicy(initial_interval=MILLISECOND)
        )

    async def do_local(self, number: int) -> int:
        return await workflow.execute_local_activity(
            act,
            number % 3,
            start_to_close_timeout=MINUTE,
            retry_policy=RetryPolicy(initial_interval=MILLISECOND),
            local_retry_threshold=MILLISECOND / 2 if number > 5 else MINUTE,
        )

    async def do_child(self, number: int) -> int:
        return await workflow.execute_child_workflow(Child.run, number % 2, id=f"child-{workflow.uuid4()}")

    async def do_patch(self, number: int) -> bool:
        return workflow.patched(f"patch {number}")

    async def do_deprecate(self, number: int) -> None:
        workflow.deprecate_patch(f"old {number}")

    async def do_version(self, number: int) -> int:
        return workflow.get_version(f"version {number}", -1, number)

    async def do_side(self, number: int) -> int:
        self.note("side", workflow.side_effect(lambda: next(count)))
        return number

    async def do_memo(self, number: int) -> None:
        workflow.upsert_memo({"number": number})

    async def do_turn(self, number: int) -> None:
        for _ in range(number):
            await asyncio.sleep(0)

    async def do_other(self, number: int) -> None:
        await workflow.get_external_workflow_handle(f"nobody-{number}").signal("poke")

    async def do_hang(self, number: int) -> str:
        """Wait for what never ends, until the time is over."""
        if number % WITHOUT_ENDS == LOCAL:
            return await self.hang_locally(CANCELLATIONS[number % len(CANCELLATIONS)])
        try:
            await asyncio.wait_for(self.hanging(number), 0.003)
        except (ActivityError, ChildWorkflowError, TimeoutError) as error:
            self.note("gave up", type(error).__name__)
        return "gave up"

    async def hanging(self, number: int) -> None:
        cancellation = CANCELLATIONS[number % len(CANCELLATIONS)]
        match number % WITHOUT_ENDS:
            case 0:
                await asyncio.sleep(1000)
            case 1:
                await workflow.execute_activity(
                    act,
                    HANGS,
                    start_to_close_timeout=MINUTE,
                    heartbeat_timeout=timedelta(milliseconds=20),
                    cancellation_type=cancellation,
                )
            case 2:
                await workflow.execute_child_workflow(Child.run, HANGS, id=f"child-{workflow.uuid4()}")
            case _:
                await workflow.wait_condition(lambda: False)

    async def hang_locally(self, cancellation: workflow.ActivityCancellationType) -> str:
        """Given up when another local activity ends: a timer would be heard of when the workflow task is answered."""
        hanging = workflow.start_local_activity(
            act, HANGS, start_to_close_timeout=MINUTE, cancellation_type=cancellation
        )
        await workflow.execute_local_activity(act, 0, start_to_close_timeout=MINUTE)
        hanging.cancel()
        try:
            await hanging
        except ActivityError as error:
            self.note("gave up", error.cause)
        return "gave up"

    # -- steps of steps

    async def do_each(self, steps: list[Step]) -> list[Any]:
        return [await self.step(one) for one in steps]

    async def do_gather(self, steps: list[Step]) -> list[Any]:
        return await asyncio.gather(*map(self.step, steps))

    async def do_group(self, steps: list[Step]) -> list[Any]:
        async with asyncio.TaskGroup() as group:
            tasks = [group.create_task(self.step(one)) for one in steps]
        return [task.result() for task in tasks]

    async def do_race(self, steps: list[Step]) -> list[Any]:
        tasks = [asyncio.create_task(self.step(one)) for one in steps]
        if tasks:
            done, _ = await workflow.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
            self.note("first", [tasks.index(one) for one in done])
        return [await task for task in tasks]

    async def do_cancel(self, steps: list[Step]) -> str:
        """Cancel what has just begun; how far it came depends on who was first."""
        task = asyncio.create_task(self.do_gather(steps))
        await asyncio.sleep(0.001 * len(steps))
        task.cancel()
        try:
            self.note("not cancelled", await task)
        except (asyncio.CancelledError, FailureError) as error:
            self.note("cancelled", type(error).__name__)
        return "cancelled"


WORKFLOWS = [Program, Child]
