"""Choices of the API, as enums: each has the members and values of the API's enum, which a test holds.

WorkflowIDReusePolicy.REJECT_DUPLICATE == WORKFLOW_ID_REUSE_POLICY_REJECT_DUPLICATE
"""

from __future__ import annotations

from enum import IntEnum


class WorkflowIDReusePolicy(IntEnum):
    """Whether a workflow may start whose id a closed one has."""

    ALLOW_DUPLICATE = 1
    ALLOW_DUPLICATE_FAILED_ONLY = 2
    REJECT_DUPLICATE = 3
    TERMINATE_IF_RUNNING = 4


class WorkflowIDConflictPolicy(IntEnum):
    """What a start does if a workflow of this id is running."""

    UNSPECIFIED = 0
    FAIL = 1
    USE_EXISTING = 2
    TERMINATE_EXISTING = 3


class ActivityIDReusePolicy(IntEnum):
    """Whether a standalone activity may start whose id a closed one has."""

    UNSPECIFIED = 0
    ALLOW_DUPLICATE = 1
    ALLOW_DUPLICATE_FAILED_ONLY = 2
    REJECT_DUPLICATE = 3


class ActivityIDConflictPolicy(IntEnum):
    """What a start does if a standalone activity of this id is running."""

    UNSPECIFIED = 0
    FAIL = 1
    USE_EXISTING = 2


class NexusOperationIDReusePolicy(IntEnum):
    """Whether a standalone Nexus operation may start whose id a closed one has."""

    UNSPECIFIED = 0
    ALLOW_DUPLICATE = 1
    ALLOW_DUPLICATE_FAILED_ONLY = 2
    REJECT_DUPLICATE = 3


class NexusOperationIDConflictPolicy(IntEnum):
    """What a start does if a standalone Nexus operation of this id is running."""

    UNSPECIFIED = 0
    FAIL = 1
    USE_EXISTING = 2


class NexusOperationExecutionStatus(IntEnum):
    """How a standalone Nexus operation stands."""

    UNSPECIFIED = 0
    RUNNING = 1
    COMPLETED = 2
    FAILED = 3
    CANCELED = 4
    TERMINATED = 5
    TIMED_OUT = 6


class PendingNexusOperationExecutionState(IntEnum):
    """What a standalone Nexus operation that is running waits for."""

    UNSPECIFIED = 0
    SCHEDULED = 1
    BACKING_OFF = 2
    STARTED = 3
    BLOCKED = 4


class NexusOperationCancellationState(IntEnum):
    """How the request to cancel a Nexus operation stands."""

    UNSPECIFIED = 0
    SCHEDULED = 1
    """Waits to be sent, or is being sent."""
    BACKING_OFF = 2
    """Failed, and will be sent again."""
    SUCCEEDED = 3
    FAILED = 4
    """Failed for good."""
    TIMED_OUT = 5
    """The operation's time from its schedule to its close ran out first."""
    BLOCKED = 6
    """Held back, as by a circuit breaker."""


class QueryRejectCondition(IntEnum):
    """Which state of a workflow makes it refuse a query."""

    NONE = 1
    NOT_OPEN = 2
    NOT_COMPLETED_CLEANLY = 3


class VersioningBehavior(IntEnum):
    """When a workflow goes on with the worker of another build."""

    UNSPECIFIED = 0
    """Not said; a worker that takes part in versioning has to say it."""
    PINNED = 1
    """Stays with the build it started on, until it is moved by hand."""
    AUTO_UPGRADE = 2
    """Goes to the current build with its next workflow task."""


class HeaderCodecBehavior(IntEnum):
    """Which headers a payload codec sees. The SDK's own: the API has no such enum."""

    NO_CODEC = 1
    """None."""
    CODEC = 2
    """All."""
    WORKFLOW_ONLY_CODEC = 3
    """Those of workflow tasks and what answers them."""
