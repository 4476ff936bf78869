"""The plain values of `matching`: what comes in with a poll or a query, and what is shown of a queue.

Windows and limits stand in `MatchingSettings`; their defaults are those of the real server.
"""

from __future__ import annotations

from collections.abc import Callable

import msgspec

from mainspring.server.engine.changes import Nanos, QueueKey, RunKey
from mainspring.server.engine.errors import MainspringError
from mainspring.server.engine.limits import Limits

_LIMITS = Limits()


class MatchingSettings(msgspec.Struct, frozen=True, kw_only=True):
    """The limits of the room; those that clients can see come from the server's."""

    buffer_task_limit: int = 10_000  # per queue; beyond it tasks stay in their table only
    page_task_limit: int = 1_000  # read from the table at once
    sticky_window_s: float = _LIMITS.sticky_poller_window_s  # a sticky worker that has not polled for so long is gone
    query_window_s: float = _LIMITS.query_poller_window_s  # a query fails if nobody has polled for so long
    query_margin_s: float = 1.0  # before the query's deadline, when that is looked at
    poller_memory_s: float = _LIMITS.poller_history_s
    idle_s: float = _LIMITS.idle_task_queue_s  # a queue with neither pollers nor tasks is forgotten
    sweep_s: float = 60.0  # how often idle queues are looked for
    shutdown_memory_s: float = 30.0  # polls of a worker that has shut down are answered at once
    retry_s: float = 1.0  # before another try after the store failed

    @classmethod
    def within(cls, limits: Limits) -> MatchingSettings:
        """The settings of a server with these limits."""
        return cls(
            sticky_window_s=limits.sticky_poller_window_s,
            query_window_s=limits.query_poller_window_s,
            poller_memory_s=limits.poller_history_s,
            idle_s=limits.idle_task_queue_s,
        )


class Poller(msgspec.Struct, frozen=True, kw_only=True):
    """Who asks for tasks, as its poll says."""

    identity: str
    worker_instance_key: str = ""
    build_id: str = ""
    use_versioning: bool = False
    deployment_name: str = ""
    worker_versioning_mode: int = 0  # temporal.api.enums.v1.WorkerVersioningMode
    max_tasks_per_second: float | None = None  # for the whole queue; None: no limit, 0: nothing at all
    started_version: bytes = b""  # serialised WorkerVersionStamp for the Started events of its tasks


class Query(msgspec.Struct, frozen=True, kw_only=True):
    """A question for a worker. It has no row: lost with the process, or with its asker."""

    query_id: str
    run: RunKey
    queue: QueueKey
    query: bytes  # serialised temporal.api.query.v1.WorkflowQuery
    normal_queue: str = ""  # only on sticky queues, where the asker turns to if the sticky worker has gone


class Answer(msgspec.Struct, frozen=True, kw_only=True):
    """What a worker said to a query: the fields of `RespondQueryTaskCompleted`."""

    completed_type: int  # temporal.api.enums.v1.QueryResultType
    result: bytes = b""  # serialised temporal.api.common.v1.Payloads
    error_message: str = ""
    failure: bytes = b""  # serialised temporal.api.failure.v1.Failure
    cause: int = 0  # temporal.api.enums.v1.WorkflowTaskFailedCause


class PollerSeen(msgspec.Struct, frozen=True):
    """A poller that was here in the last minutes."""

    poller: Poller
    last_access_at: Nanos


class PriorityLoad(msgspec.Struct, kw_only=True):
    """What waits and what moves at one priority of a queue."""

    backlog_count_hint: int = 0
    backlog_age_ns: int = 0  # of the oldest task in memory
    add_rate: float = 0.0  # tasks per second over the last 30 s
    dispatch_rate: float = 0.0


class QueueDescription(msgspec.Struct, frozen=True, kw_only=True):
    """One queue as `DescribeTaskQueue` shows it."""

    pollers: list[PollerSeen]  # newest first
    waiting_poll_count: int
    backlog_count_hint: int
    backlog_age_ns: int  # of the oldest task in memory; 0 if none waits
    add_rate: float  # tasks per second over the last 30 s
    dispatch_rate: float
    max_tasks_per_second: float | None
    is_rate_limited: bool  # tasks wait for the rate now
    is_sticky: bool
    by_priority: dict[int, PriorityLoad]  # the normal one is always there


class MatchingStatistics(msgspec.Struct, kw_only=True):
    """Counters since the start, and what there is now."""

    queue_count: int = 0
    waiting_poll_count: int = 0
    waiting_task_count: int = 0  # in memory
    waiting_query_count: int = 0  # asked and not answered
    added_count: int = 0
    matched_count: int = 0
    sync_matched_count: int = 0  # of these, to a poller that was waiting
    returned_count: int = 0  # matched to a poller that had gone, and offered again
    redirected_count: int = 0  # sticky tasks that went to the normal queue
    expired_count: int = 0
    page_count: int = 0  # read from the table


class Waiting(msgspec.Struct, kw_only=True):
    """What waits in all queues of one kind."""

    task_count: int = 0  # about, as far as they are not in memory
    poll_count: int = 0


class Handed(msgspec.Struct, frozen=True):
    """A task that was started for the poll which waited for it, before that knew."""

    started: object  # what the poll needs to answer: of whoever started it
    give_up: Callable[[], None]  # called if the poll's caller had gone


class Listener(msgspec.Struct, frozen=True, eq=False):
    """A worker that takes tasks as they are started for it: as if a poll of its waited in front of all others."""

    poller: Poller
    has_room: Callable[[], bool]  # whether it takes another one now
    take: Callable[[Handed], None]  # called only while it has room, within the commit that started the task


class StickyWorkerUnavailable(MainspringError):
    """No worker polls the sticky queue of a query any more: ask again on the normal one, with the full history."""
