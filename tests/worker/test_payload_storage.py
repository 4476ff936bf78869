"""External storage around workflow tasks: what is fetched, what is stored and for whom, and what fails."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Any

import pytest
from temporalio.api.command.v1 import Command
from temporalio.api.common.v1 import Payload, Payloads
from temporalio.api.history.v1 import History, HistoryEvent, WorkflowExecutionStartedEventAttributes
from temporalio.api.protocol.v1 import Message as ProtocolMessage
from temporalio.api.query.v1 import WorkflowQueryResult
from temporalio.api.update.v1 import Request as UpdateRequest
from temporalio.api.workflowservice.v1 import (
    PollWorkflowTaskQueueResponse,
    RespondQueryTaskCompletedRequest,
    RespondWorkflowTaskCompletedRequest,
)

from mainspring.converter import (
    DataConverter,
    PayloadConverter,
    StorageDriverClaim,
    StorageDriverRetrieveContext,
    StorageDriverStoreContext,
)
from mainspring.worker._payload_codec import RunCodec, TaskCodec
from tests.memory_driver import MemoryDriver, stored_by

NOT_CONFIGURED = r"^\[TMPRL1105\] Detected externally stored payload\(s\) but external storage is not configured\.$"


def a_codec(converter: DataConverter, *, most_at_once: int = 3) -> RunCodec:
    return TaskCodec(converter, most_stored_at_once=most_at_once).of_run("default", "n1", "r1")


def plain(value: object) -> Payload:
    return PayloadConverter.default.to_payload(value)


async def stored(driver: MemoryDriver, value: object) -> Payload:
    """A reference to a value; the driver forgets for whom."""
    [payload] = await stored_by(driver).encode([value])
    driver.targets.clear()
    return payload


def started(**attributes: Any) -> HistoryEvent:
    event = HistoryEvent(event_id=1)
    event.workflow_execution_started_event_attributes.workflow_type.name = "AddNode"
    event.workflow_execution_started_event_attributes.MergeFrom(WorkflowExecutionStartedEventAttributes(**attributes))
    return event


def told(payload: Payload) -> list[HistoryEvent]:
    """An event of each kind that brings a payload to a run."""
    begin = started(input=Payloads(payloads=[payload]))
    signal, result, child, marker, effect = (HistoryEvent(event_id=n) for n in range(2, 7))
    signal.workflow_execution_signaled_event_attributes.input.payloads.append(payload)
    result.activity_task_completed_event_attributes.result.payloads.append(payload)
    child.child_workflow_execution_failed_event_attributes.failure.application_failure_info.details.payloads.append(
        payload
    )
    marker.marker_recorded_event_attributes.marker_name = "core_local_activity"
    data = Payload(data=b'{"seq":1,"activity_id":"1","activity_type":"ask"}')
    marker.marker_recorded_event_attributes.details["data"].payloads.append(data)
    marker.marker_recorded_event_attributes.details["result"].payloads.append(payload)
    effect.marker_recorded_event_attributes.marker_name = "SideEffect"
    effect.marker_recorded_event_attributes.details["data"].payloads.append(payload)
    return [begin, signal, result, child, marker, effect]


def asked(payload: Payload) -> PollWorkflowTaskQueueResponse:
    task = PollWorkflowTaskQueueResponse()
    task.query.query_args.payloads.append(payload)
    task.queries["q"].query_args.payloads.append(payload)
    request = UpdateRequest()
    request.input.args.payloads.append(payload)
    message = ProtocolMessage(id="1")
    message.body.Pack(request)
    task.messages.append(message)
    return task


async def test_what_a_run_is_told_is_fetched() -> None:
    driver = MemoryDriver()
    reference = await stored(driver, "large")
    history, task = History(events=told(reference)), asked(reference)

    codec = a_codec(stored_by(driver))
    await codec.decode_history(history)
    await codec.decode_task(task)

    assert history == History(events=told(plain("large")))
    assert task == asked(plain("large"))


async def test_what_a_run_is_not_told_is_not_fetched() -> None:
    driver = MemoryDriver()
    event = HistoryEvent()
    event.activity_task_scheduled_event_attributes.input.payloads.append(await stored(driver, "large"))
    await a_codec(stored_by(driver)).decode_history(History(events=[event]))
    assert driver.retrieved_count == 0


@pytest.mark.parametrize("index", range(6))
async def test_a_worker_without_storage_refuses_references(index: int) -> None:
    reference = await stored(MemoryDriver(), "large")
    history = History(events=[told(reference)[index]])
    with pytest.raises(RuntimeError, match=NOT_CONFIGURED):
        await a_codec(DataConverter()).decode_history(history)


async def test_a_worker_without_storage_refuses_references_in_queries_and_updates() -> None:
    task = asked(await stored(MemoryDriver(), "large"))
    for field in ("query", "queries", "messages"):
        alone = PollWorkflowTaskQueueResponse()
        alone.MergeFrom(task)
        for other in {"query", "queries", "messages"} - {field}:
            alone.ClearField(other)  # type: ignore[arg-type] # the names above
        with pytest.raises(RuntimeError, match=NOT_CONFIGURED):
            await a_codec(DataConverter()).decode_task(alone)


async def test_words_like_those_of_references_are_no_references() -> None:
    events = told(plain("json/external-storage-reference"))
    await a_codec(DataConverter()).decode_history(History(events=events))
    assert events == told(plain("json/external-storage-reference"))


OWN = {"kind": "StorageDriverWorkflowInfo", "namespace": "default", "id": "n1", "run_id": "r1", "type": "AddNode"}


def an_answer() -> RespondWorkflowTaskCompletedRequest:
    activity, child, signal, effect, complete = (Command() for _ in range(5))
    activity.schedule_activity_task_command_attributes.input.payloads.append(plain("activity"))
    attributes = child.start_child_workflow_execution_command_attributes
    attributes.workflow_id, attributes.workflow_type.name = "c1", "AddDisk"
    attributes.input.payloads.append(plain("child"))
    signal.signal_external_workflow_execution_command_attributes.execution.workflow_id = "other"
    signal.signal_external_workflow_execution_command_attributes.input.payloads.append(plain("signal"))
    effect.record_marker_command_attributes.marker_name = "SideEffect"
    effect.record_marker_command_attributes.details["side-effect-id"].payloads.append(plain(1))
    effect.record_marker_command_attributes.details["data"].payloads.append(plain("effect"))
    complete.complete_workflow_execution_command_attributes.result.payloads.append(plain("result"))
    answer = WorkflowQueryResult(answer=Payloads(payloads=[plain("answer")]))
    return RespondWorkflowTaskCompletedRequest(
        commands=[activity, child, signal, effect, complete], query_results={"q": answer}
    )


def another(**known: str) -> dict[str, str | None]:
    return {**OWN, "run_id": None, "type": None, **known}


async def test_what_is_sent_is_stored_for_whom_it_is() -> None:
    driver = MemoryDriver()
    codec = a_codec(stored_by(driver), most_at_once=1)
    await codec.decode_history(History(events=[started()]))
    await codec.encode_answer(an_answer())
    assert driver.targets == [OWN, another(id="c1", type="AddDisk"), another(id="other"), OWN, OWN, OWN]
    assert plain(1) not in driver.stored.values(), "the SDK's own number of a side effect"


@pytest.mark.parametrize("continued", ["", "r0"], ids=["first run", "later run"])
async def test_the_result_of_a_child_is_stored_for_its_parent_but_not_that_of_a_later_run(continued: str) -> None:
    begun = started(continued_execution_run_id=continued, parent_workflow_namespace="above")
    parent = begun.workflow_execution_started_event_attributes.parent_workflow_execution
    parent.workflow_id, parent.run_id = "p1", "pr1"
    driver = MemoryDriver()
    codec = a_codec(stored_by(driver), most_at_once=1)
    await codec.decode_history(History(events=[begun]))
    answer = an_answer()
    del answer.commands[:4]
    await codec.encode_answer(answer)
    of_result = OWN if continued else another(namespace="above", id="p1", run_id="pr1")
    assert driver.targets == [of_result, OWN]


async def test_the_answer_to_a_query_task_is_stored() -> None:
    driver = MemoryDriver()
    answer = RespondQueryTaskCompletedRequest(query_result=Payloads(payloads=[plain("large")]))
    await a_codec(stored_by(driver)).encode_answer(answer)
    assert list(driver.stored.values()) == [plain("large")]
    assert [one["id"] for one in driver.targets] == ["n1"]


async def test_small_payloads_stay_in_the_answer() -> None:
    driver, answer = MemoryDriver(), an_answer()
    await a_codec(stored_by(driver, threshold=1000)).encode_answer(answer)
    assert answer == an_answer()


class Counting(MemoryDriver):
    """Remembers how many calls it had at once."""

    def __init__(self) -> None:
        super().__init__()
        self.now = self.most = 0

    async def _count(self) -> None:
        self.now += 1
        self.most = max(self.most, self.now)
        for _ in range(20):
            await asyncio.sleep(0)
        self.now -= 1

    async def store(self, context: StorageDriverStoreContext, payloads: Sequence[Payload]) -> list[StorageDriverClaim]:
        await self._count()
        return await super().store(context, payloads)

    async def retrieve(
        self, context: StorageDriverRetrieveContext, claims: Sequence[StorageDriverClaim]
    ) -> list[Payload]:
        await self._count()
        return await super().retrieve(context, claims)


async def test_as_many_are_stored_and_fetched_at_once_as_are_allowed() -> None:
    driver = Counting()
    codec = a_codec(stored_by(driver), most_at_once=2)
    await codec.encode_answer(an_answer())
    assert driver.most == 2
    driver.most = 0
    await codec.decode_history(History(events=told(await stored(driver, "x"))))
    assert driver.most == 2


async def test_a_driver_that_cannot_store_fails_the_answer() -> None:
    driver = MemoryDriver()
    driver.store_error = OSError("disk full")
    with pytest.raises(RuntimeError, match=r"^Failed encoding completion: disk full$"):
        await a_codec(stored_by(driver)).encode_answer(an_answer())


async def test_a_driver_that_cannot_fetch_raises_its_own_error() -> None:
    driver = MemoryDriver()
    history = History(events=told(await stored(driver, "x")))
    driver.retrieve_error = OSError("no network")
    with pytest.raises(OSError, match="no network"):
        await a_codec(stored_by(driver)).decode_history(history)
