"""The search attributes that a query may name, and where each stands in the `visibility` table.

    Attributes(custom types, field aliases).find("ChangeVersion")  ->  Attribute(TemporalChangeVersion, KeywordList)

System attributes are columns. All others, the namespace's own and those that SDKs and the server set, are members of
the JSON object in `searchable`. What the real server keeps as NULL is NULL here too: counters and times of open runs,
parents of runs that have none.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Final

import msgspec

from mainspring.server.engine import attribute_types
from mainspring.server.visibility.conditions import invalid_query

STATUS: Final = "ExecutionStatus"
DURATION: Final = "ExecutionDuration"
DIVISION: Final = "TemporalNamespaceDivision"
_PREFIX: Final = "Temporal"
_SCHEDULE_ID: Final = "ScheduleId"
# A JSON path in SQLite knows no escapes.
_UNADDRESSABLE: Final = re.compile(r'["\\\x00-\x1f]')


class Attribute(msgspec.Struct, frozen=True):
    """One search attribute. `column` is SQL over the table's columns, or "" for a member of `searchable`."""

    name: str
    kind: int  # temporal.api.enums.v1.IndexedValueType
    column: str = ""


def _if_closed(sql: str) -> str:
    return f"CASE WHEN close_at IS NULL THEN NULL ELSE {sql} END"


COLUMNS: Final[Mapping[str, str]] = {
    "WorkflowId": "workflow_id",
    "RunId": "run_id",
    "WorkflowType": "workflow_type",
    "TaskQueue": "task_queue",
    STATUS: "status",
    "StartTime": "start_at",
    "ExecutionTime": "execution_at",
    "CloseTime": "close_at",
    DURATION: "(close_at - execution_at)",
    "HistoryLength": _if_closed("history_length"),
    "HistorySizeBytes": _if_closed("history_size_bytes"),
    "StateTransitionCount": _if_closed("state_transition_count"),
    "ParentWorkflowId": "NULLIF(parent_workflow_id, '')",
    "ParentRunId": "NULLIF(parent_run_id, '')",
    "RootWorkflowId": "root_workflow_id",
    "RootRunId": "root_run_id",
}
"""What stands in a column of its own, and how it is read."""

SYSTEM: Final[Mapping[str, Attribute]] = {
    name: Attribute(name, kind, COLUMNS.get(name, "")) for name, kind in attribute_types.SYSTEM.items()
}
"""The attributes that need no registration."""


class Attributes:
    """The attributes of one namespace, found by the names that queries use."""

    def __init__(self, custom: Mapping[str, int], fields: Mapping[str, Attribute] | None = None) -> None:
        """`custom`: name -> type. `fields`: other names of theirs, such as `Keyword01`."""
        self._custom = custom
        self._fields = fields or {}

    def find(self, name: str) -> Attribute:
        """The attribute of that name: the namespace's own first, then the server's, with or without `Temporal`.

        Raises:
            InvalidArgument: there is none.
        """
        kind = self._custom.get(name)
        if kind is not None:
            return _custom(name, kind)
        bare = name.removeprefix(_PREFIX)
        if name not in SYSTEM and bare == _SCHEDULE_ID:
            return SYSTEM["WorkflowId"]
        for spelling in (name, _PREFIX + name, bare):
            found = SYSTEM.get(spelling) or self._fields.get(spelling)
            if found is not None:
                return found
        raise invalid_query(f"invalid search attribute: {name}")


def _custom(name: str, kind: int) -> Attribute:
    if _UNADDRESSABLE.search(name):
        raise invalid_query(f"operation is not supported: quote or backslash in the name of search attribute {name}")
    return Attribute(name, kind)
