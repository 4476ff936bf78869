"""Cases that engines of this kind got wrong: cancellation, timers, conditions, eviction; on runs without a server."""

from __future__ import annotations

import asyncio
import gc
import logging
import math
from collections.abc import AsyncIterator, Callable, Sequence
from datetime import timedelta
from typing import Any, ClassVar

import pydantic
import pytest
from temporalio.api.failure.v1 import Failure

from mainspring import workflow
from mainspring.common import RawValue
from mainspring.converter import DataConverter, DefaultFailureConverter, PayloadConverter
from mainspring.exceptions import ActivityError, ApplicationError
from mainspring.replay import requests
from tests.worker.driven import (
    Driven,
    activity_cancelled,
    cancel,
    completed,
    failed,
    fired,
    query,
    signal,
    update,
)

MINUTE = timedelta(minutes=1)


async def step(name: str) -> Any:
    return await workflow.execute_activity(name, start_to_close_timeout=MINUTE)


# -- cancellation


@workflow.defn
class CleansUp:
    """Catches its cancellation at the first await, cleans up, and ends as cancelled."""

    @workflow.run
    async def run(self) -> None:
        try:
            await step("work")
        except asyncio.CancelledError:
            await step("not reached: an activity's cancellation is an ActivityError")
        except ActivityError as error:
            await step(f"cleanup after {type(error.cause).__name__}")
            raise


@workflow.defn
class SleepsFirst:
    @workflow.run
    async def run(self) -> str:
        try:
            await workflow.sleep(60)
        except asyncio.CancelledError:
            await step("cleanup")
            return "cleaned"
        return "slept"


def test_a_cancel_before_the_first_workflow_task_is_seen_at_the_first_await() -> None:
    run = Driven(SleepsFirst)
    assert run.begin(cancel()) == ["timer 1 60", "cancel_timer 1", "activity 1 cleanup"]
    assert run.tell(completed(1)) == ["complete 'cleaned'"]


def test_a_cancelled_activity_is_asked_to_cancel_once_and_its_caller_cleans_up() -> None:
    run = Driven(CleansUp)
    assert run.begin() == ["activity 1 work"]
    assert run.tell(cancel()) == ["cancel_activity 1"]
    assert run.tell(activity_cancelled(1)) == ["activity 2 cleanup after CancelledError"]
    assert run.tell(completed(2)) == ["cancelled"]


@workflow.defn
class CarriesOn:
    """Shields an activity, catches the cancellation, cleans up, and goes on as if nothing had been."""

    @workflow.run
    async def run(self) -> str:
        shielded = workflow.start_activity("precious", start_to_close_timeout=MINUTE)
        try:
            await asyncio.shield(shielded)
        except asyncio.CancelledError:
            await step("cleanup")
        task = asyncio.current_task()
        assert task is not None
        await workflow.sleep(1)
        async with asyncio.timeout(10):
            await step("later")
        async with asyncio.TaskGroup() as group:
            group.create_task(step("in a group"))
        return f"{await shielded} {task.cancelling()}"


def test_after_a_caught_cancel_later_awaits_are_not_cancelled_again(caplog: pytest.LogCaptureFixture) -> None:
    run = Driven(CarriesOn)
    assert run.begin() == ["activity 1 precious"]
    assert run.tell(cancel()) == ["activity 2 cleanup"]
    assert run.tell(completed(2)) == ["timer 1 1"]
    assert run.tell(fired(1)) == ["timer 2 10", "activity 3 later"]
    assert run.tell(completed(3)) == ["cancel_timer 2", "activity 4 in a group"]
    assert run.tell(completed(4)) == []
    assert run.tell(completed(1, "gem"))[0].startswith("complete 'gem")
    assert not caplog.records


def test_a_shielded_activity_that_fails_after_its_waiter_left_makes_no_noise(caplog: pytest.LogCaptureFixture) -> None:
    run = Driven(CarriesOn)
    run.begin()
    run.tell(cancel())
    run.tell(failed(1, "broken"))
    run.run.evict()
    gc.collect()
    assert not caplog.records
    assert run.error is None


