"""Time skipping: while nobody insists on real time and nothing is in flight, the clock goes straight to what is next.

    lock, unlock, sleep  ->  TimeSkipping  <-  InFlight (what workers still have)
                                  |
                      SkippingClock.skip_to(the earliest time that anybody waits for)

Skipping is locked by a count: one lock for each caller of `lock`, one for each activity that a worker has. A caller
that sleeps gives a lock away while it does, its own or that of the activity that it is. Workflow tasks hold time
always, since workflow code cannot sleep here. So time never passes what anybody waits for, and never under one who
works.

While time does not skip it passes as ever, so what is due comes due either way.
Reference: temporal.api.testservice.v1; tests/scenario/test_time_skipping.py.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
from typing import Final

from mainspring.server.engine.changes import Nanos
from mainspring.server.engine.errors import FailedPrecondition, InvalidArgument
from mainspring.server.history import History
from mainspring.server.matching.matching import Matching
from mainspring.server.process.clocks import SkippingClock
from mainspring.server.process.in_flight import InFlight

log = logging.getLogger(__name__)

LATEST: Final[Nanos] = 2**63 - 1
"""The end of time as stores and the API have it, in the year 2262."""
REACTION_S: Final = 0.01
"""For so long time stands by when somebody was told of what he waited for: he may be about to lock it."""
RETRY_S: Final = 1.0


class TimeSkipping:
    """One clock for a whole server, and who may move it. `lock_count`: how many locks it has at first."""

    def __init__(self, clock: SkippingClock | None = None, *, lock_count: int = 1) -> None:
        self.clock = clock or SkippingClock()
        self.skip_count = 0
        self._lock_count = lock_count
        self._in_flight: InFlight | None = None
        self._stirred = asyncio.Event()
        self._reaction_ends_s = 0.0
        self._work: asyncio.Task[None] | None = None

    def __repr__(self) -> str:
        return f"<TimeSkipping locks={self._lock_count} skips={self.skip_count}>"

    def start(self, history: History, matching: Matching) -> None:
        """From now on time may skip."""
        self._in_flight = InFlight(history, matching, stirred=self._stirred.set, closed=self._await_reaction)
        self._work = asyncio.get_running_loop().create_task(self._keep_skipping(self._in_flight))

    async def stop(self) -> None:
        """Time skips no more."""
        if self._work is not None:
            self._work.cancel()
            await asyncio.wait([self._work])
        self.clock.stop()

    # -- what callers ask for

    def lock(self) -> None:
        """Time passes at its own pace until there is one `unlock` more."""
        self._lock_count += 1

    async def unlock(self) -> None:
        """Give one lock away.

        Raises: FailedPrecondition: there is none to give.
        """
        if self._lock_count < 1 and self._lock_count + await self._activity_count() < 1:
            raise FailedPrecondition("time skipping is not locked: lock and unlock calls must come in pairs")
        self._lock_count -= 1
        self._stirred.set()

    async def sleep_until(self, at: Nanos) -> None:
        """Return when it is `at`; at once if it is already.

        Raises: InvalidArgument: time ends before that.
        """
        _check_within_time(at)
        await self._sleep(at, locks=0)

    async def unlocked_sleep_until(self, at: Nanos) -> None:
        """The same without a lock of the caller's, which comes back when it is `at`, before anything else happens.

        Raises: InvalidArgument: time ends before that; FailedPrecondition: there is no lock to give away.
        """
        _check_within_time(at)
        await self.unlock()
        await self._sleep(at, locks=1)

    async def _activity_count(self) -> int:
        return 0 if self._in_flight is None else await self._in_flight.activity_count()

    async def _sleep(self, at: Nanos, *, locks: int) -> None:
        woken: asyncio.Future[None] = asyncio.get_running_loop().create_future()

        def wake() -> None:
            self._lock_count += locks
            self._await_reaction()
            if not woken.done():
                woken.set_result(None)

        alarm = self.clock.call_at(at, wake)
        self._stirred.set()
        try:
            await woken
        except asyncio.CancelledError:
            if woken.cancelled():
                alarm.cancel()
                self._lock_count += locks
            raise

    # -- skipping

    def _await_reaction(self) -> None:
        self._reaction_ends_s = asyncio.get_running_loop().time() + REACTION_S

    async def _keep_skipping(self, in_flight: InFlight) -> None:
        while True:
            self._stirred.clear()
            try:
                pause_s = await self.run_once(in_flight)
            except Exception:
                log.exception("time skipping failed; trying again")
                pause_s = RETRY_S
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._stirred.wait(), pause_s)

    async def run_once(self, in_flight: InFlight) -> float | None:
        """Skip to the next time that somebody waits for, if time may skip.

        Returns: when to try again, in seconds; None: not before something happens.
        """
        if self._lock_count > 0:
            return None
        sight = await in_flight.look()
        if sight.is_busy or self._lock_count + sight.activity_count > 0:
            return sight.look_again_s
        reaction_s = self._reaction_ends_s - asyncio.get_running_loop().time()
        if reaction_s > 0:
            return reaction_s
        at = self.clock.next_at()
        if at is None or at > LATEST:
            return None
        self.clock.skip_to(at)
        self.skip_count += 1
        return 0.0


def _check_within_time(at: Nanos) -> None:
    if at > LATEST:
        raise InvalidArgument("time ends in the year 2262")
