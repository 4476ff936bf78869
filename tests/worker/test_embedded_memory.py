"""What an open engine asks of Python's memory: few collections, and little for them to find."""

from __future__ import annotations

import gc
from collections.abc import Generator
from datetime import timedelta

import pytest

from mainspring import activity, workflow
from mainspring._embedded import embedded
from mainspring._embedded._memory import WHILE_OPEN
from mainspring.worker._activity_attempt import Attempt


@activity.defn(start_to_close_timeout=timedelta(seconds=10))
async def hello() -> str:
    return "hello"


@workflow.defn
async def greet() -> str:
    return await hello()


@pytest.fixture
def defaults() -> Generator[tuple[int, int, int]]:
    before = gc.get_threshold()
    gc.set_threshold(700, 10, 10)
    yield gc.get_threshold()
    gc.set_threshold(*before)


async def test_collections_are_seldom_while_an_engine_is_open(defaults: tuple[int, int, int]) -> None:
    async with embedded():
        assert gc.get_threshold() == WHILE_OPEN
    assert gc.get_threshold() == defaults


async def test_what_the_program_has_said_holds(defaults: tuple[int, int, int]) -> None:
    gc.set_threshold(5_000, 5, 5)
    async with embedded():
        assert gc.get_threshold() == (5_000, 5, 5)
        gc.set_threshold(*defaults)
    assert gc.get_threshold() == defaults


async def test_an_attempt_is_gone_without_a_collection() -> None:
    gc.collect()
    gc.disable()
    try:
        async with embedded(workflows=[greet], activities=[hello]) as client:
            assert await client.execute_workflow(greet, id="greet") == "hello"
        assert not [one for one in gc.get_objects() if issubclass(type(one), Attempt)]
    finally:
        gc.enable()
