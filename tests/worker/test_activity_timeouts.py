"""One timer for the timeouts of all attempts."""

from __future__ import annotations

import asyncio

from mainspring.common._composite_event import LateCompositeEvent
from mainspring.worker._activity_running import Stop
from mainspring.worker._activity_timeouts import TIMED_OUT, Timeouts


def attempt() -> Stop:
    return Stop(LateCompositeEvent(), None)


async def test_each_attempt_is_stopped_when_its_own_time_comes() -> None:
    timeouts, late, soon, sooner = Timeouts(), attempt(), attempt(), attempt()
    for stop, after_s in ((late, 3600.0), (soon, 0.002), (sooner, 0.0)):
        timeouts.begin(stop, after_s)

    await sooner.cancelled.wait()
    await soon.cancelled.wait()

    assert (sooner.details, soon.details, late.details) == (TIMED_OUT, TIMED_OUT, None)


async def test_an_attempt_that_ended_is_not_stopped() -> None:
    timeouts, ended, other = Timeouts(), attempt(), attempt()
    timeouts.begin(ended, 0.0)
    timeouts.begin(other, 0.001)
    timeouts.end(ended)

    await other.cancelled.wait()

    assert ended.details is None


async def test_the_timer_goes_with_the_last_attempt_of_a_worker_that_stops() -> None:
    loop, timeouts, last = asyncio.get_running_loop(), Timeouts(), attempt()
    timeouts.begin(last, 3600.0)

    timeouts.close()
    assert len(pending(loop)) == 1
    timeouts.end(last)

    assert not pending(loop)


def pending(loop: asyncio.AbstractEventLoop) -> list[asyncio.TimerHandle]:
    handles: list[asyncio.TimerHandle] = vars(loop)["_scheduled"]
    return [one for one in handles if not one.cancelled() and "Timeouts" in repr(one)]
