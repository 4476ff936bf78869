"""Slots as the loops that poll use them: reserved before a poll, used by a task, released after it.

    permit = await slots.reserve(is_sticky=False) ; slots.mark_used(permit, info) ; slots.release(permit)

Where polls on two queues share slots, the last free one goes to the queue on which no poll is out: else all polls could
be out on the worker's own queue while new runs wait, or the other way round.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import Literal, Protocol, TypeAlias

from mainspring.common import WorkerDeploymentVersion
from mainspring.worker._resources import Resources
from mainspring.worker._tuning import (
    _DEFAULT_RESOURCE_SLOTS_MAX,
    CustomSlotSupplier,
    FixedSizeSlotSupplier,
    ResourceBasedSlotSupplier,
    SlotInfo,
    SlotPermit,
    SlotReleaseContext,
    SlotSupplier,
)

logger = logging.getLogger("mainspring.worker")

SlotKind: TypeAlias = Literal["workflow", "activity", "local-activity", "nexus"]
LOOK_AGAIN_S = 0.05  # at what is in use, by those who wait for a slot
ASK_AGAIN_S = 0.1  # after a supplier raised


@dataclass
class UsedByWorkflow:
    """See `WorkflowSlotInfo`."""

    workflow_type: str
    is_sticky: bool


@dataclass
class UsedByActivity:
    """See `ActivitySlotInfo` and `LocalActivitySlotInfo`."""

    activity_type: str


@dataclass
class UsedByNexus:
    """See `NexusSlotInfo`."""

    service: str
    operation: str


@dataclass
class ReserveContext:
    """See `SlotReserveContext`."""

    slot_type: SlotKind
    task_queue: str
    worker_identity: str
    worker_build_id: str
    worker_deployment_version: WorkerDeploymentVersion | None
    is_sticky: bool = False


@dataclass(frozen=True)
class MarkUsedContext:
    """See `SlotMarkUsedContext`."""

    slot_info: SlotInfo
    permit: SlotPermit


class Permit:
    """One slot that is out."""

    def __init__(self, given: SlotPermit, *, is_sticky: bool = False) -> None:
        self.given = given
        self.is_sticky = is_sticky
        self.used_by: SlotInfo | None = None


class Slots(Protocol):
    """The slots for one kind of task."""

    async def reserve(self, *, is_sticky: bool = False) -> Permit:
        """Wait for a slot."""
        ...

    def has_room(self, *, is_sticky: bool = False) -> bool:
        """Whether `reserve_now` would give one."""
        ...

    def reserve_now(self, *, is_sticky: bool = False) -> Permit | None:
        """What `reserve` would give, if that is known without waiting."""
        ...

    def try_reserve(self) -> Permit | None:
        """A slot, if there is one now."""
        ...

    def mark_used(self, permit: Permit, info: SlotInfo) -> None:
        """A task came."""
        ...

    def release(self, permit: Permit) -> None:
        """The slot is free again."""
        ...


class Limit(Protocol):
    """How many slots may be out."""

    looks_again_s: float | None  # after which time it may allow more by itself; None = never

    async def look(self) -> None:
        """Find out what the answer depends on."""
        ...

    def allows(self, out: int) -> bool:
        """Whether another one may go, `out` being out."""
        ...

    def gave(self) -> None:
        """Another one went."""
        ...


class FixedLimit:
    """So many."""

    looks_again_s: float | None = None

    def __init__(self, most: int) -> None:
        self._most = most

    async def look(self) -> None:
        """Nothing is to be found out."""

    def allows(self, out: int) -> bool:
        return out < self._most

    def gave(self) -> None:
        """Nothing changes by it."""


class ResourceLimit:
    """The least number always; more while memory and processors are used less than wanted, one at a time."""

    looks_again_s: float | None = LOOK_AGAIN_S

    def __init__(
        self,
        supplier: ResourceBasedSlotSupplier,
        kind: SlotKind,
        resources: Resources,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        config = supplier.slot_config
        is_workflow = kind == "workflow"
        self._least = _given(config.minimum_slots, 5 if is_workflow else 1)
        self._most = _given(config.maximum_slots, _DEFAULT_RESOURCE_SLOTS_MAX)
        default_throttle = timedelta() if is_workflow else timedelta(milliseconds=50)
        throttle = default_throttle if config.ramp_throttle is None else config.ramp_throttle
        self._throttle_s = throttle.total_seconds()
        self._target = supplier.tuner_config
        self._resources = resources
        self._clock = clock
        self._gave_at = -self._throttle_s

    async def look(self) -> None:
        await self._resources.look()

    def allows(self, out: int) -> bool:
        if out < self._least:
            return True
        if out >= self._most or self._clock() - self._gave_at < self._throttle_s:
            return False
        memory, processors = self._resources.usage
        return memory < self._target.target_memory_usage and processors < self._target.target_cpu_usage

    def gave(self) -> None:
        self._gave_at = self._clock()


_COUNTED = SlotPermit()


class CountedSlots:
    """Slots that are counted here. `is_shared`: by polls on the task queue and on the worker's own, sticky one."""

    def __init__(self, limit: Limit, *, is_shared: bool = False) -> None:
        self._limit = limit
        self._is_shared = is_shared
        self._out = 0
        self._polls = {False: 0, True: 0}  # is_sticky -> slots that wait for a task
        self._change: asyncio.Future[None] | None = None  # the next one, if anybody waits for it

    async def reserve(self, *, is_sticky: bool = False) -> Permit:
        looks_again_s = self._limit.looks_again_s
        if looks_again_s is not None:
            await self._limit.look()
        while not self._may_give(is_sticky):
            await self._changed(looks_again_s)
            await self._limit.look()
        return self._give(is_sticky)

    def has_room(self, *, is_sticky: bool = False) -> bool:
        return self._limit.looks_again_s is None and self._may_give(is_sticky)

    def reserve_now(self, *, is_sticky: bool = False) -> Permit | None:
        return self._give(is_sticky) if self.has_room(is_sticky=is_sticky) else None

    def try_reserve(self) -> Permit | None:
        return self._give(False) if self._limit.allows(self._out) else None

    def mark_used(self, permit: Permit, info: SlotInfo) -> None:
        self._polls[permit.is_sticky] -= 1
        permit.used_by = info
        self._wake()

    def release(self, permit: Permit) -> None:
        self._out -= 1
        if permit.used_by is None:
            self._polls[permit.is_sticky] -= 1
        self._wake()

    def _may_give(self, is_sticky: bool) -> bool:
        if not self._is_shared:
            return self._limit.allows(self._out)
        if self._limit.allows(self._out + 1):
            return True
        is_first = not is_sticky and not self._polls[is_sticky]
        return (is_first or self._polls[not is_sticky] > 0) and self._limit.allows(self._out)

    def _give(self, is_sticky: bool) -> Permit:
        self._out += 1
        self._polls[is_sticky] += 1
        self._limit.gave()
        self._wake()
        return Permit(_COUNTED, is_sticky=is_sticky)

    async def _changed(self, within_s: float | None) -> None:
        """Wait until a slot was given, used or released, for so long at most."""
        if self._change is None:
            self._change = asyncio.get_running_loop().create_future()
        await asyncio.wait([self._change], timeout=within_s)

    def _wake(self) -> None:
        if self._change is not None:
            self._change.set_result(None)
            self._change = None


