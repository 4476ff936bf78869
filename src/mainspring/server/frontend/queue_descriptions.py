"""A task queue as DescribeTaskQueue shows it: pollers, statistics, rate limit, and the same by build.

A queue has one partition here, which is its root; sticky queues and names of other partitions have no statistics
of their own, as in the real server. Reference: tests/differential/test_describe_queues.py.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Final

from temporalio.api.common.v1 import WorkerVersionCapabilities
from temporalio.api.deployment.v1 import WorkerDeploymentOptions
from temporalio.api.enums.v1 import (
    BuildIdTaskReachability,
    RateLimitSource,
    TaskQueueKind,
    TaskQueueType,
    WorkerVersioningMode,
)
from temporalio.api.taskqueue.v1 import (
    PollerInfo,
    TaskQueue,
    TaskQueueStats,
    TaskQueueStatus,
    TaskQueueTypeInfo,
    TaskQueueVersionInfo,
    TaskQueueVersioningInfo,
)
from temporalio.api.workflowservice.v1 import DescribeTaskQueueRequest, DescribeTaskQueueResponse

from mainspring.server.engine import names
from mainspring.server.engine.changes import NORMAL_PRIORITY
from mainspring.server.engine.errors import InvalidArgument
from mainspring.server.engine.limits import Limits
from mainspring.server.engine.times import duration, timestamp
from mainspring.server.frontend.run_descriptions import YEAR_ONE
from mainspring.server.matching.records import Poller, PollerSeen, PriorityLoad, QueueDescription

NO_LIMIT_PER_S: Final = 100_000.0
"""What the API takes for the rate of a worker that asks for none."""
_OTHER_QUEUES_PER_S: Final = 1_000.0
"""The same for a type of queue that has neither workflow nor activity tasks."""

_UNVERSIONED: Final = ""
_VERSIONED: Final = WorkerVersioningMode.WORKER_VERSIONING_MODE_VERSIONED
_PARTITION: Final = re.compile(re.escape(names.RESERVED_QUEUE_PREFIX) + r".+/[1-9][0-9]*")
_WORKFLOW: Final = TaskQueueType.TASK_QUEUE_TYPE_WORKFLOW
_ACTIVITY: Final = TaskQueueType.TASK_QUEUE_TYPE_ACTIVITY
_REACHABILITY_BUILDS_COUNT: Final = 5
NOTHING: Final = QueueDescription(
    pollers=[],
    waiting_poll_count=0,
    backlog_count_hint=0,
    backlog_age_ns=0,
    add_rate=0.0,
    dispatch_rate=0.0,
    max_tasks_per_second=None,
    is_rate_limited=False,
    is_sticky=False,
    by_priority={NORMAL_PRIORITY: PriorityLoad()},
)
"""A queue that nobody has used: also one of a kind of task that is not served."""


# -- the request


def check_partition(queue: TaskQueue, limits: Limits) -> None:
    """The queue, or a partition of one by its name, of a description in the plain mode. Fills in the kind, in place."""
    if not queue.name.startswith(names.RESERVED_QUEUE_PREFIX):
        names.check_task_queue(queue, limits)
    elif _PARTITION.fullmatch(queue.name) is None:
        raise InvalidArgument(f"invalid task queue partition name {queue.name}")
    if queue.kind != TaskQueueKind.TASK_QUEUE_KIND_STICKY and queue.normal_name:
        raise InvalidArgument(
            f"only sticky queues can have normal name. tq: {queue.name}, normal name: {queue.normal_name}"
        )


def is_root(queue: TaskQueue) -> bool:
    """Neither sticky nor a partition beside the first."""
    is_sticky = queue.kind == TaskQueueKind.TASK_QUEUE_KIND_STICKY
    return not is_sticky and not queue.name.startswith(names.RESERVED_QUEUE_PREFIX)


def check_enhanced(request: DescribeTaskQueueRequest) -> None:
    """What the enhanced mode asks for beyond a legal queue."""
    asked = len(request.versions.build_ids)
    if request.report_task_reachability and asked > _REACHABILITY_BUILDS_COUNT:
        raise InvalidArgument(
            f"Too many build ids queried at once with ReportTaskReachability==true, limit: {_REACHABILITY_BUILDS_COUNT}"
        )
    if request.task_queue.kind == TaskQueueKind.TASK_QUEUE_KIND_STICKY:
        raise InvalidArgument(
            "Enhanced DescribeTaskQueue is not valid for a sticky queue, use api_mode=UNSPECIFIED or a normal queue."
        )
    if request.task_queue.normal_name:
        raise InvalidArgument("Task Queue Partition invalid, use a different Task Queue or Task Queue Type")


def types_of(request: DescribeTaskQueueRequest) -> list[int]:
    """The kinds of tasks that the enhanced mode is asked about."""
    return list(dict.fromkeys(request.task_queue_types)) or [_WORKFLOW, _ACTIVITY]


# -- the plain mode


def _system_rate(queue_type: TaskQueueType.ValueType) -> float:
    return NO_LIMIT_PER_S if queue_type in (_WORKFLOW, _ACTIVITY) else _OTHER_QUEUES_PER_S


def plain(described: QueueDescription, request: DescribeTaskQueueRequest) -> DescribeTaskQueueResponse:
    """Pollers and the rate limit; status and statistics if they are asked for."""
    rate = described.max_tasks_per_second
    response = DescribeTaskQueueResponse(
        pollers=_pollers(described.pollers),
        effective_rate_limit=DescribeTaskQueueResponse.EffectiveRateLimit(
            requests_per_second=_system_rate(request.task_queue_type) if rate is None else rate,
            rate_limit_source=RateLimitSource.RATE_LIMIT_SOURCE_SYSTEM
            if rate is None
            else RateLimitSource.RATE_LIMIT_SOURCE_WORKER,
        ),
    )
    if request.task_queue.kind != TaskQueueKind.TASK_QUEUE_KIND_STICKY:
        response.versioning_info.CopyFrom(
            TaskQueueVersioningInfo(current_version="__unversioned__", update_time=YEAR_ONE)
        )
    if request.include_task_queue_status:
        response.task_queue_status.CopyFrom(
            TaskQueueStatus(
                backlog_count_hint=described.backlog_count_hint,
                rate_per_second=response.effective_rate_limit.requests_per_second,
            )
        )
    if request.report_stats:
        response.stats.CopyFrom(_stats(described))
        for priority, load in described.by_priority.items():
            response.stats_by_priority_key[priority].CopyFrom(
                _stats_of(load, is_rate_limited=described.is_rate_limited)
            )
    return response


# -- the enhanced mode


def enhanced(described: dict[int, QueueDescription], request: DescribeTaskQueueRequest) -> DescribeTaskQueueResponse:
    """Each build that is asked about, in each of the given types."""
    response = DescribeTaskQueueResponse()
    for build in _builds(described, request):
        response.versions_info[build].CopyFrom(_version(build, described, request))
    return response


def _builds(described: dict[int, QueueDescription], request: DescribeTaskQueueRequest) -> list[str]:
    if not request.HasField("versions"):
        return [_UNVERSIONED]
    builds = list(request.versions.build_ids)
    if request.versions.unversioned:
        builds.append(_UNVERSIONED)
    if request.versions.all_active:
        builds += [build_of(seen.poller) for one in described.values() for seen in one.pollers]
        builds = [build for build in builds if build or request.versions.unversioned]
    return list(dict.fromkeys(builds))


def _version(
    build: str, described: dict[int, QueueDescription], request: DescribeTaskQueueRequest
) -> TaskQueueVersionInfo:
    info = TaskQueueVersionInfo()
    for kind, one in described.items():
        of_kind = TaskQueueTypeInfo()
        if request.report_pollers:
            of_kind.pollers.extend(_pollers(seen for seen in one.pollers if build_of(seen.poller) == build))
        if request.report_stats:
            # Tasks are not told apart by build: all of them belong to the unversioned one.
            of_kind.stats.CopyFrom(_stats(NOTHING if build else one))
        info.types_info[kind].CopyFrom(of_kind)
    if request.report_task_reachability:
        info.task_reachability = (
            BuildIdTaskReachability.BUILD_ID_TASK_REACHABILITY_UNREACHABLE
            if build
            else BuildIdTaskReachability.BUILD_ID_TASK_REACHABILITY_REACHABLE
        )
    return info


def build_of(poller: Poller) -> str:
    """The build that a poller takes tasks of; empty if it takes those of none in particular."""
    if poller.worker_versioning_mode == _VERSIONED:
        return f"{poller.deployment_name}:{poller.build_id}"
    return poller.build_id if poller.use_versioning else _UNVERSIONED


# -- their parts


def _pollers(pollers: Iterable[PollerSeen]) -> list[PollerInfo]:
    return [_poller(seen) for seen in pollers]


def _poller(seen: PollerSeen) -> PollerInfo:
    poller = seen.poller
    rate = poller.max_tasks_per_second
    info = PollerInfo(
        last_access_time=timestamp(seen.last_access_at),
        identity=poller.identity,
        rate_per_second=NO_LIMIT_PER_S if rate is None else rate,
    )
    if poller.worker_versioning_mode:
        info.deployment_options.CopyFrom(
            WorkerDeploymentOptions(
                deployment_name=poller.deployment_name,
                build_id=poller.build_id,
                worker_versioning_mode=WorkerVersioningMode.ValueType(poller.worker_versioning_mode),
            )
        )
    elif poller.build_id:
        info.worker_version_capabilities.CopyFrom(
            WorkerVersionCapabilities(
                build_id=poller.build_id,
                use_versioning=poller.use_versioning,
                deployment_series_name=poller.deployment_name,
            )
        )
    return info


def _stats(described: QueueDescription) -> TaskQueueStats:
    return TaskQueueStats(
        approximate_backlog_count=described.backlog_count_hint,
        approximate_backlog_age=duration(described.backlog_age_ns),
        tasks_add_rate=described.add_rate,
        tasks_dispatch_rate=described.dispatch_rate,
        rate_limiting_active=described.is_rate_limited,
    )


def _stats_of(load: PriorityLoad, *, is_rate_limited: bool) -> TaskQueueStats:
    return TaskQueueStats(
        approximate_backlog_count=load.backlog_count_hint,
        approximate_backlog_age=duration(load.backlog_age_ns),
        tasks_add_rate=load.add_rate,
        tasks_dispatch_rate=load.dispatch_rate,
        rate_limiting_active=is_rate_limited,
    )
