"""What workflows, activities and clients raise and catch.

    TemporalError
    └── FailureError                             has a `Failure` message: what crosses the wire
        ├── WorkflowAlreadyStartedError
        ├── InvalidVersioningOverrideError
        ├── ActivityAlreadyStartedError
        ├── NexusOperationAlreadyStartedError
        ├── ApplicationError                     the one to raise: fails a workflow, or an attempt of an activity
        ├── CancelledError
        ├── TerminatedError
        ├── TimeoutError
        ├── ServerError
        ├── ActivityError                        an activity failed: `cause` says how
        ├── ChildWorkflowError                   a child workflow failed: `cause` says how
        └── NexusOperationError                  a Nexus operation failed: `cause` says how

Errors of the client, of workflow code and of the RPCs derive from TemporalError and stand in their modules. Any other
exception of an activity is an attempt that failed; any other exception of a workflow fails its workflow task, which is
tried again until the code is mended.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from datetime import timedelta
from enum import IntEnum
from typing import Any

from temporalio.api.failure.v1 import Failure

__all__ = [
    "ActivityAlreadyStartedError",
    "ActivityError",
    "ApplicationError",
    "ApplicationErrorCategory",
    "CancelledError",
    "ChildWorkflowError",
    "FailureError",
    "InvalidVersioningOverrideError",
    "NexusOperationAlreadyStartedError",
    "NexusOperationError",
    "RetryState",
    "ServerError",
    "TemporalError",
    "TerminatedError",
    "TimeoutError",
    "TimeoutType",
    "WorkflowAlreadyStartedError",
    "is_cancelled_exception",
]


class ApplicationErrorCategory(IntEnum):
    """How much noise an application error makes. Values are those of the API's enum of this name."""

    UNSPECIFIED = 0
    BENIGN = 1
    """Expected in normal operation: logged at DEBUG, counted in no metric of failures."""


class TimeoutType(IntEnum):
    """Which timeout ran out. Values are those of the API's enum of this name."""

    START_TO_CLOSE = 1
    SCHEDULE_TO_START = 2
    SCHEDULE_TO_CLOSE = 3
    HEARTBEAT = 4


class RetryState(IntEnum):
    """Why there was no further attempt. Values are those of the API's enum of this name."""

    IN_PROGRESS = 1
    NON_RETRYABLE_FAILURE = 2
    TIMEOUT = 3
    MAXIMUM_ATTEMPTS_REACHED = 4
    RETRY_POLICY_NOT_SET = 5
    INTERNAL_SERVER_ERROR = 6
    CANCEL_REQUESTED = 7


class TemporalError(Exception):
    """The root of all errors of the SDK."""

    @property
    def cause(self) -> BaseException | None:
        """The exception's `__cause__`."""
        return self.__cause__


class FailureError(TemporalError):
    """A failure of a workflow or an activity, as it crosses the wire."""

    def __init__(
        self, message: str, *, failure: Failure | None = None, exc_args: tuple[Any, ...] | None = None
    ) -> None:
        super().__init__(*((message,) if exc_args is None else exc_args))
        self._message = message
        self._failure = failure

    @property
    def message(self) -> str:
        """The bare message; `str()` may put the type before it."""
        return self._message

    @property
    def failure(self) -> Failure | None:
        """The message that this error was read from; None for one that was raised here."""
        return self._failure


class WorkflowAlreadyStartedError(FailureError):
    """The workflow id is taken, and the policies for reuse and conflict forbid to start one.

    `run_id` and `first_run_id` are known to a client only, and the latter only if the server told it.
    """

    def __init__(
        self, workflow_id: str, workflow_type: str, *, run_id: str | None = None, first_run_id: str | None = None
    ) -> None:
        super().__init__("Workflow execution already started")
        self.workflow_id = workflow_id
        self.workflow_type = workflow_type
        self.run_id = run_id
        self.first_run_id = first_run_id


class InvalidVersioningOverrideError(FailureError):
    """A child workflow could not start: its versioning override names no version that there is."""

    def __init__(self) -> None:
        super().__init__("Invalid versioning override")


class ActivityAlreadyStartedError(FailureError):
    """The id of a standalone activity is taken, and the policies for reuse and conflict forbid to start one."""

    def __init__(self, activity_id: str, activity_type: str, *, run_id: str | None = None) -> None:
        super().__init__("Activity execution already started")
        self.activity_id = activity_id
        self.activity_type = activity_type
        self.run_id = run_id


class NexusOperationAlreadyStartedError(FailureError):
    """The id of a standalone Nexus operation is taken."""

    def __init__(self, operation_id: str, *, run_id: str | None = None) -> None:
        super().__init__("Nexus operation execution already started")
        self.operation_id = operation_id
        self.run_id = run_id


class ApplicationError(FailureError):
    """Raised by code of users: fails a workflow, or an attempt of an activity.

    `details` are values for whoever catches it on the other side; `next_retry_delay` overrides the retry policy's next
    delay of an activity.
    """

    def __init__(
        self,
        message: str,
        *details: Any,
        type: str | None = None,
        non_retryable: bool = False,
        next_retry_delay: timedelta | None = None,
        category: ApplicationErrorCategory = ApplicationErrorCategory.UNSPECIFIED,
    ) -> None:
        super().__init__(message, exc_args=(f"{type}: {message}" if type else message,))
        self._details = details
        self._type = type
        self._non_retryable = non_retryable
        self._next_retry_delay = next_retry_delay
        self._category = category

    @property
    def details(self) -> Sequence[Any]:
        return self._details

    @property
    def type(self) -> str | None:
        """What retry policies name in `non_retryable_error_types`."""
        return self._type

    @property
    def non_retryable(self) -> bool:
        """Whether this error itself forbids a retry; a retry policy may forbid one that this does not."""
        return self._non_retryable

    @property
    def next_retry_delay(self) -> timedelta | None:
        return self._next_retry_delay

    @property
    def category(self) -> ApplicationErrorCategory:
        return self._category


