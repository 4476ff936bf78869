"""Words for the query bar: the attributes of a namespace with their types, and values that the newest runs show.

GET /workflows/words?namespace=default  ->  {"attributes": [{"name": "WorkflowType", "type": "Keyword",
                                             "values": ["Order"]}, ...], "words": ["AND", ...]}
"""

from __future__ import annotations

from typing import Final

import msgspec
from temporalio.api.enums.v1 import IndexedValueType
from temporalio.api.operatorservice.v1 import ListSearchAttributesRequest, ListSearchAttributesResponse
from temporalio.api.workflow.v1 import WorkflowExecutionInfo
from temporalio.api.workflowservice.v1 import ListWorkflowExecutionsRequest, ListWorkflowExecutionsResponse

from mainspring.server.ui import columns, filters
from mainspring.server.ui.page import Data, Visit

WORDS: Final = ("AND", "OR", "NOT", "IN", "STARTS_WITH", "IS NULL", "IS NOT NULL", "BETWEEN")
_LOOKED_AT: Final = 200  # newest runs
_MOST_VALUES: Final = 20


class Attribute(msgspec.Struct, frozen=True):
    """One attribute that a query may name."""

    name: str
    type: str
    values: list[str]


class Words(msgspec.Struct, frozen=True):
    """All that the query bar may suggest."""

    attributes: list[Attribute]
    words: tuple[str, ...] = WORDS


async def words(visit: Visit) -> Data:
    """What may stand in a query."""
    attributes = await visit.service.call(
        ListSearchAttributesRequest(namespace=visit.namespace), ListSearchAttributesResponse
    )
    newest = await visit.service.call(
        ListWorkflowExecutionsRequest(namespace=visit.namespace, page_size=_LOOKED_AT), ListWorkflowExecutionsResponse
    )
    kinds = {**attributes.system_attributes, **attributes.custom_attributes}
    runs = list(newest.executions)
    return Data(Words([Attribute(name, _type(kind), _values(name, runs)) for name, kind in sorted(kinds.items())]))


def _type(kind: int) -> str:
    name = IndexedValueType.Name(IndexedValueType.ValueType(kind)).removeprefix("INDEXED_VALUE_TYPE_")
    return "".join(word.capitalize() for word in name.split("_"))


def _values(name: str, runs: list[WorkflowExecutionInfo]) -> list[str]:
    if name == "ExecutionStatus":
        return list(filters.STATUSES)
    found = {_value(name, run) for run in runs} - {""}
    return sorted(found)[:_MOST_VALUES]


def _value(name: str, run: WorkflowExecutionInfo) -> str:
    if name == "WorkflowType":
        return run.type.name
    if name == "TaskQueue":
        return run.task_queue
    payload = run.search_attributes.indexed_fields.get(name)
    return "" if payload is None else columns.search_attribute_text(payload.data)
