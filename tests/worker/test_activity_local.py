from __future__ import annotations

import asyncio
import threading
from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec
import pytest
from temporalio.api.common.v1 import RetryPolicy
from temporalio.api.enums.v1 import TimeoutType

from mainspring import activity
from mainspring.common import Priority, TypedSearchAttributes
from mainspring.common._composite_event import CompositeEvent
from mainspring.converter import DataConverter
from mainspring.exceptions import ApplicationError
from mainspring.replay.requests import ActivityCancellation, LocalActivityTask
from mainspring.worker._activity_attempt import Surroundings
from mainspring.worker._activity_local import LocalActivities
from mainspring.worker._activity_registry import ActivityRegistry
from mainspring.worker._slots import CountedSlots, FixedLimit
from mainspring.workflow import Info

NEVER = 3600
SECOND = 1_000_000_000
attempts: list[int] = []


@pytest.fixture(autouse=True)
def no_attempts() -> None:
    attempts.clear()


@activity.defn
async def greet(name: str) -> str:
    info = activity.info()
    activity.heartbeat("nobody listens")
    return f"hello {name} from {info.workflow_id}, local: {info.is_local}"


@activity.defn
async def fail_twice() -> int:
    attempts.append(activity.info().attempt)
    if len(attempts) < 3:
        raise ApplicationError("again")
    return len(attempts)


@activity.defn
async def fail_for_good() -> None:
    attempts.append(activity.info().attempt)
    raise ApplicationError("no room", type="Full", non_retryable=True)


@activity.defn
async def wait_for_ever() -> None:
    await asyncio.sleep(NEVER)


@activity.defn
async def later() -> None:
    activity.raise_complete_async()


def locals_of(most_at_once: int = 10) -> LocalActivities:
    return locals_and_slots(most_at_once)[0]


def locals_and_slots(most_at_once: int) -> tuple[LocalActivities, CountedSlots]:
    registry = ActivityRegistry([greet, fail_twice, fail_for_good, wait_for_ever, later], None, None)
    around = Surroundings(
        registry=registry,
        data_converter=DataConverter.default,
        worker_shutdown=CompositeEvent(threading.Event(), asyncio.Event()),
    )
    slots = CountedSlots(FixedLimit(most_at_once))
    return LocalActivities(around, slots), slots


def a_local(name: str, *args: Any, **fields: Any) -> LocalActivityTask:
    task = LocalActivityTask(
        seq=1,
        activity_id="1",
        activity_type=name,
        attempt=1,
        original_schedule_at=0,
        input=DataConverter.default.payload_converter.to_payloads(args),
        headers={},
        schedule_to_close_ns=0,
        schedule_to_start_ns=0,
        start_to_close_ns=10 * SECOND,
        retry_policy=a_policy(),
        local_retry_threshold_ns=60 * SECOND,
        cancellation=ActivityCancellation.TRY_CANCEL,
    )
    return msgspec.structs.replace(task, **fields)


def a_policy(first: timedelta = timedelta(milliseconds=1), most: int = 0) -> RetryPolicy:
    policy = RetryPolicy(maximum_attempts=most)
    policy.initial_interval.FromTimedelta(first)
    return policy


def a_workflow() -> Info:
    now = datetime.now(UTC)
    return Info(
        attempt=1,
        continued_run_id=None,
        cron_schedule=None,
        execution_timeout=None,
        first_execution_run_id="run",
        headers={},
        namespace="default",
        original_execution_run_id="run",
        parent=None,
        root=None,
        priority=Priority.default,
        raw_memo={},
        retry_policy=None,
        run_id="run",
        run_timeout=None,
        search_attributes={},
        start_time=now,
        task_queue="tq",
        task_timeout=timedelta(seconds=10),
        typed_search_attributes=TypedSearchAttributes.empty,
        workflow_id="n1",
        workflow_start_time=now,
        workflow_type="AddNode",
    )


async def test_a_local_activity_gives_its_result() -> None:
    done = await locals_of().run(a_local("greet", "world"), a_workflow())
    assert done.outcome.result is not None
    value = DataConverter.default.payload_converter.from_payload(done.outcome.result)
    assert value == "hello world from n1, local: True"


async def test_a_local_activity_is_tried_again_here() -> None:
    done = await locals_of().run(a_local("fail_twice"), a_workflow())
    assert (attempts, done.attempt) == ([1, 2, 3], 3)
    assert done.outcome.failure is None