@workflow.defn
class CancelsTimeouts:
    """An inner timeout and the run's cancellation are told apart."""

    @workflow.run
    async def run(self) -> str:
        try:
            async with asyncio.timeout(5):
                await workflow.sleep(60)
        except TimeoutError:
            return "timed out"
        return "slept"


def test_a_cancel_within_a_timeout_is_no_timeout() -> None:
    run = Driven(CancelsTimeouts)
    assert run.begin() == ["timer 1 5", "timer 2 60"]
    assert set(run.tell(cancel())) == {"cancel_timer 1", "cancel_timer 2", "cancelled"}


def test_a_timeout_that_ran_out_is_no_cancel() -> None:
    run = Driven(CancelsTimeouts)
    run.begin()
    assert run.tell(fired(1)) == ["cancel_timer 2", "complete 'timed out'"]


def test_a_timeout_and_a_cancel_in_one_activation_end_the_run_once() -> None:
    run = Driven(CancelsTimeouts)
    run.begin()
    said = run.tell(fired(1), cancel())
    assert len([one for one in said if one.split()[0] in {"complete", "cancelled", "fail"}]) == 1
    assert run.error is None


@workflow.defn
class CatchesTwice:
    @workflow.run
    async def run(self) -> str:
        for n in range(2):
            try:
                await workflow.sleep(60)
            except asyncio.CancelledError:
                await step(f"caught {n}")
        return "done"


def test_a_second_cancel_is_heard_too() -> None:
    run = Driven(CatchesTwice)
    run.begin()
    assert run.tell(cancel()) == ["cancel_timer 1", "activity 1 caught 0"]
    assert run.tell(completed(1)) == ["timer 2 60"]
    assert run.tell(cancel()) == ["cancel_timer 2", "activity 2 caught 1"]
    assert run.tell(completed(2)) == ["complete 'done'"]


# -- timers


@workflow.defn
class Sleeps:
    @workflow.run
    async def run(self, duration: float | str, by: str) -> str:
        seconds = float(duration)
        try:
            if by == "asyncio":
                await asyncio.sleep(seconds)
            elif by == "timeout":
                async with asyncio.timeout(seconds):
                    await asyncio.Event().wait()
            else:
                await workflow.sleep(seconds)
        except (ValueError, TimeoutError) as error:
            return type(error).__name__
        return "slept"


@pytest.mark.parametrize("by", ["asyncio", "workflow"])
@pytest.mark.parametrize(
    "duration, wait_ns",
    [(1.5, 1_500_000_000), (1e-9, 1), (1e12, 315_576_000_000 * 10**9), ("inf", 315_576_000_000 * 10**9)],
)
def test_a_timer_waits_as_long_as_it_can(duration: float | str, wait_ns: int, by: str) -> None:
    run = Driven(Sleeps, duration, by)
    run.begin()
    (timer,) = run.last
    assert isinstance(timer, requests.StartTimer)
    assert timer.wait_ns == wait_ns
    assert run.tell(fired(1)) == ["complete 'slept'"]


def test_a_durable_sleep_of_nothing_is_a_timer_that_fires_at_once() -> None:
    run = Driven(Sleeps, 0.0, "workflow")
    assert run.begin() == ["timer 1 0"]
    assert run.tell(fired(1)) == ["complete 'slept'"]


def test_asyncio_sleep_of_nothing_only_gives_way() -> None:
    assert Driven(Sleeps, 0.0, "asyncio").begin() == ["complete 'slept'"]


@workflow.defn
class CallsOff:
    @workflow.run
    async def run(self) -> list[str]:
        called: list[str] = []
        loop = asyncio.get_running_loop()
        loop.call_soon(called.append, "first")
        loop.call_soon(called.append, "second").cancel()
        await asyncio.sleep(0)
        return called


def test_a_callback_that_was_called_off_is_not_called(caplog: pytest.LogCaptureFixture) -> None:
    assert Driven(CallsOff).begin() == ["complete ['first']"]
    assert not caplog.records


@pytest.mark.parametrize("duration", [-1.0, "nan", "-inf"])
def test_a_negative_timer_is_an_error_that_code_can_catch(duration: float | str) -> None:
    run = Driven(Sleeps, duration, "workflow")
    assert run.begin() == ["complete 'ValueError'"]
    assert run.error is None


