"""What calls of a client raise, besides `RPCError`.

TemporalError
├── WorkflowFailureError                       the workflow failed, was cancelled or terminated, or timed out
├── WorkflowContinuedAsNewError                its result was asked for without following runs
├── WorkflowQueryRejectedError
├── WorkflowQueryFailedError
├── WorkflowUpdateFailedError
├── RPCTimeoutOrCancelledError
│   └── WorkflowUpdateRPCTimeoutOrCancelledError
├── ActivityFailureError                       a standalone activity failed
├── NexusOperationFailureError                 a standalone Nexus operation failed
├── AsyncActivityCancelledError
└── ScheduleAlreadyRunningError
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from mainspring.exceptions import TemporalError

if TYPE_CHECKING:
    from mainspring.activity import ActivityCancellationDetails
    from mainspring.client._execution import WorkflowExecutionStatus


class _FailedError(TemporalError):
    """What was waited for has no result: `cause` says why."""

    def __init__(self, message: str, cause: BaseException) -> None:
        super().__init__(message)
        self.__cause__ = cause

    @property
    def cause(self) -> BaseException:
        """The failure: an `ApplicationError`, `CancelledError`, `TerminatedError`, `TimeoutError` and so on."""
        assert self.__cause__ is not None
        return self.__cause__


class WorkflowFailureError(_FailedError):
    """The workflow has no result: `cause` says why."""

    def __init__(self, *, cause: BaseException) -> None:
        super().__init__("Workflow execution failed", cause)


class WorkflowContinuedAsNewError(TemporalError):
    """The run ended by beginning another one, which was not to be followed."""

    def __init__(self, new_execution_run_id: str) -> None:
        super().__init__("Workflow continued as new")
        self._new_execution_run_id = new_execution_run_id

    @property
    def new_execution_run_id(self) -> str:
        """The run that goes on."""
        return self._new_execution_run_id


class WorkflowQueryRejectedError(TemporalError):
    """The query's reject condition holds."""

    def __init__(self, status: WorkflowExecutionStatus | None) -> None:
        super().__init__(f"Query rejected, status: {status}")
        self._status = status

    @property
    def status(self) -> WorkflowExecutionStatus | None:
        """The workflow's status, for which it was rejected."""
        return self._status


class WorkflowQueryFailedError(TemporalError):
    """The query's handler raised, or there is none."""

    def __init__(self, message: str) -> None:
        super().__init__(message)
        self._message = message

    @property
    def message(self) -> str:
        """What the worker said."""
        return self._message


class WorkflowUpdateFailedError(_FailedError):
    """The update was rejected, or its handler failed: `cause` says how."""

    def __init__(self, cause: BaseException) -> None:
        super().__init__("Workflow update failed", cause)


class RPCTimeoutOrCancelledError(TemporalError):
    """Waiting ended; what was waited for may go on."""


class WorkflowUpdateRPCTimeoutOrCancelledError(RPCTimeoutOrCancelledError):
    """Waiting for an update ended; the update itself may go on."""

    def __init__(self) -> None:
        super().__init__("Timeout or cancellation waiting for update")


class ActivityFailureError(_FailedError):
    """A standalone activity has no result: `cause` says why."""

    def __init__(self, *, cause: BaseException) -> None:
        super().__init__("Activity execution failed", cause)


class NexusOperationFailureError(_FailedError):
    """A standalone Nexus operation has no result: `cause` says why."""

    def __init__(self, *, cause: BaseException) -> None:
        super().__init__("Nexus operation execution failed", cause)


class AsyncActivityCancelledError(TemporalError):
    """A heartbeat brought back that the activity should end: `details` say why."""

    def __init__(self, details: ActivityCancellationDetails | None = None) -> None:
        super().__init__("Activity cancelled")
        self.details = details


class ScheduleAlreadyRunningError(TemporalError):
    """There is a schedule with this id."""

    def __init__(self) -> None:
        super().__init__("Schedule already running")
