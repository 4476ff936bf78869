"""What a worker counts, under the names of the official SDKs, so that their dashboards and alerts go on working.

    worker_start                                               one for each worker
    num_pollers                                                polls that are out, by `poller_type`
    worker_task_slots_used, worker_task_slots_available        by `worker_type`; the second if the number is fixed
    .workflows  see _workflow_metrics                          .activities  see _activity_metrics
    .nexus      see _nexus_metrics

All have the namespace and the task queue as attributes, and the runtime's prefix before their names. With a runtime
that has no metrics, polls and slots are left as they are.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Coroutine
from typing import Any, Final, Literal, TypeVar

from mainspring.common import MetricMeter
from mainspring.worker._activity_metrics import ActivityMetrics
from mainspring.worker._nexus_metrics import NexusMetrics
from mainspring.worker._pollers import Listen, Polled
from mainspring.worker._slots import Permit, Slots
from mainspring.worker._tuning import FixedSizeSlotSupplier, SlotInfo, SlotSupplier
from mainspring.worker._workflow_metrics import WorkflowMetrics

WorkerType = Literal["WorkflowWorker", "ActivityWorker", "LocalActivityWorker", "NexusWorker"]
PollerType = Literal["workflow_task", "sticky_workflow_task", "activity_task", "nexus_task"]
R = TypeVar("R")
P = TypeVar("P", bound=Polled)

WORKER_START: Final = "worker_start"


class WorkerMetrics:
    """See the module. `meter` is the SDK's own, which puts the prefix before the names."""

    def __init__(self, meter: MetricMeter, *, namespace: str, task_queue: str) -> None:
        self._meter = meter.with_additional_attributes({"namespace": namespace, "task_queue": task_queue})
        self.workflows = WorkflowMetrics(self._meter)
        self.activities = ActivityMetrics(self._meter)
        self.nexus = NexusMetrics(self._meter)

    @classmethod
    def none(cls) -> WorkerMetrics:
        """That count nothing."""
        return cls(MetricMeter.noop, namespace="", task_queue="")

    @property
    def is_counting(self) -> bool:
        return self._meter is not MetricMeter.noop

    def started(self) -> None:
        """The worker begins its work."""
        self._meter.create_counter(WORKER_START, "Workers that began their work").add(1)

    def polls(
        self, poll: Callable[[], Awaitable[R]], poller_type: PollerType, polled: Callable[[R], None]
    ) -> Callable[[], Awaitable[R]]:
        """The same poll, counted while it is out; `polled` counts its reply."""
        if not self.is_counting:
            return poll
        meter = self._meter.with_additional_attributes({"poller_type": poller_type})
        gauge = meter.create_gauge("num_pollers", "Polls that are out now")
        out = 0

        async def counted() -> R:
            nonlocal out
            out += 1
            gauge.set(out)
            try:
                reply = await poll()
            finally:
                out -= 1
                gauge.set(out)
            polled(reply)
            return reply

        return counted

    def heard(self, listen: Listen[P], polled: Callable[[P], None]) -> Listen[P]:
        """The same way to listen; `polled` counts what comes, as it does the replies of polls."""
        if not self.is_counting:
            return listen

        async def counted(reply: Coroutine[Any, Any, P]) -> P:
            task = await reply
            polled(task)
            return task

        return lambda has_room, take: listen(has_room, lambda reply: take(counted(reply)))

    def slots(self, slots: Slots, supplier: SlotSupplier, worker_type: WorkerType) -> Slots:
        """The same slots, counted."""
        if not self.is_counting:
            return slots
        most = supplier.num_slots if isinstance(supplier, FixedSizeSlotSupplier) else None
        return MeteredSlots(slots, self._meter.with_additional_attributes({"worker_type": worker_type}), most)


class MeteredSlots:
    """Slots that tell how many are used. Those that wait for a task, reserved for a poll, are available."""

    def __init__(self, slots: Slots, meter: MetricMeter, most: int | None) -> None:
        """`most`: how many there are, if that is fixed."""
        self._slots = slots
        self._most = most
        self._used_count = 0
        self._used = meter.create_gauge("worker_task_slots_used", "Slots with a task now")
        self._available = meter.create_gauge("worker_task_slots_available", "Slots without a task now")
        self._show()

    async def reserve(self, *, is_sticky: bool = False) -> Permit:
        return await self._slots.reserve(is_sticky=is_sticky)

    def has_room(self, *, is_sticky: bool = False) -> bool:
        return self._slots.has_room(is_sticky=is_sticky)

    def reserve_now(self, *, is_sticky: bool = False) -> Permit | None:
        return self._slots.reserve_now(is_sticky=is_sticky)

    def try_reserve(self) -> Permit | None:
        return self._slots.try_reserve()

    def mark_used(self, permit: Permit, info: SlotInfo) -> None:
        self._slots.mark_used(permit, info)
        self._used_count += 1
        self._show()

    def release(self, permit: Permit) -> None:
        self._slots.release(permit)
        if permit.used_by is not None:
            self._used_count -= 1
            self._show()

    def _show(self) -> None:
        self._used.set(self._used_count)
        if self._most is not None:
            self._available.set(max(0, self._most - self._used_count))
