"""What a worker counts of its workflow tasks, under the names that dashboards of the official SDKs use.

workflow_completed | workflow_failed | workflow_canceled | workflow_continue_as_new     runs that ended here
workflow_task_execution_latency     from the start of a task's work to its answer
workflow_task_execution_failed      tasks that failed, by `failure_reason`
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import timedelta

from temporalio.api.command.v1 import Command
from temporalio.api.enums.v1 import CommandType, WorkflowTaskFailedCause

from mainspring.common import MetricCounter, MetricMeter

ENDINGS = {
    CommandType.COMMAND_TYPE_COMPLETE_WORKFLOW_EXECUTION: "workflow_completed",
    CommandType.COMMAND_TYPE_FAIL_WORKFLOW_EXECUTION: "workflow_failed",
    CommandType.COMMAND_TYPE_CANCEL_WORKFLOW_EXECUTION: "workflow_canceled",
    CommandType.COMMAND_TYPE_CONTINUE_AS_NEW_WORKFLOW_EXECUTION: "workflow_continue_as_new",
}
NON_DETERMINISTIC = WorkflowTaskFailedCause.WORKFLOW_TASK_FAILED_CAUSE_NON_DETERMINISTIC_ERROR


class WorkflowMetrics:
    """See the module. `meter` is the SDK's own, which puts the prefix before the names."""

    def __init__(self, meter: MetricMeter, *, namespace: str, task_queue: str) -> None:
        meter = meter.with_additional_attributes({"namespace": namespace, "task_queue": task_queue})
        self._endings: dict[int, MetricCounter] = {
            command: meter.create_counter(name, "Count of runs that ended so") for command, name in ENDINGS.items()
        }
        self._latency = meter.create_histogram_timedelta(
            "workflow_task_execution_latency", "Time that workflow tasks took", "duration"
        )
        self._failed = meter.create_counter("workflow_task_execution_failed", "Count of workflow tasks that failed")

    def answered(self, workflow_type: str, commands: Iterable[Command], took_s: float) -> None:
        """The server took the answer to a workflow task."""
        about = {"workflow_type": workflow_type}
        self._latency.record(timedelta(seconds=took_s), about)
        for command in commands:
            if (ending := self._endings.get(command.command_type)) is not None:
                ending.add(1, about)

    def failed(self, workflow_type: str, cause: WorkflowTaskFailedCause.ValueType) -> None:
        """A workflow task failed."""
        reason = "NonDeterminismError" if cause == NON_DETERMINISTIC else "WorkflowError"
        self._failed.add(1, {"workflow_type": workflow_type, "failure_reason": reason})
