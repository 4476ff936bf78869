"""Time skipping: while nobody insists on real time and nothing is in flight, the clock goes straight to what is next.

    lock, unlock, sleep  ->  TimeSkipping  <-  InFlight (what workers still have)
                                  |
                      SkippingClock.skip_to(the earliest time that anybody waits for)

Skipping is locked by a count: locks less unlocks, if there are more locks, and one for each activity that a worker has.
A caller that sleeps takes one away meanwhile, its own or that of the activity that it is. Workflow tasks hold time
always, since workflow code cannot sleep here. So time never passes what anybody waits for, nor under one who works.

While time does not skip it passes as ever, so what is due comes due either way. More unlocks than locks are no error,
though the official test server refuses them: so several callers can wait for results at once, and sleep besides.
Reference: temporal.api.testservice.v1; tests/scenario/test_time_skipping.py.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
from typing import Final

from mainspring.server.engine.changes import Nanos
from mainspring.server.engine.errors import InvalidArgument
from mainspring.server.history import History
from mainspring.server.matching.matching import Matching
from mainspring.server.process.clocks import SkippingClock
from mainspring.server.process.in_flight import InFlight

log = logging.getLogger(__name__)

LATEST: Final[Nanos] = 2**63 - 1
"""The end of time as stores and the API have it, in the year 2262."""
REACTION_S: Final = 0.01
"""For so long time stands by when somebody was told of what he waited for: he may be about to lock it."""
REACTION_TURNS: Final = 20
"""And for so many turns of the loop besides, in which callers of this process react however slow it is."""
RETRY_S: Final = 1.0


class TimeSkipping:
    """One clock for a whole server, and who may move it. `lock_count`: how many locks it has at first."""

    def __init__(self, clock: SkippingClock | None = None, *, lock_count: int = 1) -> None:
        self.clock = clock or SkippingClock()
        self.skip_count = 0
        self._lock_count = lock_count
        self._sleeper_count = 0
        self._stirred = asyncio.Event()
        self._reacts_until_s = 0.0
        self._work: asyncio.Task[None] | None = None

    def __repr__(self) -> str:
        return f"<TimeSkipping locks={self._lock_count} skips={self.skip_count}>"

    def start(self, history: History, matching: Matching) -> None:
        """From now on time may skip."""
        in_flight = InFlight(history, matching, stirred=self._stirred.set, closed=self._await_reaction)
        self._work = asyncio.get_running_loop().create_task(self._keep_skipping(in_flight))

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

    def unlock(self) -> None:
        """Take one lock away."""
        self._lock_count -= 1
        self._stirred.set()

    async def sleep_until(self, at: Nanos) -> None:
        """Return when it is `at`; at once if it is already.

        Raises: InvalidArgument: time ends before that.
        """
        await self._sleep(at, locks=0)

    async def unlocked_sleep_until(self, at: Nanos) -> None:
        """The same with one lock less, which comes back when it is `at`, before anything else happens.

        Raises: InvalidArgument: time ends before that.
        """
        await self._sleep(at, locks=1)

    async def _sleep(self, at: Nanos, *, locks: int) -> None:
        if at > LATEST:
            raise InvalidArgument("time ends in the year 2262")
        woken: asyncio.Future[None] = asyncio.get_running_loop().create_future()

        def wake() -> None:
            self._sleeper_count -= locks
            self._await_reaction()
            if not woken.done():
                woken.set_result(None)

        self._sleeper_count += locks
        alarm = self.clock.call_at(at, wake)
        self._stirred.set()
        try:
            await woken
        except asyncio.CancelledError:
            if woken.cancelled():
                alarm.cancel()
                self._sleeper_count -= locks
            raise

    # -- skipping

    @property
    def _held_count(self) -> int:
        return max(0, self._lock_count) - self._sleeper_count

    def _await_reaction(self) -> None:
        self._reacts_until_s = asyncio.get_running_loop().time() + REACTION_S

    async def _let_others_react(self) -> None:
        while until_s := self._reacts_until_s:
            await asyncio.sleep(max(0.0, until_s - asyncio.get_running_loop().time()))
            for _ in range(REACTION_TURNS):
                await asyncio.sleep(0)
            if self._reacts_until_s == until_s:
                self._reacts_until_s = 0.0

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
        if self._held_count > 0:
            return None
        await self._let_others_react()
        sight = await in_flight.look()
        if sight.is_busy or self._held_count + sight.activity_count > 0:
            return sight.look_again_s
        if self._reacts_until_s:
            return 0.0
        at = self.clock.next_at()
        if at is None or at > LATEST:
            return None
        self.clock.skip_to(at)
        self.skip_count += 1
        return 0.0
