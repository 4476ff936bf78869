"""How a run ended, from the event that closed it: as facts for text, and as JSON."""

from __future__ import annotations

from datetime import timedelta
from typing import Any, Final

import click
from temporalio.api.common.v1 import Payloads
from temporalio.api.enums.v1 import EventType
from temporalio.api.history.v1 import HistoryEvent

from mainspring.cli.output import Cell, Output, Value
from mainspring.cli.output.proto_json import Json, tree_of
from mainspring.cli.output.words import duration, failure_lines

COMPLETED: Final = EventType.EVENT_TYPE_WORKFLOW_EXECUTION_COMPLETED

STATUSES: Final = {
    EventType.EVENT_TYPE_WORKFLOW_EXECUTION_COMPLETED: ("COMPLETED", "green"),
    EventType.EVENT_TYPE_WORKFLOW_EXECUTION_FAILED: ("FAILED", "red"),
    EventType.EVENT_TYPE_WORKFLOW_EXECUTION_TIMED_OUT: ("TIMEOUT", "red"),
    EventType.EVENT_TYPE_WORKFLOW_EXECUTION_CANCELED: ("CANCELED", "magenta"),
    EventType.EVENT_TYPE_WORKFLOW_EXECUTION_TERMINATED: ("TERMINATED", "red"),
    EventType.EVENT_TYPE_WORKFLOW_EXECUTION_CONTINUED_AS_NEW: ("CONTINUED_AS_NEW", "blue"),
}
"""Words and colours of the events that close a run."""


def show_ending(output: Output, event: HistoryEvent, *, took: timedelta | None = None) -> None:
    """Print how the run ended, as text."""
    status, style = STATUSES[event.event_type]
    facts: dict[str, Value] = {
        "RunTime": duration(rounded(took)) or None if took else None,
        "Status": Cell(status, style),
    }
    if event.event_type == COMPLETED:
        result = event.workflow_execution_completed_event_attributes.result
        facts["Result"] = Cell(output.cell(payloads_value(result)).text)
        if result.payloads:
            facts["ResultEncoding"] = result.payloads[0].metadata.get("encoding", b"").decode() or None
    elif event.HasField("workflow_execution_failed_event_attributes"):
        lines = failure_lines(event.workflow_execution_failed_event_attributes.failure)
        facts["Failure"] = "\n".join(lines)
    elif event.HasField("workflow_execution_terminated_event_attributes"):
        facts["Reason"] = event.workflow_execution_terminated_event_attributes.reason or None
    output.heading("Results:")
    output.card(facts)


def rounded(took: timedelta) -> timedelta:
    """To hundredths of a second."""
    return timedelta(milliseconds=took // timedelta(milliseconds=10) * 10)


def ending_json(output: Output, event: HistoryEvent) -> dict[str, Json]:
    """The ending as fields of a JSON object."""
    fields: dict[str, Json] = {
        "status": STATUSES[event.event_type][0],
        "closeEvent": tree_of(event, shorthand=output.shorthand),
    }
    if event.event_type == COMPLETED:
        fields["result"] = result_json(output, event.workflow_execution_completed_event_attributes)
    return fields


def result_json(output: Output, attributes: Any) -> Json:
    """The result of a completed run, as `payloads_value`."""
    if not attributes.HasField("result"):
        return None
    return output.tree_of(payloads_value(attributes.result))


def payloads_value(payloads: Payloads) -> Value:
    """A single payload stands for itself."""
    return payloads.payloads[0] if len(payloads.payloads) == 1 else payloads


def fail_unless_completed(event: HistoryEvent) -> None:
    """A workflow that did not complete makes the command fail.

    Raises: click.ClickException: it did not.
    """
    if event.event_type != COMPLETED:
        raise click.ClickException("workflow failed")
