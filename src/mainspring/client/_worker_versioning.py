"""Versions of workers by sets of build ids: the API before worker deployments. Kept for programs that use it.

await client.update_worker_build_id_compatibility("queue", BuildIdOpAddNewDefault("v2"))
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import IntEnum

from temporalio.api.enums.v1 import TaskReachability
from temporalio.api.taskqueue.v1 import BuildIdReachability as BuildIdReachabilityMessage
from temporalio.api.workflowservice.v1 import (
    GetWorkerBuildIdCompatibilityResponse,
    GetWorkerTaskReachabilityResponse,
    UpdateWorkerBuildIdCompatibilityRequest,
)


@dataclass(frozen=True)
class BuildIdVersionSet:
    """Build ids that are compatible with each other; the last one is the set's default."""

    build_ids: Sequence[str]

    def default(self) -> str:
        """The build id that new tasks of the set go to."""
        return self.build_ids[-1]


@dataclass(frozen=True)
class WorkerBuildIdVersionSets:
    """All sets of a task queue; the last one is the queue's default."""

    version_sets: Sequence[BuildIdVersionSet]

    def default_set(self) -> BuildIdVersionSet:
        """The set that new workflows go to."""
        return self.version_sets[-1]

    def default_build_id(self) -> str:
        """The build id that new workflows go to."""
        return self.default_set().default()


def version_sets_of(reply: GetWorkerBuildIdCompatibilityResponse) -> WorkerBuildIdVersionSets:
    """What the server said, as users see it."""
    return WorkerBuildIdVersionSets([BuildIdVersionSet(one.build_ids) for one in reply.major_version_sets])


class BuildIdOp(ABC):
    """A change to the sets of a task queue."""

    @abstractmethod
    def _as_partial_proto(self) -> UpdateWorkerBuildIdCompatibilityRequest:
        """The request without namespace and task queue."""


@dataclass(frozen=True)
class BuildIdOpAddNewDefault(BuildIdOp):
    """Add a build id in a set of its own, which becomes the default."""

    build_id: str

    def _as_partial_proto(self) -> UpdateWorkerBuildIdCompatibilityRequest:
        return UpdateWorkerBuildIdCompatibilityRequest(add_new_build_id_in_new_default_set=self.build_id)


@dataclass(frozen=True)
class BuildIdOpAddNewCompatible(BuildIdOp):
    """Add a build id to the set of another one, as the set's default."""

    build_id: str
    existing_compatible_build_id: str
    promote_set: bool = False
    """Make the set the default one, too."""

    def _as_partial_proto(self) -> UpdateWorkerBuildIdCompatibilityRequest:
        added = UpdateWorkerBuildIdCompatibilityRequest.AddNewCompatibleVersion(
            new_build_id=self.build_id,
            existing_compatible_build_id=self.existing_compatible_build_id,
            make_set_default=self.promote_set,
        )
        return UpdateWorkerBuildIdCompatibilityRequest(add_new_compatible_build_id=added)


@dataclass(frozen=True)
class BuildIdOpPromoteSetByBuildId(BuildIdOp):
    """Make the set of a build id the default one."""

    build_id: str

    def _as_partial_proto(self) -> UpdateWorkerBuildIdCompatibilityRequest:
        return UpdateWorkerBuildIdCompatibilityRequest(promote_set_by_build_id=self.build_id)


@dataclass(frozen=True)
class BuildIdOpPromoteBuildIdWithinSet(BuildIdOp):
    """Make a build id the default of its set."""

    build_id: str

    def _as_partial_proto(self) -> UpdateWorkerBuildIdCompatibilityRequest:
        return UpdateWorkerBuildIdCompatibilityRequest(promote_build_id_within_set=self.build_id)


@dataclass(frozen=True)
class BuildIdOpMergeSets(BuildIdOp):
    """Make one set of two: all their build ids are compatible, and the primary set's default is the default."""

    primary_build_id: str
    secondary_build_id: str

    def _as_partial_proto(self) -> UpdateWorkerBuildIdCompatibilityRequest:
        merged = UpdateWorkerBuildIdCompatibilityRequest.MergeSets(
            primary_set_build_id=self.primary_build_id, secondary_set_build_id=self.secondary_build_id
        )
        return UpdateWorkerBuildIdCompatibilityRequest(merge_sets=merged)


class TaskReachabilityType(IntEnum):
    """What kinds of workflows may still have tasks for a build id. Values are those of the API's enum."""

    NEW_WORKFLOWS = TaskReachability.TASK_REACHABILITY_NEW_WORKFLOWS
    EXISTING_WORKFLOWS = TaskReachability.TASK_REACHABILITY_EXISTING_WORKFLOWS
    OPEN_WORKFLOWS = TaskReachability.TASK_REACHABILITY_OPEN_WORKFLOWS
    CLOSED_WORKFLOWS = TaskReachability.TASK_REACHABILITY_CLOSED_WORKFLOWS


@dataclass(frozen=True)
class BuildIdReachability:
    """Where tasks for one build id may still come from."""

    task_queue_reachability: Mapping[str, Sequence[TaskReachabilityType]]
    """Task queue -> kinds of workflows; none means that the build id is not reachable there."""

    unretrieved_task_queues: frozenset[str]
    """Task queues of which the server did not say it, since they were too many."""


@dataclass(frozen=True)
class WorkerTaskReachability:
    """Where tasks for build ids may still come from."""

    build_id_reachability: Mapping[str, BuildIdReachability]
    """By build id."""


def reachability_of(message: BuildIdReachabilityMessage) -> BuildIdReachability:
    """What the server said of one build id, as users see it."""
    known: dict[str, Sequence[TaskReachabilityType]] = {}
    unretrieved: set[str] = set()
    for queue in message.task_queue_reachability:
        if list(queue.reachability) == [TaskReachability.TASK_REACHABILITY_UNSPECIFIED]:
            unretrieved.add(queue.task_queue)
        else:
            known[queue.task_queue] = [TaskReachabilityType(kind) for kind in queue.reachability]
    return BuildIdReachability(known, frozenset(unretrieved))


def task_reachability_of(reply: GetWorkerTaskReachabilityResponse) -> WorkerTaskReachability:
    """What the server said, as users see it."""
    return WorkerTaskReachability({one.build_id: reachability_of(one) for one in reply.build_id_reachability})