def test_asyncio_sleep_of_a_negative_time_only_gives_way() -> None:
    assert Driven(Sleeps, -1.0, "asyncio").begin() == ["complete 'slept'"]


def test_asyncio_sleep_of_no_number_is_an_error_that_code_can_catch() -> None:
    assert Driven(Sleeps, "nan", "asyncio").begin() == ["complete 'ValueError'"]


@pytest.mark.parametrize("duration", [0.1, 3.0, 86400.5])
def test_a_timeout_waits_exactly_as_long_as_it_says(duration: float) -> None:
    run = Driven(Sleeps, duration, "timeout")
    run.begin()
    (timer,) = run.last
    assert isinstance(timer, requests.StartTimer)
    assert math.isclose(timer.wait_ns, duration * 1e9, abs_tol=1)
    assert run.tell(fired(1)) == ["complete 'TimeoutError'"]


@pytest.mark.parametrize("duration", [0.0, -5.0])
def test_a_timeout_that_is_over_already_times_out(duration: float) -> None:
    run = Driven(Sleeps, duration, "timeout")
    assert run.begin()[-1] == "complete 'TimeoutError'"


# -- conditions


@workflow.defn
class Waits:
    def __init__(self) -> None:
        self.is_ready = False
        self.asked_count = 0

    @workflow.run
    async def run(self, how: str) -> str:
        conditions = {"ready": lambda: self.is_ready, "raises": self._raises, "counts": self._counts}
        try:
            await workflow.wait_condition(conditions[how.removeprefix("uncaught ")], timeout=10)
        except ZeroDivisionError:
            return "divided"
        except TimeoutError:
            if how.startswith("uncaught"):
                raise
            return "timed out"
        return "met"

    def _raises(self) -> bool:
        return self.is_ready and 1 // 0 == 0

    def _counts(self) -> bool:
        self.asked_count += 1
        return self.asked_count > 2

    @workflow.signal
    def ready(self) -> None:
        self.is_ready = True

    @workflow.query
    def how_often(self) -> int:
        return self.asked_count


def test_an_uncaught_timeout_of_a_condition_fails_the_run_not_the_task() -> None:
    run = Driven(Waits, "uncaught ready")
    assert run.begin() == ["timer 1 10"]
    assert run.tell(fired(1)) == ["fail "]
    assert run.error is None


def test_a_condition_that_comes_true_with_a_signal_before_the_timer_fired_is_met() -> None:
    run = Driven(Waits, "ready")
    run.begin()
    assert run.tell(signal("ready"), fired(1)) == ["cancel_timer 1", "complete 'met'"]


def test_a_condition_that_is_false_when_its_timer_fires_times_out() -> None:
    run = Driven(Waits, "ready")
    run.begin()
    assert run.tell(fired(1)) == ["complete 'timed out'"]


def test_a_condition_that_raises_raises_where_it_is_waited_for() -> None:
    run = Driven(Waits, "raises")
    run.begin()
    assert run.tell(signal("ready")) == ["cancel_timer 1", "complete 'divided'"]


def test_a_query_asks_no_condition() -> None:
    run = Driven(Waits, "counts")
    run.begin()
    before = run.tell(query("how_often"))
    assert run.tell(query("how_often")) == before


# -- eviction


@workflow.defn
class LeavesCleanup:
    @workflow.run
    async def run(self, how: str) -> str:
        try:
            async for _ in self._ticks():
                await workflow.sleep(60)
        except asyncio.CancelledError:
            if how == "swallows":
                await step("cleanup after cancel")
            raise
        finally:
            await step("cleanup")
        return "done"

    async def _ticks(self) -> AsyncIterator[int]:
        try:
            for n in range(10):
                yield n
        finally:
            await step("cleanup of the generator")


@pytest.mark.parametrize("how", ["plain", "swallows"])
def test_eviction_runs_cleanup_that_can_ask_for_nothing(how: str, caplog: pytest.LogCaptureFixture) -> None:
    run = Driven(LeavesCleanup, how)
    run.begin()
    asked = len(run.all)
    assert run.run.evict() == []
    gc.collect()
    assert run.run.state.completion.requests == run.last
    assert len(run.all) == asked
    assert not run.run.state.tasks
    assert not caplog.records, [record.getMessage() for record in caplog.records]


