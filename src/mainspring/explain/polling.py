"""Does anybody poll a task queue?"""

from __future__ import annotations

from typing import Final

from temporalio.api.enums.v1 import VersioningBehavior
from temporalio.api.taskqueue.v1 import PollerInfo
from temporalio.api.workflow.v1 import WorkflowExecutionInfo
from temporalio.api.workflowservice.v1 import DescribeTaskQueueResponse

from mainspring.explain.times import SECOND, Nanos, instant_of, span

LIVE_NANOS: Final = 120 * SECOND
"""A worker asks again at least once a minute; who has not for two is gone."""

Version = tuple[str, str]
"""The name of a worker deployment, and a build id."""


def missing_poller(name: str, queue: DescribeTaskQueueResponse | None, wanted: Version | None, now: Nanos) -> str:
    """What is wrong with who polls, as the beginning of a sentence; empty if nothing is, or if it is not known."""
    if queue is None:
        return ""
    live = [poller for poller in queue.pollers if now - _seen_at(poller) < LIVE_NANOS]
    if not live:
        return f"no worker polls {name}{_last(queue, now)}"
    if wanted is not None and wanted not in {_version(poller) for poller in live}:
        return f"no worker of version {wanted[0]}:{wanted[1]} polls {name}"
    return ""


def pinned_version(info: WorkflowExecutionInfo) -> Version | None:
    """The only version whose workers may go on with the run; None if any may."""
    versioning = info.versioning_info
    override = versioning.versioning_override.pinned.version
    if override.build_id:
        return override.deployment_name, override.build_id
    if versioning.behavior == VersioningBehavior.VERSIONING_BEHAVIOR_PINNED:
        return versioning.deployment_version.deployment_name, versioning.deployment_version.build_id
    return None


def _seen_at(poller: PollerInfo) -> Nanos:
    return instant_of(poller.last_access_time) or 0


def _version(poller: PollerInfo) -> Version:
    return poller.deployment_options.deployment_name, poller.deployment_options.build_id


def _last(queue: DescribeTaskQueueResponse, now: Nanos) -> str:
    if not queue.pollers:
        return ""
    last = max(queue.pollers, key=_seen_at)
    return f" any more (the last was {last.identity}, {span(now - _seen_at(last))} ago)"
