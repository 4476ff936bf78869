"""What each kind of failure has of its own: the exception's attributes <-> the fields of its `..._failure_info`.

set_details(error, converter, failure)       exception -> message        WRITERS, by class
error_of(failure, converter)                 message -> exception        READERS, by the name of the info
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from temporalio.api.enums.v1 import ApplicationErrorCategory as ApiCategory
from temporalio.api.enums.v1 import RetryState as ApiRetryState
from temporalio.api.enums.v1 import TimeoutType as ApiTimeoutType
from temporalio.api.failure.v1 import Failure

from mainspring.converter._payload_converter import PayloadConverter
from mainspring.exceptions import (
    ActivityError,
    ApplicationError,
    ApplicationErrorCategory,
    CancelledError,
    ChildWorkflowError,
    FailureError,
    NexusOperationError,
    RetryState,
    ServerError,
    TerminatedError,
    TimeoutError,  # noqa: A004  # the official name
    TimeoutType,
)


def set_details(error: FailureError, payload_converter: PayloadConverter, failure: Failure) -> None:
    """Write what the class of error has of its own; other classes have nothing."""
    for cls, write in WRITERS.items():
        if isinstance(error, cls):
            write(error, payload_converter, failure)
            return


def error_of(failure: Failure, payload_converter: PayloadConverter) -> FailureError:
    """The exception of a failure, less its cause. It keeps the failure, to go out again as it came."""
    read = READERS.get(failure.WhichOneof("failure_info") or "", _plain_error)
    error = read(failure, payload_converter)
    error._failure = failure  # the official attribute, which has no other way in
    return error


def _write_application(error: ApplicationError, payload_converter: PayloadConverter, failure: Failure) -> None:
    info = failure.application_failure_info
    info.SetInParent()
    info.type = error.type or ""
    info.non_retryable = error.non_retryable
    if error.details:
        info.details.CopyFrom(payload_converter.to_payloads_wrapper(error.details))
    if error.next_retry_delay:
        info.next_retry_delay.FromTimedelta(error.next_retry_delay)
    info.category = ApiCategory.ValueType(error.category)


def _read_application(failure: Failure, payload_converter: PayloadConverter) -> FailureError:
    info = failure.application_failure_info
    return ApplicationError(
        failure.message or "Application error",
        *payload_converter.from_payloads_wrapper(info.details),
        type=info.type or None,
        non_retryable=info.non_retryable,
        next_retry_delay=info.next_retry_delay.ToTimedelta() if info.HasField("next_retry_delay") else None,
        category=ApplicationErrorCategory(int(info.category)),
    )


def _write_timeout(error: TimeoutError, payload_converter: PayloadConverter, failure: Failure) -> None:
    info = failure.timeout_failure_info
    info.SetInParent()
    info.timeout_type = ApiTimeoutType.ValueType(error.type or 0)
    if error.last_heartbeat_details:
        info.last_heartbeat_details.CopyFrom(payload_converter.to_payloads_wrapper(error.last_heartbeat_details))


def _read_timeout(failure: Failure, payload_converter: PayloadConverter) -> FailureError:
    info = failure.timeout_failure_info
    return TimeoutError(
        failure.message or "Timeout",
        type=TimeoutType(int(info.timeout_type)) if info.timeout_type else None,
        last_heartbeat_details=payload_converter.from_payloads_wrapper(info.last_heartbeat_details),
    )


def _write_cancelled(error: CancelledError, payload_converter: PayloadConverter, failure: Failure) -> None:
    failure.canceled_failure_info.SetInParent()
    if error.details:
        details = payload_converter.to_payloads_wrapper(error.details)
        failure.canceled_failure_info.details.CopyFrom(details)


def _read_cancelled(failure: Failure, payload_converter: PayloadConverter) -> FailureError:
    details = payload_converter.from_payloads_wrapper(failure.canceled_failure_info.details)
    return CancelledError(failure.message or "Cancelled", *details)


def _write_terminated(_error: TerminatedError, _converter: PayloadConverter, failure: Failure) -> None:
    failure.terminated_failure_info.SetInParent()


def _read_terminated(failure: Failure, _converter: PayloadConverter) -> FailureError:
    return TerminatedError(failure.message or "Terminated")


def _write_server(error: ServerError, _converter: PayloadConverter, failure: Failure) -> None:
    failure.server_failure_info.SetInParent()
    failure.server_failure_info.non_retryable = error.non_retryable


def _read_server(failure: Failure, _converter: PayloadConverter) -> FailureError:
    return ServerError(failure.message or "Server error", non_retryable=failure.server_failure_info.non_retryable)


def _write_activity(error: ActivityError, _converter: PayloadConverter, failure: Failure) -> None:
    info = failure.activity_failure_info
    info.SetInParent()
    info.scheduled_event_id = error.scheduled_event_id
    info.started_event_id = error.started_event_id
    info.identity = error.identity
    info.activity_type.name = error.activity_type
    info.activity_id = error.activity_id
    info.retry_state = ApiRetryState.ValueType(error.retry_state or 0)


def _read_activity(failure: Failure, _converter: PayloadConverter) -> FailureError:
    info = failure.activity_failure_info
    return ActivityError(
        failure.message or "Activity error",
        scheduled_event_id=info.scheduled_event_id,
        started_event_id=info.started_event_id,
        identity=info.identity,
        activity_type=info.activity_type.name,
        activity_id=info.activity_id,
        retry_state=RetryState(int(info.retry_state)) if info.retry_state else None,
    )


def _write_child(error: ChildWorkflowError, _converter: PayloadConverter, failure: Failure) -> None:
    info = failure.child_workflow_execution_failure_info
    info.SetInParent()
    info.namespace = error.namespace
    info.workflow_execution.workflow_id = error.workflow_id
    info.workflow_execution.run_id = error.run_id
    info.workflow_type.name = error.workflow_type
    info.initiated_event_id = error.initiated_event_id
    info.started_event_id = error.started_event_id
    info.retry_state = ApiRetryState.ValueType(error.retry_state or 0)


def _read_child(failure: Failure, _converter: PayloadConverter) -> FailureError:
    info = failure.child_workflow_execution_failure_info
    return ChildWorkflowError(
        failure.message or "Child workflow error",
        namespace=info.namespace,
        workflow_id=info.workflow_execution.workflow_id,
        run_id=info.workflow_execution.run_id,
        workflow_type=info.workflow_type.name,
        initiated_event_id=info.initiated_event_id,
        started_event_id=info.started_event_id,
        retry_state=RetryState(int(info.retry_state)) if info.retry_state else None,
    )


def _write_nexus_operation(error: NexusOperationError, _converter: PayloadConverter, failure: Failure) -> None:
    info = failure.nexus_operation_execution_failure_info
    info.SetInParent()
    info.scheduled_event_id = error.scheduled_event_id
    info.endpoint = error.endpoint
    info.service = error.service
    info.operation = error.operation
    info.operation_token = error.operation_token


def _read_nexus_operation(failure: Failure, _converter: PayloadConverter) -> FailureError:
    info = failure.nexus_operation_execution_failure_info
    return NexusOperationError(
        failure.message or "Nexus operation error",
        scheduled_event_id=info.scheduled_event_id,
        endpoint=info.endpoint,
        service=info.service,
        operation=info.operation,
        operation_token=info.operation_token,
    )


def _plain_error(failure: Failure, _converter: PayloadConverter) -> FailureError:
    return FailureError(failure.message or "Failure error")


WRITERS: dict[type[FailureError], Callable[[Any, PayloadConverter, Failure], None]] = {
    ApplicationError: _write_application,
    TimeoutError: _write_timeout,
    CancelledError: _write_cancelled,
    TerminatedError: _write_terminated,
    ServerError: _write_server,
    ActivityError: _write_activity,
    ChildWorkflowError: _write_child,
    NexusOperationError: _write_nexus_operation,
}
READERS: dict[str, Callable[[Failure, PayloadConverter], FailureError]] = {
    "application_failure_info": _read_application,
    "timeout_failure_info": _read_timeout,
    "canceled_failure_info": _read_cancelled,
    "terminated_failure_info": _read_terminated,
    "server_failure_info": _read_server,
    "activity_failure_info": _read_activity,
    "child_workflow_execution_failure_info": _read_child,
    "nexus_operation_execution_failure_info": _read_nexus_operation,
}
