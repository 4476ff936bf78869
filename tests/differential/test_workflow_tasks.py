"""Workflow tasks: completed, failed, timed out, tried again, stale; what buffers while one is under way."""

from __future__ import annotations

import pytest
from temporalio.api.command.v1 import (
    CompleteWorkflowExecutionCommandAttributes,
    ModifyWorkflowPropertiesCommandAttributes,
    RecordMarkerCommandAttributes,
    UpsertWorkflowSearchAttributesCommandAttributes,
)
from temporalio.api.common.v1 import (
    Header,
    Memo,
    MeteringMetadata,
    Payload,
    Payloads,
    SearchAttributes,
    WorkerVersionStamp,
)
from temporalio.api.enums.v1 import EventType, WorkflowTaskFailedCause
from temporalio.api.sdk.v1 import UserMetadata, WorkflowTaskCompletedMetadata
from temporalio.api.workflowservice import v1 as api

from tests.differential.commands import (
    command,
    complete_workflow,
    fail_workflow,
    failure,
    payload,
    payloads,
    record_marker,
    schedule_activity,
    seconds,
    start_timer,
)
from tests.differential.driver import Driver, WorkflowTask, attempt, execution, queue
from tests.differential.rig import on_both

Start = api.StartWorkflowExecutionRequest
Completed = api.RespondWorkflowTaskCompletedRequest
PollWorkflow = api.PollWorkflowTaskQueueRequest
Failed = api.RespondWorkflowTaskFailedRequest
QUICK = Start(workflow_task_timeout=seconds(1))


async def first_task(driver: Driver, request: Start | None = None) -> WorkflowTask:
    await driver.start(request)
    return await driver.poll_workflow_task()


# -- completed


@on_both
async def test_a_completion_keeps_what_the_worker_says_of_itself(driver: Driver) -> None:
    task = await first_task(driver)
    await task.complete(
        beside=Completed(
            binary_checksum="checksum",
            worker_version_stamp=WorkerVersionStamp(build_id="build", use_versioning=False),
            sdk_metadata=WorkflowTaskCompletedMetadata(
                core_used_flags=[1, 3], lang_used_flags=[2], sdk_name="driver", sdk_version="0.1"
            ),
            metering_metadata=MeteringMetadata(nonfirst_local_activity_execution_attempts=2),
        )
    )
    await driver.history()
    await driver.describe()


@on_both
async def test_a_completion_without_commands_waits(driver: Driver) -> None:
    task = await first_task(driver)
    await task.complete()
    await driver.history()
    await driver.describe()
    await driver.no_workflow_task()


@on_both
async def test_commands_keep_their_order_and_metadata(driver: Driver) -> None:
    task = await first_task(driver)
    timer = start_timer("t", 60)
    timer.user_metadata.CopyFrom(UserMetadata(summary=payload("summary"), details=payload("details")))
    await task.complete(record_marker("first"), schedule_activity("a"), timer, record_marker("last"))
    await driver.history()
    await driver.describe()


@on_both
async def test_a_marker_is_kept_as_it_is(driver: Driver) -> None:
    task = await first_task(driver)
    marker = RecordMarkerCommandAttributes(
        marker_name="marker",
        details={"one": payloads("1", "2"), "two": payloads("3")},
        header=Header(fields={"h": payload("header")}),
        failure=failure("marked"),
    )
    await task.complete(command(marker))
    await driver.history()


@on_both
async def test_memo_and_search_attributes_change_during_a_run(driver: Driver) -> None:
    task = await first_task(driver, Start(memo=Memo(fields={"old": payload("old"), "kept": payload("kept")})))
    null = Payload(metadata={"encoding": b"binary/null"})
    words = Payload(metadata={"encoding": b"json/plain", "type": b"KeywordList"}, data=b'["a","b"]')
    memo = ModifyWorkflowPropertiesCommandAttributes(upserted_memo=Memo(fields={"old": null, "new": payload("new")}))
    attributes = UpsertWorkflowSearchAttributesCommandAttributes(
        search_attributes=SearchAttributes(indexed_fields={"BuildIds": words})
    )
    await task.complete(command(memo))
    await driver.history()
    await driver.describe()
    await driver.signal()
    task = await driver.poll_workflow_task()
    await attempt(task.complete(command(attributes)))
    await driver.history()
    await driver.describe()


@on_both
async def test_what_follows_a_closing_command(driver: Driver) -> None:
    task = await first_task(driver)
    await attempt(task.complete(complete_workflow(), start_timer("t", 1)))
    await attempt(task.complete(complete_workflow("one"), complete_workflow("two")))
    await attempt(task.complete(complete_workflow("one"), fail_workflow("two")))
    await driver.history()
    await task.complete(record_marker("m"), complete_workflow())
    await driver.history()


