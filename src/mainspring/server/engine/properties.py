"""What a workflow says about itself: markers, memo, search attributes.

Reference: tests/differential/test_properties.py.
"""

from __future__ import annotations

from temporalio.api.command.v1 import (
    ModifyWorkflowPropertiesCommandAttributes,
    RecordMarkerCommandAttributes,
    UpsertWorkflowSearchAttributesCommandAttributes,
)
from temporalio.api.common.v1 import Memo, SearchAttributes
from temporalio.api.enums.v1 import WorkflowTaskFailedCause
from temporalio.api.history.v1 import HistoryEvent

from mainspring.server.engine import events, search_attributes
from mainspring.server.engine.errors import BadCommand, InvalidArgument
from mainspring.server.engine.run import Run

_Cause = WorkflowTaskFailedCause

NOTHING = (b"", b"null", b"[]")
"""Data that stands for no value, whatever its encoding, as the real server has it."""


def record_marker(run: Run, command: RecordMarkerCommandAttributes, completed_by: int) -> HistoryEvent:
    """COMMAND_TYPE_RECORD_MARKER."""
    return events.marker_recorded(run, command, completed_by)


def check_upsert_workflow_search_attributes(run: Run, command: UpsertWorkflowSearchAttributesCommandAttributes) -> None:
    """The attributes are known, fit their types, and all of them together stay under the limits."""
    cause = _Cause.WORKFLOW_TASK_FAILED_CAUSE_BAD_SEARCH_ATTRIBUTES
    try:
        search_attributes.check(command.search_attributes, run.settings)
    except InvalidArgument as error:
        raise BadCommand(cause, error.message) from error
    merged = SearchAttributes()
    merged.CopyFrom(run.search_attributes)
    for name, payload in command.search_attributes.indexed_fields.items():
        merged.indexed_fields[name].CopyFrom(payload)
    try:
        search_attributes.check_sizes(merged, run.settings)
    except InvalidArgument as error:
        raise BadCommand(cause, error.message, terminates=True) from error


def upsert_workflow_search_attributes(
    run: Run, command: UpsertWorkflowSearchAttributesCommandAttributes, completed_by: int
) -> HistoryEvent:
    """COMMAND_TYPE_UPSERT_WORKFLOW_SEARCH_ATTRIBUTES, already checked."""
    search_attributes.mark_types(command.search_attributes, run.settings)
    event = events.upsert_workflow_search_attributes(run, command, completed_by)
    search_attributes.merge(run, command.search_attributes.indexed_fields)
    return event


def check_modify_workflow_properties(run: Run, command: ModifyWorkflowPropertiesCommandAttributes) -> None:
    """The memo stays under its limit."""
    merged = merged_memo(run.memo, command.upserted_memo)
    if merged.ByteSize() > run.limits.memo_size_error_bytes:
        raise BadCommand(
            _Cause.WORKFLOW_TASK_FAILED_CAUSE_BAD_MODIFY_WORKFLOW_PROPERTIES_ATTRIBUTES,
            "ModifyWorkflowPropertiesCommandAttributes. Memo exceeds size limit.",
            terminates=True,
        )


def modify_workflow_properties(
    run: Run, command: ModifyWorkflowPropertiesCommandAttributes, completed_by: int
) -> HistoryEvent:
    """COMMAND_TYPE_MODIFY_WORKFLOW_PROPERTIES, already checked."""
    event = events.workflow_properties_modified(run, command, completed_by)
    run.memo = merged_memo(run.memo, command.upserted_memo)
    run.put_blob("memo", run.memo.SerializeToString())
    run.show()
    return event


def merged_memo(base: Memo, changes: Memo) -> Memo:
    """The memo after a change; a null or empty payload takes its field out."""
    merged = Memo()
    merged.CopyFrom(base)
    for name, payload in changes.fields.items():
        if payload.data in NOTHING or payload.metadata.get("encoding") == b"binary/null":
            merged.fields.pop(name, None)
        else:
            merged.fields[name].CopyFrom(payload)
    return merged
