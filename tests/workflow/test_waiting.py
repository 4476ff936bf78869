from __future__ import annotations

import asyncio
from typing import Any

import pytest

from mainspring import workflow


async def value(number: int) -> int:
    return number


async def fail() -> int:
    raise ValueError("broken")


def tasks(*coroutines: Any) -> list[asyncio.Task[int]]:
    return [asyncio.ensure_future(one) for one in coroutines]


async def never() -> int:
    await asyncio.Event().wait()
    return 0


async def test_wait_keeps_the_order_in_which_tasks_were_given() -> None:
    given = tasks(value(1), never(), value(2))
    done, pending = await workflow.wait(given, timeout=0.001)
    assert (done, pending) == ([given[0], given[2]], [given[1]])
    pending[0].cancel()


async def test_wait_returns_with_the_first_that_is_done() -> None:
    given = tasks(never(), value(2), never())
    done, pending = await workflow.wait(given, return_when=asyncio.FIRST_COMPLETED)
    assert (done, len(pending)) == ([given[1]], 2)
    for one in pending:
        one.cancel()


async def test_wait_returns_with_the_first_that_fails() -> None:
    given = tasks(value(1), never(), fail())
    done, pending = await workflow.wait(given, return_when=asyncio.FIRST_EXCEPTION)
    assert (done, pending) == ([given[0], given[2]], [given[1]])
    assert isinstance(given[2].exception(), ValueError)
    pending[0].cancel()


async def test_wait_does_not_wait_for_what_is_done() -> None:
    given = tasks(value(1))
    await given[0]
    assert await workflow.wait(given) == (given, [])


async def test_wait_for_what_it_cannot_wait_for_is_refused() -> None:
    wait: Any = workflow.wait
    coroutine, task = value(1), asyncio.ensure_future(value(1))
    with pytest.raises(TypeError, match="Expect an iterable of Tasks/Futures, not Task"):
        await wait(task)
    with pytest.raises(ValueError, match="must not be empty"):
        await wait([])
    with pytest.raises(ValueError, match="Invalid return_when value: SOMETIME"):
        await wait([task], return_when="SOMETIME")
    with pytest.raises(TypeError, match="Passing coroutines is forbidden"):
        await wait([coroutine])
    coroutine.close()
    await task


async def test_as_completed_gives_results_in_the_order_in_which_they_come() -> None:
    gates = [asyncio.Event() for _ in range(3)]

    async def behind(number: int) -> int:
        await gates[number].wait()
        return number

    results: list[int] = []
    awaitables = workflow.as_completed([behind(number) for number in range(3)])
    for number in (2, 0, 1):
        gates[number].set()
        results.append(await next(awaitables))
    assert results == [2, 0, 1]


async def test_as_completed_gives_up_after_its_timeout() -> None:
    given = tasks(value(1), never())
    first, second = workflow.as_completed(given, timeout=0.001)
    assert await first == 1
    with pytest.raises(TimeoutError):
        await second
    given[1].cancel()