@on_both
async def test_a_run_fails_by_its_own_command(driver: Driver) -> None:
    task = await first_task(driver)
    await task.complete(fail_workflow("broken"))
    await driver.history()
    await driver.describe()


@on_both
async def test_closing_ends_what_is_pending(driver: Driver) -> None:
    task = await first_task(driver)
    await task.complete(schedule_activity("a"), start_timer("t", 60))
    activity = await driver.poll_activity()
    await driver.signal()
    task = await driver.poll_workflow_task()
    await task.complete(complete_workflow())
    await attempt(activity.complete())
    await attempt(activity.heartbeat("late"))
    await driver.history()
    await driver.describe()


@on_both
async def test_a_forced_new_workflow_task_comes_at_once(driver: Driver) -> None:
    task = await first_task(driver)
    await task.complete(record_marker("m"), beside=Completed(force_create_new_workflow_task=True))
    await driver.describe()
    task = await driver.poll_workflow_task()
    await task.complete(complete_workflow())
    await driver.history()


@on_both
async def test_a_forced_new_workflow_task_returned_in_the_reply(driver: Driver) -> None:
    task = await first_task(driver)
    for _ in range(2):
        reply = await task.complete(
            record_marker("m"),
            beside=Completed(force_create_new_workflow_task=True, return_new_workflow_task=True),
        )
        task = WorkflowTask(driver, reply.workflow_task)
    await task.complete(complete_workflow())
    await driver.history()


@on_both
async def test_a_task_made_by_what_was_buffered_is_returned_in_the_reply(driver: Driver) -> None:
    task = await first_task(driver)
    await driver.signal()
    reply = await task.complete(beside=Completed(return_new_workflow_task=True))
    await WorkflowTask(driver, reply.workflow_task).complete(complete_workflow())
    await driver.history()


@on_both
async def test_nothing_is_returned_where_no_task_is_wanted(driver: Driver) -> None:
    task = await first_task(driver)
    await task.complete(beside=Completed(return_new_workflow_task=True))
    await driver.history()


@on_both
async def test_a_closing_run_returns_no_new_task(driver: Driver) -> None:
    task = await first_task(driver)
    both = Completed(force_create_new_workflow_task=True, return_new_workflow_task=True)
    await task.complete(complete_workflow(), beside=both)
    await driver.history()


# -- failed


@pytest.mark.parametrize("cause", WorkflowTaskFailedCause.keys())
@on_both
async def test_a_worker_fails_a_task_with_any_cause(driver: Driver, cause: str) -> None:
    task = await first_task(driver)
    await attempt(task.fail(Failed(cause=WorkflowTaskFailedCause.Value(cause), binary_checksum="sum")))
    await driver.history()
    await driver.describe()


@pytest.mark.parametrize("cause", [99, -1])
@on_both
async def test_a_worker_fails_its_tasks_with_a_cause_that_has_no_name(driver: Driver, cause: int) -> None:
    task = await first_task(driver)
    for _ in range(5):  # from the fifth on the run says that it has a problem
        request = Failed()
        request.cause = cause  # type: ignore[assignment]  # what newer clients may send
        await attempt(task.fail(request))
        task = await driver.poll_workflow_task()
    await driver.history()
    await driver.describe()


@on_both
async def test_attempts_after_the_first_leave_no_events_until_one_succeeds(driver: Driver) -> None:
    task = await first_task(driver)
    for _ in range(3):
        await task.fail()
        await driver.history()
        await driver.describe()
        task = await driver.poll_workflow_task()
    await driver.history()
    await task.complete(start_timer("t", 60))
    await driver.history()
    await driver.describe()


@on_both
async def test_the_count_of_attempts_starts_anew_after_a_success(driver: Driver) -> None:
    task = await first_task(driver)
    await task.fail()
    task = await driver.poll_workflow_task()
    await task.complete()
    await driver.signal()
    task = await driver.poll_workflow_task()
    await task.fail()
    task = await driver.poll_workflow_task()
    await task.complete(complete_workflow())
    await driver.history()


@on_both
async def test_a_signal_while_a_transient_task_waits(driver: Driver) -> None:
    task = await first_task(driver)
    await task.fail()
    await driver.signal("between")
    await driver.history()
    await driver.describe()
    task = await driver.poll_workflow_task()
    await task.complete()
    await driver.history()


@on_both
async def test_a_signal_while_a_transient_task_is_under_way(driver: Driver) -> None:
    task = await first_task(driver)
    await task.fail()
    task = await driver.poll_workflow_task()
    await driver.signal("during")
    await driver.history()
    await task.fail()
    await driver.history()
    task = await driver.poll_workflow_task()
    await task.complete()
    await driver.history()


