"""Signals: delivered, told apart by request id, refused, in order; and those that start what they signal."""

from __future__ import annotations

import pytest
from temporalio.api.common.v1 import Header, RetryPolicy, WorkflowType
from temporalio.api.enums.v1 import WorkflowIdConflictPolicy, WorkflowIdReusePolicy
from temporalio.api.taskqueue.v1 import TaskQueue
from temporalio.api.workflowservice import v1 as api

from tests.differential.commands import complete_workflow, fail_workflow, payload, payloads, record_marker, seconds
from tests.differential.driver import WORKFLOW, Driver, attempt, execution, queue
from tests.differential.rig import on_both

Signal = api.SignalWorkflowExecutionRequest
SignalWithStart = api.SignalWithStartWorkflowExecutionRequest
Start = api.StartWorkflowExecutionRequest
NO_RUN = "00000000-0000-4000-8000-000000000000"


async def show(driver: Driver) -> None:
    await driver.history()
    await driver.describe()


@on_both
async def test_all_that_a_signal_says_is_kept(driver: Driver) -> None:
    await driver.start()
    everything = Signal(
        signal_name="signal", input=payloads("in", "put"), control="control", header=Header(fields={"h": payload("h")})
    )
    await driver.signal(everything)
    await show(driver)


@on_both
async def test_a_signal_brings_a_workflow_task(driver: Driver) -> None:
    await driver.start()
    task = await driver.poll_workflow_task()
    await task.complete()
    await driver.signal("one")
    await driver.signal("two")
    task = await driver.poll_workflow_task()
    await task.complete(complete_workflow())
    await show(driver)


@on_both
async def test_signals_wait_for_a_task_that_is_under_way(driver: Driver) -> None:
    await driver.start()
    task = await driver.poll_workflow_task()
    for number in range(3):
        await driver.signal(f"signal-{number}")
    await show(driver)
    await task.complete(record_marker("m"))
    task = await driver.poll_workflow_task()
    await task.complete(complete_workflow())
    await show(driver)


@on_both
async def test_one_request_id_signals_once(driver: Driver) -> None:
    await driver.start()
    await driver.signal(Signal(signal_name="signal", request_id="one"))
    await driver.signal(Signal(signal_name="signal", request_id="one"))
    await driver.signal(Signal(signal_name="other", request_id="one"))
    await driver.signal(Signal(signal_name="signal", request_id="two"))
    await show(driver)


@on_both
async def test_one_request_id_signals_once_while_a_task_is_under_way(driver: Driver) -> None:
    await driver.start()
    task = await driver.poll_workflow_task()
    await driver.signal(Signal(signal_name="signal", request_id="one"))
    await driver.signal(Signal(signal_name="signal", request_id="one"))
    await task.complete(record_marker("m"))
    await driver.signal(Signal(signal_name="signal", request_id="one"))
    await show(driver)


@pytest.mark.parametrize(
    "wrong",
    [
        Signal(workflow_execution=execution("nobody")),
        Signal(workflow_execution=execution(WORKFLOW, NO_RUN)),
        Signal(workflow_execution=execution(WORKFLOW, "no-uuid")),
        Signal(workflow_execution=execution("", "")),
        Signal(workflow_execution=execution("x" * 1001)),
        Signal(signal_name="x" * 1001),
        Signal(request_id="x" * 1001),
        Signal(identity="x" * 1001),
        Signal(namespace="nowhere"),
    ],
    ids=["workflow", "run", "bad run", "no id", "long id", "name", "request", "identity", "namespace"],
)
@on_both
async def test_a_signal_that_is_refused(driver: Driver, wrong: Signal) -> None:
    await driver.start()
    made = Signal(signal_name="signal")
    made.MergeFrom(wrong)
    await attempt(driver.signal(made))
    await driver.history()


@on_both
async def test_a_signal_without_a_name_or_a_target(driver: Driver) -> None:
    await driver.start()
    service, namespace = driver.service, driver.namespace
    await attempt(
        driver.send(service.SignalWorkflowExecution, Signal(namespace=namespace, workflow_execution=execution()))
    )
    await attempt(driver.send(service.SignalWorkflowExecution, Signal(namespace=namespace, signal_name="signal")))
    await attempt(driver.send(service.SignalWorkflowExecution, Signal(signal_name="signal")))
    await driver.history()


@on_both
async def test_a_closed_run_takes_no_signal(driver: Driver) -> None:
    first = await driver.start()
    task = await driver.poll_workflow_task()
    await task.complete(complete_workflow())
    await attempt(driver.signal())
    await attempt(driver.signal(Signal(signal_name="signal", workflow_execution=execution(WORKFLOW, first.run_id))))
    await driver.history()


