"""What an activity can read of itself."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from mainspring.common import Priority, RetryPolicy


@dataclass(frozen=True)
class Info:
    """The running attempt. Fields may be added; tests take `ActivityEnvironment.default_info` and replace fields."""

    activity_id: str
    activity_type: str
    attempt: int
    current_attempt_scheduled_time: datetime
    heartbeat_details: Sequence[Any]
    """What the attempt before this one said last."""
    heartbeat_timeout: timedelta | None
    is_local: bool
    namespace: str
    schedule_to_close_timeout: timedelta | None
    scheduled_time: datetime
    start_to_close_timeout: timedelta | None
    started_time: datetime
    task_queue: str
    task_token: bytes
    workflow_id: str | None
    """None if no workflow started the activity, as with the fields about workflows below."""
    workflow_namespace: str | None
    """Deprecated: `namespace` replaces it."""
    workflow_run_id: str | None
    workflow_type: str | None
    priority: Priority
    retry_policy: RetryPolicy | None
    """The policy as the server keeps it, which may differ from the one given; None if the server does not say."""
    activity_run_id: str | None = None
    """The run id of an activity that no workflow started."""

    @property
    def in_workflow(self) -> bool:
        """Whether a workflow started the activity."""
        return self.workflow_id is not None

    @property
    def idempotency_key(self) -> str:
        """The same in all attempts of this activity, and in no other: what an outside service tells repeats by."""
        return f"{self.workflow_run_id or self.activity_run_id}:{self.activity_id}"

    def logger_details(self) -> Mapping[str, Any]:
        return {
            "activity_id": self.activity_id,
            "activity_type": self.activity_type,
            "attempt": self.attempt,
            "namespace": self.namespace,
            "task_queue": self.task_queue,
            "workflow_id": self.workflow_id,
            "workflow_run_id": self.workflow_run_id,
            "workflow_type": self.workflow_type,
        }


@dataclass(frozen=True)
class ActivityCancellationDetails:
    """Why an activity was told to stop. Set once, and never changed."""

    not_found: bool = False
    """The server knows no such attempt any more: it timed out, or its workflow closed."""
    cancel_requested: bool = False
    paused: bool = False
    reset: bool = False
    timed_out: bool = False
    worker_shutdown: bool = False


@dataclass
class ActivityCancellationDetailsHolder:
    """Where the worker puts the details when it cancels, for the activity to read."""

    details: ActivityCancellationDetails | None = None