@on_both
async def test_a_signal_while_a_transient_task_is_completed(driver: Driver) -> None:
    task = await first_task(driver)
    await task.fail()
    task = await driver.poll_workflow_task()
    await driver.signal("during")
    await task.complete()
    await driver.history()
    task = await driver.poll_workflow_task()
    await task.complete(complete_workflow())
    await driver.history()


# -- timed out


@on_both
async def test_a_task_that_is_not_answered_times_out_and_comes_again(driver: Driver) -> None:
    late = await first_task(driver, QUICK)
    task = await driver.poll_workflow_task()
    await driver.describe()
    await attempt(late.complete(complete_workflow()))
    await attempt(late.fail())
    await driver.history()
    await task.complete(complete_workflow())
    await driver.history()


@on_both
async def test_a_transient_task_times_out_without_events(driver: Driver) -> None:
    task = await first_task(driver, QUICK)
    await task.fail()
    await driver.poll_workflow_task()
    task = await driver.poll_workflow_task()
    await driver.history()
    await task.complete(complete_workflow())
    await driver.history()


@on_both
async def test_buffered_events_are_written_when_a_task_times_out(driver: Driver) -> None:
    await first_task(driver, QUICK)
    await driver.signal("one")
    await driver.signal("two")
    await driver.history()
    task = await driver.poll_workflow_task()
    await task.complete(complete_workflow())
    await driver.history()


@on_both
async def test_a_cancel_request_is_written_when_a_task_times_out(driver: Driver) -> None:
    await first_task(driver, QUICK)
    await driver.request_cancel()
    task = await driver.poll_workflow_task()
    await task.complete(complete_workflow())
    await driver.history()


# -- stale and broken tokens


@on_both
async def test_a_task_is_answered_once(driver: Driver) -> None:
    task = await first_task(driver)
    await task.complete()
    await attempt(task.complete())
    await attempt(task.fail())
    await driver.history()


@on_both
async def test_a_failed_task_is_not_answered_again(driver: Driver) -> None:
    task = await first_task(driver)
    await task.fail()
    await attempt(task.fail())
    await attempt(task.complete())
    await driver.poll_workflow_task()
    await attempt(task.fail())
    await attempt(task.complete())
    await driver.describe()


@on_both
async def test_an_answer_after_the_run_is_closed(driver: Driver) -> None:
    task = await first_task(driver)
    await driver.terminate()
    await attempt(task.complete())
    await attempt(task.fail())


@on_both
async def test_broken_tokens(driver: Driver) -> None:
    for token in (b"", b"abc"):  # what is inside is each server's own
        completed = Completed(namespace=driver.namespace, task_token=token)
        await attempt(driver.send(driver.service.RespondWorkflowTaskCompleted, completed))
        failed = Failed(namespace=driver.namespace, task_token=token)
        await attempt(driver.send(driver.service.RespondWorkflowTaskFailed, failed))


@on_both
async def test_a_token_of_another_namespace(driver: Driver) -> None:
    task = await first_task(driver)
    await attempt(task.complete(beside=Completed(namespace="default")))
    await attempt(task.fail(Failed(namespace="default")))
    await driver.history()


# -- what comes while a task is under way


@on_both
async def test_signals_are_buffered_and_written_after_the_completion(driver: Driver) -> None:
    task = await first_task(driver)
    for name in ("one", "two", "three"):
        await driver.signal(name)
    await driver.history()
    await driver.describe()
    await task.complete(start_timer("t", 60), record_marker("m"))
    await driver.history()
    task = await driver.poll_workflow_task()
    await task.complete(complete_workflow())
    await driver.history()


@on_both
async def test_an_activity_result_comes_after_what_was_buffered_before_it(driver: Driver) -> None:
    task = await first_task(driver)
    await task.complete(schedule_activity("a", on_queue="one"), schedule_activity("b", on_queue="two"))
    a = await driver.poll_activity(on_queue="one")
    b = await driver.poll_activity(on_queue="two")
    await driver.signal("first")
    task = await driver.poll_workflow_task()
    await b.complete()
    await driver.signal("second")
    await a.complete()
    await driver.request_cancel()
    await driver.history()
    await task.complete(record_marker("m"))
    await driver.history()


@on_both
async def test_a_timer_that_fires_while_a_task_is_under_way(driver: Driver) -> None:
    task = await first_task(driver)
    await task.complete(start_timer("t", 0.4))
    await driver.signal("first")
    task = await driver.poll_workflow_task()
    await driver.signal("second")
    await driver.no_activity()  # over a second: the timer is due
    await task.complete(record_marker("m"))
    await driver.history()


