"""Updates of one run: what is kept of those that are over, and that nobody walks through them any more."""

from __future__ import annotations

import pytest
from google.protobuf.any_pb2 import Any as AnyMessage
from google.protobuf.message import Message as ProtobufMessage
from temporalio.api.common.v1 import Payloads
from temporalio.api.protocol.v1 import Message
from temporalio.api.update.v1 import Acceptance, Input, Meta, Outcome, Rejection, Request, Response

from mainspring.server.engine import update
from mainspring.server.engine.errors import BadCommand, FailedPrecondition, InvalidArgument, ResourceExhausted
from mainspring.server.engine.limits import Limits
from mainspring.server.engine.run import Run
from mainspring.server.engine.stages import UpdateStage
from tests.engine.table import Table


def request(update_id: str) -> Request:
    return Request(meta=Meta(update_id=update_id), input=Input(name="change"))


def message(update_id: str, body: ProtobufMessage) -> Message:
    packed = AnyMessage()
    packed.Pack(body)
    return Message(id=f"{update_id}/{type(body).__name__}", protocol_instance_id=update_id, body=packed)


def acceptance(update_id: str) -> Message:
    return message(update_id, Acceptance(accepted_request=request(update_id)))


def response(update_id: str) -> Message:
    return message(update_id, Response(meta=Meta(update_id=update_id), outcome=Outcome(success=Payloads())))


def admit(table: Table, update_id: str) -> None:
    table.do(lambda run: update.admit(run, request(update_id)))


def carry(table: Table) -> list[str]:
    """A worker takes the workflow task. Returns: the ids of the updates that come with it."""
    assert table.poll()

    def send(run: Run) -> list[Message]:
        task = run.state.task
        assert task is not None
        return update.send(run, task)

    return [sent.protocol_instance_id for sent in table.do(send)]


def finish(table: Table, update_id: str) -> None:
    """From admission to completion."""
    admit(table, update_id)
    assert carry(table) == [update_id]
    assert table.complete(messages=[acceptance(update_id), response(update_id)])


def test_an_update_from_its_admission_to_its_end() -> None:
    table = Table()
    finish(table, "one")
    assert table.names(3) == [
        "WorkflowTaskCompleted",
        "WorkflowExecutionUpdateAccepted",
        "WorkflowExecutionUpdateCompleted",
    ]
    known = update.find(table.run, "one")
    assert known is not None
    assert known.stage is UpdateStage.COMPLETED


def test_updates_that_are_over_stand_apart() -> None:
    """What is asked at each workflow task and admission looks at `updates` alone, so its cost does not grow."""
    table = Table()
    for number in range(30):
        finish(table, f"update-{number}")
        table.reload()
        assert len(table.run.updates) == 0
        assert len(table.run.completed_updates) == number + 1
    assert not update.has_waiting(table.run)


def test_the_same_id_is_the_same_update() -> None:
    table = Table()
    finish(table, "one")
    before = len(table.commits)
    admit(table, "one")
    assert len(table.commits) == before


def test_a_rejected_update_leaves_no_trace() -> None:
    table = Table()
    table.play("poll", "complete:")
    before = len(table.events)
    admit(table, "one")
    assert carry(table) == ["one"]
    rejected = Rejection(rejected_request=request("one"))
    assert table.complete(messages=[message("one", rejected)])
    assert len(table.events) == before
    assert update.find(table.run, "one") is None


def test_an_update_outlives_a_restart_of_the_server() -> None:
    table = Table()
    table.play("poll", "complete:")
    admit(table, "one")
    table.reload()
    assert carry(table) == ["one"]


def test_updates_go_out_in_the_order_in_which_they_came() -> None:
    table = Table()
    for name in ("c", "a", "b"):
        admit(table, name)
    assert carry(table) == ["c", "a", "b"]


def test_limits_count_what_is_under_way_and_what_there_ever_was() -> None:
    table = Table(limits=Limits(updates_in_flight_count=2, updates_total_count=3))
    finish(table, "one")
    admit(table, "two")
    admit(table, "three")
    with pytest.raises(ResourceExhausted, match="in-flight"):
        admit(table, "four")
    assert carry(table) == ["two", "three"]
    answers = [acceptance("two"), response("two"), acceptance("three"), response("three")]
    assert table.complete(messages=answers)
    with pytest.raises(FailedPrecondition, match="total"):
        admit(table, "four")


def test_the_limit_on_what_is_in_flight_forgets_what_was_accepted() -> None:
    one = request("one").ByteSize() + 2 * len("one")
    table = Table(limits=Limits(updates_in_flight_size_bytes=2 * one))
    admit(table, "one")
    with pytest.raises(ResourceExhausted, match="payload size"):
        admit(table, "two")
    assert carry(table) == ["one"]
    assert table.complete(messages=[acceptance("one")])
    admit(table, "two")


def test_an_answer_that_is_too_large_terminates_its_run() -> None:
    table = Table(limits=Limits(blob_size_error_bytes=acceptance("one").body.ByteSize() - 1))
    admit(table, "one")
    carry(table)
    with pytest.raises(BadCommand, match="exceeds size limit") as raised:
        table.do(lambda run: update.handle_message(run, acceptance("one")))
    assert raised.value.terminates


def test_messages_that_make_no_sense() -> None:
    table = Table()
    admit(table, "one")
    carry(table)
    with pytest.raises(BadCommand):
        table.do(lambda run: update.handle_message(run, response("one")))
    with pytest.raises(BadCommand):
        table.do(lambda run: update.handle_message(run, response("nobody")))
    with pytest.raises(InvalidArgument):
        table.do(lambda run: update.handle_message(run, Message(id="m", protocol_instance_id="one")))
