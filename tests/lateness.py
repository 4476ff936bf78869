"""A late test fails, whatever it does with the alarm: pytest-timeout rings once, which is not enough for an event loop.

Its exception is raised wherever the main thread stands. In a task or a callback that is not the test's own, the loop
keeps it, and the test goes on for ever; and after the first failure pytest-timeout rings no more, so that a fixture's
teardown may hang. So the alarm rings again until the test is over, and a teardown has the test's whole limit to itself.
"""

from __future__ import annotations

import signal
from collections.abc import Generator
from typing import Final, Protocol

import pytest


class Settings(Protocol):
    """What we need of pytest-timeout's, which has no types."""

    timeout: float  # seconds
    method: str


AGAIN_S: Final = 5.0
SETTINGS: Final = pytest.StashKey[Settings]()


@pytest.hookimpl(wrapper=True)
def pytest_timeout_set_timer(item: pytest.Item, settings: Settings) -> Generator[None, object, object]:
    item.stash[SETTINGS] = settings
    is_set = yield
    if settings.method == "signal" and signal.getitimer(signal.ITIMER_REAL)[0]:
        signal.setitimer(signal.ITIMER_REAL, settings.timeout, AGAIN_S)
    return is_set


@pytest.hookimpl(wrapper=True)
def pytest_runtest_teardown(item: pytest.Item) -> Generator[None, object, object]:
    settings = item.stash.get(SETTINGS, None)
    if settings is not None:
        item.config.hook.pytest_timeout_set_timer(item=item, settings=settings)
    return (yield)
