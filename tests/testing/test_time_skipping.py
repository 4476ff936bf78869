"""Time that skips: never under one who works, never past what somebody waits for, with all that time does on the way.

Reference: CASES "Time skipping".
"""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta

import pytest
from google.protobuf.timestamp_pb2 import Timestamp
from temporalio.api.testservice.v1 import (
    LockTimeSkippingRequest,
    SleepRequest,
    SleepUntilRequest,
    UnlockTimeSkippingRequest,
)

from mainspring import exceptions
from mainspring.client import WorkflowExecutionStatus, WorkflowFailureError
from mainspring.common import RetryPolicy
from mainspring.exceptions import ActivityError, TimeoutType
from mainspring.service import RPCError
from mainspring.testing import WorkflowEnvironment
from mainspring.worker import Worker
from tests.testing.flows import (
    DAY_S,
    QUEUE,
    Activities,
    Daily,
    Heartbeating,
    Listening,
    Moment,
    Neglected,
    Parent,
    Reminders,
    Retrying,
    Sleeper,
    Working,
)

LONG_S = 100_000.0
NEAR_S = 60.0
"""Time also passes by itself, and tests may be slow."""


async def seconds_since(env: WorkflowEnvironment, began_at: datetime) -> float:
    return (await env.get_current_time() - began_at).total_seconds()


async def turn_the_loop() -> None:
    """Let everything run that has something to do."""
    for _ in range(200):
        await asyncio.sleep(0)


# -- waiting for results


@pytest.mark.usefixtures("activities")
async def test_waiting_for_a_result_skips_the_timer(env: WorkflowEnvironment) -> None:
    began_at = await env.get_current_time()

    assert await env.client.execute_workflow(Sleeper.run, LONG_S, id="w", task_queue=QUEUE) == "rested"

    assert await seconds_since(env, began_at) == pytest.approx(LONG_S, abs=NEAR_S)
    assert env.supports_time_skipping


@pytest.mark.usefixtures("activities")
async def test_a_month_of_runs_in_one_chain(env: WorkflowEnvironment) -> None:
    began_at = await env.get_current_time()

    assert await env.client.execute_workflow(Daily.run, args=[1, 30], id="w", task_queue=QUEUE) == 30

    assert await seconds_since(env, began_at) == pytest.approx(30 * DAY_S, abs=NEAR_S)


@pytest.mark.usefixtures("activities")
async def test_children_sleep_as_fast_as_their_parent(env: WorkflowEnvironment) -> None:
    began_at = await env.get_current_time()

    assert await env.client.execute_workflow(Parent.run, id="w", task_queue=QUEUE) == ["rested", "rested"]

    assert await seconds_since(env, began_at) == pytest.approx(2 * DAY_S, abs=NEAR_S)


async def test_retries_come_after_their_backoff(env: WorkflowEnvironment, activities: Activities) -> None:
    assert await env.client.execute_workflow(Retrying.run, id="w", task_queue=QUEUE) == "at last"

    gaps = [later - earlier for earlier, later in zip(activities.times, activities.times[1:], strict=False)]
    assert gaps == [pytest.approx(hours * 3_600, abs=NEAR_S) for hours in (1, 2, 4)]


@pytest.mark.usefixtures("activities")
async def test_a_start_delay_is_kept(env: WorkflowEnvironment) -> None:
    began_at = await env.get_current_time()

    ran_at = await env.client.execute_workflow(Moment.run, id="w", task_queue=QUEUE, start_delay=timedelta(days=3))

    assert ran_at - began_at.timestamp() == pytest.approx(3 * DAY_S, abs=NEAR_S)


@pytest.mark.usefixtures("activities")
async def test_a_run_times_out_in_its_own_time(env: WorkflowEnvironment) -> None:
    began_at = await env.get_current_time()

    with pytest.raises(WorkflowFailureError) as failed:
        await env.client.execute_workflow(
            Sleeper.run, 9.0 * DAY_S, id="w", task_queue=QUEUE, run_timeout=timedelta(days=1)
        )

    assert isinstance(failed.value.cause, exceptions.TimeoutError)
    assert await seconds_since(env, began_at) == pytest.approx(DAY_S, abs=NEAR_S)


@pytest.mark.usefixtures("activities")
async def test_a_workflow_is_tried_again_after_its_backoff(env: WorkflowEnvironment) -> None:
    began_at = await env.get_current_time()

    with pytest.raises(WorkflowFailureError):
        await env.client.execute_workflow(
            Sleeper.run,
            9.0 * DAY_S,
            id="w",
            task_queue=QUEUE,
            run_timeout=timedelta(days=1),
            retry_policy=RetryPolicy(initial_interval=timedelta(days=2), maximum_attempts=2),
        )

    assert await seconds_since(env, began_at) == pytest.approx(4 * DAY_S, abs=NEAR_S)


