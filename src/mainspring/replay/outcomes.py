"""How activities, children and external calls ended, as failures: the shape and texts are those of the official SDKs.

activity_failed(scheduled, event attributes) -> Outcome(failure=Failure("Activity task failed", cause=...))
"""

from __future__ import annotations

from temporalio.api.common.v1 import ActivityType, Payloads, WorkflowExecution, WorkflowType
from temporalio.api.enums.v1 import CancelExternalWorkflowExecutionFailedCause, RetryState
from temporalio.api.enums.v1 import SignalExternalWorkflowExecutionFailedCause as SignalCause
from temporalio.api.failure.v1 import (
    ActivityFailureInfo,
    ApplicationFailureInfo,
    CanceledFailureInfo,
    ChildWorkflowExecutionFailureInfo,
    Failure,
    TerminatedFailureInfo,
    TimeoutFailureInfo,
)
from temporalio.api.history.v1 import (
    ActivityTaskCanceledEventAttributes,
    ActivityTaskFailedEventAttributes,
    ActivityTaskTimedOutEventAttributes,
)

from mainspring.replay.activation import Outcome

SIGNAL_FAILURES = {
    SignalCause.SIGNAL_EXTERNAL_WORKFLOW_EXECUTION_FAILED_CAUSE_UNSPECIFIED: "unknown",
    SignalCause.SIGNAL_EXTERNAL_WORKFLOW_EXECUTION_FAILED_CAUSE_SIGNAL_COUNT_LIMIT_EXCEEDED: (
        "The per-workflow signal limit was exceeded"
    ),
}
CANCEL_UNKNOWN = CancelExternalWorkflowExecutionFailedCause.CANCEL_EXTERNAL_WORKFLOW_EXECUTION_FAILED_CAUSE_UNSPECIFIED


def completed(result: Payloads) -> Outcome:
    """Ended well; the first payload is the result."""
    return Outcome(result=result.payloads[0] if result.payloads else None)


def activity_info(activity_type: str, activity_id: str, scheduled_event_id: int) -> ActivityFailureInfo:
    return ActivityFailureInfo(
        activity_type=ActivityType(name=activity_type), activity_id=activity_id, scheduled_event_id=scheduled_event_id
    )


def activity_failed(info: ActivityFailureInfo, event: ActivityTaskFailedEventAttributes) -> Outcome:
    return _activity_ended(info, event, "Activity task failed", event.failure, event.retry_state)


def activity_timed_out(info: ActivityFailureInfo, event: ActivityTaskTimedOutEventAttributes) -> Outcome:
    return _activity_ended(info, event, "Activity task timed out", event.failure, event.retry_state)


def activity_cancelled(info: ActivityFailureInfo, event: ActivityTaskCanceledEventAttributes) -> Outcome:
    cause = Failure(canceled_failure_info=CanceledFailureInfo(details=event.details))
    outcome = _activity_ended(info, event, "Activity cancelled", cause, RetryState.RETRY_STATE_CANCEL_REQUESTED)
    return Outcome(failure=outcome.failure, is_cancelled=True)


def activity_given_up(info: ActivityFailureInfo) -> Outcome:
    """Cancelled for its caller, who does not wait for what becomes of it."""
    return activity_cancelled(info, ActivityTaskCanceledEventAttributes(scheduled_event_id=info.scheduled_event_id))


def _activity_ended(
    info: ActivityFailureInfo,
    event: ActivityTaskFailedEventAttributes
    | ActivityTaskTimedOutEventAttributes
    | ActivityTaskCanceledEventAttributes,
    message: str,
    cause: Failure,
    retry_state: RetryState.ValueType,
) -> Outcome:
    failure = Failure(message=message, cause=cause, activity_failure_info=info)
    ended = failure.activity_failure_info
    ended.scheduled_event_id = event.scheduled_event_id
    ended.started_event_id = event.started_event_id
    ended.retry_state = retry_state
    if not isinstance(event, ActivityTaskTimedOutEventAttributes):
        ended.identity = event.identity
    return Outcome(failure=failure)


def local_activity_failure(info: ActivityFailureInfo, message: str, cause: Failure, retry_state: int) -> Failure:
    """What a local activity's marker keeps, and its caller gets."""
    failure = Failure(message=message, cause=cause, activity_failure_info=info)
    failure.activity_failure_info.retry_state = RetryState.ValueType(retry_state)
    return failure


class ChildInfo:
    """Who a child is, for its failures."""

    def __init__(self, namespace: str, workflow_id: str, workflow_type: str) -> None:
        self.info = ChildWorkflowExecutionFailureInfo(
            namespace=namespace,
            workflow_execution=WorkflowExecution(workflow_id=workflow_id),
            workflow_type=WorkflowType(name=workflow_type),
        )

    def initiated(self, event_id: int) -> None:
        self.info.initiated_event_id = event_id

    def started(self, event_id: int, run_id: str) -> None:
        self.info.started_event_id = event_id
        self.info.workflow_execution.run_id = run_id

    def ended(self, message: str, cause: Failure, retry_state: int = 0) -> Failure:
        failure = Failure(message=message, cause=cause, child_workflow_execution_failure_info=self.info)
        failure.child_workflow_execution_failure_info.retry_state = RetryState.ValueType(retry_state)
        return failure

    def failed(self, cause: Failure, retry_state: int) -> Outcome:
        return Outcome(failure=self.ended("Child Workflow execution failed", cause, retry_state))

    def timed_out(self, retry_state: int) -> Outcome:
        cause = Failure(message="Timed out", timeout_failure_info=TimeoutFailureInfo())
        return Outcome(failure=self.ended("Child Workflow execution timed out", cause, retry_state))

    def terminated(self) -> Outcome:
        cause = Failure(message="Terminated", terminated_failure_info=TerminatedFailureInfo())
        return Outcome(failure=self.ended("Child Workflow execution terminated", cause))

    def cancelled(self, details: Payloads | None = None) -> Outcome:
        cause = Failure(canceled_failure_info=CanceledFailureInfo(details=details))
        return Outcome(failure=self.ended("Child Workflow execution cancelled", cause), is_cancelled=True)

    def cancelled_unstarted(self, reason: str) -> Failure:
        message = f"Child Workflow Execution cancelled before scheduled: {reason}"
        cause = Failure(message=message, canceled_failure_info=CanceledFailureInfo())
        return self.ended(message, cause)


def signal_failed(cause: SignalCause.ValueType) -> Failure:
    reason = SIGNAL_FAILURES.get(cause, "it was not found")
    return _application(f"Unable to signal external workflow because {reason}")


def signal_cancelled() -> Failure:
    return Failure(message="Signal was cancelled before being sent", canceled_failure_info=CanceledFailureInfo())


def cancel_failed(cause: CancelExternalWorkflowExecutionFailedCause.ValueType) -> Failure:
    reason = "unknown" if cause == CANCEL_UNKNOWN else "not found"
    return _application(f"Unable to cancel external workflow because {reason}")


def _application(message: str) -> Failure:
    return Failure(message=message, application_failure_info=ApplicationFailureInfo())
