"""Runs a scenario on both servers and compares.

    @on_both
    async def test_a_timer_fires(driver: Driver) -> None: ...

The decorated function becomes a test that takes the `pair` fixture in the driver's place (`conftest.py`); its other
parameters stay, so `pytest.mark.parametrize` works. Both runs go on at the same time, since most of a scenario is
waiting. `MAINSPRING_DIFFERENTIAL_SHOW=1` prints the real server's normal form (see it with `pytest -rP`).
"""

from __future__ import annotations

import asyncio
import difflib
import functools
import inspect
import os
from collections.abc import Awaitable, Callable, Coroutine
from typing import Concatenate, ParamSpec

import pytest

from tests.differential.differences import MEANT, Difference
from tests.differential.driver import Driver, NoTaskError
from tests.differential.normal_form import normal_form
from tests.differential.servers import Pair
from tests.differential.transcript import Refused

P = ParamSpec("P")
Scenario = Callable[Concatenate[Driver, P], Awaitable[None]]
SHOW_VARIABLE = "MAINSPRING_DIFFERENTIAL_SHOW"
CONTEXT_LINES = 4


def on_both(scenario: Scenario[P]) -> Callable[..., Coroutine[object, object, None]]:
    """Make a scenario a test that compares both servers."""

    async def test(pair: Pair, *args: P.args, **kwargs: P.kwargs) -> None:
        async def run(address: str, namespace: str) -> list[str]:
            return await lines_of_a_run(address, namespace, lambda driver: scenario(driver, *args, **kwargs))

        async def run_both(namespace: str) -> tuple[list[str], list[str]]:
            return await asyncio.gather(run(pair.specification, namespace), run(pair.candidate, namespace))

        specification, candidate = await run_both(pair.namespace)
        if pair.another_namespace is not None and has_stopped(specification):
            # The real server was late, as it may be on a busy machine: that is no difference, so once more.
            specification, candidate = await run_both(pair.another_namespace())
        compare(pair, specification, candidate)

    functools.update_wrapper(test, scenario)
    signature = inspect.signature(scenario)
    others = list(signature.parameters.values())[1:]
    pair_parameter = inspect.Parameter("pair", inspect.Parameter.POSITIONAL_OR_KEYWORD)
    test.__signature__ = signature.replace(parameters=[pair_parameter, *others])  # type: ignore[attr-defined]  # read by pytest
    return test


async def lines_of_a_run(address: str, namespace: str, scenario: Callable[[Driver], Awaitable[None]]) -> list[str]:
    """The normal form of one run, with its end in the last line if it did not get through."""
    async with Driver(address, namespace) as driver:
        try:
            await scenario(driver)
        except (Refused, NoTaskError, AssertionError, IndexError) as error:
            # The other server's run is worth a comparison all the same; `compare` fails if both end like this.
            driver.transcript.remark(f"{STOPPED} {type(error).__name__}: {error}")
        return normal_form(driver.transcript)


STOPPED = "the scenario stopped here:"


def has_stopped(lines: list[str]) -> bool:
    return any(STOPPED in line for line in lines)


def compare(pair: Pair, specification: list[str], candidate: list[str]) -> None:
    """Fail with a diff if the runs differ in what they should not, or if the scenario stops on the real server."""
    if os.environ.get(SHOW_VARIABLE):
        print("\n".join(specification))
    if has_stopped(specification):
        pytest.fail("\n".join(["on the real server", *specification]), pytrace=False)
    if specification == candidate:
        return
    meant = [difference for difference in MEANT if difference.concerns(pair.scenario)]
    if pair.candidate_is_mainspring:
        specification, candidate = without(meant, specification), without(meant, candidate)
    difference = list(
        difflib.unified_diff(specification, candidate, "the real server", "Mainspring", lineterm="", n=CONTEXT_LINES)
    )
    if difference:
        pytest.fail("\n".join(["", *difference]), pytrace=False)


def without(meant: list[Difference], lines: list[str]) -> list[str]:
    """The lines with all that is meant to differ blanked."""
    for difference in meant:
        lines = [difference.blank(line) for line in lines]
    return [line for line in lines if line]
