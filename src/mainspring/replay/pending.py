"""A command of workflow code, from when it is made until nothing more can be heard of it.

    made --> (given to the server, or replayed) --> its event is found: `recorded` --> events about it: `heard`
      \\-> dropped before that: it never existed

Here is what all kinds share, and the kinds that nothing follows on; activities, timers, children and calls to other
workflows are in modules of their own.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

from temporalio.api.command.v1 import (
    Command,
    ModifyWorkflowPropertiesCommandAttributes,
    UpsertWorkflowSearchAttributesCommandAttributes,
)
from temporalio.api.enums.v1 import CommandType, EventType
from temporalio.api.history.v1 import HistoryEvent

from mainspring.replay.activation import Job
from mainspring.replay.requests import Request

UNANSWERED = EventType.EVENT_TYPE_UNSPECIFIED


class Core(Protocol):
    """What a pending command may do to the run that it belongs to."""

    def tell(self, job: Job) -> None:
        """Tell workflow code something, in the next activation."""

    def add(self, pending: Pending) -> None:
        """Put another command behind those that are there."""

    def follow(self, event_id: int, pending: Pending) -> None:
        """Give later events that refer to this one to `pending.heard`."""


class Pending:
    """One command. `expects` is the type of the event that it becomes."""

    def __init__(self, request: Request | None, command: Command, expects: EventType.ValueType) -> None:
        self.command = command
        self.expects = expects
        self.is_dropped = False
        self.is_recorded = False
        self.where = ""
        if request is not None:
            self.where = request.where
            if request.user_metadata is not None:
                command.user_metadata.CopyFrom(request.user_metadata)
            if request.event_groups:
                command.event_group_markers.extend(request.event_groups)

    def mismatch(self, event: HistoryEvent) -> str:
        """What is different in an event of the right type; "" if it is this command's."""
        del event
        return ""

    def recorded(self, event: HistoryEvent, core: Core) -> None:
        """The command's own event is in the history."""
        del event, core
        self.is_recorded = True

    def heard(self, event: HistoryEvent, core: Core) -> None:
        """Something happened to what the command began. Nothing does, for most kinds."""
        raise NotImplementedError(f"nothing follows on {self.describe()}, got event {event.event_id}")

    def subject(self) -> str:
        """What the command is about, for a reader."""
        return ""

    def describe(self) -> str:
        """`StartTimer '1'  (app.py:12)`."""
        name = CommandType.Name(self.command.command_type).removeprefix("COMMAND_TYPE_")
        words = ["".join(part.capitalize() for part in name.split("_")), self.subject()]
        return " ".join([*filter(None, words), *([f" ({self.where})"] if self.where else [])])

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self.describe()}>"


class UpsertSearchAttributesPending(Pending):
    """Search attributes, which must be for the same names on replay."""

    def __init__(self, request: Request | None, attributes: UpsertWorkflowSearchAttributesCommandAttributes) -> None:
        command = Command(
            command_type=CommandType.COMMAND_TYPE_UPSERT_WORKFLOW_SEARCH_ATTRIBUTES,
            upsert_workflow_search_attributes_command_attributes=attributes,
        )
        super().__init__(request, command, EventType.EVENT_TYPE_UPSERT_WORKFLOW_SEARCH_ATTRIBUTES)
        self.names = set(attributes.search_attributes.indexed_fields)

    def subject(self) -> str:
        return ", ".join(sorted(self.names))


class ModifyPropertiesPending(Pending):
    """The run's memo."""

    def __init__(self, request: Request, attributes: ModifyWorkflowPropertiesCommandAttributes) -> None:
        command = Command(
            command_type=CommandType.COMMAND_TYPE_MODIFY_WORKFLOW_PROPERTIES,
            modify_workflow_properties_command_attributes=attributes,
        )
        super().__init__(request, command, EventType.EVENT_TYPE_WORKFLOW_PROPERTIES_MODIFIED)


TERMINAL_EVENTS = {
    CommandType.COMMAND_TYPE_COMPLETE_WORKFLOW_EXECUTION: EventType.EVENT_TYPE_WORKFLOW_EXECUTION_COMPLETED,
    CommandType.COMMAND_TYPE_FAIL_WORKFLOW_EXECUTION: EventType.EVENT_TYPE_WORKFLOW_EXECUTION_FAILED,
    CommandType.COMMAND_TYPE_CANCEL_WORKFLOW_EXECUTION: EventType.EVENT_TYPE_WORKFLOW_EXECUTION_CANCELED,
    CommandType.COMMAND_TYPE_CONTINUE_AS_NEW_WORKFLOW_EXECUTION: (
        EventType.EVENT_TYPE_WORKFLOW_EXECUTION_CONTINUED_AS_NEW
    ),
}


class TerminalPending(Pending):
    """The end of the run."""

    def __init__(self, request: Request, command: Command) -> None:
        super().__init__(request, command, TERMINAL_EVENTS[command.command_type])


class ProtocolMessagePending(Pending):
    """The place of an update's message among the commands."""

    def __init__(self, message_id: str, expects: EventType.ValueType, protocol_instance_id: str) -> None:
        command = Command(command_type=CommandType.COMMAND_TYPE_PROTOCOL_MESSAGE)
        command.protocol_message_command_attributes.message_id = message_id
        super().__init__(None, command, expects)
        self.protocol_instance_id = protocol_instance_id

    def mismatch(self, event: HistoryEvent) -> str:
        if self.expects != EventType.EVENT_TYPE_WORKFLOW_EXECUTION_UPDATE_ACCEPTED:
            return ""
        found = event.workflow_execution_update_accepted_event_attributes.protocol_instance_id
        return different("update", found, self.protocol_instance_id)

    def subject(self) -> str:
        return self.command.protocol_message_command_attributes.message_id


class FollowUpPending(Pending):
    """A command about an earlier one: cancel this timer, cancel that activity."""

    def __init__(self, command: Command, expects: EventType.ValueType, subject: Callable[[], str]) -> None:
        super().__init__(None, command, expects)
        self._subject = subject

    def subject(self) -> str:
        return self._subject()


def different(what: str, in_history: str, in_code: str) -> str:
    """A complaint if the two are not the same."""
    return "" if in_history == in_code else f"{what} is {in_history!r} in the history and {in_code!r} in the code"
