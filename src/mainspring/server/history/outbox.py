"""Effects on other runs, carried out one by one per source run and target, each idempotently by its request id.

    publish(effects) -> carry out on the target (a transition of its own) -> record the result with the source,
                        in whose transition the effect's row goes

A crash between the two repeats the first half, which the target recognises. Effects of different runs go side by side.
Reference: tests/differential/test_children.py, test_external.py; CASES "Children, parents, reset".
"""

from __future__ import annotations

import asyncio
import logging
from collections import deque
from collections.abc import Awaitable, Callable, Coroutine

from mainspring.server.engine.changes import Changes, Effect, EffectKind
from mainspring.server.engine.errors import MainspringError
from mainspring.server.history.runs import Runs

log = logging.getLogger(__name__)

PAGE = 500
RETRY_S = 1.0
WIDTH = 64  # effects under way at once

Handler = Callable[[Effect], Awaitable[None]]


class Outbox:
    """The loop that carries out effects. A `Publisher`."""

    def __init__(self, runs: Runs, handlers: dict[EffectKind, Handler]) -> None:
        self._runs = runs
        self._handlers = handlers
        self._waiting: dict[str, deque[Effect]] = {}  # by source run: one at a time, in order
        self._room = asyncio.Semaphore(WIDTH)
        self._tasks: set[asyncio.Task[None]] = set()
        self._is_stopped = False
        self.done_count = 0

    @property
    def is_empty(self) -> bool:
        """No effect waits or is under way."""
        return not self._waiting

    async def start(self) -> None:
        """Take up what was left when the server stopped."""
        for effect in await self._stored():
            self._add(effect)

    async def stop(self) -> None:
        """Begin nothing more and wait for what is under way; the rest is in the store."""
        self._is_stopped = True
        for task in self._tasks:
            task.cancel()
        if self._tasks:
            await asyncio.wait(self._tasks)

    def publish(self, changes: Changes) -> None:
        """New effects were committed."""
        for effect in changes.effects:
            self._add(effect)

    def doubt(self, changes: Changes) -> None:
        """Effects may have been committed: the store knows."""
        if changes.effects and not self._is_stopped:
            self._keep(self._look_again(changes.key.run_id))

    async def _look_again(self, run_id: str) -> None:
        """Take up what the store holds of a run and is not known here, as soon as the store answers."""
        while not self._is_stopped:
            try:
                found = await self._stored()
            except MainspringError:
                await asyncio.sleep(RETRY_S)
                continue
            known = self._waiting.get(run_id, ())
            for effect in [e for e in found if e.run.run_id == run_id and e not in known]:
                self._add(effect)
            return

    async def _stored(self) -> list[Effect]:
        found: list[Effect] = []
        while True:
            page = await self._runs.store.effects(after=found[-1] if found else None, limit=PAGE)
            found.extend(page)
            if len(page) < PAGE:
                return found

    def _keep(self, work: Coroutine[object, object, None]) -> None:
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    def _add(self, effect: Effect) -> None:
        if self._is_stopped:
            return
        queue = self._waiting.get(effect.run.run_id)
        if queue is not None:
            queue.append(effect)
            return
        self._waiting[effect.run.run_id] = deque([effect])
        self._keep(self._work(effect.run.run_id))

    async def _work(self, run_id: str) -> None:
        queue = self._waiting[run_id]
        while queue and not self._is_stopped:
            async with self._room:
                done = await self.run_once(queue[0])
            if done:
                queue.popleft()
                self.done_count += 1
            else:
                await asyncio.sleep(RETRY_S)
        del self._waiting[run_id]

    async def run_once(self, effect: Effect) -> bool:
        """Carry out one effect. Returns: it is done; if not, it is to be tried again."""
        try:
            await self._handlers[effect.kind](effect)
        except MainspringError:
            log.exception(
                "an effect failed: kind=%s workflow=%s run=%s", effect.kind, effect.run.workflow_id, effect.run.run_id
            )
            return False
        return True