@pytest.mark.usefixtures("activities")
async def test_waiting_for_an_update_skips_too(env: WorkflowEnvironment) -> None:
    handle = await env.client.start_workflow(Sleeper.run, 9.0 * DAY_S, id="w", task_queue=QUEUE)
    began_at = await env.get_current_time()

    assert await handle.execute_update(Sleeper.nap, LONG_S) == "napped"

    assert await seconds_since(env, began_at) == pytest.approx(LONG_S, abs=NEAR_S)
    assert (await handle.describe()).status is WorkflowExecutionStatus.RUNNING


@pytest.mark.usefixtures("activities")
async def test_many_can_wait_at_once(env: WorkflowEnvironment) -> None:
    began_at = await env.get_current_time()

    waits = [
        env.client.execute_workflow(Sleeper.run, number * LONG_S, id=f"w{number}", task_queue=QUEUE)
        for number in range(1, 21)
    ]

    assert await asyncio.gather(*waits) == ["rested"] * 20
    assert await seconds_since(env, began_at) == pytest.approx(20 * LONG_S, abs=NEAR_S)


async def test_environments_have_their_own_time(env: WorkflowEnvironment) -> None:
    async with await WorkflowEnvironment.start_time_skipping() as other:
        await env.sleep(LONG_S)

        assert (await env.get_current_time() - await other.get_current_time()).total_seconds() == pytest.approx(
            LONG_S, abs=NEAR_S
        )


# -- what holds time up


async def test_time_stands_while_a_worker_has_an_activity(env: WorkflowEnvironment, activities: Activities) -> None:
    began_at = await env.get_current_time()
    handle = await env.client.start_workflow(Working.run, id="w", task_queue=QUEUE)
    result = asyncio.create_task(handle.result())
    await activities.has_begun.wait()

    await turn_the_loop()

    assert not result.done()
    assert await seconds_since(env, began_at) < NEAR_S
    activities.may_end.set()
    assert await result == ["activity"]


@pytest.mark.usefixtures("activities")
async def test_an_activity_that_sleeps_can_miss_its_heartbeat(env: WorkflowEnvironment) -> None:
    with pytest.raises(WorkflowFailureError) as failed:
        await env.client.execute_workflow(Heartbeating.run, id="w", task_queue=QUEUE)

    assert isinstance(failed.value.cause, ActivityError)
    assert isinstance(failed.value.cause.cause, exceptions.TimeoutError)
    assert failed.value.cause.cause.type is TimeoutType.HEARTBEAT


@pytest.mark.slow
@pytest.mark.usefixtures("activities")
async def test_what_no_worker_takes_holds_nothing_up(env: WorkflowEnvironment) -> None:
    with pytest.raises(WorkflowFailureError) as failed:
        await env.client.execute_workflow(Neglected.run, id="w", task_queue=QUEUE)

    assert isinstance(failed.value.cause, ActivityError)
    assert isinstance(failed.value.cause.cause, exceptions.TimeoutError)
    assert failed.value.cause.cause.type is TimeoutType.SCHEDULE_TO_START


async def test_a_worker_that_starts_late_finds_time_unspent(env: WorkflowEnvironment) -> None:
    handle = await env.client.start_workflow(
        Sleeper.run, LONG_S, id="w", task_queue=QUEUE, run_timeout=timedelta(days=9)
    )
    result = asyncio.create_task(handle.result())
    await turn_the_loop()

    async with Worker(env.client, task_queue=QUEUE, workflows=[Sleeper]):
        assert await result == "rested"


@pytest.mark.usefixtures("activities")
async def test_time_that_nobody_waits_for_does_not_skip(env: WorkflowEnvironment) -> None:
    began_at = await env.get_current_time()
    handle = await env.client.start_workflow(Sleeper.run, LONG_S, id="w", task_queue=QUEUE)

    await handle.query(Sleeper.now)
    await turn_the_loop()

    assert await seconds_since(env, began_at) < NEAR_S


@pytest.mark.usefixtures("activities")
async def test_results_let_no_time_skip_where_that_is_disabled(env: WorkflowEnvironment) -> None:
    began_at = await env.get_current_time()
    with env.auto_time_skipping_disabled():
        handle = await env.client.start_workflow(Sleeper.run, LONG_S, id="w", task_queue=QUEUE)
        result = asyncio.create_task(handle.result())
        await turn_the_loop()
        assert await seconds_since(env, began_at) < NEAR_S

        await env.sleep(LONG_S)

        assert await result == "rested"


# -- sleeping


@pytest.mark.usefixtures("activities")
async def test_a_workflow_lives_while_the_test_sleeps(env: WorkflowEnvironment) -> None:
    handle = await env.client.start_workflow(Reminders.run, id="w", task_queue=QUEUE)

    await env.sleep(timedelta(days=30, hours=1))

    assert await handle.query(Reminders.count) == 30
    await handle.signal(Reminders.stop)
    assert await handle.result() == 30


