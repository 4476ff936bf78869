"""How long a call may wait: its deadline, less some spare time in which the empty answer travels."""

from __future__ import annotations

import time

from mainspring.server.engine.errors import FailedPrecondition
from mainspring.server.engine.limits import Limits
from mainspring.server.frontend.call import Call


def poll_until_s(call: Call, limits: Limits) -> float:
    """When a task poll is answered empty (of time.monotonic).

    Raises: FailedPrecondition: the caller leaves too little time for a long poll.
    """
    now_s = time.monotonic()
    longest_s = now_s + limits.task_poll_s
    if call.deadline_s is None:
        return longest_s
    if call.deadline_s - now_s < limits.task_poll_min_s:
        raise FailedPrecondition("Context timeout is too short.")
    return min(longest_s, call.deadline_s - limits.task_poll_spare_s)


def wait_until_s(call: Call, limits: Limits) -> float:
    """When a wait for history or an update is answered as it stands (of time.monotonic)."""
    longest_s = time.monotonic() + limits.history_poll_s
    if call.deadline_s is None:
        return longest_s
    return min(longest_s, max(call.deadline_s - limits.task_poll_spare_s, time.monotonic()))


def own_wait_until_s(limits: Limits) -> float:
    """When a wait for an update is answered as it stands; a caller who gives up before learns nothing."""
    return time.monotonic() + limits.history_poll_s
