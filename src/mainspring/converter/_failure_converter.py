"""Failure converters: exceptions <-> the API's `Failure`, with causes, details and stack traces.

    exception                  Failure
    message                    message
    traceback                  stack_trace         as text; not rebuilt
    __cause__, __context__     cause
    details                    details             by the payload converter

An exception that came from a failure goes out as that very failure.
"""

from __future__ import annotations

import traceback
from abc import ABC, abstractmethod
from typing import TYPE_CHECKING, Any, ClassVar

from temporalio.api.failure.v1 import Failure

from mainspring.converter._failure_details import error_of, set_details
from mainspring.converter._kinds import is_dict
from mainspring.converter._nexus_failures import handler_error_of, is_handler_error, set_handler_error
from mainspring.converter._payload_converter import PayloadConverter
from mainspring.exceptions import ApplicationError, FailureError

if TYPE_CHECKING:
    from nexusrpc import HandlerError


class FailureConverter(ABC):
    """Converts exceptions to failures and back. From workflows it gets only `FailureError`s."""

    default: ClassVar[FailureConverter]
    """The failure converter of the default data converter."""

    @abstractmethod
    def to_failure(self, exception: BaseException, payload_converter: PayloadConverter, failure: Failure) -> None:
        """Write the exception, which is left as it is, into the failure."""

    @abstractmethod
    def from_failure(self, failure: Failure, payload_converter: PayloadConverter) -> BaseException:
        """The exception of a failure, which is left as it is."""


class DefaultFailureConverter(FailureConverter):
    """Converts as the SDKs of all languages do."""

    def __init__(self, *, encode_common_attributes: bool = False) -> None:
        """`encode_common_attributes`: put message and stack trace where a codec can encrypt them."""
        super().__init__()
        self._encode_common_attributes = encode_common_attributes

    def to_failure(self, exception: BaseException, payload_converter: PayloadConverter, failure: Failure) -> None:
        if is_handler_error(exception):
            self._handler_error_to_failure(exception, payload_converter, failure)
        else:
            self._error_to_failure(_failure_error(exception), payload_converter, failure)
        if self._encode_common_attributes:
            attributes = {"message": failure.message, "stack_trace": failure.stack_trace}
            failure.encoded_attributes.CopyFrom(payload_converter.to_payloads([attributes])[0])
            failure.message = "Encoded failure"
            failure.stack_trace = ""

    def _error_to_failure(self, error: FailureError, payload_converter: PayloadConverter, failure: Failure) -> None:
        if error.failure:
            failure.CopyFrom(error.failure)
            return
        failure.message = error.message
        failure.stack_trace = _stack_trace(error)
        cause = error.__cause__ or (None if error.__suppress_context__ else error.__context__)
        if cause is not None:
            self.to_failure(cause, payload_converter, failure.cause)
        set_details(error, payload_converter, failure)

    def _handler_error_to_failure(
        self, error: HandlerError, payload_converter: PayloadConverter, failure: Failure
    ) -> None:
        if set_handler_error(error, failure):
            failure.stack_trace = failure.stack_trace or _stack_trace(error)
            if error.__cause__ is not None:
                self.to_failure(error.__cause__, payload_converter, failure.cause)

    def from_failure(self, failure: Failure, payload_converter: PayloadConverter) -> BaseException:
        if failure.HasField("encoded_attributes"):
            failure = _with_decoded_attributes(failure, payload_converter)
        error: BaseException
        if failure.HasField("nexus_handler_failure_info"):
            error = handler_error_of(failure)
        else:
            error = error_of(failure, payload_converter)
        if failure.HasField("cause"):
            error.__cause__ = self.from_failure(failure.cause, payload_converter)
        return error


def _failure_error(exception: BaseException) -> FailureError:
    """The exception itself if it can be a failure, else an application error that stands for it."""
    if isinstance(exception, FailureError):
        return exception
    error = ApplicationError(str(exception), type=type(exception).__name__)
    error.__traceback__ = exception.__traceback__
    error.__cause__ = exception.__cause__
    return error


def _stack_trace(error: BaseException) -> str:
    return "\n".join(traceback.format_tb(error.__traceback__)) if error.__traceback__ else ""


def _with_decoded_attributes(failure: Failure, payload_converter: PayloadConverter) -> Failure:
    """A copy with the message and the stack trace that were encoded; as it is if they cannot be read."""
    decoded = Failure()
    decoded.CopyFrom(failure)
    try:
        attributes: Any = payload_converter.from_payloads([failure.encoded_attributes])[0]
    except Exception:  # noqa: BLE001  # a failure must be readable without the key of its message
        return decoded
    if is_dict(attributes):
        decoded.message = _text(attributes.get("message"), decoded.message)
        decoded.stack_trace = _text(attributes.get("stack_trace"), decoded.stack_trace)
    return decoded


def _text(value: object, default: str) -> str:
    return value if isinstance(value, str) else default


class DefaultFailureConverterWithEncodedAttributes(DefaultFailureConverter):
    """The default one, with message and stack trace where a codec can encrypt them."""

    def __init__(self) -> None:
        super().__init__(encode_common_attributes=True)
