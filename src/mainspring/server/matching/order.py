"""Which ready task comes first: by priority, then fairly among keys, then by age.

    ReadyOrder ── Level per priority ── Line per fairness key ── tasks by (created_at, arrival)

Fairness is weighted start-time fair queueing. Each line has a pass; the line with the lowest one is served and its pass
grows by 1 / weight of the task served. A line that becomes busy starts at the level's current pass, so a key gains
nothing by having been idle. Tasks without a key share one line, so a queue without keys is served by age alone.

A task is taken out of the middle by clearing `entry.task`; what is cleared is skipped when met, and swept away when it
outnumbers what lives. All numbers live in memory and start anew with the process.
"""

from __future__ import annotations

from bisect import insort
from collections.abc import Iterator
from heapq import heapify, heappop, heappush

from mainspring.server.engine.changes import Task

LIGHTEST = 0.001
HEAVIEST = 1000.0
SWEEP_SLACK = 64
FORGOTTEN_KEY_LIMIT = 1024


class Entry:
    """A task's place. Empty once the task was taken or replaced."""

    __slots__ = ("task",)

    def __init__(self, task: Task) -> None:
        self.task: Task | None = task


class ReadyOrder:
    """The tasks of one queue, best first."""

    def __init__(self) -> None:
        self._levels: dict[int, Level] = {}
        self._priorities: list[int] = []
        self._arrival = 0
        self._live_count = 0
        self._dead_count = 0

    def __len__(self) -> int:
        return self._live_count

    def __repr__(self) -> str:
        return f"<ReadyOrder {self._live_count} tasks, priorities {self._priorities}>"

    def push(self, task: Task) -> Entry:
        level = self._levels.get(task.priority)
        if level is None:
            level = self._levels[task.priority] = Level()
            insort(self._priorities, task.priority)
        entry = Entry(task)
        self._arrival += 1
        level.push(entry, task, self._arrival)
        self._live_count += 1
        return entry

    def pop(self) -> Task | None:
        """Take the best task."""
        if not self._live_count:
            return None
        for priority in self._priorities:
            task = self._levels[priority].pop()
            if task is not None:
                self._live_count -= 1
                return task
        return None

    def remove(self, entry: Entry) -> None:
        """Take a task that is not the first."""
        entry.task = None
        self._live_count -= 1
        self._dead_count += 1
        if self._dead_count > self._live_count + SWEEP_SLACK:
            for level in self._levels.values():
                level.sweep()
            self._dead_count = 0

    def slot_count(self) -> int:
        """Places in use, those of tasks that are gone included."""
        return sum(level.slot_count() for level in self._levels.values())

    def tasks(self) -> Iterator[tuple[Entry, Task]]:
        """All tasks, in no particular order."""
        for level in self._levels.values():
            yield from level.tasks()


class Line:
    """The tasks of one fairness key in one level, oldest first."""

    __slots__ = ("current_pass", "heap", "key", "ticket")

    def __init__(self, key: str, current_pass: float) -> None:
        self.key = key
        self.current_pass = current_pass
        self.heap: list[tuple[int, int, Entry]] = []
        self.ticket = 0  # which entry of `Level.order` is this line's; older ones are void

    def head(self) -> tuple[int, int, Entry] | None:
        while self.heap and self.heap[0][2].task is None:
            heappop(self.heap)
        return self.heap[0] if self.heap else None


class Level:
    """The tasks of one priority."""

    def __init__(self) -> None:
        self._lines: dict[str, Line] = {}
        self._order: list[tuple[float, int, int, Line]] = []  # (pass, age of the first task, ticket, line)
        self._current_pass = 0.0
        self._passes: dict[str, float] = {}  # of lines that are empty and ahead of the level
        self._passes_limit = FORGOTTEN_KEY_LIMIT
        self._ticket = 0

    def push(self, entry: Entry, task: Task, arrival: int) -> None:
        line = self._lines.get(task.fairness_key)
        if line is None:
            start = max(self._current_pass, self._passes.pop(task.fairness_key, 0.0))
            line = self._lines[task.fairness_key] = Line(task.fairness_key, start)
        item = (task.created_at, arrival, entry)
        heappush(line.heap, item)
        if line.heap[0] is item:
            self._enlist(line, task.created_at)

    def pop(self) -> Task | None:
        while self._order:
            start, _, ticket, line = heappop(self._order)
            if ticket != line.ticket:
                continue
            head = line.head()
            if head is None:
                self._retire(line)
                continue
            heappop(line.heap)
            task = head[2].task
            head[2].task = None
            assert task is not None, "a line's head is live"
            self._current_pass = start
            line.current_pass = start + 1.0 / min(max(task.fairness_weight, LIGHTEST), HEAVIEST)
            following = line.head()
            if following is None:
                self._retire(line)
            else:
                self._enlist(line, following[0])
            return task
        return None

    def sweep(self) -> None:
        """Forget what was taken out of the middle."""
        for line in list(self._lines.values()):
            line.heap = [item for item in line.heap if item[2].task is not None]
            heapify(line.heap)
            if not line.heap:
                self._retire(line)
        self._order = [item for item in self._order if item[2] == item[3].ticket]
        heapify(self._order)

    def tasks(self) -> Iterator[tuple[Entry, Task]]:
        for line in self._lines.values():
            for _, _, entry in line.heap:
                if entry.task is not None:
                    yield entry, entry.task

    def slot_count(self) -> int:
        return sum(len(line.heap) for line in self._lines.values())

    def _enlist(self, line: Line, created_at: int) -> None:
        self._ticket += 1
        line.ticket = self._ticket
        heappush(self._order, (line.current_pass, created_at, self._ticket, line))

    def _retire(self, line: Line) -> None:
        """An empty line goes; its pass is kept only while it still says that the key has had more than its share."""
        line.ticket = 0
        del self._lines[line.key]
        if not self._lines:
            self._passes.clear()
            return
        if line.current_pass > self._current_pass:
            self._passes[line.key] = line.current_pass
        if len(self._passes) > self._passes_limit:
            self._passes = {key: at for key, at in self._passes.items() if at > self._current_pass}
            self._passes_limit = max(FORGOTTEN_KEY_LIMIT, 2 * len(self._passes))
