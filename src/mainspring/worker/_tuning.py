"""How many tasks a worker takes at once: slot suppliers, and tuners that have one for each kind of task.

    WorkerTuner.create_fixed(workflow_slots=10)            so many
    WorkerTuner.create_resource_based(...)                 as many as memory and processors allow
    WorkerTuner.create_composite(...)                      a supplier for each kind, also one of your own

A slot is reserved before the worker polls, marked as used when a task comes, and released when the task is done.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from datetime import timedelta
from typing import Literal, Protocol, TypeAlias, runtime_checkable

from mainspring.common import WorkerDeploymentVersion

_DEFAULT_RESOURCE_SLOTS_MAX = 500
DEFAULT_SLOTS = 100


@dataclass(frozen=True)
class FixedSizeSlotSupplier:
    """A fixed number of slots."""

    num_slots: int
    """Slots that are out at most."""


@dataclass(frozen=True)
class ResourceBasedTunerConfig:
    """How much of the machine may be in use, each from 0 to 1."""

    target_memory_usage: float
    """More than 0.8 leaves little for what workflows may yet need."""
    target_cpu_usage: float


@dataclass(frozen=True)
class ResourceBasedSlotConfig:
    """Bounds for one kind of task."""

    minimum_slots: int | None = None
    """Slots that are given whatever is in use; 5 for workflow tasks, else 1."""
    maximum_slots: int | None = None
    """Slots that are out at most; 500."""
    ramp_throttle: timedelta | None = None
    """How long to wait after each slot beyond the minimum, to see what it costs; 50 ms, none for workflow tasks."""


@dataclass(frozen=True)
class ResourceBasedSlotSupplier:
    """As many slots as memory and processors allow."""

    slot_config: ResourceBasedSlotConfig
    tuner_config: ResourceBasedTunerConfig


class SlotPermit:
    """The right to one slot. A supplier may return objects of a class of its own."""


class SlotReserveContext(Protocol):
    """For whom a slot is to be reserved."""

    slot_type: Literal["workflow", "activity", "local-activity", "nexus"]
    task_queue: str
    worker_identity: str
    worker_build_id: str
    """Deprecated in favour of `worker_deployment_version`."""
    worker_deployment_version: WorkerDeploymentVersion | None
    is_sticky: bool
    """For a poll on the queue of this worker's own runs."""


@runtime_checkable
class WorkflowSlotInfo(Protocol):
    """A workflow task that uses a slot."""

    workflow_type: str
    is_sticky: bool


@runtime_checkable
class ActivitySlotInfo(Protocol):
    """An activity that uses a slot."""

    activity_type: str


@runtime_checkable
class LocalActivitySlotInfo(Protocol):
    """A local activity that uses a slot."""

    activity_type: str


@runtime_checkable
class NexusSlotInfo(Protocol):
    """A Nexus operation that uses a slot."""

    service: str
    operation: str


SlotInfo: TypeAlias = WorkflowSlotInfo | ActivitySlotInfo | LocalActivitySlotInfo | NexusSlotInfo


@dataclass(frozen=True)
class SlotMarkUsedContext(Protocol):
    """Which task uses a slot from now on."""

    slot_info: SlotInfo
    permit: SlotPermit


@dataclass(frozen=True)
class SlotReleaseContext:
    """Which slot is free again."""

    slot_info: SlotInfo | None
    """The task that used it; None if none did."""
    permit: SlotPermit


class CustomSlotSupplier(ABC):
    """Slots by rules of your own. All methods run in the worker's event loop, and must not block it."""

    @abstractmethod
    async def reserve_slot(self, ctx: SlotReserveContext) -> SlotPermit:
        """Wait until there is a slot. May be cancelled; any other exception is logged, and the worker asks again."""
        ...

    @abstractmethod
    def try_reserve_slot(self, ctx: SlotReserveContext) -> SlotPermit | None:
        """A slot if there is one now: for tasks that the server would give along with an answer."""
        ...

    @abstractmethod
    def mark_slot_used(self, ctx: SlotMarkUsedContext) -> None:
        """A task came for a slot that was reserved."""
        ...

    @abstractmethod
    def release_slot(self, ctx: SlotReleaseContext) -> None:
        """A slot is needed no more, whether or not a task used it."""
        ...