@on_both
async def test_a_completion_with_something_buffered_is_unhandled(driver: Driver) -> None:
    task = await first_task(driver)
    await driver.signal("late")
    await attempt(task.complete(complete_workflow()))
    await driver.history()
    await driver.describe()
    task = await driver.poll_workflow_task()
    await task.complete(complete_workflow())
    await driver.history()


@on_both
async def test_a_failure_with_something_buffered_is_unhandled(driver: Driver) -> None:
    task = await first_task(driver)
    await driver.signal("late")
    await attempt(task.complete(record_marker("m"), fail_workflow()))
    await driver.history()
    task = await driver.poll_workflow_task()
    await task.complete(fail_workflow())
    await driver.history()


@on_both
async def test_a_run_that_tries_to_close_takes_no_more_signals(driver: Driver) -> None:
    task = await first_task(driver)
    await driver.signal("one")
    await attempt(task.complete(complete_workflow()))
    await attempt(driver.signal("before the next task"))
    task = await driver.poll_workflow_task()
    await attempt(driver.signal("during the next task"))
    await attempt(driver.signal_with_start())
    await attempt(driver.request_cancel())
    await driver.history()
    await task.complete(start_timer("t", 60))
    await driver.signal("after it")
    await driver.history()


@on_both
async def test_a_run_that_no_longer_tries_to_close_takes_signals(driver: Driver) -> None:
    task = await first_task(driver)
    await driver.signal("one")
    await attempt(task.complete(complete_workflow()))
    task = await driver.poll_workflow_task()
    await task.fail()
    await attempt(driver.signal("after a failure"))
    task = await driver.poll_workflow_task()
    await attempt(driver.signal("during another attempt"))
    await attempt(task.complete(complete_workflow()))
    await driver.history()


@on_both
async def test_a_worker_may_fail_a_task_with_something_buffered(driver: Driver) -> None:
    task = await first_task(driver)
    await driver.signal("late")
    await task.fail()
    await driver.history()
    task = await driver.poll_workflow_task()
    await task.complete(complete_workflow())
    await driver.history()


# -- polls


@on_both
async def test_refused_polls(driver: Driver) -> None:
    for request in (
        PollWorkflow(namespace=driver.namespace),
        PollWorkflow(task_queue=queue()),
        PollWorkflow(namespace="unknown", task_queue=queue()),
        PollWorkflow(namespace=driver.namespace, task_queue=queue("x" * 1_001)),
        PollWorkflow(namespace=driver.namespace, task_queue=queue("/_sys/mine/9")),
        PollWorkflow(namespace=driver.namespace, task_queue=queue(), identity="x" * 1_001),
    ):
        await attempt(driver.send(driver.service.PollWorkflowTaskQueue, request, within_s=2.1))
    short = PollWorkflow(namespace=driver.namespace, task_queue=queue())
    await attempt(driver.send(driver.service.PollWorkflowTaskQueue, short, within_s=1.5))


@on_both
async def test_a_waiting_poll_gets_the_task_of_a_later_start(driver: Driver) -> None:
    polling = await driver.beside(driver.poll_workflow_task())
    await driver.start()
    task = await polling
    await task.complete(complete_workflow())
    await driver.history()


@on_both
async def test_histories_come_in_pages(driver: Driver) -> None:
    task = await first_task(driver)
    for number in range(3):
        await task.complete(record_marker(f"m{number}"))
        await driver.signal()
        task = await driver.poll_workflow_task()
    token = b""
    for _ in range(20):
        reply = await driver.send(
            driver.service.GetWorkflowExecutionHistory,
            api.GetWorkflowExecutionHistoryRequest(
                namespace=driver.namespace, execution=execution(), maximum_page_size=4, next_page_token=token
            ),
        )
        token = reply.next_page_token
        if not token:
            break
    assert not token


@on_both
async def test_a_close_event_is_found_alone(driver: Driver) -> None:
    task = await first_task(driver)
    waiting = await driver.beside(driver.closing_event())
    await task.complete(complete_workflow())
    event = await waiting
    assert event.event_type == EventType.EVENT_TYPE_WORKFLOW_EXECUTION_COMPLETED
    await driver.closing_event()


@on_both
async def test_results_are_kept_as_they_are(driver: Driver) -> None:
    task = await first_task(driver)
    odd = Payload(metadata={"encoding": b"binary/plain", "x": b"\xff"}, data=b"\x00\xff")
    await task.complete(command(CompleteWorkflowExecutionCommandAttributes(result=Payloads(payloads=[odd]))))
    await driver.history()
