"""What a worker counts of its workflow tasks and of the runs that it holds, under the names of the official SDKs.

workflow_completed | workflow_failed | workflow_canceled | workflow_continue_as_new     runs that ended here
workflow_endtoend_latency           from the start of a run to its end
workflow_task_execution_latency     from the start of a task's work to its answer
workflow_task_execution_failed      tasks that failed, by `failure_reason`
workflow_task_replay_latency        until workflow code was where the task before had left it
workflow_task_queue_poll_succeed | workflow_task_queue_poll_empty, workflow_task_schedule_to_start_latency     polls
sticky_cache_hit | sticky_cache_miss, sticky_cache_size, sticky_cache_total_forced_eviction                    the cache
"""

from __future__ import annotations

import time
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from typing import Final

from temporalio.api.command.v1 import Command
from temporalio.api.enums.v1 import ApplicationErrorCategory, CommandType, WorkflowTaskFailedCause
from temporalio.api.workflowservice.v1 import PollWorkflowTaskQueueResponse

from mainspring.common import MetricMeter

ENDINGS: Final = {
    CommandType.COMMAND_TYPE_COMPLETE_WORKFLOW_EXECUTION: "workflow_completed",
    CommandType.COMMAND_TYPE_FAIL_WORKFLOW_EXECUTION: "workflow_failed",
    CommandType.COMMAND_TYPE_CANCEL_WORKFLOW_EXECUTION: "workflow_canceled",
    CommandType.COMMAND_TYPE_CONTINUE_AS_NEW_WORKFLOW_EXECUTION: "workflow_continue_as_new",
}
NON_DETERMINISTIC: Final = WorkflowTaskFailedCause.WORKFLOW_TASK_FAILED_CAUSE_NON_DETERMINISTIC_ERROR
BENIGN: Final = ApplicationErrorCategory.APPLICATION_ERROR_CATEGORY_BENIGN


class WorkflowMetrics:
    """See the module. `meter` puts the prefix, the namespace and the task queue to the metrics."""

    def __init__(self, meter: MetricMeter) -> None:
        self._meter = meter
        self.is_counting = meter is not MetricMeter.noop
        self._by_type: dict[str, _OfType] = {}
        self._empty = meter.create_counter("workflow_task_queue_poll_empty", "Polls for workflow tasks without one")
        self._polled = meter.create_counter("workflow_task_queue_poll_succeed", "Workflow tasks that polls gave")
        self._waited = meter.create_histogram_timedelta(
            "workflow_task_schedule_to_start_latency", "Time that workflow tasks waited for a worker", "duration"
        )
        self._cached = meter.create_gauge("sticky_cache_size", "Runs in the cache now")
        self._missed = meter.create_counter("sticky_cache_miss", "Workflow tasks whose run was in the cache no more")
        self._evicted = meter.create_counter("sticky_cache_total_forced_eviction", "Open runs thrown out of the cache")

    def polled(self, reply: PollWorkflowTaskQueueResponse) -> None:
        """A poll was answered, perhaps without a task."""
        if not reply.task_token:
            self._empty.add(1)
            return
        self._polled.add(1)
        waited_ns = reply.started_time.ToNanoseconds() - reply.scheduled_time.ToNanoseconds()
        self._waited.record(timedelta(microseconds=max(0, waited_ns) / 1_000))

    def found(self, workflow_type: str, *, is_cached: bool) -> None:
        """A task came that has only the newest part of its history: its run was in the cache, or was not."""
        (self._of(workflow_type).hit if is_cached else self._missed).add(1)

    def replayed(self, workflow_type: str, took_s: float) -> None:
        """Workflow code is where an earlier task had left it."""
        if not self.is_counting:
            return
        self._of(workflow_type).replay.record(timedelta(seconds=took_s))

    def answered(
        self, workflow_type: str, commands: Iterable[Command], began: float, started_at: datetime | None
    ) -> None:
        """The server took the answer to a task begun at this monotonic time, of a run started then."""
        if not self.is_counting:
            return
        of_type = self._of(workflow_type)
        of_type.execution.record(timedelta(seconds=time.monotonic() - began))
        for command in commands:
            ending = of_type.endings.get(command.command_type)
            if ending is None:
                continue
            failure = command.fail_workflow_execution_command_attributes.failure
            if failure.application_failure_info.category != BENIGN:
                ending.add(1)
            if started_at is not None:
                of_type.end_to_end.record(max(timedelta(), datetime.now(UTC) - started_at))

    def failed(self, workflow_type: str, cause: WorkflowTaskFailedCause.ValueType, began: float) -> None:
        """A workflow task failed."""
        of_type = self._of(workflow_type)
        of_type.execution.record(timedelta(seconds=time.monotonic() - began))
        reason = "NonDeterminismError" if cause == NON_DETERMINISTIC else "WorkflowError"
        of_type.failed.add(1, {"failure_reason": reason})

    def holds(self, count: int) -> None:
        """So many runs are in the cache."""
        if self.is_counting:
            self._cached.set(count)

    def evicted(self) -> None:
        """A run that was not over was thrown out of the cache."""
        self._evicted.add(1)

    def _of(self, workflow_type: str) -> _OfType:
        found = self._by_type.get(workflow_type)
        if found is None:
            meter = self._meter.with_additional_attributes({"workflow_type": workflow_type})
            found = self._by_type[workflow_type] = _OfType(meter)
        return found


class _OfType:
    """The metrics of one workflow type; made once, since that costs more than a value does."""

    def __init__(self, meter: MetricMeter) -> None:
        self.endings = {
            int(command): meter.create_counter(name, "Count of runs that ended so") for command, name in ENDINGS.items()
        }
        self.failed = meter.create_counter("workflow_task_execution_failed", "Count of workflow tasks that failed")
        self.hit = meter.create_counter("sticky_cache_hit", "Workflow tasks whose run was in the cache")
        self.execution = meter.create_histogram_timedelta(
            "workflow_task_execution_latency", "Time that workflow tasks took", "duration"
        )
        self.replay = meter.create_histogram_timedelta(
            "workflow_task_replay_latency", "Time until workflow code was where it had been", "duration"
        )
        self.end_to_end = meter.create_histogram_timedelta(
            "workflow_endtoend_latency", "Time from the start of a run to its end", "duration"
        )
