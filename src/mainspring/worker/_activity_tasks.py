"""One attempt as it is handed to the worker, from a server's task or from a workflow's local activity.

Both become an `Assignment`, so that all that follows is the same for both: `activity.info()` and the payloads. What the
worker itself has to know of every attempt is read at once, `activity.info()` when it is first asked for: most never do.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any

import msgspec
from google.protobuf.duration_pb2 import Duration
from google.protobuf.timestamp_pb2 import Timestamp
from temporalio.api.common.v1 import Payload
from temporalio.api.workflowservice.v1 import PollActivityTaskQueueResponse

from mainspring.activity import Info
from mainspring.common import Priority, RetryPolicy
from mainspring.converter import (
    ActivitySerializationContext,
    StorageDriverActivityInfo,
    StorageDriverStoreContext,
    StorageDriverWorkflowInfo,
)
from mainspring.replay.requests import LocalActivityTask
from mainspring.workflow._info import Info as WorkflowInfo


class Assignment(msgspec.Struct, kw_only=True):
    """What to run. Heartbeat details are not in `info` yet, since they have to be decoded."""

    task_token: bytes
    activity_type: str
    is_local: bool
    heartbeat_timeout_s: float  # 0 = none
    start_to_close_timeout_s: float  # likewise
    input: Sequence[Payload]
    heartbeat_details: Sequence[Payload]
    headers: Mapping[str, Payload]
    make_info: Callable[[], Info]
    _info: Info | None = None

    @property
    def info(self) -> Info:
        """What `activity.info()` says."""
        if self._info is None:
            self._info = self.make_info()
        return self._info

    def tell_details(self, details: Sequence[Any]) -> None:
        """Let `info` say what the attempt before this one said last."""
        self._info = dataclasses.replace(self.info, heartbeat_details=details)

    def context(self) -> ActivitySerializationContext:
        """For whom its payloads are."""
        info = self.info
        return ActivitySerializationContext(
            namespace=info.namespace,
            activity_id=info.activity_id,
            activity_type=info.activity_type,
            activity_task_queue=info.task_queue,
            workflow_id=info.workflow_id,
            workflow_type=info.workflow_type,
            is_local=info.is_local,
        )

    def store_context(self) -> StorageDriverStoreContext:
        """For whom what it gives is stored: the workflow that waits for it, if there is one."""
        info = self.info
        if info.workflow_id is None:
            return self.heartbeat_store_context()
        return StorageDriverStoreContext(
            StorageDriverWorkflowInfo(
                namespace=info.namespace, id=info.workflow_id, run_id=info.workflow_run_id, type=info.workflow_type
            )
        )

    def heartbeat_store_context(self) -> StorageDriverStoreContext:
        """For whom heartbeats are stored: the activity, since nobody else reads them."""
        info = self.info
        return StorageDriverStoreContext(
            StorageDriverActivityInfo(
                namespace=info.namespace, id=info.activity_id, run_id=info.activity_run_id, type=info.activity_type
            )
        )


def assignment_of_task(task: PollActivityTaskQueueResponse, namespace: str, task_queue: str) -> Assignment:
    """A task that the server gave."""
    return Assignment(
        task_token=task.task_token,
        activity_type=task.activity_type.name,
        is_local=False,
        heartbeat_timeout_s=_seconds(task.heartbeat_timeout),
        start_to_close_timeout_s=_seconds(task.start_to_close_timeout),
        input=task.input.payloads[:],
        heartbeat_details=task.heartbeat_details.payloads,
        headers=task.header.fields,
        make_info=partial(_info_of_task, task, namespace, task_queue),
    )


def _info_of_task(task: PollActivityTaskQueueResponse, namespace: str, task_queue: str) -> Info:
    in_workflow = bool(task.workflow_execution.workflow_id)
    return Info(
        activity_id=task.activity_id,
        activity_type=task.activity_type.name,
        attempt=task.attempt,
        current_attempt_scheduled_time=_instant(task.current_attempt_scheduled_time),
        heartbeat_details=[],
        heartbeat_timeout=_timeout(task.heartbeat_timeout),
        is_local=False,
        namespace=task.workflow_namespace or namespace,
        schedule_to_close_timeout=_timeout(task.schedule_to_close_timeout),
        scheduled_time=_instant(task.scheduled_time),
        start_to_close_timeout=_timeout(task.start_to_close_timeout),
        started_time=_instant(task.started_time),
        task_queue=task_queue,
        task_token=task.task_token,
        workflow_id=task.workflow_execution.workflow_id or None,
        workflow_namespace=task.workflow_namespace or None,
        workflow_run_id=(task.workflow_execution.run_id or None) if in_workflow else None,
        workflow_type=task.workflow_type.name or None,
        priority=Priority._from_proto(task.priority),  # pyright: ignore[reportPrivateUsage] - the official name
        retry_policy=RetryPolicy.from_proto(task.retry_policy) if task.HasField("retry_policy") else None,
        activity_run_id=None if in_workflow else (task.activity_run_id or None),
    )


def assignment_of_local(task: LocalActivityTask, attempt: int, scheduled_at: int, by: WorkflowInfo) -> Assignment:
    """An attempt of a local activity. `scheduled_at`: when the first was asked for, in ns since the epoch."""
    now = datetime.now(UTC)
    info = Info(
        activity_id=task.activity_id,
        activity_type=task.activity_type,
        attempt=attempt,
        current_attempt_scheduled_time=now,
        heartbeat_details=[],
        heartbeat_timeout=None,
        is_local=True,
        namespace=by.namespace,
        schedule_to_close_timeout=_span(task.schedule_to_close_ns),
        scheduled_time=datetime.fromtimestamp(scheduled_at / 1e9, UTC),
        start_to_close_timeout=_span(task.start_to_close_ns),
        started_time=now,
        task_queue=by.task_queue,
        task_token=f"local:{by.run_id}:{task.seq}:{attempt}".encode(),
        workflow_id=by.workflow_id,
        workflow_namespace=by.namespace,
        workflow_run_id=by.run_id,
        workflow_type=by.workflow_type,
        priority=by.priority,
        retry_policy=RetryPolicy.from_proto(task.retry_policy) if task.retry_policy else None,
    )
    return Assignment(
        task_token=info.task_token,
        activity_type=task.activity_type,
        is_local=True,
        heartbeat_timeout_s=0.0,
        start_to_close_timeout_s=task.start_to_close_ns / 1e9,
        input=task.input,
        heartbeat_details=[],
        headers=task.headers,
        make_info=lambda: info,
    )


def _instant(at: Timestamp) -> datetime:
    return at.ToDatetime(UTC)


def _seconds(duration: Duration) -> float:
    return duration.seconds + duration.nanos / 1e9


def _timeout(duration: Duration) -> timedelta | None:
    return duration.ToTimedelta() or None


def _span(nanoseconds: int) -> timedelta | None:
    return timedelta(microseconds=nanoseconds / 1000) or None
