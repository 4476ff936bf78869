"""Which run's workflow code is calling, if any: what every guard asks first.

Guards run for every caller in the process, so the answer "none" has to be quick.
"""

from __future__ import annotations

import asyncio
import random
from collections.abc import Callable
from functools import wraps
from typing import Any

from mainspring.workflow._runtime import Runtime
from mainspring.workflow._unsafe import sandbox_unrestricted

_ON_LOOP = "__mainspring_restricted_runtime"
_RANDOM = "__mainspring_guarded_random"
_loop_of_thread = asyncio._get_running_loop  # pyright: ignore[reportPrivateUsage] - documented, for frameworks
_is_unrestricted = sandbox_unrestricted.get


def restrict(loop: asyncio.AbstractEventLoop, runtime: Runtime) -> None:
    """Have the guards see what runs on a loop. Without it, code there may do anything."""
    setattr(loop, _ON_LOOP, runtime)


def restricted_runtime() -> Runtime | None:
    """The run whose code the calling thread runs; None outside workflows, and where workflow code may do anything."""
    loop = _loop_of_thread()
    if loop is None:
        return None
    runtime: Runtime | None = getattr(loop, _ON_LOOP, None)
    return None if runtime is None or _is_unrestricted() else runtime


def looking_like(real: Callable[..., Any]) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Give a guard the name, signature and text of the function for which it stands."""
    if isinstance(getattr(real, "__name__", None), str):
        return wraps(real)
    return lambda guard: guard  # a mock has no name


def random_of(runtime: Runtime) -> random.Random:
    """The generator that stands for the process's while the run's code runs.

    It is not `workflow.random()`, so that a library which draws a number now and then does not move the workflow's own.
    A reset of the run seeds it anew.
    """
    seed = runtime.workflow_random_seed()
    held: tuple[int, random.Random] | None = getattr(runtime, _RANDOM, None)
    if held is None or held[0] != seed:
        held = (seed, random.Random(f"{seed}:guards"))  # noqa: S311 - it has to repeat itself
        setattr(runtime, _RANDOM, held)
    return held[1]
