"""What a worker counts that its life and the program of `tests/scenario/test_sdk_metrics.py` do not show."""

from __future__ import annotations

import asyncio
import re
from datetime import UTC, datetime, timedelta

import pytest
from temporalio.api.command.v1 import Command
from temporalio.api.enums.v1 import ApplicationErrorCategory, CommandType
from temporalio.api.failure.v1 import ApplicationFailureInfo, Failure
from temporalio.api.workflowservice.v1 import (
    PollActivityTaskQueueResponse,
    PollWorkflowTaskQueueRequest,
    PollWorkflowTaskQueueResponse,
)

from mainspring.common import MetricAttributes
from mainspring.runtime import MetricBuffer
from mainspring.runtime._meter import MetricShape, Recorder, SinkMeter
from mainspring.service._request_metrics import RequestMetrics
from mainspring.worker import FixedSizeSlotSupplier, ResourceBasedSlotConfig, ResourceBasedSlotSupplier
from mainspring.worker._slots import CountedSlots, FixedLimit, UsedByActivity
from mainspring.worker._tuning import ResourceBasedTunerConfig
from mainspring.worker._worker_metrics import WorkerMetrics
from tests.house import ROOT

BENIGN = ApplicationErrorCategory.APPLICATION_ERROR_CATEGORY_BENIGN
REFERENCE = ROOT / "docs/reference/sdk-metrics.md"
OF_WORKER = {"namespace": "ns", "task_queue": "tq"}


@pytest.fixture
def buffer() -> MetricBuffer:
    return MetricBuffer(100)


@pytest.fixture
def metrics(buffer: MetricBuffer) -> WorkerMetrics:
    made = WorkerMetrics(SinkMeter(buffer, {}), **OF_WORKER)
    told(buffer)
    return made


def told(buffer: MetricBuffer) -> list[tuple[str, float, dict[str, object]]]:
    """Name, value and attributes of all updates since the last time, less those of every metric of the worker."""
    buffer._has_runtime = True
    return [
        (
            update.metric.name,
            update.value,
            {name: value for name, value in update.attributes.items() if name not in OF_WORKER},
        )
        for update in buffer.retrieve_updates()
    ]


async def test_polls_are_counted_while_they_are_out(buffer: MetricBuffer, metrics: WorkerMetrics) -> None:
    gate = asyncio.Event()

    async def poll() -> PollWorkflowTaskQueueResponse:
        await gate.wait()
        return PollWorkflowTaskQueueResponse()

    counted = metrics.polls(poll, "workflow_task", metrics.workflows.polled)
    polls = [asyncio.ensure_future(counted()) for _ in range(2)]
    await asyncio.sleep(0)
    gate.set()
    await asyncio.gather(*polls)

    about = {"poller_type": "workflow_task"}
    out = [(value, labels) for name, value, labels in told(buffer) if name == "num_pollers"]
    assert out == [(1, about), (2, about), (1, about), (0, about)]


async def test_a_poll_that_fails_is_out_no_more(buffer: MetricBuffer, metrics: WorkerMetrics) -> None:
    async def poll() -> PollWorkflowTaskQueueResponse:
        raise ConnectionError

    with pytest.raises(ConnectionError):
        await metrics.polls(poll, "workflow_task", metrics.workflows.polled)()
    assert [value for _, value, _ in told(buffer)] == [1, 0]


def test_polls_without_a_task_are_counted_by_themselves(buffer: MetricBuffer, metrics: WorkerMetrics) -> None:
    metrics.workflows.polled(PollWorkflowTaskQueueResponse())
    metrics.activities.polled(PollActivityTaskQueueResponse())
    assert told(buffer) == [("workflow_task_queue_poll_empty", 1, {}), ("activity_poll_no_task", 1, {})]


def test_a_task_tells_how_long_it_waited_and_never_less_than_nothing(
    buffer: MetricBuffer, metrics: WorkerMetrics
) -> None:
    for scheduled_s, started_s in ((10, 12), (12, 10)):  # clocks of servers differ
        task = PollWorkflowTaskQueueResponse(task_token=b"t")
        task.scheduled_time.FromSeconds(scheduled_s)
        task.started_time.FromSeconds(started_s)
        metrics.workflows.polled(task)
    waits = [value for name, value, _ in told(buffer) if name == "workflow_task_schedule_to_start_latency"]
    assert waits == [2_000, 0]


