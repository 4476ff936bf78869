"""Slots: how many are out, who gets the last one, and what suppliers of users may do."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from pathlib import Path

import pytest

from mainspring.worker import (
    CustomSlotSupplier,
    FixedSizeSlotSupplier,
    ResourceBasedSlotConfig,
    ResourceBasedSlotSupplier,
    ResourceBasedTunerConfig,
    SlotMarkUsedContext,
    SlotPermit,
    SlotReleaseContext,
    SlotReserveContext,
    WorkerTuner,
    WorkflowSlotInfo,
)
from mainspring.worker._resources import Resources
from mainspring.worker._slots import (
    CountedSlots,
    FixedLimit,
    ReserveContext,
    ResourceLimit,
    UsedByActivity,
    UsedByWorkflow,
    make_slots,
)

WORKFLOW = ReserveContext("workflow", "tq", "me", "build", None)


async def is_waiting(task: asyncio.Task[object]) -> bool:
    for _ in range(5):
        await asyncio.sleep(0)
    return not task.done()


async def test_no_more_slots_are_out_than_there_are() -> None:
    slots = CountedSlots(FixedLimit(2))
    first, _ = await slots.reserve(), await slots.reserve()
    third = asyncio.create_task(slots.reserve())
    assert await is_waiting(third)
    assert slots.try_reserve() is None
    slots.release(first)
    assert await asyncio.wait_for(third, 1)


async def test_there_is_room_where_a_slot_can_be_had_at_once() -> None:
    slots = CountedSlots(FixedLimit(1))
    assert slots.has_room()
    permit = slots.reserve_now()
    assert permit is not None
    assert not slots.has_room()
    assert slots.reserve_now() is None
    slots.release(permit)
    assert slots.has_room()


async def test_the_last_slot_goes_to_the_queue_that_nobody_polls() -> None:
    slots = CountedSlots(FixedLimit(3), is_shared=True)
    await slots.reserve(is_sticky=True)
    await slots.reserve(is_sticky=True)
    third_sticky = asyncio.create_task(slots.reserve(is_sticky=True))
    assert await is_waiting(third_sticky)
    assert await asyncio.wait_for(slots.reserve(), 1)
    third_sticky.cancel()


async def test_a_slot_in_use_no_longer_counts_as_a_poll() -> None:
    slots = CountedSlots(FixedLimit(3), is_shared=True)
    normal = await slots.reserve()
    sticky = await slots.reserve(is_sticky=True)
    slots.mark_used(sticky, UsedByWorkflow("AddNode", True))
    second_normal = asyncio.create_task(slots.reserve())
    assert await is_waiting(second_normal)  # the last one is for the sticky queue
    assert await asyncio.wait_for(slots.reserve(is_sticky=True), 1)
    slots.release(normal)
    assert await asyncio.wait_for(second_normal, 1)


class Machine:
    """How much is in use, and what time it is."""

    def __init__(self) -> None:
        self.resources = Resources()
        self.now = 100.0

    def limit(self, config: ResourceBasedSlotConfig) -> ResourceLimit:
        supplier = ResourceBasedSlotSupplier(config, ResourceBasedTunerConfig(0.5, 0.5))
        return ResourceLimit(supplier, "activity", self.resources, lambda: self.now)


@pytest.mark.parametrize("in_use", [(0.6, 0.0), (0.0, 0.6)])
def test_a_machine_in_use_gets_the_least_slots_only(in_use: tuple[float, float]) -> None:
    machine = Machine()
    limit = machine.limit(ResourceBasedSlotConfig(2, 4, timedelta()))
    machine.resources.usage = in_use
    assert [limit.allows(out) for out in range(5)] == [True, True, False, False, False]
    machine.resources.usage = (0.4, 0.4)
    assert [limit.allows(out) for out in range(5)] == [True, True, True, True, False]


def test_slots_beyond_the_least_come_one_by_one() -> None:
    machine = Machine()
    limit = machine.limit(ResourceBasedSlotConfig(1, 10, timedelta(seconds=1)))
    limit.gave()
    assert not limit.allows(1)
    machine.now += 1
    assert limit.allows(1)


def test_what_is_in_use_is_read_from_the_system(tmp_path: Path) -> None:
    proc, cgroup = tmp_path / "proc", tmp_path / "cgroup"
    proc.mkdir()
    cgroup.mkdir()
    (proc / "meminfo").write_text("MemTotal:  1000 kB\nMemFree: 1 kB\nMemAvailable:   250 kB\n")
    (proc / "stat").write_text("cpu  100 0 0 100 0 0 0 0 0 0\n")
    resources = Resources(proc, cgroup)
    resources.measure()
    assert resources.usage == (0.75, 0.5)
    (proc / "stat").write_text("cpu  400 0 0 200 0 0 0 0 0 0\n")
    resources.measure()
    assert resources.usage == (0.75, 0.75)
    (cgroup / "memory.max").write_text("1000\n")
    (cgroup / "memory.current").write_text("100\n")
    resources.measure()
    assert resources.usage[0] == 0.1


def test_a_system_that_says_nothing_counts_as_idle(tmp_path: Path) -> None:
    resources = Resources(tmp_path, tmp_path)
    resources.measure()
    assert resources.usage == (0.0, 0.0)


class Supplier(CustomSlotSupplier):
    def __init__(self) -> None:
        self.contexts: list[SlotReserveContext] = []
        self.used: list[SlotMarkUsedContext] = []
        self.released: list[SlotReleaseContext] = []
        self.fails = 0

    async def reserve_slot(self, ctx: SlotReserveContext) -> SlotPermit:
        if self.fails:
            self.fails -= 1
            raise ValueError("no")
        self.contexts.append(ctx)
        return SlotPermit()

    def try_reserve_slot(self, ctx: SlotReserveContext) -> SlotPermit | None:
        raise ValueError("no")

    def mark_slot_used(self, ctx: SlotMarkUsedContext) -> None:
        self.used.append(ctx)
        raise ValueError("no")

    def release_slot(self, ctx: SlotReleaseContext) -> None:
        self.released.append(ctx)
        raise ValueError("no")


async def test_a_supplier_of_ones_own_sees_the_life_of_each_slot() -> None:
    supplier = Supplier()
    slots = make_slots(supplier, WORKFLOW)
    unused, used = await slots.reserve(is_sticky=True), await slots.reserve()
    slots.mark_used(used, UsedByWorkflow("AddNode", False))
    slots.release(used)
    slots.release(unused)

    assert [(one.slot_type, one.is_sticky) for one in supplier.contexts] == [("workflow", True), ("workflow", False)]
    assert [one.permit for one in supplier.used] == [used.given]
    assert isinstance(supplier.used[0].slot_info, WorkflowSlotInfo)
    assert [(one.permit, one.slot_info is None) for one in supplier.released] == [
        (used.given, False),
        (unused.given, True),
    ]


async def test_a_supplier_that_raises_is_asked_again(caplog: pytest.LogCaptureFixture) -> None:
    supplier = Supplier()
    supplier.fails = 1
    slots = make_slots(supplier, WORKFLOW)
    assert await slots.reserve()
    assert slots.try_reserve() is None
    assert "Error in custom slot supplier `reserve_slot`" in caplog.text


def test_what_is_no_supplier_is_refused() -> None:
    with pytest.raises(TypeError, match="Unknown slot supplier type"):
        make_slots("many", WORKFLOW)  # type: ignore[arg-type]  # that is the point


def test_tuners_have_a_supplier_for_each_kind() -> None:
    tuner = WorkerTuner.create_fixed(workflow_slots=7)
    assert tuner._get_workflow_task_slot_supplier() == FixedSizeSlotSupplier(7)
    assert tuner._get_activity_task_slot_supplier() == FixedSizeSlotSupplier(100)
    by_resources = WorkerTuner.create_resource_based(target_memory_usage=0.5, target_cpu_usage=0.9)
    supplier = by_resources._get_local_activity_task_slot_supplier()
    assert isinstance(supplier, ResourceBasedSlotSupplier)
    assert supplier.tuner_config == ResourceBasedTunerConfig(0.5, 0.9)
    assert by_resources._get_activities_max() == 500


async def test_an_activity_marks_its_type() -> None:
    slots = CountedSlots(FixedLimit(1))
    permit = await slots.reserve()
    slots.mark_used(permit, UsedByActivity("create_vm"))
    assert permit.used_by == UsedByActivity("create_vm")
