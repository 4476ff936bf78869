"""Updates of one run: the messages that ask for them, and those that answer.

message or UpdateAccepted ahead -> Update job -> AcceptUpdate, CompleteUpdate | RejectUpdate -> messages, commands
"""

from __future__ import annotations

from collections.abc import Sequence

from google.protobuf.any_pb2 import Any as AnyMessage
from google.protobuf.message import Message as ProtobufMessage
from temporalio.api.command.v1 import Command
from temporalio.api.common.v1 import Payloads
from temporalio.api.enums.v1 import EventType
from temporalio.api.history.v1 import HistoryEvent
from temporalio.api.protocol.v1 import Message
from temporalio.api.update.v1 import Acceptance, Meta, Outcome, Rejection, Request, Response

from mainspring.replay.activation import Update
from mainspring.replay.pending import Core, ProtocolMessagePending
from mainspring.replay.requests import AcceptUpdate, CompleteUpdate, RejectUpdate

ACCEPTED = EventType.EVENT_TYPE_WORKFLOW_EXECUTION_UPDATE_ACCEPTED
COMPLETED = EventType.EVENT_TYPE_WORKFLOW_EXECUTION_UPDATE_COMPLETED


class UnknownUpdate(Exception):
    """Workflow code answers an update that it was not asked."""


class Asked:
    """One update that workflow code was told of."""

    def __init__(self, request: Request, message_id: str, sequencing_event_id: int) -> None:
        self.request = request
        self.message_id = message_id
        self.sequencing_event_id = sequencing_event_id


class Updates:
    """All updates of one run."""

    def __init__(self, core: Core) -> None:
        self._core = core
        self._asked: dict[str, Asked] = {}  # by protocol instance id
        self._admitted: dict[str, Request] = {}  # by update id: those that the history itself keeps
        self._messages: list[Message] = []

    def receive(self, message: Message) -> None:
        """The server delivers an update."""
        request = Request()
        message.body.Unpack(request)
        asked = Asked(request, message.id, message.event_id)
        self._ask(message.protocol_instance_id, asked, run_validator=True)

    def admit(self, event: HistoryEvent, *, is_replaying: bool) -> None:
        """The history keeps an update that nobody has accepted yet."""
        request = event.workflow_execution_update_admitted_event_attributes.request
        update_id = request.meta.update_id
        if is_replaying:
            self._admitted[update_id] = request
            return
        asked = Asked(request, f"{update_id}/request", event.event_id)
        self._ask(update_id, asked, run_validator=True)

    def look_ahead(self, event: HistoryEvent) -> None:
        """The coming workflow task accepts an update: ask for it now, as the server did then."""
        accepted = event.workflow_execution_update_accepted_event_attributes
        instance_id = accepted.protocol_instance_id
        request = self._admitted.pop(instance_id, accepted.accepted_request)
        asked = Asked(request, accepted.accepted_request_message_id, accepted.accepted_request_sequencing_event_id)
        self._ask(instance_id, asked, run_validator=False)

    def accept(self, answer: AcceptUpdate) -> None:
        asked = self._of(answer.protocol_instance_id)
        body = Acceptance(
            accepted_request_message_id=asked.message_id,
            accepted_request_sequencing_event_id=asked.sequencing_event_id,
            accepted_request=asked.request,
        )
        self._command(answer.protocol_instance_id, "accept", body, ACCEPTED)

    def reject(self, answer: RejectUpdate) -> None:
        asked = self._of(answer.protocol_instance_id)
        body = Rejection(
            rejected_request_message_id=asked.message_id,
            rejected_request_sequencing_event_id=asked.sequencing_event_id,
            rejected_request=asked.request,
            failure=answer.failure,
        )
        self._message(answer.protocol_instance_id, "reject", body)
        del self._asked[answer.protocol_instance_id]

    def complete(self, answer: CompleteUpdate) -> None:
        asked = self._of(answer.protocol_instance_id)
        outcome = (
            Outcome(failure=answer.failure)
            if answer.failure is not None
            else Outcome(success=Payloads(payloads=[answer.result] if answer.result is not None else []))
        )
        body = Response(meta=Meta(update_id=asked.request.meta.update_id), outcome=outcome)
        body.meta.identity = asked.request.meta.identity
        self._command(answer.protocol_instance_id, "complete", body, COMPLETED)
        del self._asked[answer.protocol_instance_id]

    def take_messages(self, commands: Sequence[Command]) -> list[Message]:
        """The messages of these commands, and refusals, which have none. The others are in the history already."""
        if not self._messages:
            return []
        placed = {command.protocol_message_command_attributes.message_id for command in commands}
        messages, self._messages = self._messages, []
        return [one for one in messages if one.id in placed or one.body.Is(Rejection.DESCRIPTOR)]

    def _ask(self, instance_id: str, asked: Asked, *, run_validator: bool) -> None:
        self._asked[instance_id] = asked
        self._core.tell(
            Update(
                id=asked.request.meta.update_id,
                name=asked.request.input.name,
                protocol_instance_id=instance_id,
                input=asked.request.input.args.payloads,
                headers=asked.request.input.header.fields,
                run_validator=run_validator,
            )
        )

    def _of(self, instance_id: str) -> Asked:
        if instance_id not in self._asked:
            raise UnknownUpdate(f"no update {instance_id!r} is open in this run")
        return self._asked[instance_id]

    def _command(self, instance_id: str, what: str, body: ProtobufMessage, expects: EventType.ValueType) -> None:
        message_id = self._message(instance_id, what, body)
        self._core.add(ProtocolMessagePending(message_id, expects, instance_id))

    def _message(self, instance_id: str, what: str, body: ProtobufMessage) -> str:
        packed = AnyMessage()
        packed.Pack(body, type_url_prefix="type.googleapis.com/")
        message_id = f"{instance_id}/{what}"
        self._messages.append(Message(id=message_id, protocol_instance_id=instance_id, body=packed))
        return message_id
