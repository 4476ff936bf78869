"""Waits of asyncio that Python 3.11 orders in another way than its successors: a run has one order on all of them."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from typing import Any

import pytest

from mainspring import workflow
from mainspring.worker._flags import WAITS_AS_PYTHON_3_12
from tests.worker.driven import Driven, fired, query

MINUTE = timedelta(minutes=1)
NEW = {WAITS_AS_PYTHON_3_12}


async def step(name: str) -> str:
    done: str = await workflow.execute_activity(name, start_to_close_timeout=MINUTE, result_type=str)
    return done


def ended(result: object = None, error: BaseException | None = None, *, cancelled: bool = False) -> asyncio.Future[Any]:
    """A future that is done."""
    future = asyncio.get_running_loop().create_future()
    if cancelled:
        future.cancel("called off")
    elif error is not None:
        future.set_exception(error)
    else:
        future.set_result(result)
    return future


# -- wait_for


@workflow.defn
class TwoLimits:
    @workflow.run
    async def run(self) -> list[str]:
        return await asyncio.gather(asyncio.wait_for(step("first"), 60), asyncio.wait_for(step("second"), 60))


def test_what_has_a_time_limit_begins_at_once() -> None:
    run = Driven(TwoLimits)
    assert run.begin() == ["timer 1 60", "activity 1 first", "timer 2 60", "activity 2 second"]
    assert run.flags == NEW


def test_a_replay_has_the_order_that_the_history_says() -> None:
    assert Driven(TwoLimits).begin(is_replaying=True, flags=NEW) == Driven(TwoLimits).begin()


def test_a_history_that_says_nothing_keeps_the_order_of_its_python() -> None:
    run = Driven(TwoLimits)
    run.begin(is_replaying=True)
    assert run.flags == set()


@workflow.defn
class TooLong:
    @workflow.run
    async def run(self) -> str:
        try:
            return await asyncio.wait_for(asyncio.sleep(120, "slept"), 60)
        except TimeoutError:
            return "too long"


def test_a_limit_ends_what_takes_longer() -> None:
    run = Driven(TooLong)
    assert run.begin() == ["timer 1 60", "timer 2 120"]
    assert run.tell(fired(1)) == ["cancel_timer 2", "complete 'too long'"]


# -- gather


@workflow.defn
class GathersWhatIsDone:
    @workflow.run
    async def run(self) -> None:
        self.done = ended(1)
        await asyncio.gather(self.gathers(), self.goes_on())

    async def gathers(self) -> None:
        await step(str(await asyncio.gather(self.done, self.done)))

    async def goes_on(self) -> None:
        await asyncio.sleep(0)
        await step("other")

    @workflow.query
    def gathered(self) -> bool:
        return asyncio.gather(self.done).done()


def test_what_waits_for_nothing_goes_on_at_once() -> None:
    run = Driven(GathersWhatIsDone)
    assert run.begin() == ["activity 1 [1, 1]", "activity 2 other"]
    assert run.flags == NEW


def test_a_query_says_nothing_in_the_history() -> None:
    run = Driven(GathersWhatIsDone)
    run.begin(is_replaying=True)
    run.tell(query("gathered"))
    assert run.flags == set()


@workflow.defn
class GathersFailures:
    @workflow.run
    async def run(self, return_exceptions: bool) -> str:
        never = asyncio.get_running_loop().create_future()
        waited_for = [ended("fine"), ended(error=ValueError("broken")), ended(cancelled=True)]
        gathered = asyncio.gather(
            *waited_for, *([] if return_exceptions else [never]), return_exceptions=return_exceptions
        )
        assert gathered.done()
        try:
            return repr(await gathered)
        except ValueError as error:
            return repr(error)


@pytest.mark.parametrize(
    "return_exceptions, outcome",
    [(True, "['fine', ValueError('broken'), CancelledError('called off')]"), (False, "ValueError('broken')")],
)
def test_failures_are_told_at_once_too(return_exceptions: bool, outcome: str) -> None:
    assert Driven(GathersFailures, return_exceptions).begin() == [f"complete {outcome!r}"]