def test_a_run_that_fails_benignly_is_no_failure_but_ends(buffer: MetricBuffer, metrics: WorkerMetrics) -> None:
    fails = Command(command_type=CommandType.COMMAND_TYPE_FAIL_WORKFLOW_EXECUTION)
    fails.fail_workflow_execution_command_attributes.failure.CopyFrom(
        Failure(application_failure_info=ApplicationFailureInfo(category=BENIGN))
    )
    metrics.workflows.answered("W", [fails], 0.0, datetime.now(UTC) + timedelta(hours=1))
    names = [name for name, _, _ in told(buffer)]
    assert names == ["workflow_task_execution_latency", "workflow_endtoend_latency"]


def test_slots_that_wait_for_a_task_are_available(buffer: MetricBuffer, metrics: WorkerMetrics) -> None:
    slots = metrics.slots(CountedSlots(FixedLimit(2)), FixedSizeSlotSupplier(2), "ActivityWorker")
    polling, working = slots.try_reserve(), slots.try_reserve()
    assert polling is not None
    assert working is not None
    slots.mark_used(working, UsedByActivity("a"))
    slots.release(polling)
    slots.release(working)

    about = {"worker_type": "ActivityWorker"}
    used, available = "worker_task_slots_used", "worker_task_slots_available"
    assert told(buffer) == [
        *((used, 0, about), (available, 2, about)),
        *((used, 1, about), (available, 1, about)),
        *((used, 0, about), (available, 2, about)),
    ]


def test_nobody_knows_how_many_slots_are_available_where_resources_decide(
    buffer: MetricBuffer, metrics: WorkerMetrics
) -> None:
    supplier = ResourceBasedSlotSupplier(ResourceBasedSlotConfig(), ResourceBasedTunerConfig(0.5, 0.5))
    metrics.slots(CountedSlots(FixedLimit(2)), supplier, "WorkflowWorker")
    assert [name for name, _, _ in told(buffer)] == ["worker_task_slots_used"]


def test_without_metrics_polls_and_slots_are_left_as_they_are() -> None:
    none, slots = WorkerMetrics.none(), CountedSlots(FixedLimit(2))

    async def poll() -> PollWorkflowTaskQueueResponse:
        return PollWorkflowTaskQueueResponse()

    assert none.polls(poll, "workflow_task", none.workflows.polled) is poll
    assert none.slots(slots, FixedSizeSlotSupplier(2), "WorkflowWorker") is slots


class NamesOnly:
    """A sink that keeps the names of all metrics that are made."""

    def __init__(self) -> None:
        self.names = set[str]()

    def recorder(self, metric: MetricShape, attributes: MetricAttributes) -> Recorder:
        del attributes
        self.names.add(metric.name)
        return lambda _: None


def test_the_reference_lists_all_metrics_and_no_others() -> None:
    sink = NamesOnly()
    meter = SinkMeter(sink, {})
    metrics = WorkerMetrics(meter, **OF_WORKER)
    metrics.started()
    metrics.polls(_never, "workflow_task", metrics.workflows.polled)
    metrics.slots(CountedSlots(FixedLimit(1)), FixedSizeSlotSupplier(1), "ActivityWorker")
    metrics.workflows.found("W", is_cached=True)
    for is_local in (False, True):
        metrics.activities._of("a", "W", is_local=is_local)
    for is_long in (False, True):
        RequestMetrics(meter, "Op").series(PollWorkflowTaskQueueRequest(), is_long=is_long)

    rows = [line for line in REFERENCE.read_text("utf-8").splitlines() if line.startswith("| `")]
    assert {name for row in rows for name in re.findall(r"`(\w+)`", row.split("|")[1])} == sink.names


async def _never() -> PollWorkflowTaskQueueResponse:
    raise NotImplementedError