async def test_the_last_failure_comes_bare_as_from_official_workers() -> None:
    done = await locals_of().run(a_local("fail_for_good"), a_workflow())
    failure = done.outcome.failure
    assert failure is not None
    assert (failure.message, failure.application_failure_info.type) == ("no room", "Full")


async def test_attempts_end_where_the_policy_says() -> None:
    done = await locals_of().run(a_local("fail_twice", retry_policy=a_policy(most=2)), a_workflow())
    assert attempts == [1, 2]
    assert done.outcome.failure is not None
    assert (done.outcome.failure.message, done.attempt) == ("again", 2)


async def test_a_wait_beyond_the_threshold_is_the_workflows() -> None:
    task = a_local("fail_twice", retry_policy=a_policy(timedelta(minutes=5)), attempt=2)
    done = await locals_of().run(task, a_workflow())
    backoff = done.outcome.backoff
    assert backoff is not None
    assert (backoff.attempt, backoff.wait_ns) == (3, 600 * SECOND)
    assert backoff.original_schedule_at == done.original_schedule_at


async def test_an_attempt_that_takes_too_long_times_out() -> None:
    task = a_local("wait_for_ever", start_to_close_ns=SECOND // 100, retry_policy=a_policy(most=1))
    done = await locals_of().run(task, a_workflow())
    assert done.outcome.failure is not None
    cause = done.outcome.failure.cause
    assert cause.timeout_failure_info.timeout_type == TimeoutType.TIMEOUT_TYPE_START_TO_CLOSE
    assert cause.message == "activity StartToClose timeout"


async def test_no_attempt_begins_when_all_time_is_over() -> None:
    task = a_local("wait_for_ever", start_to_close_ns=0, schedule_to_close_ns=SECOND // 100)
    done = await locals_of().run(task, a_workflow())
    assert done.outcome.failure is not None
    kind = done.outcome.failure.cause.timeout_failure_info.timeout_type
    assert kind == TimeoutType.TIMEOUT_TYPE_SCHEDULE_TO_CLOSE
    assert done.attempt == 1


async def test_a_slot_that_is_not_free_in_time_is_a_timeout() -> None:
    local = locals_of(most_at_once=1)
    first = asyncio.create_task(local.run(a_local("wait_for_ever"), a_workflow()))
    await asyncio.sleep(0)
    done = await local.run(a_local("greet", "x", schedule_to_start_ns=SECOND // 100), a_workflow())
    first.cancel()
    await first
    assert done.outcome.failure is not None
    kind = done.outcome.failure.cause.timeout_failure_info.timeout_type
    assert kind == TimeoutType.TIMEOUT_TYPE_SCHEDULE_TO_START


@pytest.mark.parametrize("turns", [0, 1, 5])
async def test_a_cancelled_one_still_says_how_it_ended(turns: int) -> None:
    running = asyncio.create_task(locals_of().run(a_local("wait_for_ever"), a_workflow()))
    for _ in range(turns + 1):
        await asyncio.sleep(0)
    running.cancel()
    done = await running
    assert done.outcome.is_cancelled
    assert done.outcome.failure is not None
    assert done.outcome.failure.cause.HasField("canceled_failure_info")


async def test_a_cancellation_between_attempts_is_one_too() -> None:
    task = a_local("fail_twice", retry_policy=a_policy(timedelta(seconds=30)))
    running = asyncio.create_task(locals_of().run(task, a_workflow()))
    for _ in range(20):
        await asyncio.sleep(0)
    assert attempts == [1]
    running.cancel()
    done = await running
    assert done.outcome.is_cancelled


async def test_a_local_activity_cannot_be_completed_from_elsewhere() -> None:
    done = await locals_of().run(a_local("later"), a_workflow())
    assert done.outcome.failure is not None
    assert "cannot be completed from elsewhere" in done.outcome.failure.message


async def test_a_cancellation_in_the_moment_in_which_a_slot_is_free_is_not_lost() -> None:
    local, slots = locals_and_slots(most_at_once=1)
    permit = await slots.reserve()
    running = asyncio.create_task(
        local.run(a_local("wait_for_ever", schedule_to_start_ns=NEVER * SECOND), a_workflow())
    )
    await asyncio.sleep(0)
    await asyncio.sleep(0)  # until it waits for the slot

    slots.release(permit)
    running.cancel()

    await asyncio.wait([running], timeout=5)  # `wait_for` would cancel it once more
    assert running.done()
    assert running.result().outcome.is_cancelled
    assert slots.try_reserve() is not None, "the slot is free again"
