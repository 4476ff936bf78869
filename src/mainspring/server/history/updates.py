"""Updates: admitted to a run, waited for until a stage is reached.

    admit (a transition) -> wait: outcome by notice, stage by looking at the run -> outcome of a completed one from
    history

A run that continues as new hands its unanswered updates to the next one: the wait starts over there, unless the request
named the run. Waiting holds nothing but a future.
Reference: tests/differential/test_updates.py.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from contextlib import ExitStack
from typing import Any

import msgspec
from temporalio.api.enums.v1 import UpdateWorkflowExecutionLifecycleStage
from temporalio.api.update.v1 import Outcome, Request

from mainspring.server.engine import update
from mainspring.server.engine.changes import RunKey
from mainspring.server.engine.errors import NotFound
from mainspring.server.engine.notices import UpdateNotice
from mainspring.server.engine.run import Run
from mainspring.server.engine.stages import UpdateStage
from mainspring.server.history.runs import Runs
from mainspring.server.history.waiting import Waiting

Stage = UpdateWorkflowExecutionLifecycleStage
ADMITTED = Stage.UPDATE_WORKFLOW_EXECUTION_LIFECYCLE_STAGE_ADMITTED
ACCEPTED = Stage.UPDATE_WORKFLOW_EXECUTION_LIFECYCLE_STAGE_ACCEPTED
COMPLETED = Stage.UPDATE_WORKFLOW_EXECUTION_LIFECYCLE_STAGE_COMPLETED

_STAGES: dict[UpdateStage, Stage.ValueType] = {
    UpdateStage.ADMITTED: ADMITTED,
    UpdateStage.SENT: ADMITTED,
    UpdateStage.ACCEPTED: ACCEPTED,
    UpdateStage.COMPLETED: COMPLETED,
}


class UpdateStatus(msgspec.Struct, frozen=True, kw_only=True):
    """How far an update is."""

    key: RunKey
    stage: Stage.ValueType
    outcome: Outcome | None = None
    was_accepted: bool = True  # False: rejected, so the history has no trace of it


class _Seen(msgspec.Struct, frozen=True):
    """An update as the run has it."""

    stage: UpdateStage
    completed_event_id: int
    run_is_running: bool


class _UnknownUpdate(NotFound):
    """The run has no such update."""


class Updates:
    """See the module."""

    def __init__(self, runs: Runs, waiting: Waiting) -> None:
        self._runs = runs
        self._waiting = waiting

    async def admit(
        self,
        named: RunKey,
        request: Request,
        *,
        wait_for: Stage.ValueType,
        until_s: float,
        check: Callable[[Run], None],
    ) -> UpdateStatus:
        """Send an update and wait for a stage, or until `until_s` (time.monotonic); then say how far it is.

        Without a run id in `named` it goes to the run that is current as it is changed, and the wait is there.

        Raises: NotFound, WorkflowNotReady, ResourceExhausted; WorkflowClosing: the run is closing, see whether it goes
        on.
        """
        update_id = request.meta.update_id

        with ExitStack() as waiters:

            def admit(run: Run) -> asyncio.Future[UpdateNotice]:
                check(run)
                update.admit(run, request)
                return waiters.enter_context(self._waiting.update(run.key.run_id, update_id))

            key, outcome = await self._runs.change_named(*named.parts, admit)
            return await self._wait(key, update_id, outcome, wait_for=wait_for, until_s=until_s)

    async def wait(self, named: RunKey, update_id: str, *, wait_for: Stage.ValueType, until_s: float) -> UpdateStatus:
        """Wait for an update that was sent before, without a run id in `named` to whichever run is current.

        Raises: NotFound: the run does not know it.
        """
        key = await self._runs.resolve(*named.parts)
        while True:
            with self._waiting.update(key.run_id, update_id) as outcome:
                try:
                    return await self._wait(key, update_id, outcome, wait_for=wait_for, until_s=until_s)
                except _UnknownUpdate:
                    current = await self._runs.resolve(*named.parts)
                    if current == key:
                        raise
            key = current  # the run went on in another one before it was looked at

    async def _wait(
        self,
        key: RunKey,
        update_id: str,
        outcome: asyncio.Future[UpdateNotice],
        *,
        wait_for: Stage.ValueType,
        until_s: float,
    ) -> UpdateStatus:
        while not outcome.done():
            with self._waiting.changed(key.run_id) as changed:
                seen = await self._runs.look(key, lambda run: _see(run, update_id))
                if outcome.done():
                    break  # it came while this waited for the lock, and may have left no trace to see
                if seen is None:
                    raise _UnknownUpdate(f'update "{update_id}" not found')
                status = await self._status(key, seen)
                remaining_s = until_s - time.monotonic()
                if status.stage >= wait_for or wait_for > COMPLETED or remaining_s <= 0:
                    return status
                futures: set[asyncio.Future[Any]] = {changed, outcome}
                await asyncio.wait(futures, timeout=remaining_s, return_when=asyncio.FIRST_COMPLETED)
        return _of_notice(key, outcome.result())

    async def _status(self, key: RunKey, seen: _Seen) -> UpdateStatus:
        if seen.stage is UpdateStage.COMPLETED:
            event = await self._runs.event(key, seen.completed_event_id)
            outcome = event.workflow_execution_update_completed_event_attributes.outcome
            return UpdateStatus(key=key, stage=COMPLETED, outcome=outcome)
        if seen.stage is UpdateStage.ACCEPTED and not seen.run_is_running:
            return UpdateStatus(key=key, stage=COMPLETED, outcome=Outcome(failure=update.RUN_COMPLETED))
        return UpdateStatus(key=key, stage=_STAGES[seen.stage])


def _see(run: Run, update_id: str) -> _Seen | None:
    known = update.find(run, update_id)
    return None if known is None else _Seen(known.stage, known.completed_event_id, run.is_running)


def _of_notice(key: RunKey, notice: UpdateNotice) -> UpdateStatus:
    if notice.error is not None:
        raise notice.error
    outcome = Outcome.FromString(notice.outcome_bytes or b"")
    return UpdateStatus(key=key, stage=COMPLETED, outcome=outcome, was_accepted=notice.accepted_event_id != 0)