@workflow.defn
class Stubborn:
    @workflow.run
    async def run(self, swallows_all: bool) -> None:
        while True:
            try:
                await workflow.sleep(60)
            except asyncio.CancelledError:
                continue
            except BaseException:
                if not swallows_all:
                    raise


def test_a_coroutine_that_will_not_end_is_left_with_its_stack() -> None:
    run = Driven(Stubborn, True)
    run.begin()
    (stack,) = run.run.evict()
    assert "test_run_cases.py" in stack, "down to the line of users that waits"
    del run
    gc.collect()  # would never end if this ended the coroutine: it swallows whatever ends it


@workflow.defn
class AsksWhileDying:
    @workflow.run
    async def run(self) -> None:
        tasks = [asyncio.create_task(self._child(n)) for n in range(3)]
        await asyncio.wait(tasks)

    async def _child(self, n: int) -> None:
        try:
            await workflow.sleep(60 + n)
        finally:
            workflow.upsert_memo({"died": n})
            await workflow.wait_condition(lambda: False)


def test_children_of_an_evicted_run_ask_for_nothing(caplog: pytest.LogCaptureFixture) -> None:
    run = Driven(AsksWhileDying)
    run.begin()
    before = list(run.last)
    assert run.run.evict() == []
    gc.collect()
    assert run.run.state.completion.requests == before
    assert not caplog.records, [record.getMessage() for record in caplog.records]


@workflow.defn
class SleepsByAsyncio:
    caught: ClassVar[list[str]] = []

    @workflow.run
    async def run(self) -> None:
        try:
            await asyncio.sleep(60)
        except BaseException as error:
            self.caught.append(type(error).__name__)
            raise


def test_an_evicted_sleep_does_not_look_cancelled() -> None:
    run = Driven(SleepsByAsyncio)
    run.begin()
    assert run.run.evict() == []
    assert SleepsByAsyncio.caught == ["_WorkflowBeingEvictedError"]


# -- callbacks of the worker's, which may only look


def _schedules(_: object, __: str) -> bool:
    asyncio.get_running_loop().call_soon(lambda: None)
    return True


def _commands(_: object, __: str) -> bool:
    workflow.upsert_memo({"a": 1})
    return True


@workflow.defn
class Patched:
    @workflow.run
    async def run(self) -> bool:
        return workflow.patched("p")


with pytest.warns(DeprecationWarning, match="async def"):

    @workflow.defn
    class AnswersSlowly:
        @workflow.run
        async def run(self) -> None:
            await workflow.wait_condition(lambda: False)

        @workflow.query
        async def awaits(self) -> str:
            await asyncio.sleep(0)
            return "answered"


@pytest.mark.parametrize("callback, action", [(_schedules, "schedule task"), (_commands, "add command")])
def test_a_patch_activation_callback_may_only_look(callback: Callable[[object, str], bool], action: str) -> None:
    run = Driven(Patched, patch_activation=callback)
    run.begin()
    assert f"action attempted: {action}" in str(run.error)


def test_a_query_may_await_within_itself() -> None:
    run = Driven(AnswersSlowly)
    run.begin()
    assert run.tell(query("awaits")) == ["answer 'answered'"]


# -- dynamic handlers


@workflow.defn
class Dynamic:
    def __init__(self) -> None:
        workflow.set_dynamic_update_handler(self._any, validator=self._check)

    @workflow.run
    async def run(self) -> None:
        await workflow.wait_condition(lambda: False)

    @workflow.update
    def own(self) -> str:
        return "own"

    def _any(self, name: str, args: Sequence[RawValue]) -> str:
        return f"{name} {len(args)}"

    def _check(self, name: str, args: Sequence[RawValue]) -> None:
        if name != "fine":
            raise ApplicationError("Rejected")


