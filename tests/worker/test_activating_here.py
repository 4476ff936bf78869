"""Workflow code in the event loop's own thread: what is long goes to threads, and what blocks is got out."""

from __future__ import annotations

import concurrent.futures
import logging
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import cast

import pytest

from mainspring.replay.requests import Completion
from mainspring.worker._activating import DeadlockError, Interrupted, ThreadActivator
from mainspring.worker._activating_here import BRIEF_S, ActivatorHere, Watchdog
from mainspring.worker._cached_run import CachedRun

DEADLOCK_S = 0.1


@dataclass
class Run:
    is_brief: bool = True
    is_repeating: bool = False
    is_lost: bool = False

    def as_run(self) -> CachedRun:
        return cast("CachedRun", self)


@pytest.fixture
def activator() -> Iterator[ActivatorHere]:
    with concurrent.futures.ThreadPoolExecutor(1) as executor:
        yield ActivatorHere(ThreadActivator(executor), DEADLOCK_S)


def where(threads: list[int], lasts_s: float = 0) -> Callable[[], Completion]:
    def work() -> Completion:
        threads.append(threading.get_ident())
        until = time.perf_counter() + lasts_s
        while time.perf_counter() < until:
            pass
        return Completion()

    return work


async def test_what_is_brief_stays_in_the_loops_thread(activator: ActivatorHere) -> None:
    threads: list[int] = []
    run = Run()
    for _ in range(3):
        assert (await activator.activate(where(threads), run.as_run())).error is None
    assert threads == [threading.get_ident()] * 3
    assert run.is_brief


async def test_a_run_that_took_long_goes_to_a_thread(activator: ActivatorHere) -> None:
    threads: list[int] = []
    run = Run()
    await activator.activate(where(threads, BRIEF_S), run.as_run())
    await activator.activate(where(threads), run.as_run())
    assert threads[0] == threading.get_ident() != threads[1]


async def test_what_repeats_a_history_goes_to_a_thread(activator: ActivatorHere) -> None:
    threads: list[int] = []
    await activator.activate(where(threads), Run(is_repeating=True).as_run())
    assert threads != [threading.get_ident()]


def spin_for_ever() -> Completion:
    while True:
        pass


async def test_what_blocks_is_interrupted_and_its_task_fails_with_the_place(activator: ActivatorHere) -> None:
    run = Run()
    completion = await activator.activate(spin_for_ever, run.as_run())
    assert isinstance(completion.error, DeadlockError)
    assert "spin_for_ever" in str(completion.error)
    assert not run.is_brief


async def test_what_swallows_its_interruption_has_failed_all_the_same(activator: ActivatorHere) -> None:
    def swallow() -> Completion:
        try:
            return spin_for_ever()
        except Interrupted:
            return Completion()

    assert isinstance((await activator.activate(swallow, Run().as_run())).error, DeadlockError)


def test_no_interruption_comes_after_the_end() -> None:
    """Work that ends just as it is interrupted: it is, or it is not, but whoever comes next is left alone."""
    watchdog = Watchdog(0.002)
    ends: set[bool] = set()
    for number in range(400):
        until = time.perf_counter() + 0.001 + number % 20 * 0.0002

        def work(until: float = until) -> Completion:
            while time.perf_counter() < until:
                pass
            return Completion()

        ends.add(watchdog.watched(work).error is None)
        for _ in range(1000):
            pass
    assert True in ends


def test_the_watchdog_goes_home_and_comes_back() -> None:
    watchdog = Watchdog(0.02)
    for _ in range(2):
        watchdog.watched(Completion)
        thread = watchdog._thread
        assert thread is not None
        thread.join(5)
        assert not thread.is_alive()
    assert isinstance(watchdog.watched(spin_for_ever).error, DeadlockError)


def test_the_log_says_what_cannot_be_interrupted() -> None:
    gate = threading.Event()
    said: list[str] = []

    class Opens(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            said.append(record.getMessage())
            if "cannot be interrupted" in said[-1]:
                gate.set()

    opens = Opens()
    logging.getLogger("mainspring.worker").addHandler(opens)

    def wait_outside() -> Completion:
        gate.wait(20)
        return Completion()

    try:
        completion = Watchdog(0.02).watched(wait_outside)
    finally:
        logging.getLogger("mainspring.worker").removeHandler(opens)
    assert isinstance(completion.error, DeadlockError)
    assert "wait_outside" in said[-1]
