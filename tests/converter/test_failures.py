"""Exceptions become failures and failures exceptions exactly as in the official SDK, either way."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import timedelta
from types import ModuleType
from typing import Any

import nexusrpc
import pytest
import temporalio.converter as official_converter
import temporalio.exceptions as official_exceptions
from temporalio.api.common.v1 import Payload
from temporalio.api.enums.v1 import NexusHandlerErrorRetryBehavior, RetryState, TimeoutType
from temporalio.api.failure.v1 import (
    ActivityFailureInfo,
    ApplicationFailureInfo,
    Failure,
    NexusHandlerFailureInfo,
    ResetWorkflowFailureInfo,
    TimeoutFailureInfo,
)

from mainspring import converter, exceptions
from mainspring.converter import DataConverter, PayloadCodec

Make = Callable[[Any], BaseException]
"""Makes the same exception from either module of exceptions."""


def chained(of: Any) -> BaseException:
    error: BaseException = of.ApplicationError("outer")
    error.__cause__ = ValueError("middle")
    error.__cause__.__cause__ = of.CancelledError("inner", {"a": 1})
    return error


def in_context(of: Any) -> BaseException:
    error: BaseException = of.ApplicationError("outer")
    error.__context__ = KeyError("key")
    return error


def without_context(of: Any) -> BaseException:
    error = in_context(of)
    error.__suppress_context__ = True
    return error


def received(of: Any) -> BaseException:
    failure = Failure(message="as it came", source="GoSDK", stack_trace="goroutine 1")
    error: BaseException = of.FailureError("x", failure=failure)
    return error


def activity(of: Any) -> BaseException:
    error: BaseException = of.ActivityError(
        "Activity task failed",
        scheduled_event_id=5,
        started_event_id=6,
        identity="me",
        activity_type="create_vm",
        activity_id="1",
        retry_state=of.RetryState.MAXIMUM_ATTEMPTS_REACHED,
    )
    error.__cause__ = of.TimeoutError("late", type=of.TimeoutType.HEARTBEAT, last_heartbeat_details=[1, "a"])
    return error


def child(of: Any) -> BaseException:
    error: BaseException = of.ChildWorkflowError(
        "Child Workflow execution failed",
        namespace="n",
        workflow_id="w",
        run_id="r",
        workflow_type="W",
        initiated_event_id=3,
        started_event_id=4,
        retry_state=None,
    )
    return error


def application(of: Any) -> BaseException:
    error: BaseException = of.ApplicationError(
        "no more disks",
        {"disk": 3},
        b"raw",
        type="Capacity",
        non_retryable=True,
        next_retry_delay=timedelta(seconds=1.5),
        category=of.ApplicationErrorCategory.BENIGN,
    )
    return error


MAKERS: dict[str, Make] = {
    "plain": lambda _of: ZeroDivisionError("division by zero"),
    "application": application,
    "chained": chained,
    "in a context": in_context,
    "without its context": without_context,
    "received": received,
    "activity": activity,
    "child": child,
    "timeout": lambda of: of.TimeoutError("late", type=None, last_heartbeat_details=[]),
    "cancelled": lambda of: of.CancelledError(),
    "terminated": lambda of: of.TerminatedError("by hand"),
    "server": lambda of: of.ServerError("oops", non_retryable=True),
    "bare": lambda of: of.FailureError("bare"),
    "nexus operation": lambda of: of.NexusOperationError(
        "failed", scheduled_event_id=1, endpoint="e", service="s", operation="o", operation_token="t"
    ),
    "nexus handler": lambda _of: nexusrpc.HandlerError("bad", type=nexusrpc.HandlerErrorType.BAD_REQUEST),
    "nexus handler that may retry": lambda _of: nexusrpc.HandlerError(
        "bad", type=nexusrpc.HandlerErrorType.INTERNAL, retryable_override=True, stack_trace="there"
    ),
}


def written(module: ModuleType, error: BaseException, *, encode_common_attributes: bool = False) -> Failure:
    failure = Failure()
    made = module.DefaultFailureConverter(encode_common_attributes=encode_common_attributes)
    made.to_failure(error, module.PayloadConverter.default, failure)
    return failure


def raised(make: Make, of: Any) -> BaseException:
    """The exception with the traceback of this very line, the same for either module."""
    try:
        raise make(of)
    except BaseException as error:  # noqa: BLE001  # any kind is returned
        return error


@pytest.mark.parametrize("encode_common_attributes", [False, True])
@pytest.mark.parametrize("name", MAKERS)
def test_failures_are_the_official_ones(name: str, encode_common_attributes: bool) -> None:
    ours = written(converter, raised(MAKERS[name], exceptions), encode_common_attributes=encode_common_attributes)
    theirs = written(
        official_converter,
        raised(MAKERS[name], official_exceptions),
        encode_common_attributes=encode_common_attributes,
    )
    assert ours == theirs


def test_a_nexus_failure_of_another_kind_travels_as_the_details_of_an_application_failure() -> None:
    """The official converter fails on these."""
    original = nexusrpc.Failure(message="m", stack_trace="s", metadata={"a": "b"}, details={"c": 1})
    error = nexusrpc.HandlerError("bad", type=nexusrpc.HandlerErrorType.BAD_REQUEST, original_failure=original)
    failure = written(converter, error)
    assert (failure.message, failure.stack_trace) == ("m", "s")
    assert failure.application_failure_info.type == "NexusFailure"
    assert failure.application_failure_info.non_retryable
    [details] = converter.PayloadConverter.default.from_payloads(failure.application_failure_info.details.payloads)
    assert details == {"message": "", "stack_trace": "s", "metadata": {"a": "b"}, "details": {"c": 1}}


def test_a_failure_has_the_place_where_the_exception_was_raised() -> None:
    failure = written(converter, raised(MAKERS["application"], exceptions))
    assert f"in {raised.__name__}\n    raise make(of)" in failure.stack_trace


def facts(error: BaseException) -> list[object]:
    """All that an exception says, less the class object; down its causes."""
    own = {name.lstrip("_"): value for name, value in vars(error).items() if name not in {"_failure", "_details"}}
    details = list(getattr(error, "details", ()))
    nexus = own.pop("original_failure", None)
    return [
        type(error).__name__,
        str(error),
        {name: str(value) for name, value in own.items()},
        details,
        vars(nexus) if nexus else None,
        *([facts(error.__cause__)] if error.__cause__ else []),
    ]


FAILURES = [
    *(written(converter, raised(make, exceptions)) for make in MAKERS.values()),
    *(written(converter, raised(make, exceptions), encode_common_attributes=True) for make in MAKERS.values()),
    Failure(),
    Failure(message="reset", reset_workflow_failure_info=ResetWorkflowFailureInfo()),
    Failure(application_failure_info=ApplicationFailureInfo()),
    Failure(timeout_failure_info=TimeoutFailureInfo(timeout_type=TimeoutType.TIMEOUT_TYPE_START_TO_CLOSE)),
    Failure(activity_failure_info=ActivityFailureInfo(retry_state=RetryState.RETRY_STATE_TIMEOUT)),
    Failure(nexus_handler_failure_info=NexusHandlerFailureInfo(type="NEW_TYPE")),
    Failure(
        nexus_handler_failure_info=NexusHandlerFailureInfo(
            type="INTERNAL",
            retry_behavior=NexusHandlerErrorRetryBehavior.NEXUS_HANDLER_ERROR_RETRY_BEHAVIOR_NON_RETRYABLE,
        )
    ),
    Failure(message="Encoded failure", encoded_attributes=Payload(metadata={"encoding": b"unknown"})),
    Failure(message="Encoded failure", encoded_attributes=Payload(metadata={"encoding": b"json/plain"}, data=b"[1]")),
    Failure(
        message="Encoded failure",
        encoded_attributes=Payload(metadata={"encoding": b"json/plain"}, data=b'{"message":5}'),
    ),
]


@pytest.mark.parametrize("failure", FAILURES, ids=lambda failure: f"{failure.WhichOneof('failure_info')}")
def test_exceptions_are_the_official_ones(failure: Failure) -> None:
    before = failure.SerializeToString(deterministic=True)
    ours = converter.FailureConverter.default.from_failure(failure, converter.PayloadConverter.default)
    theirs = official_converter.FailureConverter.default.from_failure(
        failure, official_converter.PayloadConverter.default
    )
    assert facts(ours) == facts(theirs)
    assert failure.SerializeToString(deterministic=True) == before


@pytest.mark.parametrize("failure", FAILURES[: len(MAKERS)], ids=MAKERS)
def test_what_came_as_a_failure_goes_out_as_the_same_failure(failure: Failure) -> None:
    error = converter.FailureConverter.default.from_failure(failure, converter.PayloadConverter.default)
    again = written(converter, error)
    assert again == failure


class Backwards(PayloadCodec):
    """Turns the bytes of each payload round."""

    async def encode(self, payloads: Sequence[Payload]) -> list[Payload]:
        return [Payload(metadata={"encoding": b"backwards"}, data=each.SerializeToString()[::-1]) for each in payloads]

    async def decode(self, payloads: Sequence[Payload]) -> list[Payload]:
        return [Payload.FromString(each.data[::-1]) for each in payloads]


def all_payloads(failure: Failure) -> list[Payload]:
    own = [
        *([failure.encoded_attributes] if failure.HasField("encoded_attributes") else []),
        *failure.application_failure_info.details.payloads,
        *failure.timeout_failure_info.last_heartbeat_details.payloads,
        *failure.canceled_failure_info.details.payloads,
    ]
    return own + (all_payloads(failure.cause) if failure.HasField("cause") else [])


@pytest.mark.parametrize("name", ["application", "chained", "activity"])
async def test_every_payload_of_a_failure_passes_the_codec(name: str) -> None:
    secret = DataConverter(
        payload_codec=Backwards(), failure_converter_class=converter.DefaultFailureConverterWithEncodedAttributes
    )
    error = raised(MAKERS[name], exceptions)
    failure = Failure()
    await secret.encode_failure(error, failure)
    assert {payload.metadata["encoding"] for payload in all_payloads(failure)} == {b"backwards"}
    assert failure.message == "Encoded failure"
    assert not failure.stack_trace

    back = await secret.decode_failure(failure)
    assert str(back) == str(error)
    assert isinstance(back, exceptions.FailureError)
    assert back.failure is not None
    assert "raise make(of)" in back.failure.stack_trace
