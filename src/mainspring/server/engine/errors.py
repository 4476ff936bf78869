"""Everything that can go wrong on the server side, as one tree.

    MainspringError
    ├── ServiceError              an RPC's answer: gRPC status, message, error-detail protobuf
    │   ├── InvalidArgument
    │   │   ├── QueryFailed
    │   │   └── RunTooLarge
    │   ├── NotFound
    │   │   ├── WorkflowCompleted
    │   │   └── NamespaceNotFound
    │   ├── AlreadyExists
    │   │   ├── WorkflowAlreadyStarted
    │   │   └── NamespaceAlreadyExists
    │   ├── FailedPrecondition
    │   │   ├── WorkflowNotReady
    │   │   ├── ClientVersionNotSupported
    │   │   └── ServerVersionNotSupported
    │   ├── PermissionDenied
    │   ├── Unimplemented
    │   ├── ResourceExhausted
    │   │   └── WorkflowClosing
    │   ├── Unavailable
    │   ├── DeadlineExceeded
    │   ├── Canceled
    │   ├── Aborted
    │   ├── Internal
    │   └── MultiOperationFailed
    ├── BadCommand                a workflow task's answer: the task fails, the run goes on
    ├── StoreError                never leaves `history`
    │   ├── VersionConflict
    │   ├── CurrentRunConflict
    │   └── StoreUnavailable
    └── InvariantError            a bug of ours

Messages of service errors are lower case without a full stop, or exactly the real server's text where SDKs match on it.
"""

from __future__ import annotations

from collections.abc import Sequence
from enum import IntEnum

from google.protobuf.any_pb2 import Any as AnyMessage
from google.protobuf.message import Message
from google.rpc.status_pb2 import Status
from temporalio.api.common.v1 import WorkflowExecution
from temporalio.api.enums.v1 import (
    ResourceExhaustedCause,
    ResourceExhaustedScope,
    WorkflowTaskFailedCause,
)
from temporalio.api.errordetails import v1 as details

from mainspring.server.engine.spelling import camel_case


class StatusCode(IntEnum):
    """The gRPC status codes, by number, so that the engine needs no transport."""

    OK = 0
    CANCELLED = 1
    UNKNOWN = 2
    INVALID_ARGUMENT = 3
    DEADLINE_EXCEEDED = 4
    NOT_FOUND = 5
    ALREADY_EXISTS = 6
    PERMISSION_DENIED = 7
    RESOURCE_EXHAUSTED = 8
    FAILED_PRECONDITION = 9
    ABORTED = 10
    OUT_OF_RANGE = 11
    UNIMPLEMENTED = 12
    INTERNAL = 13
    UNAVAILABLE = 14
    DATA_LOSS = 15
    UNAUTHENTICATED = 16


class MainspringError(Exception):
    """Root of the tree."""


class ServiceError(MainspringError):
    """The answer of an RPC that did not succeed.

    `details` holds the typed message that SDKs branch on; it must come first in `google.rpc.Status.details`.
    """

    code: StatusCode = StatusCode.INTERNAL

    def __init__(self, message: str, details: Sequence[Message] = ()) -> None:
        super().__init__(message)
        self.message = message
        self.details = tuple(details)

    def status(self) -> Status:
        """The error as the `google.rpc.Status` that travels in `grpc-status-details-bin`."""
        packed: list[AnyMessage] = []
        for detail in self.details:
            wrapper = AnyMessage()
            wrapper.Pack(detail)
            packed.append(wrapper)
        return Status(code=self.code, message=self.message, details=packed)


class InvalidArgument(ServiceError):
    """The request itself is wrong; sending it again cannot help."""

    code = StatusCode.INVALID_ARGUMENT


class RunTooLarge(InvalidArgument):
    """The history of a run, or what it is to remember besides, is over the limit: the run is ended."""


class QueryFailed(InvalidArgument):
    """The worker answered the query with a failure."""

    def __init__(self, message: str, detail: details.QueryFailedFailure) -> None:
        super().__init__(message, [detail])


class NotFound(ServiceError):
    """What the request names does not exist, or is closed already."""

    code = StatusCode.NOT_FOUND

    def __init__(self, message: str, details_: Sequence[Message] | None = None) -> None:
        super().__init__(message, [details.NotFoundFailure()] if details_ is None else details_)


class WorkflowCompleted(NotFound):
    """The run takes nothing any more."""

    def __init__(self) -> None:
        super().__init__("workflow execution already completed")


class NamespaceNotFound(NotFound):
    """No namespace of that name or id."""

    def __init__(self, namespace: str) -> None:
        super().__init__(
            f"Namespace {namespace} is not found.", [details.NamespaceNotFoundFailure(namespace=namespace)]
        )


class AlreadyExists(ServiceError):
    """What the request would create is there."""

    code = StatusCode.ALREADY_EXISTS


class WorkflowAlreadyStarted(AlreadyExists):
    """The workflow id is taken, under the reuse and conflict policies of the request."""

    def __init__(self, message: str, *, start_request_id: str, run_id: str, first_execution_run_id: str = "") -> None:
        detail = details.WorkflowExecutionAlreadyStartedFailure(
            start_request_id=start_request_id, run_id=run_id, first_execution_run_id=first_execution_run_id
        )
        super().__init__(message, [detail])
        self.run_id = run_id


