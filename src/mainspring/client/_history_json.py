"""Histories from JSON, whichever tool wrote it: enum values may be the API's names or their short Pascal-case forms.

{"eventType": "EVENT_TYPE_TIMER_FIRED"}    the API's own, as `WorkflowHistory.to_json` and newer tools write it
{"eventType": "TimerFired"}                 as older tools and user interfaces wrote it
"""

from __future__ import annotations

import copy
import json
import re
from collections.abc import Iterable, Iterator
from typing import Any, Final

from google.protobuf.json_format import ParseDict
from temporalio.api.history.v1 import History

PASCAL_CASE: Final = re.compile("([A-Z]+)")

# Where short forms may stand in an event: the prefix of the enum's names, and the path to the field. `*` is any child.
_ENUMS: Final = (
    (
        "CANCEL_EXTERNAL_WORKFLOW_EXECUTION_FAILED_CAUSE",
        "requestCancelExternalWorkflowExecutionFailedEventAttributes.cause",
    ),
    ("CONTINUE_AS_NEW_INITIATOR", "*.initiator"),
    ("EVENT_TYPE", "eventType"),
    ("PARENT_CLOSE_POLICY", "startChildWorkflowExecutionInitiatedEventAttributes.parentClosePolicy"),
    ("RETRY_STATE", "*.retryState"),
    ("SIGNAL_EXTERNAL_WORKFLOW_EXECUTION_FAILED_CAUSE", "signalExternalWorkflowExecutionFailedEventAttributes.cause"),
    ("START_CHILD_WORKFLOW_EXECUTION_FAILED_CAUSE", "startChildWorkflowExecutionFailedEventAttributes.cause"),
    ("TASK_QUEUE_KIND", "*.taskQueue.kind"),
    ("TIMEOUT_TYPE", "workflowTaskTimedOutEventAttributes.timeoutType"),
    ("WORKFLOW_ID_REUSE_POLICY", "startChildWorkflowExecutionInitiatedEventAttributes.workflowIdReusePolicy"),
    ("WORKFLOW_TASK_FAILED_CAUSE", "workflowTaskFailedEventAttributes.cause"),
)
_FAILURES: Final = (
    "*.failure",
    "activityTaskStartedEventAttributes.lastFailure",
    "workflowExecutionStartedEventAttributes.continuedFailure",
)

JsonObject = dict[str, Any]


def history_from_json(history: str | JsonObject) -> History:
    """Parse a history; an object is not changed.

    Raises: ValueError: it is not a history at all.
    """
    found: Any = json.loads(history) if isinstance(history, str) else copy.deepcopy(history)
    if not isinstance(found, dict):
        raise ValueError("JSON history not a dictionary")
    events: Any = found.get("events")  # pyright: ignore[reportUnknownMemberType, reportUnknownVariableType] # what JSON holds
    if not isinstance(events, Iterable):
        raise ValueError("History does not have iterable 'events'")
    for event in events:  # pyright: ignore[reportUnknownVariableType] # what JSON holds
        if not isinstance(event, dict):
            raise ValueError("Event not a dictionary")
        _fix_event(event)  # pyright: ignore[reportUnknownArgumentType] # what JSON holds
    return ParseDict(found, History(), ignore_unknown_fields=True)  # pyright: ignore[reportUnknownArgumentType] # JSON


def _fix_event(event: JsonObject) -> None:
    for prefix, path in _ENUMS:
        fix_history_enum(prefix, event, *path.split("."))
    for path in _FAILURES:
        fix_history_failure(event, *path.split("."))


def fix_history_enum(prefix: str, parent: JsonObject, *attrs: str) -> None:
    """Give the enum at the path its full name, if it is there and short. Lists on the way mean each of their items."""
    *way, last = attrs
    for holder in _objects_at(parent, way):
        for key in list(holder) if last == "*" else [last]:
            value = holder.get(key)
            if isinstance(value, str) and not value.startswith(prefix):
                holder[key] = prefix + PASCAL_CASE.sub(r"_\1", value).upper()


def fix_history_failure(parent: JsonObject, *attrs: str) -> None:
    """Give the enums of the failure at the path, and of its causes, their full names."""
    for failure in _objects_at(parent, attrs):
        fix_history_enum("TIMEOUT_TYPE", failure, "timeoutFailureInfo", "timeoutType")
        fix_history_enum("RETRY_STATE", failure, "*", "retryState")
        fix_history_failure(failure, "cause")


def _objects_at(parent: JsonObject, way: Iterable[str]) -> Iterator[JsonObject]:
    """The objects at the end of a path."""
    found = [parent]
    for step in way:
        children = [child for one in found for child in (one.values() if step == "*" else [one.get(step)])]
        found = [item for child in children for item in _objects_in(child)]
    yield from found


def _objects_in(value: Any) -> Iterator[JsonObject]:
    """The value itself, or the items of a list, as far as they are objects."""
    items: list[Any] = list(value) if isinstance(value, list) else [value]  # pyright: ignore[reportUnknownArgumentType] # JSON
    yield from (item for item in items if isinstance(item, dict))
