"""A failure as a person reads it: cause by cause, the last one being where the trouble began.

ActivityFailure: activity reserve_rack failed              <- the first part
  ValueError: no room in hall 3                            <- the root
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

import msgspec
from temporalio.api.common.v1 import Payload
from temporalio.api.enums.v1 import NexusHandlerErrorRetryBehavior, RetryState, TimeoutType
from temporalio.api.failure.v1 import Failure

from mainspring.explain.names import enum_words
from mainspring.explain.payload_text import payload_text

MOST_CAUSES: Final = 20
MOST_TRACE: Final = 20_000
_MOST_MESSAGE: Final = 5_000
_MOST_DETAILS: Final = 20
_MOST_DETAIL: Final = 5_000
_FAILED_AS_ASKED: Final = {RetryState.RETRY_STATE_UNSPECIFIED, RetryState.RETRY_STATE_IN_PROGRESS}


class FailurePart(msgspec.Struct, frozen=True, kw_only=True):
    """One failure of a chain."""

    type: str
    message: str
    notes: tuple[str, ...] = ()  # not retryable, which activity, retry state, ...
    details: tuple[str, ...] = ()  # payloads as text
    trace: str = ""

    @property
    def line(self) -> str:
        """`ValueError: no room`"""
        return f"{self.type}: {self.message}" if self.message else self.type


class FailureText(msgspec.Struct, frozen=True):
    """A chain of failures, the outermost first. `is_cut`: there are more causes than are kept."""

    parts: tuple[FailurePart, ...]
    is_cut: bool = False

    @property
    def root(self) -> FailurePart:
        """The innermost failure, where the trouble began."""
        return self.parts[-1]

    @property
    def words(self) -> str:
        """The chain, one failure to a line."""
        lines = [part.line for part in self.parts]
        return "\ncaused by ".join([*lines, "…"] if self.is_cut else lines)

    @property
    def trace(self) -> str:
        """The stack trace nearest to where the trouble began; empty if there is none."""
        return next((part.trace for part in reversed(self.parts) if part.trace), "")


class _Encoded(msgspec.Struct, frozen=True):
    """Message and trace as SDKs put them into encoded attributes."""

    message: str
    stack_trace: str = ""


_ENCODED: Final = msgspec.json.Decoder(_Encoded)


def failure_text(failure: Failure) -> FailureText:
    """A failure with its causes, at most `MOST_CAUSES` of them."""
    chain = list(_chain(failure))
    kept = chain[:MOST_CAUSES]
    return FailureText(tuple(_part(each) for each in kept), is_cut=len(chain) > len(kept))


def _chain(failure: Failure) -> Iterator[Failure]:
    """It and its causes, one more than are kept at most."""
    current = failure
    for _ in range(MOST_CAUSES + 1):
        yield current
        if not current.HasField("cause"):
            return
        current = current.cause


def _part(failure: Failure) -> FailurePart:
    told = _encoded(failure)
    return FailurePart(
        type=_type(failure),
        message=_cut(failure.message if told is None else told.message, _MOST_MESSAGE),
        notes=tuple(_notes(failure)),
        details=tuple(payload_text(each, _MOST_DETAIL).text for each in _details(failure)[:_MOST_DETAILS]),
        trace=_cut((failure.stack_trace if told is None else told.stack_trace).rstrip(), MOST_TRACE),
    )


def _encoded(failure: Failure) -> _Encoded | None:
    """What stands in a failure's encoded attributes; None if it has none, or they are still encrypted."""
    if not failure.HasField("encoded_attributes"):
        return None
    try:
        return _ENCODED.decode(failure.encoded_attributes.data)
    except (msgspec.MsgspecError, RecursionError):
        return None


def _type(failure: Failure) -> str:
    """The exception's own type if it has one, else the kind of failure: ActivityFailure, TimeoutFailure, ..."""
    own = failure.application_failure_info.type or failure.nexus_handler_failure_info.type
    if own:
        return _cut(own, _MOST_MESSAGE)
    which = (failure.WhichOneof("failure_info") or "failure").removesuffix("_info")
    return "".join(word.capitalize() for word in which.split("_"))


def _notes(failure: Failure) -> Iterator[str]:
    if failure.application_failure_info.non_retryable or failure.server_failure_info.non_retryable:
        yield "not retryable"
    if failure.HasField("timeout_failure_info"):
        yield enum_words(TimeoutType, failure.timeout_failure_info.timeout_type, "TIMEOUT_TYPE_")
    activity, child = failure.activity_failure_info, failure.child_workflow_execution_failure_info
    if activity.activity_type.name:
        yield f"activity {activity.activity_type.name}, id {activity.activity_id}"
    if child.workflow_type.name:
        yield f"child {child.workflow_type.name}, id {child.workflow_execution.workflow_id}"
    if activity.identity:
        yield f"on {activity.identity}"
    retry_state = activity.retry_state or child.retry_state
    if retry_state not in _FAILED_AS_ASKED:
        yield enum_words(RetryState, retry_state, "RETRY_STATE_")
    if failure.terminated_failure_info.identity:
        yield f"by {failure.terminated_failure_info.identity}"
    behavior = failure.nexus_handler_failure_info.retry_behavior
    if behavior:
        yield enum_words(NexusHandlerErrorRetryBehavior, behavior, "NEXUS_HANDLER_ERROR_RETRY_BEHAVIOR_")
    if failure.HasField("encoded_attributes") and _encoded(failure) is None:
        yield "message and trace are encoded"


def _details(failure: Failure) -> list[Payload]:
    return [
        *failure.application_failure_info.details.payloads,
        *failure.canceled_failure_info.details.payloads,
        *failure.timeout_failure_info.last_heartbeat_details.payloads,
    ]


def _cut(text: str, most: int) -> str:
    return text if len(text) <= most else f"{text[:most]}…"
