"""When a failed call is tried again: the policy of the official SDKs."""

from __future__ import annotations

import time

import pytest

from mainspring.service import RetryConfig, RPCError, RPCStatusCode
from mainspring.service._retry import DEFAULT, Retries

STEADY = RetryConfig(randomization_factor=0.0, initial_interval_millis=100, multiplier=2.0, max_interval_millis=300)
TIME_HEALS = {"UNKNOWN", "RESOURCE_EXHAUSTED", "ABORTED", "OUT_OF_RANGE", "INTERNAL", "UNAVAILABLE", "DATA_LOSS"}


def error(status: RPCStatusCode = RPCStatusCode.UNAVAILABLE, message: str = "") -> RPCError:
    return RPCError(message, status, b"")


@pytest.mark.parametrize("status", [status for status in RPCStatusCode if status is not RPCStatusCode.OK])
def test_what_time_may_heal_is_tried_again_and_nothing_else(status: RPCStatusCode) -> None:
    assert (Retries(STEADY).next_wait_s(error(status)) is not None) == (status.name in TIME_HEALS)


@pytest.mark.parametrize("status", [RPCStatusCode.CANCELLED, RPCStatusCode.DEADLINE_EXCEEDED])
def test_a_poll_for_tasks_goes_on_when_its_time_is_over(status: RPCStatusCode) -> None:
    retries = Retries(STEADY, is_task_poll=True, started_at_s=time.monotonic() - 1_000_000)
    assert all(retries.next_wait_s(error(status)) is not None for _ in range(100))


def test_a_poll_for_tasks_bears_strange_answers_for_a_minute() -> None:
    refused = error(RPCStatusCode.PERMISSION_DENIED)
    assert Retries(STEADY, is_task_poll=True).next_wait_s(refused) == 10.0
    assert Retries(STEADY, is_task_poll=True, started_at_s=time.monotonic() - 61).next_wait_s(refused) is None


def test_waits_grow_to_their_limit() -> None:
    retries = Retries(STEADY)
    assert [retries.next_wait_s(error()) for _ in range(4)] == [0.1, 0.2, 0.3, 0.3]


def test_waits_are_spread() -> None:
    waits = {Retries(DEFAULT).next_wait_s(error()) for _ in range(50)}
    assert len(waits) > 1
    assert all(wait is not None and 0.08 <= wait <= 0.12 for wait in waits)


def test_a_server_that_is_too_busy_is_given_longer() -> None:
    wait = Retries(STEADY).next_wait_s(error(RPCStatusCode.RESOURCE_EXHAUSTED))
    assert wait is not None
    assert wait >= 0.8


def test_a_message_that_is_too_large_stays_so() -> None:
    refused = error(RPCStatusCode.RESOURCE_EXHAUSTED, "grpc: received message larger than max (5 vs. 4)")
    assert Retries(STEADY).next_wait_s(refused) is None


def test_attempts_are_counted() -> None:
    retries = Retries(RetryConfig(max_retries=3, randomization_factor=0.0))
    assert [retries.next_wait_s(error()) is None for _ in range(3)] == [False, False, True]


def test_no_attempt_begins_past_the_time_for_all() -> None:
    config = RetryConfig(max_elapsed_time_millis=1_000, initial_interval_millis=100, randomization_factor=0.0)
    assert Retries(config, started_at_s=time.monotonic() - 0.8).next_wait_s(error()) == 0.1
    assert Retries(config, started_at_s=time.monotonic() - 0.95).next_wait_s(error()) is None


def test_many_failures_are_worth_a_warning() -> None:
    retries = Retries(RetryConfig(max_retries=4, max_elapsed_time_millis=None))
    warned: list[bool] = []
    for _ in range(3):
        retries.next_wait_s(error())
        warned.append(retries.is_worth_a_warning)
    assert warned == [False, True, True]
