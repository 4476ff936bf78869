"""What a worker counts of its Nexus requests, under the names of the official SDKs.

nexus_poll_no_task, nexus_task_schedule_to_start_latency                                          requests as they come
nexus_task_execution_latency, nexus_task_execution_failed, nexus_task_endtoend_latency            as they are answered
"""

from __future__ import annotations

import time
from datetime import timedelta

from temporalio.api.workflowservice.v1 import PollNexusTaskQueueResponse

from mainspring.common import MetricMeter


class NexusMetrics:
    """See the module. `meter` puts the prefix, the namespace and the task queue to the metrics."""

    def __init__(self, meter: MetricMeter) -> None:
        self._empty = meter.create_counter("nexus_poll_no_task", "Polls for Nexus requests without one")
        self._waited = meter.create_histogram_timedelta(
            "nexus_task_schedule_to_start_latency", "Time that Nexus requests waited for a worker", "duration"
        )
        self._execution = meter.create_histogram_timedelta(
            "nexus_task_execution_latency", "Time that handlers of Nexus operations took", "duration"
        )
        self._failed = meter.create_counter("nexus_task_execution_failed", "Nexus requests that failed")
        self._total = meter.create_histogram_timedelta(
            "nexus_task_endtoend_latency", "Time from scheduling Nexus requests to their answers", "duration"
        )

    def polled(self, reply: PollNexusTaskQueueResponse) -> None:
        """A poll was answered, perhaps without a request."""
        if reply.task_token:
            self._waited.record(_since_scheduled(reply))
        else:
            self._empty.add(1)

    def ended(self, began: float, failure_reason: str) -> None:
        """The handler that began at this monotonic time ended; with a reason if it failed."""
        self._execution.record(timedelta(seconds=time.monotonic() - began))
        if failure_reason:
            self._failed.add(1, {"failure_reason": failure_reason})

    def answered(self, task: PollNexusTaskQueueResponse) -> None:
        """The server took the answer."""
        self._total.record(_since_scheduled(task))


def _since_scheduled(task: PollNexusTaskQueueResponse) -> timedelta:
    waited_ns = time.time_ns() - task.request.scheduled_time.ToNanoseconds()
    return timedelta(microseconds=max(0, waited_ns) / 1_000)