class CancelledError(FailureError):
    """A workflow or an activity was cancelled and ended by it."""

    def __init__(self, message: str = "Cancelled", *details: Any) -> None:
        super().__init__(message)
        self._details = details

    @property
    def details(self) -> Sequence[Any]:
        return self._details


class TerminatedError(FailureError):
    """A workflow was terminated."""

    def __init__(self, message: str, *details: Any) -> None:
        super().__init__(message)
        self._details = details

    @property
    def details(self) -> Sequence[Any]:
        return self._details


class TimeoutError(FailureError):  # noqa: A001  # the official name
    """A timeout of a workflow or an activity ran out."""

    def __init__(self, message: str, *, type: TimeoutType | None, last_heartbeat_details: Sequence[Any]) -> None:
        super().__init__(message)
        self._type = type
        self._last_heartbeat_details = last_heartbeat_details

    @property
    def type(self) -> TimeoutType | None:
        return self._type

    @property
    def last_heartbeat_details(self) -> Sequence[Any]:
        """What the activity last reported, if a heartbeat timeout ran out."""
        return self._last_heartbeat_details


class ServerError(FailureError):
    """The server failed the workflow or the activity."""

    def __init__(self, message: str, *, non_retryable: bool = False) -> None:
        super().__init__(message)
        self._non_retryable = non_retryable

    @property
    def non_retryable(self) -> bool:
        return self._non_retryable


class ActivityError(FailureError):
    """An activity failed, was cancelled or timed out: see `cause`."""

    def __init__(
        self,
        message: str,
        *,
        scheduled_event_id: int,
        started_event_id: int,
        identity: str,
        activity_type: str,
        activity_id: str,
        retry_state: RetryState | None,
    ) -> None:
        super().__init__(message)
        self._scheduled_event_id = scheduled_event_id
        self._started_event_id = started_event_id
        self._identity = identity
        self._activity_type = activity_type
        self._activity_id = activity_id
        self._retry_state = retry_state

    @property
    def scheduled_event_id(self) -> int:
        return self._scheduled_event_id

    @property
    def started_event_id(self) -> int:
        return self._started_event_id

    @property
    def identity(self) -> str:
        """The worker that had the last attempt."""
        return self._identity

    @property
    def activity_type(self) -> str:
        return self._activity_type

    @property
    def activity_id(self) -> str:
        return self._activity_id

    @property
    def retry_state(self) -> RetryState | None:
        return self._retry_state


class ChildWorkflowError(FailureError):
    """A child workflow failed, was cancelled, terminated or timed out: see `cause`."""

    def __init__(
        self,
        message: str,
        *,
        namespace: str,
        workflow_id: str,
        run_id: str,
        workflow_type: str,
        initiated_event_id: int,
        started_event_id: int,
        retry_state: RetryState | None,
    ) -> None:
        super().__init__(message)
        self._namespace = namespace
        self._workflow_id = workflow_id
        self._run_id = run_id
        self._workflow_type = workflow_type
        self._initiated_event_id = initiated_event_id
        self._started_event_id = started_event_id
        self._retry_state = retry_state

    @property
    def namespace(self) -> str:
        return self._namespace

    @property
    def workflow_id(self) -> str:
        return self._workflow_id

    @property
    def run_id(self) -> str:
        return self._run_id

    @property
    def workflow_type(self) -> str:
        return self._workflow_type

    @property
    def initiated_event_id(self) -> int:
        return self._initiated_event_id

    @property
    def started_event_id(self) -> int:
        return self._started_event_id

    @property
    def retry_state(self) -> RetryState | None:
        return self._retry_state


class NexusOperationError(FailureError):
    """A Nexus operation that a workflow started failed, was cancelled or timed out: see `cause`."""

    def __init__(
        self,
        message: str,
        *,
        scheduled_event_id: int,
        endpoint: str,
        service: str,
        operation: str,
        operation_token: str,
    ) -> None:
        super().__init__(message)
        self._scheduled_event_id = scheduled_event_id
        self._endpoint = endpoint
        self._service = service
        self._operation = operation
        self._operation_token = operation_token

    @property
    def scheduled_event_id(self) -> int:
        return self._scheduled_event_id

    @property
    def endpoint(self) -> str:
        return self._endpoint

    @property
    def service(self) -> str:
        return self._service

    @property
    def operation(self) -> str:
        return self._operation

    @property
    def operation_token(self) -> str:
        """What the handler answered for the operation to be found by; empty if it never started."""
        return self._operation_token


def is_cancelled_exception(exception: BaseException) -> bool:
    """Whether `exception` says that something was cancelled, be it here or in an activity, a child or an operation."""
    if isinstance(exception, ActivityError | ChildWorkflowError | NexusOperationError):
        return isinstance(exception.cause, CancelledError)
    return isinstance(exception, asyncio.CancelledError | CancelledError)
