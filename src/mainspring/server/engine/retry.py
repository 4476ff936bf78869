"""Whether, and when, a failed activity attempt or workflow run is tried again.

    (rules, attempt, failure, deadline, now)  ->  (RetryState, delay)

Delays grow by the coefficient up to the maximum and never overflow: a huge power becomes the maximum, never 0.
Reference: FEATURES 4.1; tests/differential/test_activities.py.
"""

from __future__ import annotations

from functools import lru_cache

from temporalio.api.common.v1 import RetryPolicy
from temporalio.api.enums.v1 import RetryState, TimeoutType
from temporalio.api.failure.v1 import Failure

from mainspring.server.engine.changes import Nanos
from mainspring.server.engine.errors import InvalidArgument
from mainspring.server.engine.limits import Limits
from mainspring.server.engine.records import RetryRules
from mainspring.server.engine.times import LONGEST_NS, SECOND, duration, fault_of, length_ns, set_duration

TIMEOUT_TYPE_PREFIX = "TemporalTimeout:"

_TIMEOUT_NAMES = {
    TimeoutType.TIMEOUT_TYPE_START_TO_CLOSE: "StartToClose",
    TimeoutType.TIMEOUT_TYPE_SCHEDULE_TO_START: "ScheduleToStart",
    TimeoutType.TIMEOUT_TYPE_SCHEDULE_TO_CLOSE: "ScheduleToClose",
    TimeoutType.TIMEOUT_TYPE_HEARTBEAT: "Heartbeat",
}


def timeout_name(timeout: int) -> str:
    """The timeout type as the real server spells it in texts."""
    return _TIMEOUT_NAMES.get(timeout, "Unspecified")  # type: ignore[call-overload, no-any-return]  # enum numbers


def fill_defaults(policy: RetryPolicy, limits: Limits) -> None:
    """Set the fields of a policy that are not set to the server's defaults, in place."""
    initial, maximum = policy.initial_interval, policy.maximum_interval
    initial_ns = length_ns(initial)
    if initial_ns == 0:
        initial_ns = int(limits.retry_initial_s * SECOND)
        set_duration(initial, initial_ns)
    if length_ns(maximum) == 0:
        set_duration(maximum, min(int(limits.retry_max_factor) * max(0, initial_ns), LONGEST_NS))
    if policy.backoff_coefficient == 0:
        policy.backoff_coefficient = limits.retry_coefficient


def fill_and_check(policy: RetryPolicy, limits: Limits) -> None:
    """Set what a policy leaves open, in place; then see that it makes sense. Raises: InvalidArgument."""
    fill_defaults(policy, limits)
    check(policy)


def check(policy: RetryPolicy) -> None:
    """The policy makes sense; one that allows a single attempt always does.

    Raises:
        InvalidArgument: in the real server's words.
    """
    if policy.maximum_attempts == 1:
        return
    initial, maximum = policy.initial_interval, policy.maximum_interval
    if fault := fault_of(initial):
        raise InvalidArgument(f"invalid InitialInterval set on retry policy: {fault}")
    if not policy.backoff_coefficient >= 1:  # nor is NaN
        raise InvalidArgument("BackoffCoefficient cannot be less than 1 on retry policy.")
    if fault := fault_of(maximum):
        raise InvalidArgument(f"invalid MaximumInterval set on retry policy: {fault}")
    if 0 < length_ns(maximum) < length_ns(initial):
        raise InvalidArgument("MaximumInterval cannot be less than InitialInterval on retry policy.")
    if policy.maximum_attempts < 0:
        raise InvalidArgument("MaximumAttempts cannot be negative on retry policy.")
    for name in policy.non_retryable_error_types[:]:
        value = name.removeprefix(TIMEOUT_TYPE_PREFIX)
        if value != name and value not in _TIMEOUT_NAMES.values():
            raise InvalidArgument(f"Invalid timeout type value: {value}.")


