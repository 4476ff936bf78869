"""Updates: admitted, accepted, rejected, completed; waits for each; told apart by id; and runs that close on them."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

import pytest
from google.protobuf.any_pb2 import Any as AnyMessage
from google.protobuf.message import Message as ProtobufMessage
from temporalio.api.command.v1 import Command, ProtocolMessageCommandAttributes
from temporalio.api.enums.v1 import CommandType, UpdateWorkflowExecutionLifecycleStage
from temporalio.api.protocol.v1 import Message
from temporalio.api.update.v1 import (
    Acceptance,
    Input,
    Meta,
    Outcome,
    Rejection,
    Request,
    Response,
    UpdateRef,
    WaitPolicy,
)
from temporalio.api.workflowservice import v1 as api

from tests.differential.commands import (
    complete_workflow,
    continue_as_new,
    fail_workflow,
    failure,
    payloads,
    record_marker,
    start_timer,
)
from tests.differential.driver import WORKFLOW, Driver, WorkflowTask, attempt, execution
from tests.differential.rig import on_both

Completed = api.RespondWorkflowTaskCompletedRequest
Stage = UpdateWorkflowExecutionLifecycleStage
Update = api.UpdateWorkflowExecutionRequest
UpdateReply = api.UpdateWorkflowExecutionResponse
ADMITTED = Stage.UPDATE_WORKFLOW_EXECUTION_LIFECYCLE_STAGE_ADMITTED
ACCEPTED = Stage.UPDATE_WORKFLOW_EXECUTION_LIFECYCLE_STAGE_ACCEPTED
COMPLETED = Stage.UPDATE_WORKFLOW_EXECUTION_LIFECYCLE_STAGE_COMPLETED
NO_RUN = "00000000-0000-4000-8000-000000000000"


def asked(update_id: str = "update", wait: Stage.ValueType = COMPLETED, *, name: str = "change") -> Update:
    return Update(
        wait_policy=WaitPolicy(lifecycle_stage=wait),
        request=Request(meta=Meta(update_id=update_id, identity="client"), input=Input(name=name, args=payloads("in"))),
    )


def packed(body: ProtobufMessage) -> AnyMessage:
    made = AnyMessage()
    made.Pack(body, type_url_prefix="type.googleapis.com/")
    return made


class Updating:
    """The update that a workflow task brought, and the messages that answer it."""

    def __init__(self, task: WorkflowTask, index: int = 0) -> None:
        self.message = task.reply.messages[index]
        self.request = Request()
        self.message.body.Unpack(self.request)
        self.id = self.message.protocol_instance_id

    def accept(self) -> Message:
        body = Acceptance(
            accepted_request_message_id=self.message.id,
            accepted_request_sequencing_event_id=self.message.event_id,
            accepted_request=self.request,
        )
        return Message(id=f"{self.id}/accept", protocol_instance_id=self.id, body=packed(body))

    def reject(self) -> Message:
        body = Rejection(
            rejected_request_message_id=self.message.id,
            rejected_request_sequencing_event_id=self.message.event_id,
            rejected_request=self.request,
            failure=failure("rejected"),
        )
        return Message(id=f"{self.id}/reject", protocol_instance_id=self.id, body=packed(body))

    def complete(self, outcome: Outcome | None = None) -> Message:
        body = Response(meta=self.request.meta, outcome=outcome or Outcome(success=payloads("out")))
        return Message(id=f"{self.id}/complete", protocol_instance_id=self.id, body=packed(body))


def orders(*messages: Message) -> list[Command]:
    """The commands that say where among the others each message takes effect."""
    return [
        Command(
            command_type=CommandType.COMMAND_TYPE_PROTOCOL_MESSAGE,
            protocol_message_command_attributes=ProtocolMessageCommandAttributes(message_id=message.id),
        )
        for message in messages
    ]


async def begun(driver: Driver) -> str:
    """A run that has completed its first workflow task; returns its run id."""
    run_id = (await driver.start()).run_id
    task = await driver.poll_workflow_task()
    await task.complete()
    return run_id


async def ask(driver: Driver, request: Update | None = None) -> tuple[asyncio.Task[UpdateReply], WorkflowTask]:
    """An update under way, and the workflow task that brings it."""
    asking = await driver.beside(driver.update(request or asked()))
    return asking, await driver.poll_workflow_task()


async def answer(task: WorkflowTask, *messages: Message, with_commands: bool = True) -> None:
    commands = orders(*messages) if with_commands else []
    await task.complete(*commands, beside=Completed(messages=messages))


async def poll(
    driver: Driver, wait: Stage.ValueType, update_id: str = "update", run_id: str = ""
) -> api.PollWorkflowExecutionUpdateResponse:
    request = api.PollWorkflowExecutionUpdateRequest(
        namespace=driver.namespace,
        update_ref=UpdateRef(workflow_execution=execution(WORKFLOW, run_id), update_id=update_id),
        wait_policy=WaitPolicy(lifecycle_stage=wait),
    )
    return await driver.send(driver.service.PollWorkflowExecutionUpdate, request, within_s=3)


# -- lives of an update


@on_both
async def test_accepted_and_completed_at_once(driver: Driver) -> None:
    await begun(driver)
    asking, task = await ask(driver)
    update = Updating(task)
    await answer(task, update.accept(), update.complete())
    await asking
    await driver.history()
    await driver.describe()


@on_both
async def test_completed_later(driver: Driver) -> None:
    await begun(driver)
    asking, task = await ask(driver, asked(wait=ACCEPTED))
    update = Updating(task)
    await answer(task, update.accept())
    await asking
    await attempt(poll(driver, ACCEPTED))
    await driver.signal()
    task = await driver.poll_workflow_task()
    await answer(task, update.complete())
    await attempt(poll(driver, COMPLETED))
    await driver.history()


@on_both
async def test_rejected_without_a_trace(driver: Driver) -> None:
    await begun(driver)
    asking, task = await ask(driver)
    await answer(task, Updating(task).reject(), with_commands=False)
    await attempt(asking)
    await driver.history()
    await attempt(poll(driver, COMPLETED))


@on_both
async def test_rejected_beside_other_commands(driver: Driver) -> None:
    await begun(driver)
    asking, task = await ask(driver)
    await task.complete(record_marker("m"), beside=Completed(messages=[Updating(task).reject()]))
    await attempt(asking)
    await driver.history()


@on_both
async def test_failed_by_the_workflow(driver: Driver) -> None:
    await begun(driver)
    asking, task = await ask(driver)
    update = Updating(task)
    await answer(task, update.accept(), update.complete(Outcome(failure=failure("no"))))
    await attempt(asking)
    await driver.history()


@on_both
async def test_an_update_in_the_first_workflow_task(driver: Driver) -> None:
    await driver.start()
    asking, task = await ask(driver)
    update = Updating(task)
    await answer(task, update.accept(), update.complete())
    await asking
    await driver.history()


@on_both
async def test_an_update_while_a_task_is_under_way(driver: Driver) -> None:
    await driver.start()
    task = await driver.poll_workflow_task()
    asking = await driver.beside(driver.update(asked()))
    await driver.describe()
    await task.complete(start_timer("t", 60))
    task = await driver.poll_workflow_task()
    update = Updating(task)
    await answer(task, update.accept(), update.complete())
    await asking
    await driver.history()


@on_both
async def test_a_signal_makes_its_task_a_normal_one(driver: Driver) -> None:
    await begun(driver)
    asking, task = await ask(driver)
    await driver.signal()
    update = Updating(task)
    await answer(task, update.accept(), update.complete())
    await asking
    task = await driver.poll_workflow_task()
    await task.complete()
    await driver.history()


@on_both
async def test_a_worker_that_leaves_it_unanswered(driver: Driver) -> None:
    await begun(driver)
    asking, task = await ask(driver)
    await task.complete()
    await attempt(asking)
    await driver.history()


@on_both
async def test_a_task_that_fails_with_an_update(driver: Driver) -> None:
    await begun(driver)
    asking, task = await ask(driver)
    await task.fail()
    task = await driver.poll_workflow_task()
    update = Updating(task)
    await answer(task, update.accept(), update.complete())
    await asking
    await driver.history()


@on_both
async def test_two_updates_in_one_task(driver: Driver) -> None:
    await driver.start()
    first = await driver.beside(driver.update(asked("one")))
    second = await driver.beside(driver.update(asked("two")))
    task = await driver.poll_workflow_task()
    one, two = Updating(task, 0), Updating(task, 1)
    await answer(task, one.accept(), one.complete(), two.accept(), two.complete())
    await first
    await second
    await driver.history()


# -- waiting


@pytest.mark.parametrize("stage", ["ADMITTED", "ACCEPTED", "COMPLETED", "UNSPECIFIED"])
@on_both
async def test_a_wait_for_a_stage(driver: Driver, stage: str) -> None:
    await begun(driver)
    wanted = Stage.Value(f"UPDATE_WORKFLOW_EXECUTION_LIFECYCLE_STAGE_{stage}")
    asking = await driver.beside(attempt(driver.update(asked(wait=wanted))))
    if stage in ("ADMITTED", "UNSPECIFIED"):
        await asking
        return
    task = await driver.poll_workflow_task()
    update = Updating(task)
    await answer(task, update.accept(), update.complete())
    await asking


@on_both
async def test_a_wait_that_ends_before_the_update_does(driver: Driver) -> None:
    await begun(driver)
    asking = await driver.beside(attempt(driver.update(asked(), within_s=3)))
    task = await driver.poll_workflow_task()
    await answer(task, Updating(task).accept())
    await asking
    await attempt(poll(driver, COMPLETED))


@pytest.mark.parametrize(
    "update_id, run_id",
    [("nobody", ""), ("", ""), ("update", NO_RUN), ("update", "no-uuid")],
    ids=["unknown", "none", "run", "bad run"],
)
@on_both
async def test_a_poll_for_what_is_not_there(driver: Driver, update_id: str, run_id: str) -> None:
    await begun(driver)
    await attempt(poll(driver, COMPLETED, update_id, run_id))


# -- one id, one update


@on_both
async def test_one_id_is_one_update(driver: Driver) -> None:
    await begun(driver)
    asking, task = await ask(driver)
    again = await driver.beside(driver.update(asked()))
    update = Updating(task)
    await answer(task, update.accept(), update.complete())
    await asking
    await again
    await driver.update(asked())
    await driver.update(asked(wait=ACCEPTED))
    await driver.history()


@on_both
async def test_a_rejected_id_may_be_tried_again(driver: Driver) -> None:
    await begun(driver)
    asking, task = await ask(driver)
    await answer(task, Updating(task).reject(), with_commands=False)
    await attempt(asking)
    asking, task = await ask(driver)
    update = Updating(task)
    await answer(task, update.accept(), update.complete())
    await asking
    await driver.history()


# -- what cannot be


@pytest.mark.parametrize(
    "wrong",
    [
        Update(workflow_execution=execution("nobody")),
        Update(workflow_execution=execution(WORKFLOW, NO_RUN)),
        Update(workflow_execution=execution(WORKFLOW, "no-uuid")),
        Update(workflow_execution=execution("")),
        Update(workflow_execution=execution("x" * 1001)),
        Update(first_execution_run_id=NO_RUN),
        Update(namespace="nowhere"),
        Update(request=Request(meta=Meta(update_id="x" * 1001))),
        Update(request=Request(input=Input(name="x" * 1001))),
    ],
    ids=["workflow", "run", "bad run", "no id", "long id", "first run", "namespace", "update id", "name"],
)
@on_both
async def test_an_update_that_is_refused(driver: Driver, wrong: Update) -> None:
    await begun(driver)
    made = asked(wait=ACCEPTED)
    made.MergeFrom(wrong)
    await attempt(driver.update(made, within_s=3))


@pytest.mark.parametrize("missing", ["request", "meta", "input", "name", "wait_policy"])
@on_both
async def test_an_update_that_leaves_something_out(driver: Driver, missing: str) -> None:
    await begun(driver)
    made = asked(wait=ACCEPTED)
    if missing == "request":
        made.ClearField("request")
    elif missing == "meta":
        made.request.ClearField("meta")
    elif missing == "input":
        made.request.ClearField("input")
    elif missing == "name":
        made.request.input.name = ""
    else:
        made.ClearField("wait_policy")
    await attempt(driver.update(made, within_s=3))


@on_both
async def test_a_closed_run_takes_no_update(driver: Driver) -> None:
    await driver.start()
    task = await driver.poll_workflow_task()
    await task.complete(complete_workflow())
    await attempt(driver.update(asked()))


# An update that was only admitted goes on to the next run here; the real server has its client try again.
@pytest.mark.parametrize(
    "way, stage",
    [
        (way, stage)
        for way in ("completes", "fails", "continues", "terminated")
        for stage in ("admitted", "accepted")
        if (way, stage) != ("continues", "admitted")
    ],
)
@on_both
async def test_a_run_that_closes_on_an_update(driver: Driver, way: str, stage: str) -> None:
    run_id = await begun(driver)
    asking = await driver.beside(attempt(driver.update(asked(), within_s=5)))
    task = await driver.poll_workflow_task()
    if stage == "accepted":
        await answer(task, Updating(task).accept())
        await driver.signal()
        task = await driver.poll_workflow_task()
    if way == "terminated":
        await driver.terminate()
    else:
        commands: dict[str, Callable[[], Command]] = {
            "completes": complete_workflow,
            "fails": fail_workflow,
            "continues": continue_as_new,
        }
        await task.complete(commands[way]())
    await asking
    await driver.history(WORKFLOW, run_id)


# -- messages that make no sense


@pytest.mark.parametrize("what", ["twice", "unknown", "no order", "no message", "too early"])
@on_both
async def test_messages_that_make_no_sense(driver: Driver, what: str) -> None:
    await begun(driver)
    asking = await driver.beside(attempt(driver.update(asked(), within_s=3)))
    task = await driver.poll_workflow_task()
    update = Updating(task)
    accept = update.accept()
    if what == "twice":
        again = Message(id="again", protocol_instance_id=update.id, body=accept.body)
        await attempt(answer(task, accept, again))
    elif what == "unknown":
        await attempt(answer(task, Message(id="m", protocol_instance_id="nobody", body=accept.body)))
    elif what == "no order":
        await attempt(answer(task, accept, with_commands=False))
    elif what == "no message":
        await attempt(task.complete(*orders(accept)))
    else:
        await attempt(answer(task, update.complete()))
    await driver.history()
    await driver.terminate()
    await asking
