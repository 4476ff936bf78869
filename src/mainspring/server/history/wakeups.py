"""Time: runs whose earliest deadline has come are given to the engine.

    publish(wake_at) -> sleep until the earliest -> store.due_runs -> fire each -> the next earliest

One timer for all runs. While nothing is due nothing is asked of the store. Closed runs wake once more, to be deleted.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable

from mainspring.server.engine import due
from mainspring.server.engine.changes import Changes, Nanos, RunKey
from mainspring.server.engine.errors import InvalidArgument, MainspringError, NotFound
from mainspring.server.engine.run import Run
from mainspring.server.engine.succession import Chain
from mainspring.server.history.ports import Alarm, Clock
from mainspring.server.history.runs import Runs

log = logging.getLogger(__name__)

PAGE = 200
RETRY_S = 1.0
NANOS_PER_S = 1_000_000_000


class Wakeups:
    """The loop that fires what is due. A `Publisher`."""

    def __init__(self, runs: Runs, *, clock: Clock) -> None:
        self._runs = runs
        self._now = clock.now
        self._call_at = clock.call_at
        self._next_at: Nanos | None = None
        self._timer: Alarm | None = None
        self._busy: asyncio.Task[None] | None = None
        self._is_stopped = False
        self.fired_count = 0

    @property
    def is_busy(self) -> bool:
        """Runs are being fired."""
        return self._busy is not None

    async def start(self) -> None:
        """Look what waits in the store."""
        self._plan(await self._runs.store.next_wake_at())

    async def stop(self) -> None:
        """Fire nothing more; a run being fired is finished."""
        self._is_stopped = True
        if self._timer is not None:
            self._timer.cancel()
        if self._busy is not None:
            await asyncio.wait([self._busy])

    def publish(self, changes: Changes) -> None:
        """A commit may have brought an earlier deadline."""
        at = changes.wake_at
        if at is not None and (self._next_at is None or at < self._next_at):
            self._plan(at)

    def doubt(self, changes: Changes) -> None:
        """The same: waking up for nothing does no harm."""
        self.publish(changes)

    def _plan(self, at: Nanos | None) -> None:
        self._next_at = at
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        if at is None or self._is_stopped or self._busy is not None:
            return
        self._timer = self._call_at(at, self._ring)

    def _ring(self) -> None:
        self._timer = None
        self._busy = asyncio.get_running_loop().create_task(self._work())

    async def _work(self) -> None:
        try:
            following = await self.run_once()
        except Exception:
            log.exception("wake-ups failed; trying again")
            following = self._now() + int(RETRY_S * NANOS_PER_S)
        self._busy = None
        planned = self._next_at
        self._plan(following if planned is None or following is None else min(planned, following))

    async def run_once(self) -> Nanos | None:
        """Fire all that is due now.

        Returns: when the next run is due; None: never.
        """
        self._next_at = None
        while True:
            keys = await self._runs.store.due_runs(self._now(), PAGE)
            if not keys:
                return await self._runs.store.next_wake_at()
            failures = [await self._fire(key) for key in keys]
            if all(failures):
                return self._now() + int(RETRY_S * NANOS_PER_S)

    async def _fire(self, key: RunKey) -> bool:
        """Returns: it failed, and is to be tried again later."""
        try:
            await self._fire_run(key)
        except (NotFound, InvalidArgument):
            return False  # it is gone, or was ended for its length
        except MainspringError:
            log.exception("a due run failed: namespace=%s workflow=%s run=%s", *key.parts)
            return True
        self.fired_count += 1
        return False

    async def _fire_run(self, key: RunKey) -> None:
        async with self._runs.locks.hold((key.namespace_id, key.workflow_id)):
            run = await self._runs.load(key)
            if not run.is_running:
                await self._retire(run)
                return
            chain = await self._runs.chain(key) if _may_be_followed(run) else None
            await self._runs.change_held(key, _fire_due(chain))

    async def _retire(self, run: Run) -> None:
        """Retention has ended, or was made longer since the run closed."""
        retention_ns = run.settings.retention_ns
        delete_at = run.state.closed_at + retention_ns if retention_ns else 0
        if not delete_at or delete_at > self._now():
            await self._runs.change_held(run.key, _keep_until(delete_at))
            return
        await self._runs.store.delete_run(run.key)
        self._runs.evict(run.key)


def _may_be_followed(run: Run) -> bool:
    return run.state.retry is not None or bool(run.state.cron_schedule)


def _fire_due(chain: Chain | None) -> Callable[[Run], None]:
    def fire(run: Run) -> None:
        due.fire_due(run, chain)
        run.touched()  # even if nothing was due any more: the stored wake-up is to be the true one

    return fire


def _keep_until(delete_at: Nanos) -> Callable[[Run], None]:
    def keep(run: Run) -> None:
        run.state.delete_at = delete_at
        run.touched()

    return keep
