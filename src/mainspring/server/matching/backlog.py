"""The tasks of one queue that wait in memory, and up to where the table is known.

A queue's rows are ordered by (priority, created_at, run_id, ref). `Backlog` keeps a mark M in that order:

    rows  ──────── in memory, or handed out, or gone ────────┤M├──────── in the table only ────────

Everything else follows from that one rule:

- An offered task up to M goes into memory. One beyond M is left to its row: the reader will come to it.
- A page is read strictly after M and moves M to its last row; a page that is not full ends the table, and M with it
  (`is_complete`). What was offered while the page was on its way may or may not be in it, so it is kept aside and added
  if the new M covers it. So no task is missed.
- Too many tasks in memory: the last ones by row order are let go and M moves back before them. A page that was on its
  way then no longer fits, and is thrown away.
- Rows behind M are met again only after M moved back. A task in memory, or handed out but not yet started (its row is
  still there), is known by its identity and skipped. So none is handed out twice. One gap is left open on purpose: an
  offer that comes later than the page with its row, when that row was handed out already. Dropping such an offer could
  lose a task that is being given back; handing it out again costs one start that finds it stale.

Tasks without a row in this queue's table (speculative ones, sticky ones sent to their normal queue) are pinned: never
let go. Their number is bounded by what workers hold in their caches.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterator, Sequence

from mainspring.server.engine.changes import Nanos, QueueKey, Task, TaskKind
from mainspring.server.matching.order import Entry, ReadyOrder

TaskIdentity = tuple[str, int, bool]
RowPlace = tuple[int, Nanos, str, int]
HANDED_LIMIT = 4096  # more than can be between a poll and its start at one time


def identity_of(task: Task) -> TaskIdentity:
    """What (run, kind, ref) comes to: run ids are unique by themselves."""
    return (task.run.run_id, task.ref, task.queue.kind is TaskKind.WORKFLOW)


def place_of(task: Task) -> RowPlace:
    """Where the task's row stands in the order of its table."""
    return (task.priority, task.created_at, task.run.run_id, task.ref)


class Known:
    """Every task that is in memory or was handed out a moment ago, of all queues: a task may move between queues."""

    def __init__(self) -> None:
        self.waiting: dict[TaskIdentity, tuple[Backlog, Entry]] = {}
        self._handed: OrderedDict[TaskIdentity, int] = OrderedDict()  # stamp

    def hand_out(self, task: Task) -> None:
        identity = identity_of(task)
        self._handed[identity] = task.stamp
        if len(self._handed) > HANDED_LIMIT:
            self._handed.popitem(last=False)

    def offer(self, task: Task) -> bool:
        """Make room for an offered task: an older one of the same identity goes. False if a newer one waits."""
        identity = identity_of(task)
        self._handed.pop(identity, None)
        found = self.waiting.get(identity)
        if found is None:
            return True
        backlog, entry = found
        if entry.task is not None and entry.task.stamp > task.stamp:
            return False
        backlog.remove(identity)
        return True

    def withdraw(self, identity: TaskIdentity, stamp: int | None = None) -> None:
        """The task is over (or only the one with that stamp): forget it wherever it waits."""
        self._handed.pop(identity, None)
        found = self.waiting.get(identity)
        if found is not None and (stamp is None or found[1].task is None or found[1].task.stamp == stamp):
            found[0].remove(identity)

    def is_news(self, row: Task) -> bool:
        """Whether a row that was read is not yet known, or is newer than what is known."""
        identity = identity_of(row)
        if self._handed.get(identity, row.stamp - 1) >= row.stamp:
            return False
        found = self.waiting.get(identity)
        return found is None or found[1].task is None or found[1].task.stamp < row.stamp


class Page:
    """A page that is being read: rows strictly after `after`."""

    __slots__ = ("after", "limit")

    def __init__(self, after: Task | None, limit: int) -> None:
        self.after = after
        self.limit = limit


