"""What a command says of the activity that it schedules, read once: the checks, the event and the record go by it.

Each look at a field of a message costs as much as many lines of Python, and three parts of the engine need the same.
"""

from __future__ import annotations

import msgspec
from temporalio.api.command.v1 import ScheduleActivityTaskCommandAttributes
from temporalio.api.common.v1 import RetryPolicy

from mainspring.server.engine.records import RetryRules


class ActivityOptions(msgspec.Struct, frozen=True, kw_only=True):
    """Checked, with all defaults filled in."""

    command: ScheduleActivityTaskCommandAttributes  # for what is only copied: queue, header, input, priority
    activity_id: str
    activity_type: str
    queue: str
    retry_policy: RetryPolicy  # as the event shows it
    retry: RetryRules  # the same
    timeouts: ActivityTimeouts


class ActivityTimeouts(msgspec.Struct, frozen=True):
    """Nanoseconds; 0: none."""

    schedule_to_close_ns: int
    schedule_to_start_ns: int
    start_to_close_ns: int
    heartbeat_ns: int
