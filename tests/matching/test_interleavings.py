"""Any order of commits, polls, cancellations, slow reads, hand-overs and restarts: nothing lost, nothing twice.

The model is a frontend with workers: what a poll gets is started at once, or later, or given back. `Workers` notes what
was handed out and fails when the same stamp of a task comes twice; in the end everything that was committed must have
come.
"""

from __future__ import annotations

import asyncio
from contextlib import suppress

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from mainspring.server.engine.changes import QueueKey, Task
from mainspring.server.matching.records import MatchingSettings
from tests.matching.hall import NORMAL, STICKY, Hall, TaskFields, a_poller, a_sticky_task, a_task, play

Step = tuple[str, int, int]
STEPS = [
    "commit",
    "commit",
    "commit sticky",
    "commit speculative",
    "commit late",
    "restamp",
    "poll",
    "poll",
    "poll sticky",
    "poll that gives back",
    "poll that starts late",
    "cancel",
    "commit and cancel",
    "start",
    "let run",
    "let time pass",
    "hold reads",
    "release reads",
    "fail a read",
    "forget sticky",
    "shut down",
    "restart",
]


class Workers:
    """Polls, starts, gives back; and remembers."""

    def __init__(self, hall: Hall) -> None:
        self.hall = hall
        self.latest: dict[int, Task] = {}
        self.done: set[int] = set()
        self.handed: set[tuple[int, int]] = set()
        self.late: set[int] = set()  # offered so late that a second hand-out is allowed
        self.unstarted: list[Task] = []
        self.polls: list[asyncio.Task[None]] = []
        self.next_ref = 0

    # -- the history side

    def commit(self, priority: int, *, queue: QueueKey = NORMAL, is_speculative: bool = False) -> Task:
        ref = self.next_ref
        self.next_ref += 1
        fields: TaskFields = {
            "priority": 1 + priority % 5,
            "fairness_key": "abc"[priority % 3],
            "created_at": self.hall.now() + priority,
            "is_speculative": is_speculative,
        }
        task = a_task(ref, queue, **fields)
        self.latest[ref] = task
        self.hall.table.put(task)
        return task

    def restamp(self, choice: int) -> None:
        open_refs = [ref for ref in self.latest if ref not in self.done]
        if open_refs:
            ref = open_refs[choice % len(open_refs)]
            old = self.latest[ref]
            fields: TaskFields = {
                "stamp": old.stamp + 1,
                "priority": 1 + choice % 5,
                "created_at": self.hall.now(),
                "is_speculative": old.is_speculative,
            }
            task = a_task(ref, **fields) if choice % 2 else a_sticky_task(ref, **fields)
            self.latest[ref] = task
            self.hall.commit(task)

    def start(self, task: Task) -> None:
        """What the run says to a start: stale, or begun and the row gone."""
        if self.latest[task.ref].stamp != task.stamp or task.ref in self.done:
            self.hall.matching.drop(task)
            return
        self.done.add(task.ref)
        self.hall.table.remove(task)

    # -- the worker side

    def poll(self, queue: QueueKey, then: str, wait_s: float = 60.0) -> None:
        self.polls.append(self.hall.loop.create_task(self._poll(queue, then, wait_s)))

    async def _poll(self, queue: QueueKey, then: str, wait_s: float) -> None:
        found = await self.hall.matching.poll(
            queue,
            a_poller(f"worker of {queue.name}"),
            deadline_s=self.hall.loop.time() + wait_s,
            sticky=queue == STICKY,
        )
        if found is None:
            return
        assert isinstance(found, Task)
        place = (found.ref, found.stamp)
        assert place not in self.handed or found.ref in self.late, f"{place} was handed out twice"
        self.handed.add(place)
        if then == "give back":
            self.handed.discard(place)
            self.hall.matching.offer(found)
        elif then == "start late":
            self.unstarted.append(found)
        else:
            self.start(found)

    def cancel(self, choice: int) -> None:
        open_polls = [poll for poll in self.polls if not poll.done()]
        if open_polls:
            open_polls[choice % len(open_polls)].cancel()

    async def end_polls(self) -> None:
        for poll in self.polls:
            poll.cancel()
        for poll in self.polls:
            with suppress(asyncio.CancelledError):
                await poll
        self.polls.clear()

    # -- the whole

    async def restart(self) -> None:
        """The process is killed: what was handed out and not started comes again; what had no row is gone."""
        self.hall.table.release()
        await self.end_polls()
        await self.hall.matching.stop()
        for task in self.unstarted:
            self.handed.discard((task.ref, task.stamp))
        self.unstarted.clear()
        for ref, task in self.latest.items():
            if task.is_speculative:
                self.done.add(ref)
        self.hall.restart()
        await self.hall.matching.start()

    async def take_everything(self) -> None:
        hall = self.hall
        hall.table.is_held = False
        hall.table.release()
        hall.table.failures_left = 0
        await hall.pass_time(hall.settings.retry_s + hall.settings.shutdown_memory_s)
        await self.end_polls()
        while self.unstarted:
            self.start(self.unstarted.pop())
        empty = 0
        while empty < 2:  # a poll of the sticky queue may come just before tasks are handed over to the normal one
            before = len(self.handed)
            for queue in (NORMAL, STICKY):
                self.poll(queue, "start", 0.001)
            await hall.pass_time(0.01)
            empty = empty + 1 if len(self.handed) == before else 0
        for poll in self.polls:
            await poll


