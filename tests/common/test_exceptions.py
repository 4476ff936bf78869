"""What the errors say, and which of them mean that something was cancelled."""

from __future__ import annotations

import asyncio
from datetime import timedelta

import pytest

from mainspring.exceptions import (
    ActivityError,
    ApplicationError,
    ApplicationErrorCategory,
    CancelledError,
    ChildWorkflowError,
    FailureError,
    NexusOperationError,
    RetryState,
    TimeoutError,  # noqa: A004  # the official name
    TimeoutType,
    WorkflowAlreadyStartedError,
    is_cancelled_exception,
)


def an_activity_error() -> ActivityError:
    return ActivityError(
        "Activity task failed",
        scheduled_event_id=5,
        started_event_id=6,
        identity="worker",
        activity_type="add_node",
        activity_id="1",
        retry_state=RetryState.TIMEOUT,
    )


def a_child_error() -> ChildWorkflowError:
    return ChildWorkflowError(
        "Child workflow failed",
        namespace="default",
        workflow_id="w",
        run_id="r",
        workflow_type="Child",
        initiated_event_id=5,
        started_event_id=6,
        retry_state=None,
    )


def an_operation_error() -> NexusOperationError:
    return NexusOperationError(
        "operation failed", scheduled_event_id=5, endpoint="e", service="s", operation="o", operation_token="t"
    )


def caused(error: FailureError, cause: BaseException) -> FailureError:
    error.__cause__ = cause
    return error


def test_a_type_stands_before_the_message_as_text_only() -> None:
    error = ApplicationError("no room", 1, "b", type="Full", non_retryable=True, next_retry_delay=timedelta(seconds=2))
    assert (str(error), error.message) == ("Full: no room", "no room")
    assert (error.details, error.type, error.non_retryable) == ((1, "b"), "Full", True)
    assert (error.next_retry_delay, error.category) == (timedelta(seconds=2), ApplicationErrorCategory.UNSPECIFIED)
    assert str(ApplicationError("no room")) == "no room"


def test_arguments_of_the_exception_can_be_said() -> None:
    assert FailureError("message", exc_args=()).args == ()
    assert FailureError("message").args == ("message",)
    assert FailureError("message").failure is None


def test_a_cause_is_the_exceptions_own() -> None:
    cause = ValueError("x")
    assert caused(an_activity_error(), cause).cause is cause


def test_errors_keep_what_they_are_told() -> None:
    activity, child, operation = an_activity_error(), a_child_error(), an_operation_error()
    assert (activity.scheduled_event_id, activity.started_event_id, activity.identity) == (5, 6, "worker")
    assert (activity.activity_type, activity.activity_id, activity.retry_state) == ("add_node", "1", RetryState.TIMEOUT)
    assert (child.namespace, child.workflow_id, child.run_id, child.workflow_type) == ("default", "w", "r", "Child")
    assert (child.initiated_event_id, child.started_event_id, child.retry_state) == (5, 6, None)
    assert (operation.scheduled_event_id, operation.endpoint, operation.service) == (5, "e", "s")
    assert (operation.operation, operation.operation_token) == ("o", "t")
    timeout = TimeoutError("activity timed out", type=TimeoutType.HEARTBEAT, last_heartbeat_details=[1])
    assert (timeout.type, timeout.last_heartbeat_details) == (TimeoutType.HEARTBEAT, [1])
    started = WorkflowAlreadyStartedError("w", "Type", run_id="r")
    assert (str(started), started.workflow_id, started.run_id) == ("Workflow execution already started", "w", "r")


@pytest.mark.parametrize(
    "error",
    [
        asyncio.CancelledError(),
        CancelledError(),
        caused(an_activity_error(), CancelledError()),
        caused(a_child_error(), CancelledError()),
        caused(an_operation_error(), CancelledError()),
    ],
    ids=lambda error: type(error).__name__,
)
def test_a_cancellation_is_told_by_error_or_cause(error: BaseException) -> None:
    assert is_cancelled_exception(error)


@pytest.mark.parametrize(
    "error",
    [
        ValueError(),
        an_activity_error(),
        caused(a_child_error(), ValueError()),
        caused(ApplicationError("x"), CancelledError()),
    ],
    ids=lambda error: type(error).__name__,
)
def test_another_error_is_no_cancellation(error: BaseException) -> None:
    assert not is_cancelled_exception(error)
