"""Sagas: what was done is undone, in reverse, if what follows fails.

async with workflow.compensations() as undo:
    vm = await create_vm(order)
    undo.add(delete_vm, vm.vm_id)
    await attach_vip(vm)              # fails, or the workflow is cancelled: delete_vm runs, then the error goes on
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress
from types import TracebackType
from typing import Any, NamedTuple, ParamSpec, Self

from mainspring.workflow._exceptions import ContinueAsNewError
from mainspring.workflow._runtime import Runtime

P = ParamSpec("P")


class _Step(NamedTuple):
    """One thing to undo."""

    undo: Callable[..., Awaitable[Any]]
    args: tuple[Any, ...]
    kwargs: dict[str, Any]


class Compensations:
    """What to run, the last first, if the block ends with an error or is cancelled."""

    def __init__(self) -> None:
        self._steps: list[_Step] = []

    def __repr__(self) -> str:
        return f"<compensations: {[step.undo for step in self._steps]}>"

    def add(self, undo: Callable[P, Awaitable[Any]], /, *args: P.args, **kwargs: P.kwargs) -> None:
        """Remember to call this if the block fails: an activity, a function workflow, any async function."""
        self._steps.append(_Step(undo, args, kwargs))

    def clear(self) -> None:
        """Forget them all: from here on, what was done stays."""
        self._steps.clear()

    async def run(self) -> None:
        """Run them now, the last first, each to its end even if the workflow is cancelled meanwhile.

        Raises:
            BaseExceptionGroup: some failed; the others ran.
        """
        failures: list[BaseException] = []
        while self._steps:
            step = self._steps.pop()
            task = await _to_the_end(step)
            failure = asyncio.CancelledError() if task.cancelled() else task.exception()
            if failure is not None:
                failures.append(failure)
        if failures:
            raise BaseExceptionGroup("compensations failed", failures)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        del kind, trace
        if error is None or isinstance(error, ContinueAsNewError | GeneratorExit):
            return
        try:
            await self.run()
        except BaseExceptionGroup as failed:
            # The error that led here decides how the workflow ends; that some of it could not be undone goes with it.
            for failure in failed.exceptions:
                error.add_note(f"a compensation failed: {failure!r}")


async def _to_the_end(step: _Step) -> asyncio.Future[Any]:
    """Run a step in a task that a cancellation of the caller leaves alone. Returns: the task, done."""
    task = asyncio.ensure_future(step.undo(*step.args, **step.kwargs))
    while not task.done():
        with suppress(asyncio.CancelledError):  # of the caller: what is to be undone is undone all the same
            await asyncio.wait([task])
    return task


def compensations() -> Compensations:
    """Things to undo, for `async with`."""
    Runtime.current()
    return Compensations()
