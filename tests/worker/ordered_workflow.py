"""A workflow that waits in every way that asyncio has, for a hundred coroutines; and a program that plays it.

    PYTHONHASHSEED=1 python tests/worker/ordered_workflow.py 7 8      prints all that the run asks for, as JSON

The first argument seeds the order in which the world answers, the second what else is in memory: addresses of objects
decide the order of sets that have no better.
"""

from __future__ import annotations

import asyncio
import contextvars
import json
import random
import sys
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path

if __name__ == "__main__":
    sys.path[:0] = [str(Path(__file__).resolve().parents[2]), str(Path(__file__).resolve().parents[2] / "src")]

from mainspring import workflow
from tests.worker.driven import Driven

who: contextvars.ContextVar[str] = contextvars.ContextVar("who", default="nobody")


async def step(name: str) -> str:
    """Something that takes one activity, for whoever asks: the context says whom."""
    return str(
        await workflow.execute_activity(
            "step", f"{name}/{who.get()}", start_to_close_timeout=timedelta(seconds=9), result_type=str
        )
    )


async def two_steps(name: str) -> str:
    who.set(name)
    await step(f"{name}a")
    return await step(f"{name}b")


async def numbers(count: int) -> AsyncIterator[int]:
    try:
        for number in range(count):
            await asyncio.sleep(number)
            yield number
    finally:
        await step("closed")


@workflow.defn
class EveryWay:
    @workflow.run
    async def run(self) -> int:
        ways = (self.gather, self.wait, self.as_completed, self.groups, self.timeouts, self.locks, self.generators)
        for way in ways:
            await way()
        await asyncio.gather(*(way() for way in ways))
        return 1

    async def gather(self) -> None:
        nested = [asyncio.gather(two_steps(f"g{n}"), two_steps(f"h{n}")) for n in range(5)]
        done, _ = await asyncio.wait(nested)  # futures of gather in a set
        for one in done:
            await step(f"gathered {one.result()}")

    async def wait(self) -> None:
        pending = {asyncio.create_task(two_steps(f"w{n}")) for n in range(20)}
        while len(pending) > 10:
            done, pending = await asyncio.wait(pending, return_when=asyncio.FIRST_COMPLETED)
            for one in done:
                await step(f"first {one.result()}")
        done, pending = await asyncio.wait(pending)
        for one in done:
            await step(f"all {one.result()}")

    async def as_completed(self) -> None:
        for one in asyncio.as_completed([two_steps(f"c{n}") for n in range(20)]):
            await step(f"completed {await one}")
        for other in workflow.as_completed([two_steps(f"d{n}") for n in range(5)]):
            await step(f"completed {await other}")

    async def groups(self) -> None:
        async def fails() -> None:
            await asyncio.sleep(2)
            raise ValueError("one fails, the others are cancelled")

        async def cleans(n: int) -> None:
            try:
                await asyncio.sleep(1000 + n)
            finally:
                await step(f"clean {n}")

        async with asyncio.TaskGroup() as group:
            tasks = [group.create_task(two_steps(f"t{n}")) for n in range(10)]
        await step("-".join(task.result() for task in tasks))
        try:
            async with asyncio.TaskGroup() as group:
                for n in range(10):
                    group.create_task(cleans(n))
                group.create_task(fails())
        except ExceptionGroup:
            await step("group failed")

    async def timeouts(self) -> None:
        try:
            async with asyncio.timeout(5):
                await asyncio.gather(*(asyncio.sleep(500 + n) for n in range(5)))
        except TimeoutError:
            await step("timed out")
        inner = asyncio.create_task(two_steps("shielded"))
        outer = asyncio.create_task(_shielding(inner))
        await asyncio.sleep(0)
        outer.cancel()
        await asyncio.wait([outer])
        await step(f"after shield {await inner}")

    async def locks(self) -> None:
        lock, semaphore, event = asyncio.Lock(), asyncio.Semaphore(3), asyncio.Event()
        queue: asyncio.Queue[int] = asyncio.Queue(2)

        async def locked(n: int) -> None:
            async with lock:
                await step(f"locked {n}")
            async with semaphore:
                await step(f"semaphore {n}")
            await queue.put(n)
            await event.wait()

        tasks = [asyncio.create_task(locked(n)) for n in range(10)]
        for _ in range(10):
            await step(f"got {await queue.get()}")
        event.set()
        await asyncio.gather(*tasks)

    async def generators(self) -> None:
        async for number in numbers(3):
            await step(f"number {number}")
        async for number in numbers(5):
            if number == 2:
                break
        await step("left")
        token = who.set("somebody")
        await step("within")
        who.reset(token)


async def _shielding(task: asyncio.Task[str]) -> None:
    await asyncio.shield(task)


def ballast(seed: int) -> list[bytes]:
    """Objects of all sizes with holes between them."""
    chance = random.Random(seed)
    made = [bytes(chance.randrange(500)) for _ in range(20_000)]
    return [one for one in made if chance.random() < 0.5]


if __name__ == "__main__":
    kept = ballast(int(sys.argv[2]))
    print(json.dumps(Driven(EveryWay).tell_until_over(random.Random(int(sys.argv[1])).randrange)))
