from __future__ import annotations

import asyncio

import pytest

from mainspring.common._composite_event import LateCompositeEvent


async def test_a_coroutine_that_waits_is_woken() -> None:
    event = LateCompositeEvent()
    waiting = asyncio.ensure_future(event.wait())
    await asyncio.sleep(0)
    assert not waiting.done()
    event.set()
    await asyncio.wait_for(waiting, 5)


async def test_who_asks_after_it_was_set_does_not_wait() -> None:
    event = LateCompositeEvent()
    event.set()
    await asyncio.wait_for(event.wait(), 5)
    assert event.is_set()
    assert event.for_threads().is_set()


async def test_a_thread_that_waits_is_woken() -> None:
    event = LateCompositeEvent()
    waiting = asyncio.ensure_future(asyncio.to_thread(event.wait_sync, 5))
    event.set()
    await waiting
    assert event.for_threads().is_set()


async def test_one_for_threads_is_not_awaited() -> None:
    with pytest.raises(RuntimeError, match="not in async activity"):
        await LateCompositeEvent(is_for_coroutines=False).wait()
