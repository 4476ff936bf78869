"""Codecs around workflow tasks: what is decoded, what is encoded, and what never is."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Self

import pytest
from google.protobuf.message import Message
from temporalio.api.command.v1 import Command
from temporalio.api.common.v1 import Payload, Payloads, SearchAttributes
from temporalio.api.enums.v1 import CommandType
from temporalio.api.failure.v1 import Failure
from temporalio.api.history.v1 import History, HistoryEvent
from temporalio.api.protocol.v1 import Message as ProtocolMessage
from temporalio.api.query.v1 import WorkflowQueryResult
from temporalio.api.update.v1 import Acceptance, Outcome, Rejection, Response
from temporalio.api.update.v1 import Input as UpdateInput
from temporalio.api.update.v1 import Request as UpdateRequest
from temporalio.api.workflowservice.v1 import (
    PollWorkflowTaskQueueResponse,
    RespondQueryTaskCompletedRequest,
    RespondWorkflowTaskCompletedRequest,
)

from mainspring.converter import (
    ActivitySerializationContext,
    DataConverter,
    PayloadCodec,
    WithSerializationContext,
    WorkflowSerializationContext,
)
from mainspring.converter._serialization_context import SerializationContext
from mainspring.worker._payload_codec import RunCodec, TaskCodec
from mainspring.worker._payload_walk import change_payloads, plan_of


class Reverse(PayloadCodec):
    """Data turned round; a marker says so, so that nothing is turned twice unseen."""

    async def encode(self, payloads: Sequence[Payload]) -> list[Payload]:
        return [Payload(metadata={"encoding": b"reversed"}, data=one.data[::-1]) for one in payloads]

    async def decode(self, payloads: Sequence[Payload]) -> list[Payload]:
        assert all(one.metadata["encoding"] == b"reversed" for one in payloads)
        return [plain(one.data[::-1].decode()) for one in payloads]


class Told(Reverse, WithSerializationContext):
    """Keeps for whom each payload was, with its data."""

    def __init__(
        self, context: SerializationContext | None = None, seen: list[tuple[str, object]] | None = None
    ) -> None:
        self.context = context
        self.seen: list[tuple[str, object]] = [] if seen is None else seen

    def with_context(self, context: SerializationContext) -> Self:
        return type(self)(context, self.seen)

    async def encode(self, payloads: Sequence[Payload]) -> list[Payload]:
        self.seen += [(one.data.decode(), self.context) for one in payloads]
        return await super().encode(payloads)

    async def decode(self, payloads: Sequence[Payload]) -> list[Payload]:
        decoded = await super().decode(payloads)
        self.seen += [(one.data.decode(), self.context) for one in decoded]
        return decoded


def plain(text: str) -> Payload:
    return Payload(metadata={"encoding": b"json/plain"}, data=text.encode())


def coded(text: str) -> Payload:
    return Payload(metadata={"encoding": b"reversed"}, data=text[::-1].encode())


def several(*payloads: Payload) -> Payloads:
    return Payloads(payloads=payloads)


def codec(payload_codec: PayloadCodec | None = None, *, headers: bool = False) -> RunCodec:
    converter = DataConverter(payload_codec=payload_codec or Reverse())
    return TaskCodec(converter, encodes_headers=headers).of_run("default", "n1", "r1")


def a_history(payload: Payload, header: Payload) -> History:
    started, signaled, scheduled, completed, failed, patch = (HistoryEvent(event_id=n) for n in range(1, 7))
    attributes = started.workflow_execution_started_event_attributes
    attributes.workflow_type.name, attributes.task_queue.name = "AddNode", "tq"
    attributes.input.payloads.append(payload)
    attributes.memo.fields["m"].CopyFrom(payload)
    attributes.header.fields["h"].CopyFrom(header)
    attributes.search_attributes.indexed_fields["s"].CopyFrom(plain("s"))
    attributes.last_completion_result.payloads.append(payload)
    attributes.continued_failure.cause.application_failure_info.details.payloads.append(payload)
    signaled.workflow_execution_signaled_event_attributes.input.payloads.append(payload)
    scheduled.activity_task_scheduled_event_attributes.activity_id = "7"
    scheduled.activity_task_scheduled_event_attributes.activity_type.name = "create_vm"
    completed.activity_task_completed_event_attributes.scheduled_event_id = 3
    completed.activity_task_completed_event_attributes.result.payloads.append(payload)
    failed.child_workflow_execution_failed_event_attributes.workflow_execution.workflow_id = "child"
    failed.child_workflow_execution_failed_event_attributes.failure.encoded_attributes.CopyFrom(payload)
    patch.marker_recorded_event_attributes.marker_name = "core_patch"
    patch.marker_recorded_event_attributes.details["patch-data"].payloads.append(plain('{"id":"p"}'))
    return History(events=[started, signaled, scheduled, completed, failed, patch])


async def test_what_a_run_is_told_is_decoded() -> None:
    history = a_history(coded("x"), plain("h"))
    await codec().decode_history(history)
    assert history == a_history(plain("x"), plain("h"))


async def test_headers_are_decoded_where_they_are_encoded() -> None:
    history = a_history(coded("x"), coded("h"))
    await codec(headers=True).decode_history(history)
    assert history == a_history(plain("x"), plain("h"))


async def test_what_a_run_is_not_told_stays_as_it_is() -> None:
    event = HistoryEvent()
    event.activity_task_scheduled_event_attributes.input.payloads.append(coded("input"))
    history = History(events=[event])
    await codec().decode_history(history)
    assert event == history.events[0]


async def test_queries_and_updates_of_a_task_are_decoded() -> None:
    def a_task(payload: Payload) -> PollWorkflowTaskQueueResponse:
        task = PollWorkflowTaskQueueResponse()
        task.query.query_args.payloads.append(payload)
        task.queries["q"].query_args.payloads.append(payload)
        request = UpdateRequest()
        request.input.args.payloads.append(payload)
        message = ProtocolMessage(id="1")
        message.body.Pack(request)
        task.messages.append(message)
        return task

    task = a_task(coded("x"))
    await codec().decode_task(task)
    assert task == a_task(plain("x"))


def an_answer(payload: Payload, header: Payload) -> RespondWorkflowTaskCompletedRequest:
    activity = Command(command_type=CommandType.COMMAND_TYPE_SCHEDULE_ACTIVITY_TASK)
    attributes = activity.schedule_activity_task_command_attributes
    attributes.activity_id, attributes.activity_type.name, attributes.task_queue.name = "7", "create_vm", "vms"
    attributes.input.payloads.extend([payload, payload])
    attributes.header.fields["h"].CopyFrom(header)
    activity.user_metadata.summary.CopyFrom(payload)
    child = Command()
    child.start_child_workflow_execution_command_attributes.workflow_id = "child"
    child.start_child_workflow_execution_command_attributes.memo.fields["m"].CopyFrom(payload)
    child.start_child_workflow_execution_command_attributes.search_attributes.indexed_fields["s"].CopyFrom(plain("s"))
    operation = Command()
    operation.schedule_nexus_operation_command_attributes.input.CopyFrom(payload)
    attribute = Command()
    attribute.upsert_workflow_search_attributes_command_attributes.search_attributes.indexed_fields["s"].CopyFrom(
        plain("s")
    )
    patch, local, effect = Command(), Command(), Command()
    patch.record_marker_command_attributes.marker_name = "core_patch"
    patch.record_marker_command_attributes.details["patch-data"].payloads.append(plain("p"))
    local.record_marker_command_attributes.marker_name = "core_local_activity"
    local.record_marker_command_attributes.details["data"].payloads.append(
        plain('{"seq":1,"activity_id":"1","activity_type":"ask"}')
    )
    local.record_marker_command_attributes.details["result"].payloads.append(payload)
    local.record_marker_command_attributes.failure.application_failure_info.details.payloads.append(payload)
    effect.record_marker_command_attributes.marker_name = "SideEffect"
    effect.record_marker_command_attributes.details["side-effect-id"].payloads.append(plain("1"))
    effect.record_marker_command_attributes.details["data"].payloads.append(payload)
    result = WorkflowQueryResult(answer=several(payload))
    return RespondWorkflowTaskCompletedRequest(
        commands=[activity, child, operation, attribute, patch, local, effect], query_results={"q": result}
    )


async def test_what_the_server_keeps_for_users_is_encoded() -> None:
    answer = an_answer(plain("x"), plain("h"))
    await codec().encode_answer(answer)
    assert answer == an_answer(coded("x"), plain("h"))


async def test_headers_are_encoded_if_they_are_to_be() -> None:
    answer = an_answer(plain("x"), plain("h"))
    await codec(headers=True).encode_answer(answer)
    assert answer == an_answer(coded("x"), coded("h"))


async def test_the_answer_to_a_query_task_is_encoded() -> None:
    answer = RespondQueryTaskCompletedRequest(query_result=several(plain("x")), failure=Failure(message="m"))
    await codec().encode_answer(answer)
    assert answer.query_result == several(coded("x"))


def packed(body: Message, instance_id: str) -> ProtocolMessage:
    message = ProtocolMessage(id=f"{instance_id}/1", protocol_instance_id=instance_id)
    message.body.Pack(body)
    return message


async def test_what_an_update_was_asked_with_is_repeated_as_it_came() -> None:
    class Salted(Reverse):
        """Encodes nothing twice alike."""

        salt = 0

        async def encode(self, payloads: Sequence[Payload]) -> list[Payload]:
            self.salt += 1
            encoded = await super().encode(payloads)
            for one in encoded:
                one.metadata["salt"] = str(self.salt).encode()
            return encoded

    run_codec = codec(Salted())
    requests = {name: UpdateRequest(input=UpdateInput(args=several(coded(name)))) for name in ("a", "b", "c")}
    task = PollWorkflowTaskQueueResponse(messages=[packed(requests[name], name) for name in "ab"])
    await run_codec.decode_task(task)
    seen = UpdateRequest()
    task.messages[0].body.Unpack(seen)
    assert seen.input.args == several(plain("a"))

    failure = Failure(encoded_attributes=plain("why"))
    of_history = UpdateRequest(input=UpdateInput(args=several(plain("c"))))
    answer = RespondWorkflowTaskCompletedRequest(
        messages=[
            packed(Acceptance(accepted_request_message_id="a/1", accepted_request=seen), "a"),
            packed(Response(outcome=Outcome(success=several(plain("done")))), "a"),
            packed(Rejection(rejected_request=seen, failure=failure), "b"),
            packed(Acceptance(accepted_request=of_history), "c"),
        ]
    )
    await run_codec.encode_answer(answer)

    accepted, responded, rejected, unknown = Acceptance(), Response(), Rejection(), Acceptance()
    for message, body in zip(answer.messages, (accepted, responded, rejected, unknown), strict=True):
        assert message.body.Unpack(body)
    assert accepted == Acceptance(accepted_request_message_id="a/1", accepted_request=requests["a"])
    assert responded.outcome.success.payloads[0].data == coded("done").data
    assert rejected.rejected_request == requests["b"]
    assert rejected.failure.encoded_attributes.data == coded("why").data
    assert unknown.accepted_request.input.args.payloads[0].data == coded("c").data


async def test_without_a_codec_nothing_is_touched() -> None:
    none = TaskCodec(DataConverter()).of_run("default", "n1", "r1")
    answer, history = an_answer(plain("x"), plain("h")), a_history(coded("x"), coded("h"))
    await none.encode_answer(answer)
    await none.decode_history(history)
    assert (answer, history) == (an_answer(plain("x"), plain("h")), a_history(coded("x"), coded("h")))


async def test_a_codec_that_fails_says_where() -> None:
    class Broken(Reverse):
        async def encode(self, payloads: Sequence[Payload]) -> list[Payload]:
            raise ValueError("no key")

    with pytest.raises(RuntimeError, match="Failed encoding completion: no key"):
        await codec(Broken()).encode_answer(an_answer(plain("x"), plain("h")))


def activity(activity_id: str, activity_type: str, queue: str, *, local: bool = False) -> ActivitySerializationContext:
    return ActivitySerializationContext(
        namespace="default",
        activity_id=activity_id,
        activity_type=activity_type,
        activity_task_queue=queue,
        workflow_id="n1",
        workflow_type="AddNode",
        is_local=local,
    )


def workflow(workflow_id: str) -> WorkflowSerializationContext:
    return WorkflowSerializationContext(namespace="default", workflow_id=workflow_id)


async def test_a_codec_is_told_for_whom_it_works() -> None:
    told = Told()
    run_codec = codec(told)
    await run_codec.decode_history(a_history(coded("x"), plain("h")))
    contexts = [context for _, context in told.seen]
    of_start = [workflow("n1")] * 4
    assert contexts == [*of_start, workflow("n1"), activity("7", "create_vm", "tq"), workflow("child")]

    told.seen.clear()
    await run_codec.encode_answer(an_answer(plain("x"), plain("h")))
    contexts = [context for _, context in told.seen]
    local = activity("1", "ask", "tq", local=True)
    of_activity = [activity("7", "create_vm", "vms")] * 3
    nobody = None  # whoever is called does not know the workflow that calls
    assert contexts == [*of_activity, workflow("child"), nobody, local, local, workflow("n1"), workflow("n1")]


async def test_a_list_may_change_its_length() -> None:
    async def join(payloads: Sequence[Payload]) -> list[Payload]:
        return [plain("".join(one.data.decode() for one in payloads))]

    message = several(plain("a"), plain("b"))
    await change_payloads(message, join, headers=True)
    assert message == several(plain("ab"))


async def test_a_packed_message_of_unknown_type_stays() -> None:
    message = ProtocolMessage(id="1")
    message.body.type_url = "type.googleapis.com/some.Unknown"
    message.body.value = b"bytes"
    before = message.SerializeToString()
    await change_payloads(message, Reverse().encode, headers=True)
    assert message.SerializeToString() == before


@pytest.mark.parametrize("message_type", [SearchAttributes, Command, History, Failure])
def test_plans_lead_to_payloads_only(message_type: type[Message]) -> None:
    names = {step.name for step in plan_of(message_type.DESCRIPTOR)}
    assert names <= {field.name for field in message_type.DESCRIPTOR.fields}
    assert "search_attributes" not in names
    assert "command_type" not in names
    assert "message" not in names