@on_both
async def test_a_signal_to_an_old_run_of_the_id(driver: Driver) -> None:
    first = await driver.start()
    task = await driver.poll_workflow_task()
    await task.complete(complete_workflow())
    await driver.start()
    await attempt(driver.signal(Signal(signal_name="signal", workflow_execution=execution(WORKFLOW, first.run_id))))
    await driver.signal()
    await driver.history()


# -- with a start


@on_both
async def test_a_signal_starts_a_run(driver: Driver) -> None:
    await driver.signal_with_start(
        SignalWithStart(
            signal_input=payloads("signal"), input=payloads("start"), header=Header(fields={"h": payload("h")})
        )
    )
    task = await driver.poll_workflow_task()
    await task.complete(complete_workflow())
    await show(driver)


@on_both
async def test_a_signal_finds_a_run(driver: Driver) -> None:
    await driver.start()
    task = await driver.poll_workflow_task()
    await driver.signal_with_start()
    await driver.signal_with_start(SignalWithStart(request_id="again"))
    await driver.signal_with_start(SignalWithStart(request_id="again"))
    await task.complete(record_marker("m"))
    await show(driver)


@pytest.mark.parametrize("reuse", ["ALLOW_DUPLICATE", "ALLOW_DUPLICATE_FAILED_ONLY", "REJECT_DUPLICATE"])
@pytest.mark.parametrize("before", ["completed", "failed"])
@on_both
async def test_a_signal_and_a_closed_run(driver: Driver, reuse: str, before: str) -> None:
    await driver.start()
    task = await driver.poll_workflow_task()
    await task.complete(complete_workflow() if before == "completed" else fail_workflow())
    policy = WorkflowIdReusePolicy.Value(f"WORKFLOW_ID_REUSE_POLICY_{reuse}")
    await attempt(driver.signal_with_start(SignalWithStart(workflow_id_reuse_policy=policy)))
    await driver.history()


@pytest.mark.parametrize("conflict", ["FAIL", "USE_EXISTING", "TERMINATE_EXISTING"])
@on_both
async def test_a_signal_and_an_open_run(driver: Driver, conflict: str) -> None:
    await driver.start()
    policy = WorkflowIdConflictPolicy.Value(f"WORKFLOW_ID_CONFLICT_POLICY_{conflict}")
    await attempt(driver.signal_with_start(SignalWithStart(workflow_id_conflict_policy=policy)))
    await driver.history()


@on_both
async def test_a_delayed_start_with_a_signal(driver: Driver) -> None:
    await driver.signal_with_start(SignalWithStart(workflow_start_delay=seconds(1.5)))
    await driver.history()
    await driver.signal("another")
    task = await driver.poll_workflow_task()
    await task.complete(complete_workflow())
    await driver.history()


@pytest.mark.parametrize(
    "wrong",
    [
        SignalWithStart(signal_name="x" * 1001),
        SignalWithStart(workflow_id="x" * 1001),
        SignalWithStart(workflow_type=WorkflowType(name="x" * 1001)),
        SignalWithStart(task_queue=TaskQueue(name="x" * 1001)),
        SignalWithStart(request_id="x" * 1001),
        SignalWithStart(workflow_run_timeout=seconds(-1)),
        SignalWithStart(workflow_start_delay=seconds(-1)),
        SignalWithStart(retry_policy=RetryPolicy(backoff_coefficient=0.1)),
        SignalWithStart(cron_schedule="never"),
        SignalWithStart(workflow_start_delay=seconds(1), cron_schedule="* * * * *"),
    ],
    ids=["name", "id", "type", "queue", "request", "timeout", "delay", "retry", "cron", "both"],
)
@on_both
async def test_a_signal_that_cannot_start(driver: Driver, wrong: SignalWithStart) -> None:
    await attempt(driver.signal_with_start(wrong))


@pytest.mark.parametrize("missing", ["workflow_id", "signal_name", "workflow_type", "task_queue"])
@on_both
async def test_a_signal_with_start_that_leaves_something_out(driver: Driver, missing: str) -> None:
    whole = {
        "workflow_id": WORKFLOW,
        "signal_name": "signal",
        "workflow_type": WorkflowType(name="Workflow"),
        "task_queue": queue(),
    }
    request = SignalWithStart(namespace=driver.namespace, request_id="r")
    for name, value in whole.items():
        if name == missing:
            continue
        if isinstance(value, str):
            setattr(request, name, value)
        else:
            getattr(request, name).CopyFrom(value)
    await attempt(driver.send(driver.service.SignalWithStartWorkflowExecution, request))
