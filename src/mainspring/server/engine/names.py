"""Checks of names, queues, priorities and durations, shared by requests and commands.

Each raises InvalidArgument in the real server's words, so that SDKs and people read the same text.
"""

from __future__ import annotations

import re

from google.protobuf.duration_pb2 import Duration
from temporalio.api.common.v1 import Priority
from temporalio.api.enums.v1 import TaskQueueKind
from temporalio.api.taskqueue.v1 import TaskQueue

from mainspring.server.engine.errors import InvalidArgument
from mainspring.server.engine.limits import Limits
from mainspring.server.engine.times import LONGEST_NS, SECOND, fault_of, set_duration

_UUID = re.compile(r"[0-9a-fA-F]{8}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{12}")
RESERVED_QUEUE_PREFIX = "/_sys/"
_UNSPECIFIED = TaskQueueKind.TASK_QUEUE_KIND_UNSPECIFIED
_NORMAL = TaskQueueKind.TASK_QUEUE_KIND_NORMAL
_STICKY = TaskQueueKind.TASK_QUEUE_KIND_STICKY


def is_uuid(text: str) -> bool:
    """The text could be a run id."""
    return _UUID.fullmatch(text) is not None


def size_of(text: str) -> int:
    """Length in bytes of UTF-8, which is what limits count."""
    return len(text) if text.isascii() else len(text.encode("utf-8", "surrogatepass"))


def check_task_queue(queue: TaskQueue, limits: Limits, *, default_name: str = "") -> None:
    """Fill in the default name and kind, in place, and check what stands there then."""
    kind, name = queue.kind, queue.name
    if kind == _UNSPECIFIED:
        queue.kind = _NORMAL
    if not name:
        if not default_name:
            raise InvalidArgument("missing task queue name")
        name = queue.name = default_name
    check_queue_name(name, limits)
    if kind == _STICKY and queue.normal_name:
        check_queue_name(queue.normal_name, limits)


def check_queue_name(name: str, limits: Limits) -> None:
    """A queue's name is of a legal length and not one of the server's own."""
    if size_of(name) > limits.id_length_bytes:
        raise InvalidArgument("taskQueue length exceeds limit")
    if name.startswith(RESERVED_QUEUE_PREFIX):
        raise InvalidArgument(f"task queue name cannot start with reserved prefix {RESERVED_QUEUE_PREFIX}")


def check_priority(priority: Priority, limits: Limits) -> None:
    """The priority key, fairness key and weight can be used."""
    if priority.priority_key < 0:
        raise InvalidArgument("priority key can't be negative")
    if size_of(priority.fairness_key) > limits.fairness_key_bytes:
        raise InvalidArgument("fairness key length exceeds limit")
    if not priority.fairness_weight >= 0:  # nor is NaN
        raise InvalidArgument("must be greater than zero")


def cap(value: Duration, fault_text: str) -> int:
    """Cut a duration to the longest one, in place. Returns: its nanoseconds then.

    `fault_text`: of the error if the duration is negative; `{}` stands for the reason.
    """
    seconds, nanos = value.seconds, value.nanos
    if seconds < 0 or nanos < 0:
        raise InvalidArgument(fault_text.format(fault_of(value)))
    length_ns = seconds * SECOND + nanos
    if length_ns > LONGEST_NS:
        length_ns = LONGEST_NS
        set_duration(value, length_ns)
    return length_ns
