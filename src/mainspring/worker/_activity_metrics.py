"""What a worker counts of its activities, under the names of the official SDKs.

activity_task_received, activity_poll_no_task, activity_schedule_to_start_latency      tasks as they come
activity_execution_latency, activity_execution_failed, activity_succeed_endtoend_latency        attempts as they end
local_activity_total, ..._execution_latency, ..._execution_failed, ..._execution_cancelled, ..._succeed_endtoend_latency

Failures that are benign are no failures here: their code says that nobody needs to look.
"""

from __future__ import annotations

import time
from datetime import UTC, datetime, timedelta
from typing import Final

from temporalio.api.enums.v1 import ApplicationErrorCategory
from temporalio.api.workflowservice.v1 import PollActivityTaskQueueResponse

from mainspring.common import MetricMeter
from mainspring.worker._activity_attempt import Ending
from mainspring.worker._activity_tasks import Assignment

BENIGN: Final = ApplicationErrorCategory.APPLICATION_ERROR_CATEGORY_BENIGN
REASON: Final = {"failure_reason": "ActivityError"}


class ActivityMetrics:
    """See the module. `meter` puts the prefix, the namespace and the task queue to the metrics."""

    def __init__(self, meter: MetricMeter) -> None:
        self._meter = meter
        self._is_counting = meter is not MetricMeter.noop
        self._by_types: dict[tuple[str, str, bool], _OfTypes] = {}
        self._empty = meter.create_counter("activity_poll_no_task", "Polls for activity tasks without one")
        self._waited = meter.create_histogram_timedelta(
            "activity_schedule_to_start_latency", "Time that activity tasks waited for a worker", "duration"
        )

    def polled(self, reply: PollActivityTaskQueueResponse) -> None:
        """A poll was answered, perhaps without a task."""
        if reply.task_token:
            self.received(reply, is_eager=False)
        else:
            self._empty.add(1)

    def received(self, task: PollActivityTaskQueueResponse, *, is_eager: bool) -> None:
        """A task came, by a poll or with the answer to a workflow task."""
        if not self._is_counting:
            return
        of_types = self._of(task.activity_type.name, task.workflow_type.name, is_local=False)
        of_types.received.add(1, {"eager": is_eager})
        waited_ns = task.started_time.ToNanoseconds() - task.current_attempt_scheduled_time.ToNanoseconds()
        self._waited.record(timedelta(microseconds=max(0, waited_ns) / 1_000))

    def began(self, assignment: Assignment) -> None:
        """An attempt begins."""
        if self._is_counting and assignment.is_local:
            self._of(assignment.activity_type, assignment.info.workflow_type or "", is_local=True).total.add(1)

    def ended(self, assignment: Assignment, ending: Ending, began: float) -> None:
        """An attempt that began at this monotonic time ended here; those that end elsewhere have not succeeded yet."""
        if not self._is_counting:
            return
        info = assignment.info
        of_types = self._of(info.activity_type, info.workflow_type or "", is_local=info.is_local)
        of_types.execution.record(timedelta(seconds=time.monotonic() - began))
        if ending.result is not None:
            of_types.succeeded.record(max(timedelta(), datetime.now(UTC) - info.scheduled_time))
        elif ending.failure is None:
            return
        elif ending.is_cancelled:
            of_types.cancelled.add(1)
        elif ending.failure.application_failure_info.category != BENIGN:
            of_types.failed.add(1, REASON)

    def _of(self, activity_type: str, workflow_type: str, *, is_local: bool) -> _OfTypes:
        key = (activity_type, workflow_type, is_local)
        found = self._by_types.get(key)
        if found is None:
            about = {"activity_type": activity_type, "workflow_type": workflow_type}
            found = self._by_types[key] = _OfTypes(self._meter.with_additional_attributes(about), is_local=is_local)
        return found


class _OfTypes:
    """The metrics of one activity type in one workflow type; made once, since that costs more than a value does."""

    def __init__(self, meter: MetricMeter, *, is_local: bool) -> None:
        kind = "local_activity" if is_local else "activity"
        what = "local activities" if is_local else "activities"
        self.received = meter.create_counter("activity_task_received", "Activity tasks that came")
        self.total = meter.create_counter("local_activity_total", "Attempts of local activities")
        # Of activities that the server schedules, the official SDKs count no cancellations.
        counting = meter if is_local else MetricMeter.noop
        self.cancelled = counting.create_counter("local_activity_execution_cancelled", f"Count of cancelled {what}")
        self.failed = meter.create_counter(f"{kind}_execution_failed", f"Count of attempts of {what} that failed")
        self.execution = meter.create_histogram_timedelta(
            f"{kind}_execution_latency", f"Time that attempts of {what} took", "duration"
        )
        self.succeeded = meter.create_histogram_timedelta(
            f"{kind}_succeed_endtoend_latency", f"Time from scheduling {what} to their results", "duration"
        )
