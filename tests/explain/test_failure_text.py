"""Failures as text."""

from __future__ import annotations

from temporalio.api.common.v1 import ActivityType, Payload, Payloads
from temporalio.api.enums.v1 import RetryState, TimeoutType
from temporalio.api.failure.v1 import ActivityFailureInfo, ApplicationFailureInfo, Failure, TimeoutFailureInfo

from mainspring.explain.failure_text import MOST_CAUSES, failure_text


def in_activity(cause: Failure) -> Failure:
    info = ActivityFailureInfo(
        activity_type=ActivityType(name="reserve"),
        activity_id="7",
        identity="w1",
        retry_state=RetryState.RETRY_STATE_MAXIMUM_ATTEMPTS_REACHED,
    )
    return Failure(message="Activity task failed", activity_failure_info=info, cause=cause)


def test_a_chain_is_told_cause_by_cause() -> None:
    details = Payloads(payloads=[Payload(data=b"12345678901234567890")])
    info = ApplicationFailureInfo(type="NoRoom", non_retryable=True, details=details)
    cause = Failure(message="hall 3 is full", application_failure_info=info, stack_trace="line 1\nline 2\n")

    text = failure_text(in_activity(cause))

    assert text.words == "ActivityFailure: Activity task failed\ncaused by NoRoom: hall 3 is full"
    assert text.parts[0].notes == ("activity reserve, id 7", "on w1", "maximum attempts reached")
    assert (text.root.notes, text.root.details) == (("not retryable",), ("12345678901234567890",))
    assert text.trace == "line 1\nline 2"


def test_a_timeout_says_which() -> None:
    info = TimeoutFailureInfo(timeout_type=TimeoutType.TIMEOUT_TYPE_HEARTBEAT)
    text = failure_text(Failure(message="activity Heartbeat timeout", timeout_failure_info=info))
    assert (text.root.type, text.root.notes) == ("TimeoutFailure", ("heartbeat",))


def test_an_endless_chain_is_cut() -> None:
    failure = Failure(message="first")
    for _ in range(3 * MOST_CAUSES):
        failure = in_activity(failure)
    text = failure_text(failure)
    assert (len(text.parts), text.is_cut) == (MOST_CAUSES, True)
    assert text.words.endswith("caused by …")


def test_a_state_of_a_later_api_is_shown_by_its_number() -> None:
    failure = in_activity(Failure())
    failure.activity_failure_info.retry_state = RetryState.ValueType(99)
    assert failure_text(failure).parts[0].notes[-1] == "99"
    assert failure_text(Failure()).words == "Failure"


def test_message_and_trace_are_read_from_encoded_attributes_once_they_are_decoded() -> None:
    failure = Failure(message="Encoded failure")
    failure.encoded_attributes.CopyFrom(Payload(data=b'{"message":"no room","stack_trace":"line 1\\n"}'))
    readable = failure_text(failure)
    failure.encoded_attributes.data = b"\xff\x00"
    encrypted = failure_text(failure)

    assert (readable.root.message, readable.trace, readable.root.notes) == ("no room", "line 1", ())
    assert (encrypted.root.message, encrypted.trace) == ("Encoded failure", "")
    assert encrypted.root.notes == ("message and trace are encoded",)
