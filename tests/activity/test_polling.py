from __future__ import annotations

import asyncio
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest

from mainspring import activity
from mainspring.activity._polling import _pauses  # pyright: ignore[reportPrivateUsage] - the rule for itself
from mainspring.exceptions import CancelledError
from tests.activity.contexts import an_info, in_activity


def answers(*given: Any) -> Iterator[Any]:
    return iter(given)


async def test_polling_ends_with_the_first_answer_that_says_something() -> None:
    sent: list[Any] = []
    following = answers(None, False, 0)

    async def check() -> int | None:
        answer: int | None = next(following)
        return answer

    with in_activity(lambda *details: sent.append(details)):
        assert await activity.poll_until(check, 0) == 0
    assert len(sent) == 5


async def test_polling_is_cancelled_with_the_activity() -> None:
    asked = asyncio.Event()

    async def check() -> int | None:
        asked.set()
        return None

    with in_activity():
        polling = asyncio.create_task(activity.poll_until(check, timedelta(hours=1)))
        await asked.wait()
        polling.cancel()
        with pytest.raises(asyncio.CancelledError):
            await polling


async def test_an_error_of_the_check_goes_on() -> None:
    async def check() -> int | None:
        raise ValueError("unreachable")

    with in_activity(), pytest.raises(ValueError, match="unreachable"):
        await activity.poll_until(check, 1)


def test_polling_in_a_thread_ends_with_the_answer_or_the_cancellation() -> None:
    following = answers(None, "found")
    with in_activity() as context:
        assert activity.poll_until_sync(lambda: next(following), 0) == "found"
        context.cancelled_event.set()
        with pytest.raises(CancelledError, match="Cancelled while polling"):
            activity.poll_until_sync(lambda: bool(context.info().is_local), 3600)


@pytest.mark.parametrize(
    "timeout_s, interval, pauses", [(None, 60, [60]), (10, 3, [3]), (10, 15, [5, 5, 5]), (10, 16, [4] * 4), (0, 7, [7])]
)
def test_a_long_interval_is_cut_into_pieces_that_the_heartbeat_timeout_allows(
    timeout_s: int | None, interval: int, pauses: list[int]
) -> None:
    timeout = None if timeout_s is None else timedelta(seconds=timeout_s)
    with in_activity(info=an_info(timeout)):
        assert _pauses(interval) == pauses