SlotSupplier: TypeAlias = FixedSizeSlotSupplier | ResourceBasedSlotSupplier | CustomSlotSupplier


class WorkerTuner(ABC):
    """A slot supplier for each kind of task."""

    @classmethod
    def create_resource_based(
        cls,
        *,
        target_memory_usage: float,
        target_cpu_usage: float,
        workflow_config: ResourceBasedSlotConfig | None = None,
        activity_config: ResourceBasedSlotConfig | None = None,
        local_activity_config: ResourceBasedSlotConfig | None = None,
        nexus_config: ResourceBasedSlotConfig | None = None,
    ) -> WorkerTuner:
        """Slots as memory and processors allow."""
        target = ResourceBasedTunerConfig(target_memory_usage, target_cpu_usage)
        configs = (workflow_config, activity_config, local_activity_config, nexus_config)
        default = ResourceBasedSlotConfig()
        return _CompositeTuner(*(ResourceBasedSlotSupplier(config or default, target) for config in configs))

    @classmethod
    def create_fixed(
        cls,
        *,
        workflow_slots: int | None = None,
        activity_slots: int | None = None,
        local_activity_slots: int | None = None,
        nexus_slots: int | None = None,
    ) -> WorkerTuner:
        """So many slots of each kind; 100 of those for which nothing is said."""
        numbers = (workflow_slots, activity_slots, local_activity_slots, nexus_slots)
        return _CompositeTuner(*(FixedSizeSlotSupplier(number or DEFAULT_SLOTS) for number in numbers))

    @classmethod
    def create_composite(
        cls,
        *,
        workflow_supplier: SlotSupplier,
        activity_supplier: SlotSupplier,
        local_activity_supplier: SlotSupplier,
        nexus_supplier: SlotSupplier,
    ) -> WorkerTuner:
        """These suppliers."""
        return _CompositeTuner(workflow_supplier, activity_supplier, local_activity_supplier, nexus_supplier)

    @abstractmethod
    def _get_workflow_task_slot_supplier(self) -> SlotSupplier:
        raise NotImplementedError

    @abstractmethod
    def _get_activity_task_slot_supplier(self) -> SlotSupplier:
        raise NotImplementedError

    @abstractmethod
    def _get_local_activity_task_slot_supplier(self) -> SlotSupplier:
        raise NotImplementedError

    @abstractmethod
    def _get_nexus_slot_supplier(self) -> SlotSupplier:
        raise NotImplementedError

    def _get_activities_max(self) -> int | None:
        return _most_slots(self._get_activity_task_slot_supplier())

    def _get_nexus_tasks_max(self) -> int | None:
        return _most_slots(self._get_nexus_slot_supplier())


@dataclass(frozen=True)
class _CompositeTuner(WorkerTuner):
    """These suppliers."""

    workflow_slot_supplier: SlotSupplier
    activity_slot_supplier: SlotSupplier
    local_activity_slot_supplier: SlotSupplier
    nexus_slot_supplier: SlotSupplier

    def _get_workflow_task_slot_supplier(self) -> SlotSupplier:
        return self.workflow_slot_supplier

    def _get_activity_task_slot_supplier(self) -> SlotSupplier:
        return self.activity_slot_supplier

    def _get_local_activity_task_slot_supplier(self) -> SlotSupplier:
        return self.local_activity_slot_supplier

    def _get_nexus_slot_supplier(self) -> SlotSupplier:
        return self.nexus_slot_supplier


def _most_slots(supplier: SlotSupplier) -> int | None:
    """Slots that a supplier has out at most; None if it alone knows."""
    if isinstance(supplier, FixedSizeSlotSupplier):
        return supplier.num_slots
    if isinstance(supplier, ResourceBasedSlotSupplier):
        return supplier.slot_config.maximum_slots or _DEFAULT_RESOURCE_SLOTS_MAX
    return None