class NamespaceAlreadyExists(AlreadyExists):
    """A namespace of that name is registered."""

    def __init__(self, namespace: str) -> None:
        super().__init__(f'Namespace "{namespace}" already exists', [details.NamespaceAlreadyExistsFailure()])


class FailedPrecondition(ServiceError):
    """The state of the run or of the system does not allow the request now."""

    code = StatusCode.FAILED_PRECONDITION


class WorkflowNotReady(FailedPrecondition):
    """The run cannot be asked yet: its workflow task has not run, or keeps failing."""

    def __init__(self, message: str) -> None:
        super().__init__(message, [details.WorkflowNotReadyFailure()])


class ClientVersionNotSupported(FailedPrecondition):
    """The client is of a major version that the server does not know."""

    def __init__(self, version: str, name: str, supported: str) -> None:
        detail = details.ClientVersionNotSupportedFailure(
            client_version=version, client_name=name, supported_versions=supported
        )
        super().__init__(
            f"Client version {version} is not supported. Server supports {name} versions: {supported}", [detail]
        )


class ServerVersionNotSupported(FailedPrecondition):
    """The server is outside the range that the client says it supports."""

    def __init__(self, version: str, supported: str) -> None:
        detail = details.ServerVersionNotSupportedFailure(
            server_version=version, client_supported_server_versions=supported
        )
        super().__init__(
            f"Server version {version} is not supported. Client supports server versions: {supported}", [detail]
        )


class PermissionDenied(ServiceError):
    """The caller may not do this."""

    code = StatusCode.PERMISSION_DENIED

    def __init__(self, message: str, reason: str = "") -> None:
        super().__init__(message, [details.PermissionDeniedFailure(reason=reason)])


class Unimplemented(ServiceError):
    """The method or the feature is not served."""

    code = StatusCode.UNIMPLEMENTED


class ResourceExhausted(ServiceError):
    """A limit was reached; `cause` and `scope` also travel as response headers."""

    code = StatusCode.RESOURCE_EXHAUSTED

    def __init__(
        self,
        message: str,
        cause: ResourceExhaustedCause.ValueType,
        scope: ResourceExhaustedScope.ValueType = ResourceExhaustedScope.RESOURCE_EXHAUSTED_SCOPE_NAMESPACE,
    ) -> None:
        super().__init__(message, [details.ResourceExhaustedFailure(cause=cause, scope=scope)])
        self.cause = cause
        self.scope = scope


class WorkflowClosing(ResourceExhausted):
    """The run is closing; a signal or an update may land on the next one."""

    def __init__(self) -> None:
        super().__init__(
            "workflow operation can not be applied because workflow is closing",
            ResourceExhaustedCause.RESOURCE_EXHAUSTED_CAUSE_BUSY_WORKFLOW,
        )


class Unavailable(ServiceError):
    """Try again: the server is stopping, or the store is busy."""

    code = StatusCode.UNAVAILABLE


class DeadlineExceeded(ServiceError):
    """The caller's time ran out."""

    code = StatusCode.DEADLINE_EXCEEDED


class Canceled(ServiceError):
    """The caller gave up."""

    code = StatusCode.CANCELLED


class Aborted(ServiceError):
    """Undone because something else, on which it depended, failed."""

    code = StatusCode.ABORTED


class Internal(ServiceError):
    """A bug of ours, or bytes that no well-behaved client sends."""

    code = StatusCode.INTERNAL


class MultiOperationFailed(ServiceError):
    """One operation of an `ExecuteMultiOperation` failed; the others were aborted."""

    def __init__(self, message: str, code: StatusCode, statuses: Sequence[Status]) -> None:
        detail = details.MultiOperationExecutionFailure(
            statuses=[
                details.MultiOperationExecutionFailure.OperationStatus(
                    code=status.code, message=status.message, details=status.details
                )
                for status in statuses
            ]
        )
        super().__init__(message, [detail])
        self.code = code


class BadCommand(MainspringError):
    """A command (or protocol message) of a worker that cannot be applied: fails the workflow task.

    The run goes on, unless `terminates`: what can never be stored (a result over the blob limit) ends it.
    """

    def __init__(self, cause: WorkflowTaskFailedCause.ValueType, message: str, *, terminates: bool = False) -> None:
        super().__init__(message)
        self.cause = cause
        self.message = message
        self.terminates = terminates

    @property
    def text(self) -> str:
        """Cause and message, as they stand in the failure that the history shows."""
        name = camel_case(WorkflowTaskFailedCause.Name(self.cause).removeprefix("WORKFLOW_TASK_FAILED_CAUSE_"))
        return f"{name}: {self.message}" if self.message else name


class StoreError(MainspringError):
    """The store could not do what it was asked. Nothing of the transition was written."""


class VersionConflict(StoreError):
    """Another transition of the run was committed since it was loaded: reload and try again."""


class CurrentRunConflict(StoreError):
    """The workflow id's current run is not the one that the transition expected: look again and decide again."""


class StoreUnavailable(StoreError):
    """The store did not answer, or is closed."""


class InvariantError(MainspringError):
    """A bug of ours: a state that cannot be. The run is evicted from memory, nothing is written."""

    def __init__(self, message: str, execution: WorkflowExecution | None = None) -> None:
        run = f" (workflow {execution.workflow_id!r}, run {execution.run_id})" if execution is not None else ""
        super().__init__(message + run)
