"""The same calls by the official client and by ours send the same requests, field by field.

Both clients speak to a server that keeps what it gets and answers alike. What is drawn by chance (request ids) is
compared by its presence only; identities are given to both.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncGenerator, Awaitable, Callable
from datetime import UTC, datetime, timedelta
from types import ModuleType
from typing import Any, NamedTuple

import grpc
import pytest
import temporalio.client
import temporalio.common
import temporalio.converter
import temporalio.exceptions
from google.protobuf.any_pb2 import Any as AnyMessage
from google.protobuf.json_format import MessageToJson
from google.protobuf.message import Message
from google.protobuf.message_factory import GetMessageClass
from temporalio.api.activity.v1 import ActivityExecutionOutcome
from temporalio.api.common.v1 import GrpcStatus, Payload, Payloads
from temporalio.api.enums.v1 import ScheduleOverlapPolicy
from temporalio.api.enums.v1 import UpdateWorkflowExecutionLifecycleStage as Stage
from temporalio.api.errordetails.v1 import MultiOperationExecutionFailure, WorkflowExecutionAlreadyStartedFailure
from temporalio.api.failure.v1 import MultiOperationExecutionAborted
from temporalio.api.schedule.v1 import Schedule as ScheduleMessage
from temporalio.api.update.v1 import Outcome
from temporalio.api.workflowservice.v1 import (
    DescribeScheduleResponse,
    ExecuteMultiOperationResponse,
    PollActivityExecutionResponse,
    PollWorkflowExecutionUpdateResponse,
    RecordActivityTaskHeartbeatResponse,
    StartWorkflowExecutionResponse,
    UpdateWorkflowExecutionResponse,
    service_pb2,
)

import mainspring.client
import mainspring.common
import mainspring.converter
import mainspring.exceptions
from tests.memory_driver import MemoryDriver
from tests.service.capture import CaptureServer, Received, Refusal, capture_server

SERVICE = service_pb2.DESCRIPTOR.services_by_name["WorkflowService"]
BY_CHANCE = re.compile(r'("(?:request_id|update_id)": ")[0-9a-f-]{36}"')
OK_PAYLOADS = Payloads(payloads=[Payload(metadata={"encoding": b"json/plain"}, data=b"1")])


class Sdk(NamedTuple):
    """The modules of one SDK that a call needs."""

    client: ModuleType
    common: ModuleType
    exceptions: ModuleType
    converter: ModuleType


OFFICIAL = Sdk(temporalio.client, temporalio.common, temporalio.exceptions, temporalio.converter)
OURS = Sdk(mainspring.client, mainspring.common, mainspring.exceptions, mainspring.converter)

Script = Callable[[Any, Sdk], Awaitable[object]]
"""Calls on a client, written with the names of either SDK. Returns what can be compared of the results."""


async def start_plain(client: Any, sdk: Sdk) -> object:
    handle = await client.start_workflow("W", id="w", task_queue="q")
    return handle.id, handle.run_id, handle.result_run_id, handle.first_execution_run_id


async def start_full(client: Any, sdk: Sdk) -> object:
    keyword = sdk.common.SearchAttributeKey.for_keyword("Kind")
    handle = await client.start_workflow(
        "W",
        args=["a", 1, {"b": [None, True]}],
        id="w",
        task_queue="q",
        execution_timeout=timedelta(days=1),
        run_timeout=timedelta(hours=1),
        task_timeout=timedelta(seconds=10),
        id_reuse_policy=sdk.common.WorkflowIDReusePolicy.REJECT_DUPLICATE,
        id_conflict_policy=sdk.common.WorkflowIDConflictPolicy.USE_EXISTING,
        retry_policy=sdk.common.RetryPolicy(maximum_attempts=3, non_retryable_error_types=["X"]),
        cron_schedule="* * * * *",
        memo={"m": 1, "n": "two"},
        search_attributes=sdk.common.TypedSearchAttributes([sdk.common.SearchAttributePair(keyword, "k")]),
        static_summary="summary",
        static_details="details",
        start_delay=timedelta(seconds=5),
        request_eager_start=True,
        priority=sdk.common.Priority(priority_key=2, fairness_key="f", fairness_weight=1.5),
        versioning_override=sdk.common.AutoUpgradeVersioningOverride(),
    )
    return handle.result_run_id, handle.first_execution_run_id


async def signal_with_start(client: Any, sdk: Sdk) -> object:
    handle = await client.start_workflow(
        "W", "arg", id="w", task_queue="q", start_signal="go", start_signal_args=["x", 2], memo={"m": 1}
    )
    return handle.result_run_id, handle.first_execution_run_id


async def handle_calls(client: Any, sdk: Sdk) -> object:
    handle = client.get_workflow_handle("w", run_id="r", first_execution_run_id="f")
    await handle.cancel(reason="because", rpc_metadata={"mine": "1"})
    await handle.terminate("a", 2, reason="over")
    await handle.signal("s", args=["a", 2])
    await handle.signal("nothing")
    await handle.describe()
    return [await handle.query("q", "arg"), await handle.query("q")]


async def handle_without_run(client: Any, sdk: Sdk) -> object:
    handle = client.get_workflow_handle("w")
    await handle.cancel()
    await handle.terminate()
    return await handle.query("q", args=[1, 2], reject_condition=sdk.common.QueryRejectCondition.NOT_OPEN)


async def histories(client: Any, sdk: Sdk) -> object:
    handle = client.get_workflow_handle("w", run_id="r")
    closing = sdk.client.WorkflowHistoryEventFilterType.CLOSE_EVENT
    events = handle.fetch_history_events(
        page_size=5, next_page_token=b"t", wait_new_event=True, event_filter_type=closing, skip_archival=True
    )
    return [event async for event in events], (await handle.fetch_history()).events


async def updates(client: Any, sdk: Sdk) -> object:
    handle = client.get_workflow_handle("w", run_id="r", first_execution_run_id="f")
    done = await handle.execute_update("u", args=["a", 2], id="mine")
    accepted = await handle.start_update("u", wait_for_stage=sdk.client.WorkflowUpdateStage.ACCEPTED)
    known = handle.get_update_handle("other", workflow_run_id="r2", result_type=int)
    return done, accepted.workflow_run_id, await accepted.result(), await known.result()


async def update_with_start(client: Any, sdk: Sdk) -> object:
    operation = sdk.client.WithStartWorkflowOperation(
        "W",
        "arg",
        id="w",
        task_queue="q",
        id_conflict_policy=sdk.common.WorkflowIDConflictPolicy.USE_EXISTING,
        run_timeout=timedelta(hours=1),
        memo={"m": 1},
        static_summary="summary",
    )
    result = await client.execute_update_with_start_workflow("u", "x", start_workflow_operation=operation, id="mine")
    handle = await operation.workflow_handle()
    return result, handle.id, handle.result_run_id, handle.first_execution_run_id


async def lists_and_counts(client: Any, sdk: Sdk) -> object:
    found = [run async for run in client.list_workflows("X = 1", page_size=7, limit=3)]
    return found, (await client.count_workflows("X = 1")).count, (await client.count_workflows()).groups


async def async_activities(client: Any, sdk: Sdk) -> object:
    for handle in (
        client.get_async_activity_handle(task_token=b"token"),
        client.get_async_activity_handle(workflow_id="w", run_id="r", activity_id="a"),
        client.get_async_activity_handle(activity_id="a"),
    ):
        await handle.heartbeat()
        await handle.heartbeat("half", 2)
        await handle.complete()
        await handle.complete({"a": 1})
        await handle.complete(None)
        await handle.fail(sdk.exceptions.ApplicationError("no", "detail", type="T"), last_heartbeat_details=[1])
        await handle.report_cancellation("d")
    return None


async def activities(client: Any, sdk: Sdk) -> object:
    await client.start_activity(
        "A",
        args=[1, "b"],
        id="a",
        task_queue="q",
        schedule_to_close_timeout=timedelta(hours=1),
        schedule_to_start_timeout=timedelta(minutes=5),
        start_to_close_timeout=timedelta(minutes=1),
        heartbeat_timeout=timedelta(seconds=5),
        retry_policy=sdk.common.RetryPolicy(maximum_attempts=2),
        summary="summary",
        priority=sdk.common.Priority(priority_key=1),
        start_delay=timedelta(seconds=1),
    )
    handle = client.get_activity_handle("a", run_id="r")
    await handle.cancel(reason="x")
    await handle.terminate()
    await handle.pause(reason="p")
    await handle.unpause(jitter=timedelta(seconds=3))
    keys = sdk.client.ActivityOptionsKeys
    await handle.update_options(
        [
            keys.task_queue.value_set("q2"),
            keys.heartbeat_timeout.value_set(timedelta(seconds=1)),
            keys.start_delay.value_unset(),
            keys.retry_policy.value_set(sdk.common.RetryPolicy(maximum_attempts=9)),
            keys.priority.value_set(sdk.common.Priority(priority_key=3)),
        ]
    )
    await handle.restore_original_options()
    await handle.describe(include_input=True, include_last_failure=True)
    found = [one async for one in client.list_activities("X = 1", limit=2)]
    return found, (await client.count_activities()).count, await handle.result()


def a_schedule(sdk: Sdk) -> Any:
    names = sdk.client
    every = names.ScheduleRange
    calendar = names.ScheduleCalendarSpec(
        minute=(every(0, 59, 5),), hour=(every(8, 17),), year=(every(2026, 2027),), comment="office"
    )
    return names.Schedule(
        action=names.ScheduleActionStartWorkflow(
            "W",
            args=["a", 2],
            id="w",
            task_queue="q",
            run_timeout=timedelta(hours=1),
            task_timeout=timedelta(seconds=9),
            retry_policy=sdk.common.RetryPolicy(maximum_attempts=3),
            memo={"m": 1},
            static_summary="summary",
            typed_search_attributes=sdk.common.TypedSearchAttributes(
                [sdk.common.SearchAttributePair(sdk.common.SearchAttributeKey.for_int("N"), 5)]
            ),
            priority=sdk.common.Priority(priority_key=2),
        ),
        spec=names.ScheduleSpec(
            calendars=[calendar, names.ScheduleCalendarSpec()],
            intervals=[
                names.ScheduleIntervalSpec(every=timedelta(hours=3), offset=timedelta(minutes=5)),
                names.ScheduleIntervalSpec(every=timedelta(days=1)),
            ],
            cron_expressions=["0 12 * * *"],
            skip=[names.ScheduleCalendarSpec(day_of_week=(every(0),))],
            start_at=datetime(2026, 1, 1, tzinfo=UTC),
            end_at=datetime(2027, 1, 1, tzinfo=UTC),
            jitter=timedelta(seconds=30),
            time_zone_name="Europe/Berlin",
        ),
        policy=names.SchedulePolicy(
            overlap=names.ScheduleOverlapPolicy.BUFFER_ONE,
            catchup_window=timedelta(minutes=2),
            pause_on_failure=True,
        ),
        state=names.ScheduleState(note="note", paused=True, limited_actions=True, remaining_actions=4),
    )


async def schedules(client: Any, sdk: Sdk) -> object:
    names = sdk.client
    backfill = names.ScheduleBackfill(
        start_at=datetime(2026, 1, 1, tzinfo=UTC),
        end_at=datetime(2026, 1, 2, tzinfo=UTC),
        overlap=names.ScheduleOverlapPolicy.ALLOW_ALL,
    )
    attributes = sdk.common.TypedSearchAttributes(
        [sdk.common.SearchAttributePair(sdk.common.SearchAttributeKey.for_keyword("K"), "v")]
    )
    handle = await client.create_schedule(
        "s", a_schedule(sdk), trigger_immediately=True, backfill=[backfill], memo={"m": 1}, search_attributes=attributes
    )
    await handle.backfill(backfill)
    await handle.pause()
    await handle.pause(note="p")
    await handle.unpause()
    await handle.trigger()
    await handle.trigger(overlap=names.ScheduleOverlapPolicy.SKIP)

    def change(given: Any) -> Any:
        return names.ScheduleUpdate(given.description.schedule, search_attributes=attributes)

    async def leave(given: Any) -> None:
        del given

    await handle.update(change)
    await handle.update(leave)
    await handle.delete()
    return [one async for one in await client.list_schedules("X = 1", page_size=3)]


async def build_ids(client: Any, sdk: Sdk) -> object:
    names = sdk.client
    for operation in (
        names.BuildIdOpAddNewDefault("1"),
        names.BuildIdOpAddNewCompatible("2", "1", promote_set=True),
        names.BuildIdOpPromoteSetByBuildId("1"),
        names.BuildIdOpPromoteBuildIdWithinSet("1"),
        names.BuildIdOpMergeSets("1", "2"),
    ):
        await client.update_worker_build_id_compatibility("q", operation)
    await client.get_worker_build_id_compatibility("q", max_sets=2)
    await client.get_worker_task_reachability(["1"], ["q"], names.TaskReachabilityType.OPEN_WORKFLOWS)
    await client.get_worker_task_reachability(["1"])
    return None


SCRIPTS: list[Script] = [
    *(start_plain, start_full, signal_with_start, handle_calls, handle_without_run, histories, updates),
    *(update_with_start, lists_and_counts, async_activities, activities, schedules, build_ids),
]


def prepare(server: CaptureServer) -> None:
    """Answers that every script can go on with."""
    started = StartWorkflowExecutionResponse(run_id="r1", started=True)
    accepted = Stage.UPDATE_WORKFLOW_EXECUTION_LIFECYCLE_STAGE_ACCEPTED
    outcome = Outcome(success=OK_PAYLOADS)
    updated = UpdateWorkflowExecutionResponse(stage=accepted)
    updated.update_ref.workflow_execution.run_id = "r1"
    both = ExecuteMultiOperationResponse()
    both.responses.add().start_workflow.CopyFrom(started)
    both.responses.add().update_workflow.CopyFrom(updated)
    schedule = DescribeScheduleResponse(schedule=ScheduleMessage())
    schedule.schedule.action.start_workflow.workflow_type.name = "W"
    schedule.schedule.action.start_workflow.input.CopyFrom(OK_PAYLOADS)
    schedule.schedule.policies.overlap_policy = ScheduleOverlapPolicy.SCHEDULE_OVERLAP_POLICY_SKIP
    server.answer("StartWorkflowExecution", started)
    server.answer("UpdateWorkflowExecution", updated)
    server.answer("PollWorkflowExecutionUpdate", PollWorkflowExecutionUpdateResponse(outcome=outcome))
    server.answer("ExecuteMultiOperation", both)
    server.answer("DescribeSchedule", schedule)
    server.answer(
        "PollActivityExecution", PollActivityExecutionResponse(outcome=ActivityExecutionOutcome(result=OK_PAYLOADS))
    )


@pytest.fixture
async def server() -> AsyncGenerator[CaptureServer]:
    async with capture_server() as captured:
        yield captured


async def run(
    script: Script, sdk: Sdk, server: CaptureServer, driver: MemoryDriver | None = None
) -> tuple[object, list[Received]]:
    """What the script returned, and the calls that it made. With a driver, all payloads are stored by it."""
    client = await sdk.client.Client.connect(server.address, namespace="n", identity="me")
    if driver is not None:
        storage = sdk.converter.ExternalStorage([driver], payload_size_threshold=0)
        config = client.config()
        config["data_converter"] = sdk.converter.DataConverter(external_storage=storage)
        client = sdk.client.Client(**config)
    server.calls.clear()
    result = await script(client, sdk)
    return result, list(server.calls)


def readable(call: Received) -> str:
    message: Message = GetMessageClass(SERVICE.methods_by_name[call.rpc].input_type).FromString(call.body)
    mine = {key: value for key, value in call.metadata.items() if key == "mine"}
    text = BY_CHANCE.sub(
        r'\1by chance"', MessageToJson(message, preserving_proto_field_name=True, sort_keys=True, indent=1)
    )
    return f"{call.rpc} {mine or ''}\n{text}"


@pytest.mark.slow
@pytest.mark.parametrize("script", SCRIPTS, ids=lambda script: script.__name__)
async def test_both_clients_send_the_same(script: Script, server: CaptureServer) -> None:
    prepare(server)
    expected, theirs = await run(script, OFFICIAL, server)
    prepare(server)
    found, ours = await run(script, OURS, server)

    assert [readable(call) for call in ours] == [readable(call) for call in theirs]
    assert found == expected


@pytest.mark.slow
@pytest.mark.parametrize("script", SCRIPTS, ids=lambda script: script.__name__)
async def test_both_clients_store_the_same_for_the_same(script: Script, server: CaptureServer) -> None:
    theirs, ours = MemoryDriver(), MemoryDriver()
    prepare(server)
    expected, sent = await run(script, OFFICIAL, server, theirs)
    prepare(server)
    found, sent_by_ours = await run(script, OURS, server, ours)

    assert [readable(call) for call in sent_by_ours] == [readable(call) for call in sent]
    assert found == expected
    assert ours.targets == theirs.targets


def already_started() -> AnyMessage:
    detail = AnyMessage()
    detail.Pack(WorkflowExecutionAlreadyStartedFailure(run_id="r0", first_execution_run_id="f0"))
    return detail


async def start_twice(client: Any, sdk: Sdk) -> object:
    await client.start_workflow("W", id="w", task_queue="q")
    return None


async def create_schedule_twice(client: Any, sdk: Sdk) -> object:
    await client.create_schedule("s", a_schedule(sdk))
    return None


async def fail_query(client: Any, sdk: Sdk) -> object:
    await client.get_workflow_handle("w").query("q")
    return None


async def beat_a_cancelled_activity(client: Any, sdk: Sdk) -> object:
    await client.get_async_activity_handle(task_token=b"t").heartbeat()
    return None


REFUSED_START = Refusal(
    grpc.StatusCode.ALREADY_EXISTS,
    "started",
    GrpcStatus(code=6, message="started", details=[already_started()]).SerializeToString(),
)


def refused_both() -> Refusal:
    failure = MultiOperationExecutionFailure()
    failure.statuses.add(code=6, message="started", details=[already_started()])
    aborted = AnyMessage()
    aborted.Pack(MultiOperationExecutionAborted())
    failure.statuses.add(code=10, message="aborted", details=[aborted])
    detail = AnyMessage()
    detail.Pack(failure)
    status = GrpcStatus(code=6, message="multi", details=[detail])
    return Refusal(grpc.StatusCode.ALREADY_EXISTS, "multi", status.SerializeToString())


ERRORS: list[tuple[Script, str, Message | Refusal]] = [
    (start_twice, "StartWorkflowExecution", REFUSED_START),
    (start_twice, "StartWorkflowExecution", Refusal(grpc.StatusCode.ALREADY_EXISTS, "no details")),
    (start_twice, "StartWorkflowExecution", Refusal(grpc.StatusCode.PERMISSION_DENIED, "no")),
    (create_schedule_twice, "CreateSchedule", REFUSED_START),
    (create_schedule_twice, "CreateSchedule", Refusal(grpc.StatusCode.ALREADY_EXISTS, "no details")),
    (fail_query, "QueryWorkflow", Refusal(grpc.StatusCode.INVALID_ARGUMENT, "unknown query")),
    (fail_query, "QueryWorkflow", Refusal(grpc.StatusCode.NOT_FOUND, "no workflow")),
    (update_with_start, "ExecuteMultiOperation", refused_both()),
    (update_with_start, "ExecuteMultiOperation", Refusal(grpc.StatusCode.DEADLINE_EXCEEDED, "late")),
    (update_with_start, "ExecuteMultiOperation", Refusal(grpc.StatusCode.INVALID_ARGUMENT, "no details")),
    (updates, "UpdateWorkflowExecution", Refusal(grpc.StatusCode.DEADLINE_EXCEEDED, "late")),
    (updates, "PollWorkflowExecutionUpdate", Refusal(grpc.StatusCode.CANCELLED, "gone")),
    (
        beat_a_cancelled_activity,
        "RecordActivityTaskHeartbeat",
        RecordActivityTaskHeartbeatResponse(cancel_requested=True, activity_paused=True),
    ),
]


async def raised_by(script: Script, sdk: Sdk, server: CaptureServer) -> tuple[str, str, object]:
    client = await sdk.client.Client.connect(server.address, namespace="n", identity="me")
    with pytest.raises(Exception) as raised:  # noqa: PT011 - whatever it is, both raise it
        await script(client, sdk)
    error = raised.value
    plain = {key: value for key, value in vars(error).items() if isinstance(value, str | int | bytes | None)}
    return type(error).__name__, str(error), plain


@pytest.mark.slow
@pytest.mark.parametrize("script, rpc, answer", ERRORS, ids=lambda value: getattr(value, "__name__", None))
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
async def test_both_clients_raise_the_same(
    script: Script, rpc: str, answer: Message | Refusal, server: CaptureServer
) -> None:
    prepare(server)
    server.answer(rpc, answer)
    assert await raised_by(script, OURS, server) == await raised_by(script, OFFICIAL, server)


async def test_a_cancelled_wait_for_an_update_says_so(server: CaptureServer) -> None:
    prepare(server)
    client = await mainspring.client.Client.connect(server.address)
    waiting = asyncio.create_task(client.get_workflow_handle("w").execute_update("u"))
    await asyncio.sleep(0)
    waiting.cancel()
    with pytest.raises(mainspring.client.WorkflowUpdateRPCTimeoutOrCancelledError):
        await waiting
