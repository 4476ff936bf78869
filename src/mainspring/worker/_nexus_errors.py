"""What a handler of a Nexus operation raises, in the words of the API.

    OperationError            the operation failed or was cancelled: an answer like others, with a failure in it
    HandlerError              as it is: its type says whether the caller is told at once, or the server asks again
    any other exception       a handler error: what an RPC of the handler was told goes on, all else is INTERNAL

A server that does not say that it understands failures is told of handler errors in the older form.
"""

from __future__ import annotations

from collections.abc import Mapping

from google.protobuf import json_format
from nexusrpc import HandlerError, HandlerErrorType, OperationError, OperationErrorState
from temporalio.api.enums.v1 import NexusHandlerErrorRetryBehavior
from temporalio.api.failure.v1 import Failure
from temporalio.api.nexus.v1 import Failure as NexusFailure
from temporalio.api.nexus.v1 import HandlerError as HandlerErrorMessage

from mainspring.exceptions import ApplicationError, CancelledError, FailureError, WorkflowAlreadyStartedError
from mainspring.service import RPCError, RPCStatusCode

FAILURE_TYPE = Failure.DESCRIPTOR.full_name
INVALID_INPUT = "PayloadValidationError"  # type of the error by which a converter says so

# What the server told the handler; None: whether it is asked again is the type's matter.
OF_RPCS: Mapping[RPCStatusCode, tuple[HandlerErrorType, bool | None]] = {
    RPCStatusCode.INVALID_ARGUMENT: (HandlerErrorType.BAD_REQUEST, None),
    RPCStatusCode.ALREADY_EXISTS: (HandlerErrorType.INTERNAL, False),
    RPCStatusCode.FAILED_PRECONDITION: (HandlerErrorType.INTERNAL, False),
    RPCStatusCode.OUT_OF_RANGE: (HandlerErrorType.INTERNAL, False),
    RPCStatusCode.ABORTED: (HandlerErrorType.UNAVAILABLE, None),
    RPCStatusCode.UNAVAILABLE: (HandlerErrorType.UNAVAILABLE, None),
    RPCStatusCode.NOT_FOUND: (HandlerErrorType.NOT_FOUND, None),
    RPCStatusCode.RESOURCE_EXHAUSTED: (HandlerErrorType.RESOURCE_EXHAUSTED, None),
    RPCStatusCode.UNIMPLEMENTED: (HandlerErrorType.NOT_IMPLEMENTED, None),
    RPCStatusCode.DEADLINE_EXCEEDED: (HandlerErrorType.UPSTREAM_TIMEOUT, None),
}


def handler_error_of(error: BaseException) -> HandlerError:
    """The handler error that tells of an exception, which is its cause."""
    if isinstance(error, HandlerError):
        return error
    made = _handler_error(error)
    made.__cause__ = error
    return made


def _handler_error(error: BaseException) -> HandlerError:
    if isinstance(error, ApplicationError):
        return HandlerError(
            "Handler failed with non-retryable application error",
            type=HandlerErrorType.INTERNAL,
            retryable_override=not error.non_retryable,
        )
    if isinstance(error, WorkflowAlreadyStartedError):
        return HandlerError(error.message, type=HandlerErrorType.INTERNAL, retryable_override=False)
    if isinstance(error, RPCError):
        # That the handler may not do something at its own server is not the caller's fault: INTERNAL, as the rest.
        kind, is_retryable = OF_RPCS.get(error.status, (HandlerErrorType.INTERNAL, None))
        return HandlerError(error.message, type=kind, retryable_override=is_retryable)
    return HandlerError("Internal handler error", type=HandlerErrorType.INTERNAL)


def operation_failure_of(error: OperationError) -> FailureError:
    """How an operation ended that its handler says has failed or was cancelled."""
    failure: FailureError
    if error.state is OperationErrorState.CANCELED:
        failure = CancelledError(error.message)
    else:
        failure = ApplicationError(error.message, type="OperationError", non_retryable=True)
    failure.__cause__ = error.__cause__
    failure.__traceback__ = error.__traceback__
    return failure


def input_error(message: str, error: Exception, *, is_callers_fault: bool) -> HandlerError:
    """The input cannot be had: the caller's fault, or this side's. A converter may have refused it, too."""
    if isinstance(error, ApplicationError) and error.non_retryable and error.type == INVALID_INPUT:
        message, is_callers_fault = "Invalid operation input", True
    if is_callers_fault:
        made = HandlerError(message, type=HandlerErrorType.BAD_REQUEST, retryable_override=False)
    else:
        made = HandlerError(message, type=HandlerErrorType.INTERNAL)
    made.__cause__ = error
    return made


def older_form_of(failure: Failure) -> HandlerErrorMessage:
    """A handler error for a server that does not take failures in answers."""
    info = failure.nexus_handler_failure_info
    rest = Failure()
    rest.CopyFrom(failure)
    rest.message = ""
    return HandlerErrorMessage(
        error_type=info.type or HandlerErrorType.INTERNAL.value,
        failure=NexusFailure(
            message=failure.message,
            stack_trace=failure.stack_trace,
            metadata={"type": FAILURE_TYPE},
            details=json_format.MessageToJson(rest, indent=None).encode(),
        ),
        retry_behavior=info.retry_behavior,
    )


def too_large(message: str) -> HandlerErrorMessage:
    """The result is more than the server takes; another attempt may give less."""
    return HandlerErrorMessage(
        error_type="PayloadsTooLarge",
        failure=NexusFailure(message=message),
        retry_behavior=NexusHandlerErrorRetryBehavior.NEXUS_HANDLER_ERROR_RETRY_BEHAVIOR_RETRYABLE,
    )
