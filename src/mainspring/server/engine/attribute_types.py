"""The types of search attributes, and the attributes that need no registration: one list for every room.

Which of them clients may set is `CLIENT_SETTABLE`; all others only the server sets. Where each stands in a row is known
to `visibility.attributes`.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from temporalio.api.enums.v1 import IndexedValueType

BOOL: Final = IndexedValueType.INDEXED_VALUE_TYPE_BOOL
DATETIME: Final = IndexedValueType.INDEXED_VALUE_TYPE_DATETIME
DOUBLE: Final = IndexedValueType.INDEXED_VALUE_TYPE_DOUBLE
INT: Final = IndexedValueType.INDEXED_VALUE_TYPE_INT
KEYWORD: Final = IndexedValueType.INDEXED_VALUE_TYPE_KEYWORD
KEYWORD_LIST: Final = IndexedValueType.INDEXED_VALUE_TYPE_KEYWORD_LIST
TEXT: Final = IndexedValueType.INDEXED_VALUE_TYPE_TEXT

TYPE_NAMES: Final[Mapping[int, str]] = MappingProxyType(
    {
        BOOL: "Bool",
        DATETIME: "Datetime",
        DOUBLE: "Double",
        INT: "Int",
        KEYWORD: "Keyword",
        KEYWORD_LIST: "KeywordList",
        TEXT: "Text",
    }
)
"""As the CLI, messages and field names (`Keyword01`) spell them."""

SYSTEM: Final[Mapping[str, IndexedValueType.ValueType]] = MappingProxyType(
    {
        "BatcherNamespace": KEYWORD,
        "BatcherUser": KEYWORD,
        "BinaryChecksums": KEYWORD_LIST,
        "BuildIds": KEYWORD_LIST,
        "CloseTime": DATETIME,
        "ExecutionDuration": INT,
        "ExecutionStatus": KEYWORD,
        "ExecutionTime": DATETIME,
        "HistoryLength": INT,
        "HistorySizeBytes": INT,
        "ParentRunId": KEYWORD,
        "ParentWorkflowId": KEYWORD,
        "RootRunId": KEYWORD,
        "RootWorkflowId": KEYWORD,
        "RunId": KEYWORD,
        "StartTime": DATETIME,
        "StateTransitionCount": INT,
        "TaskQueue": KEYWORD,
        "TemporalChangeVersion": KEYWORD_LIST,
        "TemporalExternalPayloadCount": INT,
        "TemporalExternalPayloadSizeBytes": INT,
        "TemporalNamespaceDivision": KEYWORD,
        "TemporalPauseInfo": KEYWORD_LIST,
        "TemporalReportedProblems": KEYWORD_LIST,
        "TemporalScheduledById": KEYWORD,
        "TemporalScheduledStartTime": DATETIME,
        "TemporalSchedulePaused": BOOL,
        "TemporalUsedWorkerDeploymentVersions": KEYWORD_LIST,
        "TemporalWorkerDeployment": KEYWORD,
        "TemporalWorkerDeploymentVersion": KEYWORD,
        "TemporalWorkflowVersioningBehavior": KEYWORD,
        "WorkflowId": KEYWORD,
        "WorkflowType": KEYWORD,
    }
)
"""The attributes that need no registration, by name."""

CLIENT_SETTABLE: Final[Mapping[str, IndexedValueType.ValueType]] = MappingProxyType(
    {
        name: SYSTEM[name]
        for name in (
            "BatcherNamespace",
            "BatcherUser",
            "BinaryChecksums",
            "BuildIds",
            "TemporalChangeVersion",
            "TemporalNamespaceDivision",
            "TemporalScheduledById",
            "TemporalScheduledStartTime",
            "TemporalSchedulePaused",
            "TemporalUsedWorkerDeploymentVersions",
        )
    }
)
"""Those that SDKs set themselves."""