def test_a_dynamic_validator_is_for_updates_without_a_handler_of_their_own() -> None:
    run = Driven(Dynamic)
    run.begin()
    assert run.tell(update("other")) == ["RejectUpdate"]
    assert run.tell(update("fine")) == ["AcceptUpdate", "updated 'fine 0'"]
    assert run.tell(update("own")) == ["AcceptUpdate", "updated 'own'"]


# -- whose worker did the task


@workflow.defn
class TellsBuild:
    @workflow.run
    async def run(self) -> None:
        await workflow.wait_condition(lambda: False)

    @workflow.query
    def build(self) -> str:
        return workflow.info().get_current_build_id()

    @workflow.signal
    def go(self) -> None:
        pass


def test_a_query_tells_the_build_that_did_the_last_task() -> None:
    run = Driven(TellsBuild, build_id="1.1")
    run.begin(is_replaying=True, build_id="1.0")
    assert run.tell(query("build")) == ["answer '1.0'"]
    run.tell(signal("go"))
    assert run.tell(query("build")) == ["answer '1.1'"]


# -- activities that are not there


@workflow.defn
class RunsLocally:
    @workflow.run
    async def run(self) -> None:
        await workflow.execute_local_activity("look", start_to_close_timeout=MINUTE)


@pytest.mark.parametrize(
    "known, available", [(frozenset[str](), "no available activities"), (frozenset({"b", "a"}), "activities: a, b")]
)
def test_a_local_activity_that_the_worker_lacks_fails_the_task(known: frozenset[str], available: str) -> None:
    run = Driven(RunsLocally, local_activities=known)
    run.begin()
    assert "look is not registered" in str(run.error)
    assert available in str(run.error)


# -- bad input, unfinished handlers


class Person(pydantic.BaseModel):
    name: str


@workflow.defn(failure_exception_types=[pydantic.ValidationError])
class TakesPerson:
    @workflow.run
    async def run(self, person: Person) -> None:
        pass


def test_a_declared_error_under_a_converter_s_own_fails_the_run() -> None:
    (said,) = Driven(TakesPerson, {"name": 1}).begin()
    assert said.startswith("fail 1 validation error for Person")


def test_arguments_that_nothing_takes_are_told_by_the_call() -> None:
    run = Driven(Checks)
    run.begin()
    run.tell(update("number", "no number", 2))
    (rejected,) = run.last
    assert isinstance(rejected, requests.RejectUpdate)
    assert "takes 2 positional arguments but 3 were given" in rejected.failure.message


@workflow.defn
class Checks:
    @workflow.run
    async def run(self) -> None:
        await workflow.wait_condition(lambda: False)

    @workflow.update
    def number(self, number: int) -> None:
        pass

    @number.validator
    def check(self, number: int) -> None:
        pass


@workflow.defn
class Takes:
    def __init__(self) -> None:
        self.numbers: list[int] = []

    @workflow.run
    async def run(self) -> list[int]:
        await workflow.wait_condition(lambda: len(self.numbers) == 2)
        return self.numbers

    @workflow.signal
    def take(self, number: int) -> None:
        self.numbers.append(number)

    @workflow.update
    def take_now(self, number: int) -> int:
        self.numbers.append(number)
        return number

    @workflow.query
    def has(self, number: int) -> bool:
        return number in self.numbers


def test_input_that_cannot_be_read_stops_nothing_but_itself(caplog: pytest.LogCaptureFixture) -> None:
    run = Driven(Takes)
    run.begin()
    with caplog.at_level(logging.ERROR):
        assert run.tell(signal("take", {"no": "number"})) == []
    assert "dropping the signal" in caplog.text
    assert run.tell(update("take_now", {"no": "number"})) == ["RejectUpdate"]
    assert run.tell(query("has", {"no": "number"}))[0].startswith("no_answer")
    assert run.error is None
    assert run.tell(signal("take", 1)) == []
    assert run.tell(update("take_now", 2)) == ["AcceptUpdate", "updated 2", "complete [1, 2]"]


@workflow.defn
class EndsEarly:
    @workflow.run
    async def run(self) -> str:
        await workflow.wait_condition(lambda: self.is_asked)
        return "ended"

    def __init__(self) -> None:
        self.is_asked = False

    @workflow.update
    async def long(self) -> None:
        self.is_asked = True
        await step("long")


