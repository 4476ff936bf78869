"""The runs that a worker holds, so that a task need not replay its run from the first event.

    get(workflow, run) -> the run, made if it is not there      used(run)      drop(run)      clear()

At most `most` runs are kept; the one longest unused goes first, and never one that is at work. With none kept, each
run is dropped as soon as its task is done.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable

from mainspring.worker._cached_run import CachedRun


class RunCache:
    """See the module. `make` makes a run that is not in the cache; `unwind` gets rid of one that was."""

    def __init__(self, most: int, make: Callable[[str, str], CachedRun], unwind: Callable[[CachedRun], None]) -> None:
        self._most = most
        self._make = make
        self._unwind = unwind
        self._runs: OrderedDict[str, CachedRun] = OrderedDict()

    def __len__(self) -> int:
        return len(self._runs)

    def get(self, workflow_id: str, run_id: str) -> CachedRun:
        run = self._runs.get(run_id)
        if run is None:
            run = self._runs[run_id] = self._make(workflow_id, run_id)
        else:
            self._runs.move_to_end(run_id)
        return run

    def holds(self, run: CachedRun) -> bool:
        """Whether a run is still in the cache: it may be thrown out while a task waits for its turn."""
        return self._runs.get(run.run_id) is run

    def used(self, run: CachedRun) -> None:
        """A task of the run is done, its lock still held: make room."""
        if run.replay.is_over:
            self.drop(run)
        if len(self._runs) <= self._most:
            return
        idle = [one for one in self._runs.values() if (one is run or not one.lock.locked()) and not one.is_blocked]
        for one in idle[: len(self._runs) - self._most]:
            self.drop(one)

    def drop(self, run: CachedRun) -> None:
        """Throw a run away, if it is still the one in the cache."""
        if self.holds(run):
            del self._runs[run.run_id]
            self._unwind(run)

    def clear(self) -> None:
        for run in list(self._runs.values()):
            self.drop(run)
