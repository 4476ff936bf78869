"""Starting runs: what is kept, what is refused, request ids, delays, eager tasks. Policies: `test_start_policies`."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from google.protobuf.duration_pb2 import Duration
from temporalio.api.common.v1 import (
    Callback,
    Header,
    Link,
    Memo,
    Payload,
    Priority,
    RetryPolicy,
    SearchAttributes,
    WorkflowType,
)
from temporalio.api.enums.v1 import (
    EventType,
    IndexedValueType,
    TaskQueueKind,
    WorkflowIdConflictPolicy,
    WorkflowIdReusePolicy,
)
from temporalio.api.operatorservice.v1 import AddSearchAttributesRequest
from temporalio.api.sdk.v1 import UserMetadata
from temporalio.api.taskqueue.v1 import TaskQueue
from temporalio.api.workflow.v1 import OnConflictOptions
from temporalio.api.workflowservice import v1 as api

from tests.differential.commands import complete_workflow, payload, payloads, seconds
from tests.differential.driver import Driver, WorkflowTask, attempt, queue
from tests.differential.rig import on_both

Start = api.StartWorkflowExecutionRequest
USE_EXISTING = WorkflowIdConflictPolicy.WORKFLOW_ID_CONFLICT_POLICY_USE_EXISTING
TERMINATE_EXISTING = WorkflowIdConflictPolicy.WORKFLOW_ID_CONFLICT_POLICY_TERMINATE_EXISTING
LONG = "x" * 1_001


def json_payload(text: str, value_type: str = "") -> Payload:
    metadata = {"encoding": b"json/plain"} | ({"type": value_type.encode()} if value_type else {})
    return Payload(metadata=metadata, data=text.encode())


async def complete_next(driver: Driver) -> None:
    task = await driver.poll_workflow_task()
    await task.complete(complete_workflow())


# -- what is kept


@on_both
async def test_a_start_keeps_all_that_it_is_given(driver: Driver) -> None:
    await driver.start(
        Start(
            input=payloads("a", "b"),
            workflow_execution_timeout=seconds(3600),
            workflow_run_timeout=seconds(600),
            workflow_task_timeout=seconds(7),
            memo=Memo(fields={"m": payload("memo"), "n": json_payload("1")}),
            header=Header(fields={"h": payload("header")}),
            user_metadata=UserMetadata(summary=payload("summary"), details=payload("details")),
            priority=Priority(priority_key=2, fairness_key="fair", fairness_weight=2.5),
        )
    )
    await driver.describe()
    await driver.poll_workflow_task()
    await driver.history()
    await driver.list_runs(count=1)


@on_both
async def test_a_retry_policy_is_filled_with_defaults(driver: Driver) -> None:
    await driver.start(Start(retry_policy=RetryPolicy(maximum_attempts=3)))
    await driver.start(Start(workflow_id="other", retry_policy=RetryPolicy(initial_interval=seconds(2))))
    await driver.history()
    await driver.history("other")


@on_both
async def test_a_run_timeout_is_cut_to_the_execution_timeout(driver: Driver) -> None:
    await driver.start(Start(workflow_execution_timeout=seconds(5), workflow_run_timeout=seconds(60)))
    await driver.history()
    await driver.describe()


@on_both
async def test_an_execution_timeout_alone_is_also_the_run_timeout(driver: Driver) -> None:
    await driver.start(Start(workflow_execution_timeout=seconds(50)))
    await driver.start(Start(workflow_id="run", workflow_run_timeout=seconds(50)))
    for workflow_id in ("workflow", "run"):
        await driver.history(workflow_id)
        await driver.describe(workflow_id)


@pytest.mark.parametrize("timeout_s", [0.5, 1, 3, 10, 59, 60, 61, 119, 121, 1000])
@on_both
async def test_a_workflow_task_timeout_is_bounded(driver: Driver, timeout_s: float) -> None:
    await driver.start(Start(workflow_task_timeout=seconds(timeout_s)))
    await driver.history()
    await driver.describe()


@on_both
async def test_a_workflow_task_timeout_is_at_most_the_run_timeout(driver: Driver) -> None:
    await driver.start(Start(workflow_run_timeout=seconds(4)))
    await driver.history()


@on_both
async def test_a_run_timeout_ends_the_run(driver: Driver) -> None:
    await driver.start(Start(workflow_run_timeout=seconds(1)))
    await driver.closing_event()
    await driver.history()
    await driver.describe()
    await driver.no_workflow_task()


@on_both
async def test_an_execution_timeout_ends_the_run_with_a_task_under_way(driver: Driver) -> None:
    await driver.start(Start(workflow_execution_timeout=seconds(1)))
    task = await driver.poll_workflow_task()
    await driver.closing_event()
    await driver.history()
    await attempt(task.complete(complete_workflow()))


@on_both
async def test_search_attributes_are_kept_with_their_types(driver: Driver) -> None:
    kinds = {
        "AKeyword": IndexedValueType.INDEXED_VALUE_TYPE_KEYWORD,
        "AnInt": IndexedValueType.INDEXED_VALUE_TYPE_INT,
        "ABool": IndexedValueType.INDEXED_VALUE_TYPE_BOOL,
        "ADouble": IndexedValueType.INDEXED_VALUE_TYPE_DOUBLE,
        "ATime": IndexedValueType.INDEXED_VALUE_TYPE_DATETIME,
        "AList": IndexedValueType.INDEXED_VALUE_TYPE_KEYWORD_LIST,
        "AText": IndexedValueType.INDEXED_VALUE_TYPE_TEXT,
    }
    await driver.send(
        driver.operator.AddSearchAttributes,
        AddSearchAttributesRequest(namespace=driver.namespace, search_attributes=kinds),
    )
    given = SearchAttributes(
        indexed_fields={
            "AKeyword": json_payload('"word"'),
            "AnInt": json_payload("42", "Int"),
            "ABool": json_payload("true"),
            "ADouble": json_payload("1.5"),
            "ATime": json_payload('"2026-01-02T03:04:05Z"'),
            "AList": json_payload('["a","b"]', "KeywordList"),
            "AText": json_payload('"some text"'),
        }
    )
    await driver.settle(lambda: driver.start(Start(search_attributes=given)), until=lambda _: True)
    await driver.history()
    await driver.describe()
    await driver.list_runs("AKeyword = 'word' AND AnInt > 41", count=1)

    async def refused(workflow_id: str, name: str, value: Payload) -> None:
        attributes = SearchAttributes(indexed_fields={name: value})
        await attempt(driver.start(Start(workflow_id=workflow_id, search_attributes=attributes)))

    await refused("wrong type", "AnInt", json_payload('"word"'))
    await refused("not a bool", "ABool", json_payload("1"))
    await refused("a list of ints", "AnInt", json_payload("[1,2]"))
    await refused("a list of one", "AnInt", json_payload("[1]"))
    await refused("a list that is none", "AList", json_payload('"only"'))
    await refused("a list that says it is one", "AList", json_payload('"only"', "KeywordList"))
    await refused("a bad time", "ATime", json_payload('"yesterday"'))
    await refused("not json", "AKeyword", Payload(metadata={"encoding": b"binary/plain"}, data=b"\xff"))
    await refused("a system attribute", "WorkflowType", json_payload('"T"'))
    await refused("too large", "AKeyword", json_payload('"' + "x" * 3_000 + '"'))


# -- request ids


@on_both
async def test_the_same_request_id_starts_one_run(driver: Driver) -> None:
    await driver.start(Start(request_id="same"))
    await driver.start(Start(request_id="same"))
    await attempt(driver.start(Start(request_id="other")))
    await complete_next(driver)
    await driver.start(Start(request_id="same"))
    await driver.start(Start(request_id="other"))
    await driver.list_runs(count=2)


@on_both
async def test_the_same_request_id_wins_over_every_policy(driver: Driver) -> None:
    await driver.start(Start(request_id="same"))
    await driver.start(Start(request_id="same", workflow_id_conflict_policy=TERMINATE_EXISTING))
    await driver.start(Start(request_id="same", workflow_id_conflict_policy=USE_EXISTING))
    reject = WorkflowIdReusePolicy.WORKFLOW_ID_REUSE_POLICY_REJECT_DUPLICATE
    await complete_next(driver)
    await driver.start(Start(request_id="same", workflow_id_reuse_policy=reject))
    await driver.describe()


@on_both
async def test_using_an_existing_run_can_attach_to_it(driver: Driver) -> None:
    link = Link(
        workflow_event=Link.WorkflowEvent(
            namespace="elsewhere",
            workflow_id="caller",
            run_id="6f7f1d4a-0000-4000-8000-000000000001",
            event_ref=Link.WorkflowEvent.EventReference(event_id=5, event_type=EventType.EVENT_TYPE_TIMER_STARTED),
        )
    )
    await driver.start()
    options = OnConflictOptions(attach_request_id=True, attach_links=True)
    attach = Start(
        request_id="attached",
        workflow_id_conflict_policy=USE_EXISTING,
        on_conflict_options=options,
        links=[link],
    )
    await driver.start(attach)
    await driver.start(attach)
    await driver.describe()
    await driver.history()
    await driver.start(Start(request_id="plain", workflow_id_conflict_policy=USE_EXISTING))
    await driver.history()
    await complete_next(driver)
    await driver.history()


@on_both
async def test_attaching_while_a_workflow_task_is_under_way_is_buffered(driver: Driver) -> None:
    await driver.start()
    task = await driver.poll_workflow_task()
    options = OnConflictOptions(attach_request_id=True)
    await driver.start(Start(workflow_id_conflict_policy=USE_EXISTING, on_conflict_options=options))
    await driver.history()
    await driver.describe()
    await task.complete()
    await driver.history()


# -- delays


@on_both
async def test_a_start_delay_holds_back_the_first_workflow_task(driver: Driver) -> None:
    await driver.start(Start(workflow_start_delay=seconds(2)))
    await driver.describe()
    await driver.history()
    await driver.no_workflow_task()
    await driver.poll_workflow_task()


@on_both
async def test_a_signal_during_a_start_delay(driver: Driver) -> None:
    await driver.start(Start(workflow_start_delay=seconds(2)))
    await driver.signal("early")
    await driver.history()
    await driver.no_workflow_task()
    await driver.poll_workflow_task()


@on_both
async def test_canceling_during_a_start_delay(driver: Driver) -> None:
    await driver.start(Start(workflow_start_delay=seconds(60)))
    await driver.request_cancel()
    await driver.history()
    await driver.terminate()
    await driver.history()


@on_both
async def test_a_start_delay_counts_before_the_run_timeout(driver: Driver) -> None:
    await driver.start(Start(workflow_start_delay=seconds(1), workflow_run_timeout=seconds(1)))
    task = await driver.poll_workflow_task()
    await task.complete(complete_workflow())
    await driver.history()


# -- eager workflow tasks


@on_both
async def test_an_eager_start_brings_its_first_task(driver: Driver) -> None:
    reply = await driver.start(Start(request_eager_execution=True))
    await driver.describe()
    task = WorkflowTask(driver, reply.eager_workflow_task)
    await task.complete(complete_workflow())
    await driver.history()
    await driver.describe()


@on_both
async def test_a_repeated_eager_start_brings_the_task_again_until_it_is_done(driver: Driver) -> None:
    reply = await driver.start(Start(request_eager_execution=True, request_id="same"))
    again = await driver.start(Start(request_eager_execution=True, request_id="same"))
    await attempt(WorkflowTask(driver, again.eager_workflow_task).complete(complete_workflow()))
    await attempt(WorkflowTask(driver, reply.eager_workflow_task).complete(complete_workflow()))
    await driver.start(Start(request_eager_execution=True, request_id="same"))
    await driver.history()


@on_both
async def test_an_eager_task_that_is_not_answered_comes_by_the_queue(driver: Driver) -> None:
    await driver.start(Start(request_eager_execution=True, workflow_task_timeout=seconds(1)))
    await driver.poll_workflow_task()
    await driver.history()


@on_both
async def test_a_delayed_start_is_never_eager(driver: Driver) -> None:
    await driver.start(Start(request_eager_execution=True, workflow_start_delay=seconds(1)))
    await driver.poll_workflow_task()


@on_both
async def test_an_existing_run_is_used_without_an_eager_task(driver: Driver) -> None:
    await driver.start()
    await driver.start(Start(request_eager_execution=True, workflow_id_conflict_policy=USE_EXISTING))
    await driver.history()


@on_both
async def test_an_eager_start_may_end_a_run(driver: Driver) -> None:
    await driver.start()
    await driver.start(Start(request_eager_execution=True, workflow_id_conflict_policy=TERMINATE_EXISTING))
    await driver.history()


# -- refusals


def valid(driver: Driver) -> Start:
    """A request without anything to refuse, for refusals to break in one place."""
    return Start(
        namespace=driver.namespace,
        workflow_id="workflow",
        workflow_type=WorkflowType(name="Workflow"),
        task_queue=queue(),
        request_id="request",
    )


def with_search_attribute(request: Start) -> None:
    request.search_attributes.indexed_fields["Nope"].CopyFrom(json_payload('"x"'))


def with_callbacks(count: int, url: str) -> Callable[[Start], None]:
    def change(request: Start) -> None:
        request.completion_callbacks.extend([Callback(nexus=Callback.Nexus(url=url))] * count)

    return change


REFUSALS: dict[str, Callable[[Start], object]] = {
    "no namespace": lambda r: r.ClearField("namespace"),
    "unknown namespace": lambda r: r.MergeFrom(Start(namespace="unknown")),
    "no workflow id": lambda r: r.ClearField("workflow_id"),
    "long workflow id": lambda r: r.MergeFrom(Start(workflow_id=LONG)),
    "no workflow type": lambda r: r.ClearField("workflow_type"),
    "empty workflow type": lambda r: r.workflow_type.ClearField("name"),
    "long workflow type": lambda r: r.workflow_type.MergeFrom(WorkflowType(name=LONG)),
    "no task queue": lambda r: r.ClearField("task_queue"),
    "empty task queue": lambda r: r.task_queue.ClearField("name"),
    "long task queue": lambda r: r.task_queue.MergeFrom(TaskQueue(name=LONG)),
    "internal task queue": lambda r: r.task_queue.MergeFrom(TaskQueue(name="/_sys/queue/1")),
    "sticky task queue": lambda r: r.task_queue.MergeFrom(TaskQueue(kind=TaskQueueKind.TASK_QUEUE_KIND_STICKY)),
    "no request id": lambda r: r.ClearField("request_id"),
    "long request id": lambda r: r.MergeFrom(Start(request_id=LONG)),
    "long identity": lambda r: r.MergeFrom(Start(identity=LONG)),
    "negative execution timeout": lambda r: r.workflow_execution_timeout.MergeFrom(Duration(seconds=-1)),
    "negative run timeout": lambda r: r.workflow_run_timeout.MergeFrom(Duration(seconds=-1)),
    "negative task timeout": lambda r: r.workflow_task_timeout.MergeFrom(Duration(seconds=-1)),
    "negative start delay": lambda r: r.workflow_start_delay.MergeFrom(Duration(seconds=-1)),
    "cron with start delay": lambda r: r.MergeFrom(Start(cron_schedule="* * * * *", workflow_start_delay=seconds(1))),
    "bad cron": lambda r: r.MergeFrom(Start(cron_schedule="bad")),
    "cron out of range": lambda r: r.MergeFrom(Start(cron_schedule="61 * * * *")),
    "negative retry interval": lambda r: r.retry_policy.initial_interval.MergeFrom(Duration(seconds=-1)),
    "small backoff coefficient": lambda r: r.retry_policy.MergeFrom(RetryPolicy(backoff_coefficient=0.5)),
    "negative maximum attempts": lambda r: r.retry_policy.MergeFrom(RetryPolicy(maximum_attempts=-1)),
    "maximum below initial interval": lambda r: r.retry_policy.MergeFrom(
        RetryPolicy(initial_interval=seconds(5), maximum_interval=seconds(1))
    ),
    "long non-retryable type": lambda r: r.retry_policy.MergeFrom(RetryPolicy(non_retryable_error_types=[LONG])),
    "unknown search attribute": with_search_attribute,
    "callback to nowhere": with_callbacks(1, "not a url"),
    "callback not allowed": with_callbacks(1, "http://localhost:1/x"),
    "too many callbacks": with_callbacks(33, "http://localhost:1/x"),
    "bad priority": lambda r: r.priority.MergeFrom(Priority(priority_key=-1)),
    "high priority": lambda r: r.priority.MergeFrom(Priority(priority_key=99)),
    "long fairness key": lambda r: r.priority.MergeFrom(Priority(fairness_key="x" * 65)),
    "negative fairness weight": lambda r: r.priority.MergeFrom(Priority(fairness_weight=-1)),
    "long summary": lambda r: r.user_metadata.summary.MergeFrom(payload("x" * 500)),
    "long details": lambda r: r.user_metadata.details.MergeFrom(payload("x" * 21_000)),
    "large memo": lambda r: r.memo.fields["m"].MergeFrom(payload("x" * (2_100_000))),
    "large input": lambda r: r.input.payloads.extend([payload("x" * 2_100_000)]),
    "unknown reuse policy": lambda r: r.MergeFrom(Start(workflow_id_reuse_policy=9)),  # type: ignore[arg-type]  # wrong on purpose
    "unknown conflict policy": lambda r: r.MergeFrom(Start(workflow_id_conflict_policy=9)),  # type: ignore[arg-type]  # wrong on purpose
    "attach callbacks without request id": lambda r: r.on_conflict_options.MergeFrom(
        OnConflictOptions(attach_completion_callbacks=True)
    ),
    "no reserved prefix": lambda r: r.MergeFrom(Start(workflow_id="temporal-sys-mine")),
    "continued failure": lambda r: r.continued_failure.MergeFrom(r.continued_failure.__class__(message="x")),
}


@pytest.mark.parametrize("what", REFUSALS)
@on_both
async def test_a_start_is_checked(driver: Driver, what: str) -> None:
    request = valid(driver)
    REFUSALS[what](request)
    if await attempt(driver.send(driver.service.StartWorkflowExecution, request)) is not None:
        await driver.history(request.workflow_id)


@on_both
async def test_checks_come_in_the_order_of_the_real_server(driver: Driver) -> None:
    request = valid(driver)
    breaks = ["bad priority", "negative run timeout", "bad cron", "negative start delay", "unknown search attribute"]
    breaks += ["maximum below initial interval", "long task queue", "long workflow type", "long request id"]
    for what in [*breaks, "no workflow id"]:
        REFUSALS[what](request)
        await attempt(driver.send(driver.service.StartWorkflowExecution, request))
