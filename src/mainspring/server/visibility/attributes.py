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
from temporalio.api.enums.v1 import IndexedValueType

from mainspring.server.visibility.conditions import invalid_query

BOOL: Final = IndexedValueType.INDEXED_VALUE_TYPE_BOOL
DATETIME: Final = IndexedValueType.INDEXED_VALUE_TYPE_DATETIME
DOUBLE: Final = IndexedValueType.INDEXED_VALUE_TYPE_DOUBLE
INT: Final = IndexedValueType.INDEXED_VALUE_TYPE_INT
KEYWORD: Final = IndexedValueType.INDEXED_VALUE_TYPE_KEYWORD
KEYWORD_LIST: Final = IndexedValueType.INDEXED_VALUE_TYPE_KEYWORD_LIST
TEXT: Final = IndexedValueType.INDEXED_VALUE_TYPE_TEXT

TYPE_NAMES: Final[Mapping[int, str]] = {
    BOOL: "Bool",
    DATETIME: "Datetime",
    DOUBLE: "Double",
    INT: "Int",
    KEYWORD: "Keyword",
    KEYWORD_LIST: "KeywordList",
    TEXT: "Text",
}

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


def _by_name(*attributes: Attribute) -> dict[str, Attribute]:
    return {attribute.name: attribute for attribute in attributes}


SYSTEM: Final[Mapping[str, Attribute]] = _by_name(
    Attribute("WorkflowId", KEYWORD, "workflow_id"),
    Attribute("RunId", KEYWORD, "run_id"),
    Attribute("WorkflowType", KEYWORD, "workflow_type"),
    Attribute("TaskQueue", KEYWORD, "task_queue"),
    Attribute(STATUS, KEYWORD, "status"),
    Attribute("StartTime", DATETIME, "start_at"),
    Attribute("ExecutionTime", DATETIME, "execution_at"),
    Attribute("CloseTime", DATETIME, "close_at"),
    Attribute(DURATION, INT, "(close_at - execution_at)"),
    Attribute("HistoryLength", INT, _if_closed("history_length")),
    Attribute("HistorySizeBytes", INT, _if_closed("history_size_bytes")),
    Attribute("StateTransitionCount", INT, _if_closed("state_transition_count")),
    Attribute("ParentWorkflowId", KEYWORD, "NULLIF(parent_workflow_id, '')"),
    Attribute("ParentRunId", KEYWORD, "NULLIF(parent_run_id, '')"),
    Attribute("RootWorkflowId", KEYWORD, "root_workflow_id"),
    Attribute("RootRunId", KEYWORD, "root_run_id"),
    Attribute("BatcherNamespace", KEYWORD),
    Attribute("BatcherUser", KEYWORD),
    Attribute("BinaryChecksums", KEYWORD_LIST),
    Attribute("BuildIds", KEYWORD_LIST),
    Attribute("TemporalChangeVersion", KEYWORD_LIST),
    Attribute("TemporalExternalPayloadCount", INT),
    Attribute("TemporalExternalPayloadSizeBytes", INT),
    Attribute(DIVISION, KEYWORD),
    Attribute("TemporalPauseInfo", KEYWORD_LIST),
    Attribute("TemporalReportedProblems", KEYWORD_LIST),
    Attribute("TemporalScheduledById", KEYWORD),
    Attribute("TemporalScheduledStartTime", DATETIME),
    Attribute("TemporalSchedulePaused", BOOL),
    Attribute("TemporalUsedWorkerDeploymentVersions", KEYWORD_LIST),
    Attribute("TemporalWorkerDeployment", KEYWORD),
    Attribute("TemporalWorkerDeploymentVersion", KEYWORD),
    Attribute("TemporalWorkflowVersioningBehavior", KEYWORD),
)
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