@pytest.mark.usefixtures("activities")
async def test_sleeping_goes_no_further_than_it_says(env: WorkflowEnvironment) -> None:
    handle = await env.client.start_workflow(Sleeper.run, LONG_S, id="w", task_queue=QUEUE)
    began_at = await env.get_current_time()

    await env.sleep(1_000)

    assert await seconds_since(env, began_at) == pytest.approx(1_000, abs=NEAR_S)
    await handle.signal(Sleeper.touch)
    assert await handle.query(Sleeper.now) == pytest.approx(began_at.timestamp() + 1_000, abs=NEAR_S)


@pytest.mark.usefixtures("activities")
async def test_a_test_can_sleep_and_act_while_it_waits_for_a_result(env: WorkflowEnvironment) -> None:
    handle = await env.client.start_workflow(Reminders.run, id="w", task_queue=QUEUE)
    result = asyncio.create_task(handle.result())

    await env.sleep(timedelta(days=7, hours=1))
    await handle.signal(Reminders.stop)

    assert await result == 7


@pytest.mark.usefixtures("activities")
async def test_a_sleep_spans_runs_that_continue_as_new(env: WorkflowEnvironment) -> None:
    handle = await env.client.start_workflow(Daily.run, args=[1, 30], id="w", task_queue=QUEUE)

    await env.sleep(timedelta(days=10, hours=1))

    runs = [run async for run in env.client.list_workflows("WorkflowId = 'w'")]
    assert sorted(run.status.name for run in runs if run.status) == ["CONTINUED_AS_NEW"] * 10 + ["RUNNING"]
    assert await handle.result() == 30


@pytest.mark.usefixtures("activities")
async def test_no_signal_is_lost_or_refused_while_runs_continue_as_new(env: WorkflowEnvironment) -> None:
    handle = await env.client.start_workflow(Listening.run, list[int](), id="w", task_queue=QUEUE)
    runs: set[str] = set()
    sent = 0

    while len(runs) < 4:
        await asyncio.gather(*(handle.signal(Listening.hear, sent + n) for n in range(3)))
        sent += 3
        await asyncio.sleep(0.001 * (sent % 11))  # now before a run continues as new, now after
        runs.add((await handle.describe()).run_id)
    await handle.signal(Listening.end)

    assert sorted(await handle.result()) == list(range(sent))


@pytest.mark.usefixtures("activities")
async def test_cron_runs_each_day_of_a_month(env: WorkflowEnvironment) -> None:
    at = await env.get_current_time()
    noon = at.replace(hour=12, minute=0, second=0, microsecond=0)
    await env.sleep((noon - at) % timedelta(days=1))
    await env.client.start_workflow(Moment.run, id="w", task_queue=QUEUE, cron_schedule="0 0 * * *")

    await env.sleep(timedelta(days=30))

    runs = [run async for run in env.client.list_workflows("WorkflowId = 'w'")]
    assert [run.status for run in runs].count(WorkflowExecutionStatus.COMPLETED) == 30


async def test_sleeping_until_the_past_ends_at_once(env: WorkflowEnvironment) -> None:
    past = Timestamp()
    past.FromDatetime(datetime(2020, 1, 1, tzinfo=UTC))

    await env.client.test_service.sleep_until(SleepUntilRequest(timestamp=past))


async def test_a_sleep_that_is_given_up_leaves_time_locked(env: WorkflowEnvironment, activities: Activities) -> None:
    await env.client.start_workflow(Working.run, id="w", task_queue=QUEUE)
    await activities.has_begun.wait()
    with pytest.raises(TimeoutError):
        await asyncio.wait_for(env.sleep(LONG_S), 0.01)
    activities.may_end.set()
    began_at = await env.get_current_time()

    await env.client.get_workflow_handle("w").describe()
    await turn_the_loop()

    assert await seconds_since(env, began_at) < NEAR_S


async def test_time_has_an_end(env: WorkflowEnvironment) -> None:
    with pytest.raises(RPCError, match="time ends in the year 2262"):
        await env.sleep(timedelta(days=365 * 1_000))


# -- the test service


async def test_locks_are_counted(env: WorkflowEnvironment) -> None:
    service = env.client.test_service
    request = SleepRequest()
    request.duration.FromTimedelta(timedelta(hours=1))
    sleep = asyncio.create_task(service.sleep(request))
    await service.lock_time_skipping(LockTimeSkippingRequest())
    await service.unlock_time_skipping(UnlockTimeSkippingRequest())
    await turn_the_loop()
    assert not sleep.done()

    await service.unlock_time_skipping(UnlockTimeSkippingRequest())

    await sleep
