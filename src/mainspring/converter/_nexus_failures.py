"""Errors of Nexus handlers <-> failures. The errors are those of `nexusrpc`, which is imported once one turns up."""

from __future__ import annotations

import json
import logging
import sys
from typing import TYPE_CHECKING

from google.protobuf import json_format
from temporalio.api.common.v1 import Payload
from temporalio.api.enums.v1 import NexusHandlerErrorRetryBehavior as RetryBehavior
from temporalio.api.failure.v1 import Failure

if TYPE_CHECKING:
    import nexusrpc
    from typing_extensions import TypeIs

logger = logging.getLogger("mainspring.converter")

FAILURE_TYPE = "temporal.api.failure.v1.Failure"
BEHAVIORS = {
    True: RetryBehavior.NEXUS_HANDLER_ERROR_RETRY_BEHAVIOR_RETRYABLE,
    False: RetryBehavior.NEXUS_HANDLER_ERROR_RETRY_BEHAVIOR_NON_RETRYABLE,
    None: RetryBehavior.NEXUS_HANDLER_ERROR_RETRY_BEHAVIOR_UNSPECIFIED,
}
OVERRIDES = {behavior: override for override, behavior in BEHAVIORS.items()}


def is_handler_error(exception: BaseException) -> TypeIs[nexusrpc.HandlerError]:
    module = sys.modules.get("nexusrpc")  # there is no such error before the module is imported
    return module is not None and isinstance(exception, module.HandlerError)


def set_handler_error(error: nexusrpc.HandlerError, failure: Failure) -> bool:
    """Write the error into the failure.

    Returns: whether the stack trace and the cause are still to be written: not if it came from a failure of its own.
    """
    if error.original_failure:
        _set_original(error.original_failure, failure, is_retryable=error.retryable)
        return False
    failure.message = error.message
    failure.stack_trace = error.stack_trace or ""
    failure.nexus_handler_failure_info.SetInParent()
    failure.nexus_handler_failure_info.type = error.type.name
    failure.nexus_handler_failure_info.retry_behavior = BEHAVIORS[error.retryable_override]
    return True


def _set_original(original: nexusrpc.Failure, failure: Failure, *, is_retryable: bool) -> None:
    if original.metadata and original.metadata.get("type") == FAILURE_TYPE:
        json_format.ParseDict(dict(original.details or {}), failure)
    else:
        info = failure.application_failure_info
        info.type = "NexusFailure"
        info.non_retryable = not is_retryable
        info.details.payloads.append(Payload(metadata={"encoding": b"json/plain"}, data=_original_json(original)))
    failure.message = original.message
    failure.stack_trace = original.stack_trace or ""


def _original_json(original: nexusrpc.Failure) -> bytes:
    fields = {
        "message": "",
        "stack_trace": original.stack_trace,
        "metadata": dict(original.metadata or {}),
        "details": dict(original.details or {}),
    }
    return json.dumps(fields, separators=(",", ":")).encode()


def handler_error_of(failure: Failure) -> nexusrpc.HandlerError:
    """The error of a failure whose kind is `nexus_handler_failure_info`, less its cause."""
    import nexusrpc

    info = failure.nexus_handler_failure_info
    if info.type not in nexusrpc.HandlerErrorType.__members__:
        logger.warning("Unknown Nexus HandlerErrorType: %s", info.type)
    return nexusrpc.HandlerError(
        failure.message or "Nexus handler error",
        type=nexusrpc.HandlerErrorType.__members__.get(info.type, nexusrpc.HandlerErrorType.INTERNAL),
        retryable_override=OVERRIDES.get(info.retry_behavior),
        stack_trace=failure.stack_trace or None,
        original_failure=_original_of(failure),
    )


def _original_of(failure: Failure) -> nexusrpc.Failure:
    import nexusrpc

    rest = Failure()
    rest.CopyFrom(failure)
    rest.message = rest.stack_trace = ""
    return nexusrpc.Failure(
        message=failure.message,
        stack_trace=failure.stack_trace,
        metadata={"type": FAILURE_TYPE},
        details=json_format.MessageToDict(rest),
    )
