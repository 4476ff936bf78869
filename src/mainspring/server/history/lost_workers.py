"""Workers that are gone for good, when a store is opened: what they had goes on at once.

store.open_runs (pages) -> those of which a worker has a task -> engine.lost_worker.release, a transition each
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from mainspring.server.engine import lost_worker
from mainspring.server.engine.changes import Nanos
from mainspring.server.engine.errors import InvalidArgument, NotFound
from mainspring.server.engine.run import Run
from mainspring.server.history.runs import Runs
from mainspring.server.persistence.store import RunPlace, StoredRun

PAGE = 500


async def release(runs: Runs, namespace_ids: Iterable[str], since: Nanos) -> int:
    """Give up all tasks that a worker took at or after `since`. Returns: how many runs had any.

    Raises:
        StoreError: The store could not be read; what was released stays so.
    """
    count = 0
    for namespace_id in namespace_ids:
        after: RunPlace | None = None
        is_last = False
        while not is_last:
            page = await runs.store.open_runs(namespace_id, after=after, limit=PAGE)
            count += await _release_page(runs, page.runs, since)
            after, is_last = page.after, page.after is None
    return count


async def _release_page(runs: Runs, page: Sequence[StoredRun], since: Nanos) -> int:
    def give_up(run: Run) -> None:
        lost_worker.release(run, since)

    count = 0
    for stored in page:
        if not lost_worker.has_tasks_out(stored.state, stored.records, since):
            continue
        try:
            await runs.change(stored.key, give_up)
        except (NotFound, InvalidArgument):
            continue  # it is gone, or was ended for its length
        count += 1
    return count