def test_a_run_that_ends_before_its_update_does_says_so() -> None:
    run = Driven(EndsEarly)
    run.begin()
    with pytest.warns(workflow.UnfinishedUpdateHandlersWarning, match="long"):
        assert run.tell(update("long")) == ["AcceptUpdate", "activity 1 long", "complete 'ended'"]


# -- what cannot be converted


class Odd:
    """Of a kind that no converter knows."""


def odd_error() -> ApplicationError:
    return ApplicationError("no room", Odd(), type="Full", non_retryable=True)


@workflow.defn
class RaisesOdd:
    @workflow.run
    async def run(self, where: str) -> None:
        if where == "run":
            raise odd_error()
        if where == "cause":
            raise ApplicationError("no room", type="Full", non_retryable=True) from odd_error()
        if where == "next run":
            workflow.continue_as_new(Odd())
        await workflow.wait_condition(lambda: False)

    @workflow.signal
    def hear(self) -> None:
        raise odd_error()

    @workflow.query
    def ask(self) -> None:
        raise odd_error()

    @workflow.update
    def change(self) -> None:
        raise odd_error()

    @workflow.update
    def refuse(self) -> None: ...

    @refuse.validator
    def check(self) -> None:
        raise odd_error()


@pytest.mark.parametrize("where", ["run", "cause"])
def test_an_error_that_cannot_be_converted_ends_the_run_without_its_details(where: str) -> None:
    run = Driven(RaisesOdd, where)
    assert run.begin() == ["fail no room"]
    [ended] = run.last
    assert isinstance(ended, requests.Terminal)
    failure = ended.command.fail_workflow_execution_command_attributes.failure
    info = failure.application_failure_info
    assert (info.type, info.non_retryable) == ("Full", True)
    assert "Object of type Odd is not JSON serializable" in failure.cause.message


@pytest.mark.parametrize(
    "job, said",
    [
        (signal("hear"), ["fail no room"]),
        (query("ask"), ["no_answer no room"]),
        (update("change"), ["AcceptUpdate", "update_failed no room"]),
        (update("refuse"), ["RejectUpdate"]),
    ],
)
def test_whoever_waits_for_an_error_that_cannot_be_converted_is_told_of_it(job: Any, said: list[str]) -> None:
    run = Driven(RaisesOdd, "")
    run.begin()
    assert run.tell(job) == said


def test_a_next_run_whose_arguments_cannot_be_converted_fails_the_task() -> None:
    run = Driven(RaisesOdd, "next run")
    assert run.begin() == []
    assert "Object of type Odd is not JSON serializable" in str(run.error)


class Broken(DefaultFailureConverter):
    def to_failure(self, exception: BaseException, payload_converter: PayloadConverter, failure: Failure) -> None:
        raise RuntimeError("secret")


def test_a_failure_converter_that_fails_shows_nothing_and_ends_the_run() -> None:
    run = Driven(RaisesOdd, "run", converter=DataConverter(failure_converter_class=Broken))
    assert run.begin() == ["fail Failed converting workflow exception"]


class NoException(BaseException):
    """What `except Exception` does not catch, as what `pytest.fail` raises."""


@workflow.defn
class RaisesNoException:
    @workflow.run
    async def run(self, where: str) -> None:
        if where == "run":
            raise NoException("from afar")
        await workflow.wait_condition(lambda: False)

    @workflow.signal
    def hear(self) -> None:
        raise NoException("from afar")

    @workflow.update
    def change(self) -> None:
        raise NoException("from afar")


def test_what_is_no_exception_fails_the_task() -> None:
    run = Driven(RaisesNoException, "run")
    assert run.begin() == []
    assert str(run.error) == "workflow code raised NoException, which is no Exception: from afar"


@pytest.mark.parametrize("job", [signal("hear"), update("change")])
def test_what_is_no_exception_fails_the_task_of_a_handler(job: Any) -> None:
    run = Driven(RaisesNoException, "")
    run.begin()
    run.tell(job)
    assert str(run.error) == "workflow code raised NoException, which is no Exception: from afar"