def default_rules(limits: Limits) -> RetryRules:
    """The record of a policy that sets nothing."""
    return _default_rules(limits.retry_initial_s, limits.retry_coefficient, limits.retry_max_factor)


@lru_cache(maxsize=16)
def _default_rules(initial_s: float, coefficient: float, max_factor: float) -> RetryRules:
    initial_ns = int(initial_s * SECOND)
    return RetryRules(
        initial_ns=initial_ns,
        coefficient=coefficient,
        maximum_ns=min(int(max_factor) * initial_ns, LONGEST_NS),
        maximum_attempts=0,
    )


def rules_of(policy: RetryPolicy) -> RetryRules:
    """A checked policy with its defaults filled in, as a record."""
    return RetryRules(
        initial_ns=length_ns(policy.initial_interval),
        coefficient=policy.backoff_coefficient,
        maximum_ns=length_ns(policy.maximum_interval),
        maximum_attempts=policy.maximum_attempts,
        non_retryable_types=tuple(policy.non_retryable_error_types[:]),
    )


@lru_cache(maxsize=256)
def policy_of(rules: RetryRules) -> RetryPolicy:
    """The record as the API's message, to be copied from: the same rules give the same message."""
    return RetryPolicy(
        initial_interval=duration(rules.initial_ns),
        backoff_coefficient=rules.coefficient,
        maximum_interval=duration(rules.maximum_ns),
        maximum_attempts=rules.maximum_attempts,
        non_retryable_error_types=rules.non_retryable_types,
    )


def is_retryable(failure: Failure, rules: RetryRules) -> bool:
    """The failure does not itself forbid another try."""
    kind = failure.WhichOneof("failure_info")
    if kind in ("terminated_failure_info", "canceled_failure_info"):
        return False
    if kind == "timeout_failure_info":
        timeout = failure.timeout_failure_info.timeout_type
        if timeout not in (TimeoutType.TIMEOUT_TYPE_START_TO_CLOSE, TimeoutType.TIMEOUT_TYPE_HEARTBEAT):
            return False
        return TIMEOUT_TYPE_PREFIX + timeout_name(timeout) not in rules.non_retryable_types
    if kind == "server_failure_info":
        return not failure.server_failure_info.non_retryable
    if kind == "application_failure_info":
        info = failure.application_failure_info
        return not info.non_retryable and info.type not in rules.non_retryable_types
    return True


def delay_ns(rules: RetryRules, attempt: int, failure: Failure) -> int:
    """How long to wait after `attempt` failed. A delay that the failure asks for wins over the rules."""
    info = failure.application_failure_info
    if failure.WhichOneof("failure_info") == "application_failure_info" and info.HasField("next_retry_delay"):
        return max(0, length_ns(info.next_retry_delay))
    try:
        grown = rules.initial_ns * rules.coefficient ** (attempt - 1)
    except OverflowError:
        grown = float("inf")
    ceiling = rules.maximum_ns or 2**62
    return ceiling if grown >= ceiling else int(grown)


def next_try(
    rules: RetryRules, attempt: int, failure: Failure, *, expires_at: Nanos, now: Nanos
) -> tuple[RetryState.ValueType, int]:
    """(IN_PROGRESS, delay) if `attempt` is to be followed by another, else (why not, 0). `expires_at` 0: never."""
    if not is_retryable(failure, rules):
        return RetryState.RETRY_STATE_NON_RETRYABLE_FAILURE, 0
    if 0 < rules.maximum_attempts <= attempt:
        return RetryState.RETRY_STATE_MAXIMUM_ATTEMPTS_REACHED, 0
    wait_ns = delay_ns(rules, attempt, failure)
    if expires_at and now + wait_ns > expires_at:
        return RetryState.RETRY_STATE_TIMEOUT, 0
    return RetryState.RETRY_STATE_IN_PROGRESS, wait_ns