class CustomSlots:
    """Slots of a supplier of the user's. What it raises is logged."""

    def __init__(self, supplier: CustomSlotSupplier, context: ReserveContext) -> None:
        self._supplier = supplier
        self._contexts = {
            False: context,
            True: ReserveContext(
                context.slot_type,
                context.task_queue,
                context.worker_identity,
                context.worker_build_id,
                context.worker_deployment_version,
                is_sticky=True,
            ),
        }

    async def reserve(self, *, is_sticky: bool = False) -> Permit:
        while True:
            try:
                given = await self._supplier.reserve_slot(self._contexts[is_sticky])
                return Permit(given, is_sticky=is_sticky)
            except Exception:
                logger.warning("Error in custom slot supplier `reserve_slot`", exc_info=True)
            await asyncio.sleep(ASK_AGAIN_S)

    def has_room(self, *, is_sticky: bool = False) -> bool:
        """Only the supplier's coroutine knows."""
        del is_sticky
        return False

    def reserve_now(self, *, is_sticky: bool = False) -> Permit | None:
        del is_sticky
        return None

    def try_reserve(self) -> Permit | None:
        try:
            given = self._supplier.try_reserve_slot(self._contexts[False])
        except Exception:
            logger.warning("Error in custom slot supplier `try_reserve_slot`", exc_info=True)
            return None
        return Permit(given) if given is not None else None

    def mark_used(self, permit: Permit, info: SlotInfo) -> None:
        permit.used_by = info
        try:
            self._supplier.mark_slot_used(MarkUsedContext(info, permit.given))  # pyright: ignore[reportArgumentType]  # frozen
        except Exception:
            logger.warning("Error in custom slot supplier `mark_slot_used`", exc_info=True)

    def release(self, permit: Permit) -> None:
        try:
            self._supplier.release_slot(SlotReleaseContext(permit.used_by, permit.given))
        except Exception:
            logger.warning("Error in custom slot supplier `release_slot`", exc_info=True)


def make_slots(supplier: SlotSupplier, context: ReserveContext, *, is_shared: bool = False) -> Slots:
    """The slots of a supplier.

    Raises:
        TypeError: It is none.
    """
    if isinstance(supplier, FixedSizeSlotSupplier):
        return CountedSlots(FixedLimit(supplier.num_slots), is_shared=is_shared)
    if isinstance(supplier, ResourceBasedSlotSupplier):
        limit = ResourceLimit(supplier, context.slot_type, Resources())
        return CountedSlots(limit, is_shared=is_shared)
    if isinstance(supplier, CustomSlotSupplier):  # pyright: ignore[reportUnnecessaryIsInstance]  # callers may be untyped
        return CustomSlots(supplier, context)
    raise TypeError(f"Unknown slot supplier type: {supplier}")


def _given(value: int | None, default: int) -> int:
    return default if value is None else value
