"""The clock that skips: it goes forward only, and wakes who waits in the order of their times."""

from __future__ import annotations

import asyncio

from mainspring.server.process.clocks import SkippingClock

HOUR = 3_600 * 1_000_000_000
BEGAN_AT = 1_700_000_000 * 1_000_000_000


async def test_who_waits_is_woken_in_order_when_time_skips() -> None:
    clock = SkippingClock(began_at=BEGAN_AT)
    woken: list[str] = []
    clock.call_at(BEGAN_AT + 3 * HOUR, lambda: woken.append("three"))
    clock.call_at(BEGAN_AT + 1 * HOUR, lambda: woken.append("one"))
    clock.call_at(BEGAN_AT + 2 * HOUR, lambda: woken.append("two"))

    clock.skip_to(BEGAN_AT + 2 * HOUR)

    assert woken == ["one", "two"]
    assert clock.next_at() == BEGAN_AT + 3 * HOUR
    clock.stop()


async def test_time_is_what_it_was_skipped_to_and_goes_on() -> None:
    clock = SkippingClock(began_at=BEGAN_AT)

    clock.skip_to(BEGAN_AT + HOUR)

    first = clock.now()
    assert BEGAN_AT + HOUR <= first <= clock.now()


async def test_time_never_goes_back() -> None:
    clock = SkippingClock(began_at=BEGAN_AT)
    clock.skip_to(BEGAN_AT + HOUR)

    clock.skip_to(BEGAN_AT)

    assert clock.now() >= BEGAN_AT + HOUR


async def test_who_has_cancelled_is_not_woken() -> None:
    clock = SkippingClock(began_at=BEGAN_AT)
    woken: list[str] = []
    second = clock.call_at(BEGAN_AT + HOUR, lambda: woken.append("second"))

    def first() -> None:
        woken.append("first")
        second.cancel()

    clock.call_at(BEGAN_AT + HOUR - 1, first)

    clock.skip_to(BEGAN_AT + HOUR)

    assert woken == ["first"]
    assert clock.next_at() is None


async def test_who_waits_for_the_past_is_woken_without_skipping() -> None:
    clock = SkippingClock(began_at=BEGAN_AT)
    woken = asyncio.Event()

    clock.call_at(BEGAN_AT - HOUR, woken.set)

    await woken.wait()


async def test_time_passes_by_itself() -> None:
    clock = SkippingClock(began_at=BEGAN_AT)
    woken = asyncio.Event()

    clock.call_at(clock.now() + 1_000_000, woken.set)

    await woken.wait()
    assert clock.now() >= BEGAN_AT + 1_000_000