class Backlog:
    """What waits in one queue. Makes no reads itself: `wants_page`, `begin_page`, `end_page`."""

    def __init__(self, key: QueueKey, known: Known, *, task_limit: int, page_limit: int, is_complete: bool) -> None:
        self.key = key
        self.is_complete = is_complete
        self.left_count = 0  # estimate of the rows beyond the mark
        self._known = known
        self._task_limit = task_limit
        self._page_limit = max(1, min(page_limit, task_limit // 2))
        self._order = ReadyOrder()
        self._mark: Task | None = None
        self._pinned_count = 0
        self._page: Page | None = None
        self._arrived: dict[TaskIdentity, Task] = {}

    def __len__(self) -> int:
        return len(self._order)

    def __repr__(self) -> str:
        extent = "complete" if self.is_complete else f"up to {self._mark!r}, about {self.left_count} left"
        return f"<Backlog {self.key.name!r}: {len(self)} tasks, {extent}>"

    @property
    def is_drained(self) -> bool:
        """Nothing waits, in memory or in the table."""
        return self.is_complete and not len(self._order)

    @property
    def wants_page(self) -> bool:
        """Whether it is time to read: early, so that pollers need not wait for the table."""
        return not self.is_complete and self._page is None and self._row_count <= self._page_limit // 2

    @property
    def _row_count(self) -> int:
        return len(self._order) - self._pinned_count

    @property
    def count(self) -> int:
        """How many tasks wait, as far as is known."""
        return len(self._order) + self.left_count

    def tasks(self) -> Iterator[Task]:
        """What is in memory, in no particular order."""
        return (task for _, task in self._order.tasks())

    def has_sticky_tasks(self) -> bool:
        """Whether what waits would have a normal queue to go to."""
        return any(task.normal_queue for _, task in self._order.tasks())

    def doubt(self) -> None:
        """The table may hold rows that were never offered: read it from the start."""
        self.is_complete = False
        self._mark = None
        self._page = None

    def offer(self, task: Task) -> None:
        """Take in a task that `Known.offer` let pass, or leave it to its row."""
        if not self._is_pinned(task) and not self._covers(task):
            if self._page is None:
                self.left_count += 1
            else:
                self._arrived[identity_of(task)] = task
            return
        self._push(task)
        if self._row_count > self._task_limit:
            self._let_go()

    def pop(self) -> Task | None:
        """Take the best task; its caller hands it out."""
        task = self._order.pop()
        if task is not None:
            del self._known.waiting[identity_of(task)]
            self._pinned_count -= self._is_pinned(task)
        return task

    def remove(self, identity: TaskIdentity) -> None:
        """Take a task out of the middle."""
        _, entry = self._known.waiting.pop(identity)
        assert entry.task is not None, "what waits is live"
        self._pinned_count -= self._is_pinned(entry.task)
        self._order.remove(entry)

    def take_all(self) -> list[Task]:
        """Empty the memory; the table is no longer of interest."""
        tasks = [task for _, task in self._order.tasks()]
        for task in tasks:
            self.remove(identity_of(task))
        tasks.extend(self._arrived.values())
        self._arrived.clear()
        return tasks

    def begin_page(self) -> Page:
        self._page = Page(self._mark, self._page_limit)
        return self._page

    def end_page(self, page: Page, rows: Sequence[Task]) -> bool:
        """Take in a page, and what was offered meanwhile.

        Returns: False if the page no longer fits, as the mark moved while it was read.
        """
        if page is not self._page:
            return False
        arrived = self._forget_page()
        self.is_complete = len(rows) < page.limit
        self.left_count = 0 if self.is_complete else max(0, self.left_count - len(rows))
        if rows:
            self._mark = rows[-1]
        for row in rows:
            offered = arrived.get(identity_of(row))
            if offered is None or offered.stamp <= row.stamp:
                self._admit(row)
        for task in arrived.values():
            if self._covers(task):
                self._admit(task)
            else:
                self.left_count += 1
        return True

    def fail_page(self, page: Page) -> None:
        """The page will not come, and is wanted again. Nothing if it has come."""
        if page is self._page:
            self.left_count += len(self._forget_page())

    def _forget_page(self) -> dict[TaskIdentity, Task]:
        self._page = None
        arrived, self._arrived = self._arrived, {}
        return arrived

    def _covers(self, task: Task) -> bool:
        return self.is_complete or (self._mark is not None and place_of(task) <= place_of(self._mark))

    def _is_pinned(self, task: Task) -> bool:
        return task.is_speculative or task.queue != self.key

    def _admit(self, task: Task) -> None:
        if self._known.is_news(task):
            self._known.offer(task)
            self._push(task)

    def _push(self, task: Task) -> None:
        self._known.waiting[identity_of(task)] = (self, self._order.push(task))
        self._pinned_count += self._is_pinned(task)

    def _let_go(self) -> None:
        """Keep the first half of the rows, in row order; the rest stays in the table."""
        rows = [task for _, task in self._order.tasks() if not self._is_pinned(task)]
        rows.sort(key=place_of)
        keep = self._task_limit // 2
        for task in rows[keep:]:
            self.remove(identity_of(task))
        if self._covers(rows[keep - 1]):
            self._mark = rows[keep - 1]
        self.is_complete = False
        self.left_count += len(rows) - keep + len(self._forget_page())
