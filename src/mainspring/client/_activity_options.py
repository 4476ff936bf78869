"""Options of a standalone activity: read, and changed one by one.

await handle.update_options([ActivityOptionsKeys.heartbeat_timeout.value_set(timedelta(seconds=5))])
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Final, Generic, TypeVar

from temporalio.api.activity.v1 import ActivityOptions
from temporalio.api.workflowservice.v1 import UpdateActivityExecutionOptionsRequest

from mainspring.common import Priority, RetryPolicy

ActivityOptionValueType = TypeVar("ActivityOptionValueType")


@dataclass(frozen=True)
class ActivityOptionsKey(Generic[ActivityOptionValueType]):
    """An option that can be changed, with the type of its values."""

    name: str
    """Its path in the API's message."""

    def value_set(self, value: ActivityOptionValueType) -> ActivityOptionsUpdate[ActivityOptionValueType]:
        """The change to this value."""
        return ActivityOptionsUpdate(self, value)

    def value_unset(self) -> ActivityOptionsUpdate[ActivityOptionValueType]:
        """The change to what holds without a value."""
        return ActivityOptionsUpdate(self, None)


@dataclass(frozen=True)
class ActivityOptionsUpdate(Generic[ActivityOptionValueType]):
    """A change of one option; a value of None takes it away."""

    key: ActivityOptionsKey[ActivityOptionValueType]
    value: ActivityOptionValueType | None


class ActivityOptionsKeys:
    """All options that can be changed."""

    task_queue: ActivityOptionsKey[str] = ActivityOptionsKey("task_queue.name")
    schedule_to_close_timeout: ActivityOptionsKey[timedelta] = ActivityOptionsKey("schedule_to_close_timeout")
    schedule_to_start_timeout: ActivityOptionsKey[timedelta] = ActivityOptionsKey("schedule_to_start_timeout")
    start_to_close_timeout: ActivityOptionsKey[timedelta] = ActivityOptionsKey("start_to_close_timeout")
    heartbeat_timeout: ActivityOptionsKey[timedelta] = ActivityOptionsKey("heartbeat_timeout")
    start_delay: ActivityOptionsKey[timedelta] = ActivityOptionsKey("start_delay")
    retry_policy: ActivityOptionsKey[RetryPolicy] = ActivityOptionsKey("retry_policy")
    priority: ActivityOptionsKey[Priority] = ActivityOptionsKey("priority")


_TIMES: Final = (
    "schedule_to_close_timeout",
    "schedule_to_start_timeout",
    "start_to_close_timeout",
    "heartbeat_timeout",
    "start_delay",
)


@dataclass(frozen=True)
class ActivityExecutionOptions:
    """The options that hold; None where there is none."""

    task_queue: str | None
    schedule_to_close_timeout: timedelta | None
    schedule_to_start_timeout: timedelta | None
    start_to_close_timeout: timedelta | None
    heartbeat_timeout: timedelta | None
    start_delay: timedelta | None
    retry_policy: RetryPolicy | None
    priority: Priority | None


def options_of(message: ActivityOptions) -> ActivityExecutionOptions:
    """What the server said, as users see it."""
    times = {name: getattr(message, name).ToTimedelta() if message.HasField(name) else None for name in _TIMES}
    return ActivityExecutionOptions(
        task_queue=message.task_queue.name if message.HasField("task_queue") else None,
        retry_policy=RetryPolicy.from_proto(message.retry_policy) if message.HasField("retry_policy") else None,
        priority=(
            Priority._from_proto(message.priority)  # pyright: ignore[reportPrivateUsage] # the official name
            if message.HasField("priority")
            else None
        ),
        **times,
    )


def check_updates(updates: Sequence[ActivityOptionsUpdate[Any]], what: str) -> None:
    """Refuse two changes of one option.

    Raises: ValueError: there are.
    """
    names = [update.key.name for update in updates]
    for name in names:
        if names.count(name) > 1:
            raise ValueError(f"{what} received more than one update for {name}")


def put_updates(updates: Sequence[ActivityOptionsUpdate[Any]], request: UpdateActivityExecutionOptionsRequest) -> None:
    """Write changes into a request.

    Raises: ValueError: an option is not known, or changed twice.
    """
    check_updates(updates, "update_activity_options")
    for update in updates:
        name = update.key.name
        request.update_mask.paths.append(name)
        if update.value is None:
            continue
        options = request.activity_options
        if name == ActivityOptionsKeys.task_queue.name:
            options.task_queue.name = update.value
        elif name == ActivityOptionsKeys.retry_policy.name:
            update.value.apply_to_proto(options.retry_policy)
        elif name == ActivityOptionsKeys.priority.name:
            options.priority.CopyFrom(update.value._to_proto())
        elif name in _TIMES:
            getattr(options, name).FromTimedelta(update.value)
        else:
            raise ValueError(f"No conversion for activity option {name!r}")
