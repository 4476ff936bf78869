"""Retry policies: defaults, checks, delays; and the odd values that came up in `tests/bad_input`."""

from __future__ import annotations

import pytest
from google.protobuf.duration_pb2 import Duration
from temporalio.api.common.v1 import Priority, RetryPolicy
from temporalio.api.enums.v1 import RetryState, TimeoutType
from temporalio.api.failure.v1 import (
    ApplicationFailureInfo,
    CanceledFailureInfo,
    Failure,
    ServerFailureInfo,
    TerminatedFailureInfo,
    TimeoutFailureInfo,
)

from mainspring.server.engine import names, retry
from mainspring.server.engine.errors import InvalidArgument
from mainspring.server.engine.limits import Limits
from mainspring.server.engine.records import RetryRules
from mainspring.server.engine.times import SECOND

LIMITS = Limits()
PLAIN = Failure(application_failure_info=ApplicationFailureInfo(type="Wrong"))


def rules(**changes: float) -> RetryRules:
    values = {"initial_ns": SECOND, "coefficient": 2.0, "maximum_ns": 10 * SECOND, "maximum_attempts": 0} | changes
    return RetryRules(
        initial_ns=int(values["initial_ns"]),
        coefficient=values["coefficient"],
        maximum_ns=int(values["maximum_ns"]),
        maximum_attempts=int(values["maximum_attempts"]),
        non_retryable_types=("Fatal", "TemporalTimeout:Heartbeat"),
    )


def test_defaults_are_filled_in() -> None:
    policy = RetryPolicy()
    retry.fill_and_check(policy, LIMITS)
    assert policy == RetryPolicy(
        initial_interval=Duration(seconds=1), backoff_coefficient=2.0, maximum_interval=Duration(seconds=100)
    )


@pytest.mark.parametrize(
    "policy",
    [
        RetryPolicy(backoff_coefficient=0.5),
        RetryPolicy(backoff_coefficient=float("nan")),
        RetryPolicy(backoff_coefficient=float("-inf")),
        RetryPolicy(initial_interval=Duration(seconds=-1)),
        RetryPolicy(initial_interval=Duration(seconds=-(2**63), nanos=2)),
        RetryPolicy(maximum_interval=Duration(seconds=-1)),
        RetryPolicy(initial_interval=Duration(seconds=2), maximum_interval=Duration(seconds=1)),
        RetryPolicy(maximum_attempts=-1),
        RetryPolicy(non_retryable_error_types=["TemporalTimeout:Nothing"]),
    ],
    ids=str,
)
def test_a_policy_that_makes_no_sense(policy: RetryPolicy) -> None:
    with pytest.raises(InvalidArgument):
        retry.fill_and_check(policy, LIMITS)


@pytest.mark.parametrize(
    "policy",
    [
        RetryPolicy(maximum_attempts=1, backoff_coefficient=0.1, initial_interval=Duration(seconds=-(2**63))),
        RetryPolicy(backoff_coefficient=float("inf")),
        RetryPolicy(initial_interval=Duration(seconds=2**63 - 1, nanos=999_999_999)),
    ],
    ids=["only once", "infinite", "for ever"],
)
def test_a_policy_that_is_odd_but_legal(policy: RetryPolicy) -> None:
    retry.fill_and_check(policy, LIMITS)
    made = retry.rules_of(policy)
    assert 0 <= retry.delay_ns(made, 3, PLAIN) <= made.maximum_ns or policy.maximum_attempts == 1


def test_delays_grow_to_the_maximum() -> None:
    assert [retry.delay_ns(rules(), attempt, PLAIN) // SECOND for attempt in range(1, 7)] == [1, 2, 4, 8, 10, 10]


def test_delays_of_huge_attempts_are_the_maximum() -> None:
    assert retry.delay_ns(rules(), 100_000, PLAIN) == 10 * SECOND


@pytest.mark.parametrize("seconds, wanted_s", [(7, 7), (0, 0), (-5, 0)])
def test_the_failure_names_its_own_delay(seconds: int, wanted_s: int) -> None:
    info = ApplicationFailureInfo(next_retry_delay=Duration(seconds=seconds))
    assert retry.delay_ns(rules(), 1, Failure(application_failure_info=info)) == wanted_s * SECOND


@pytest.mark.parametrize(
    "failure, wanted",
    [
        (PLAIN, True),
        (Failure(), True),
        (Failure(application_failure_info=ApplicationFailureInfo(type="Fatal")), False),
        (Failure(application_failure_info=ApplicationFailureInfo(non_retryable=True)), False),
        (Failure(server_failure_info=ServerFailureInfo()), True),
        (Failure(server_failure_info=ServerFailureInfo(non_retryable=True)), False),
        (Failure(canceled_failure_info=CanceledFailureInfo()), False),
        (Failure(terminated_failure_info=TerminatedFailureInfo()), False),
        (
            Failure(timeout_failure_info=TimeoutFailureInfo(timeout_type=TimeoutType.TIMEOUT_TYPE_START_TO_CLOSE)),
            True,
        ),
        (Failure(timeout_failure_info=TimeoutFailureInfo(timeout_type=TimeoutType.TIMEOUT_TYPE_HEARTBEAT)), False),
        (
            Failure(timeout_failure_info=TimeoutFailureInfo(timeout_type=TimeoutType.TIMEOUT_TYPE_SCHEDULE_TO_CLOSE)),
            False,
        ),
    ],
)
def test_which_failures_are_tried_again(failure: Failure, wanted: bool) -> None:
    assert retry.is_retryable(failure, rules()) is wanted


def test_the_last_attempt_is_the_last() -> None:
    limited = rules(maximum_attempts=3)
    assert retry.next_try(limited, 2, PLAIN, expires_at=0, now=0)[0] == RetryState.RETRY_STATE_IN_PROGRESS
    ended = retry.next_try(limited, 3, PLAIN, expires_at=0, now=0)
    assert ended == (RetryState.RETRY_STATE_MAXIMUM_ATTEMPTS_REACHED, 0)


def test_no_try_begins_after_the_deadline() -> None:
    assert retry.next_try(rules(), 1, PLAIN, expires_at=SECOND, now=0)[0] == RetryState.RETRY_STATE_IN_PROGRESS
    assert retry.next_try(rules(), 1, PLAIN, expires_at=SECOND - 1, now=0) == (RetryState.RETRY_STATE_TIMEOUT, 0)


@pytest.mark.parametrize("weight", [-1.0, float("nan"), float("-inf")])
def test_a_weight_that_is_no_weight(weight: float) -> None:
    with pytest.raises(InvalidArgument):
        names.check_priority(Priority(fairness_weight=weight), LIMITS)