async def take(step: Step, workers: Workers) -> None:
    name, first, second = step
    hall = workers.hall
    match name:
        case "commit":
            hall.matching.offer(workers.commit(first))
        case "commit sticky":
            hall.matching.offer(workers.commit(first, queue=STICKY))
        case "commit speculative":
            hall.matching.offer(workers.commit(first, is_speculative=True))
        case "commit late":
            task = workers.commit(first)
            workers.late.add(task.ref)
            hall.loop.call_later(second / 100, hall.matching.offer, task)
        case "restamp":
            workers.restamp(first)
        case "poll":
            workers.poll(NORMAL, "start", 1.0 + second)
        case "poll sticky":
            workers.poll(STICKY, "start", 1.0 + second)
        case "poll that gives back":
            workers.poll(NORMAL, "give back")
        case "poll that starts late":
            workers.poll(NORMAL, "start late")
        case "cancel":
            workers.cancel(first)
        case "commit and cancel":
            hall.matching.offer(workers.commit(first))
            workers.cancel(second)
        case "start" if workers.unstarted:
            workers.start(workers.unstarted.pop(first % len(workers.unstarted)))
        case "let time pass":
            await hall.pass_time(float(first))
        case "hold reads":
            hall.table.is_held = True
        case "release reads":
            hall.table.is_held = False
            hall.table.release()
        case "fail a read":
            hall.table.failures_left = 1
        case "forget sticky":
            hall.matching.forget_queue(STICKY)
        case "shut down":
            hall.matching.cancel_polls(a_poller(f"worker of {NORMAL.name}").worker_instance_key)
        case "restart":
            hall.table.is_held = False
            hall.table.failures_left = 0
            await workers.restart()
        case _:
            await asyncio.sleep(0)


def play_steps(steps: list[Step], room: MatchingSettings) -> None:
    async def scene(hall: Hall) -> None:
        workers = Workers(hall)
        for step in steps:
            await take(step, workers)
        await workers.take_everything()

        assert workers.done == set(workers.latest)
        assert not hall.table.rows
        assert hall.matching.statistics().waiting_task_count == 0

    play(scene, room)


@pytest.mark.parametrize(
    "room", [MatchingSettings(buffer_task_limit=4, page_task_limit=2), MatchingSettings()], ids=str
)
@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(steps=st.lists(st.tuples(st.sampled_from(STEPS), st.integers(0, 30), st.integers(0, 30)), max_size=80))
def test_nothing_is_lost_and_nothing_is_handed_out_twice(room: MatchingSettings, steps: list[Step]) -> None:
    play_steps(steps, room)
