from __future__ import annotations

import asyncio
import concurrent.futures
import functools
import threading
from collections.abc import Callable, Iterator, Sequence
from datetime import timedelta
from typing import Any

import pytest
from temporalio.api.workflowservice.v1 import RecordActivityTaskHeartbeatResponse

from mainspring import activity
from mainspring.common import RawValue
from mainspring.exceptions import ApplicationError, CancelledError
from mainspring.service import RPCError, RPCStatusCode
from mainspring.worker._activity_registry import ActivityRegistry
from mainspring.worker._interceptor import (
    ActivityInboundInterceptor,
    ActivityOutboundInterceptor,
    ExecuteActivityInput,
    Interceptor,
)
from tests.worker.activity_server import FakeServer, Running, a_task, encoded

NEVER = 3600


@pytest.fixture
def threads() -> Iterator[concurrent.futures.ThreadPoolExecutor]:
    with concurrent.futures.ThreadPoolExecutor(2) as executor:
        yield executor


@pytest.fixture
def server() -> FakeServer:
    return FakeServer()


@activity.defn
async def greet(name: str) -> str:
    return f"hello {name}"


@activity.defn
async def wait_for_ever() -> str:
    activity.heartbeat("waiting")
    try:
        await asyncio.sleep(NEVER)
    finally:
        seen.append(activity.cancellation_details())
    return "woken"


seen: list[Any] = []


@pytest.fixture(autouse=True)
def nothing_seen() -> None:
    seen.clear()


async def test_an_activity_gets_its_arguments_and_its_result_is_told(server: FakeServer) -> None:
    async with Running(server, [greet]):
        server.give("greet", "world")
        said = await server.end()
    assert (said.how, said.result) == ("completed", "hello world")


class Hotel:
    @activity.defn
    async def book(self, room: int) -> int:
        return room + 1


async def test_a_method_runs_with_its_object(server: FakeServer) -> None:
    async with Running(server, [Hotel().book]):
        server.give("book", 7)
        assert (await server.end()).result == 8


async def test_what_stands_around_an_activity_runs(server: FakeServer) -> None:
    @functools.wraps(greet)
    async def politely(name: str) -> str:
        return f"{await greet(name)}, please"

    async with Running(server, [politely]):
        server.give("greet", "world")
        assert (await server.end()).result == "hello world, please"


async def test_an_error_is_told_with_its_type(server: FakeServer) -> None:
    @activity.defn
    async def fail() -> None:
        raise ApplicationError("no room", type="Full")

    async with Running(server, [fail]):
        server.give("fail")
        said = await server.end()
    assert said.failure is not None
    assert (said.failure.message, said.failure.application_failure_info.type) == ("no room", "Full")


async def test_an_unknown_activity_names_those_that_are_known(server: FakeServer) -> None:
    async with Running(server, [greet]):
        server.give("unknown")
        said = await server.end()
    assert said.failure is not None
    assert said.failure.message == (
        "Activity function unknown for workflow n1 is not registered on this worker, available activities: greet"
    )


async def test_arguments_that_cannot_be_decoded_fail_the_attempt(server: FakeServer) -> None:
    @activity.defn
    async def count(number: int) -> int:
        return number

    async with Running(server, [count]):
        server.give("count", {"not": "a number"})
        said = await server.end()
    assert said.failure is not None
    assert said.failure.message == "Failed decoding arguments"


async def test_the_dynamic_activity_takes_what_no_other_takes(server: FakeServer) -> None:
    @activity.defn(dynamic=True)
    async def any_of_them(args: Sequence[RawValue]) -> str:
        values = [activity.payload_converter().from_payload(arg.payload) for arg in args]
        return f"{activity.info().activity_type} {values}"

    async with Running(server, [greet, any_of_them]):
        server.give("other", 1, "two")
        said = await server.end()
    assert said.result == "other [1, 'two']"


async def test_info_tells_of_the_attempt_and_its_key_is_the_same_in_the_next(server: FakeServer) -> None:
    @activity.defn
    async def tell() -> list[Any]:
        info = activity.info()
        return [info.attempt, list(info.heartbeat_details), info.workflow_id, info.idempotency_key]

    async with Running(server, [tell]):
        server.give("tell", attempt=3, heartbeat_details=encoded("half"))
        said = await server.end()
    assert said.result == [3, ["half"], "n1", "run:7"]


async def test_a_cancellation_comes_with_the_answer_to_a_heartbeat(server: FakeServer) -> None:
    server.reply = RecordActivityTaskHeartbeatResponse(cancel_requested=True)
    async with Running(server, [wait_for_ever]):
        server.give("wait_for_ever")
        said = await server.end()
    assert said.how == "cancelled"
    assert seen == [activity.ActivityCancellationDetails(cancel_requested=True)]


@pytest.mark.parametrize("reason, kind", [("activity_paused", "ActivityPause"), ("activity_reset", "ActivityReset")])
async def test_a_pause_or_a_reset_ends_the_attempt_as_a_failure(server: FakeServer, reason: str, kind: str) -> None:
    setattr(server.reply, reason, True)
    async with Running(server, [wait_for_ever]):
        server.give("wait_for_ever")
        said = await server.end()
    assert said.failure is not None
    assert said.failure.application_failure_info.type == kind


async def test_an_attempt_that_nobody_waits_for_is_cancelled_and_not_reported(server: FakeServer) -> None:
    @activity.defn
    async def end_at_once() -> None:
        seen.append("ended")

    server.forgets = True
    async with Running(server, [wait_for_ever, end_at_once]):
        server.give("wait_for_ever")
        assert await server.heartbeats.get() == ["waiting"]
        server.give("end_at_once")
        await asyncio.wait_for(_until(lambda: len(seen) == 2), 5)
    assert seen == [activity.ActivityCancellationDetails(not_found=True), "ended"]
    assert server.ends.empty()


async def test_an_activity_may_refuse_to_be_cancelled(server: FakeServer) -> None:
    @activity.defn
    async def stubborn() -> str:
        activity.heartbeat()
        try:
            await asyncio.sleep(NEVER)
        except asyncio.CancelledError:
            return "done all the same"
        return "woken"

    server.reply = RecordActivityTaskHeartbeatResponse(cancel_requested=True)
    async with Running(server, [stubborn]):
        server.give("stubborn")
        said = await server.end()
    assert said.result == "done all the same"


@pytest.mark.parametrize("timeout", [timedelta(seconds=50), timedelta(0)], ids=["timeout", "no timeout"])
async def test_the_last_heartbeat_goes_out_with_the_failure(server: FakeServer, timeout: timedelta) -> None:
    @activity.defn
    async def progress() -> None:
        activity.heartbeat(1)
        await asyncio.wait_for(_until(lambda: not server.heartbeats.empty()), 5)
        activity.heartbeat(2)
        activity.heartbeat(3)
        raise ApplicationError("broken")

    async with Running(server, [progress]):
        server.give("progress", heartbeat_timeout=timeout)
        said = await server.end()
    assert await server.heartbeats.get() == [1]
    assert server.heartbeats.empty()
    assert said.last_heartbeat == [3]


async def test_a_heartbeat_that_cannot_be_converted_ends_the_attempt(server: FakeServer) -> None:
    @activity.defn
    async def odd() -> None:
        activity.heartbeat(object())
        await asyncio.sleep(NEVER)

    async with Running(server, [odd]):
        server.give("odd")
        said = await server.end()
    assert said.failure is not None
    assert "not JSON serializable" in said.failure.message


async def test_an_activity_with_auto_heartbeat_need_not_send_any(server: FakeServer) -> None:
    @activity.defn(auto_heartbeat=True)
    async def quiet() -> str:
        await asyncio.wait_for(_until(lambda: not server.heartbeats.empty()), 5)
        return "done"

    async with Running(server, [quiet]):
        server.give("quiet", heartbeat_timeout=timedelta(milliseconds=10))
        said = await server.end()
    assert said.result == "done"


async def test_an_activity_can_leave_its_end_to_somebody_else(server: FakeServer) -> None:
    @activity.defn
    async def later() -> None:
        activity.raise_complete_async()

    async with Running(server, [later, greet], most_tasks=1):
        server.give("later")
        server.give("greet", "world")
        said = await server.end()
        assert said.how == "left"
        said = await server.end()
    assert said.result == "hello world"
    assert server.ends.empty()


async def test_no_more_tasks_run_than_there_are_slots(server: FakeServer) -> None:
    running: list[str] = []
    go_on = asyncio.Event()

    @activity.defn
    async def count() -> int:
        running.append("one")
        await go_on.wait()
        return len(running)

    async with Running(server, [count], most_tasks=2):
        for _ in range(5):
            server.give("count")
        await asyncio.wait_for(_until(lambda: len(running) == 2), 5)
        for _ in range(10):
            await asyncio.sleep(0)
        assert len(running) == 2
        go_on.set()
        assert [(await server.end()).how for _ in range(5)] == ["completed"] * 5


async def test_a_stop_lets_activities_end_within_the_grace_and_tells_them(server: FakeServer) -> None:
    @activity.defn
    async def tidy_up() -> str:
        seen.append("begun")
        await activity.wait_for_worker_shutdown()
        return "tidy"

    running = Running(server, [tidy_up])
    async with running as worker:
        server.give("tidy_up")
        await asyncio.wait_for(_until(lambda: bool(seen)), 5)
        await worker.stop(timedelta(minutes=1))
    assert (await server.end()).result == "tidy"


async def test_a_stop_cancels_what_is_left_and_reports_that_as_a_failure(server: FakeServer) -> None:
    async with Running(server, [wait_for_ever]):
        server.give("wait_for_ever")
        assert await server.heartbeats.get() == ["waiting"]
    said = await server.end()
    assert said.failure is not None
    assert said.failure.application_failure_info.type == "WorkerShutdown"
    assert seen == [activity.ActivityCancellationDetails(worker_shutdown=True)]


async def test_a_worker_that_the_server_refuses_ends_with_its_error(server: FakeServer) -> None:
    server.polls_failed_with = RPCError("no", RPCStatusCode.PERMISSION_DENIED, b"")
    running = Running(server, [greet])
    async with running:
        with pytest.raises(RPCError, match="no"):
            await asyncio.wait_for(running.task, 5)


async def test_tasks_that_come_with_a_workflow_task_need_a_slot_too(server: FakeServer) -> None:
    async with Running(server, [greet], most_tasks=2) as worker:
        permit = worker.try_reserve()
        assert permit is not None
        assert worker.has_activity("greet")
        assert not worker.has_activity("another")
        worker.start_eagerly(a_task("greet", "eager"), permit)
        server.give("greet", "polled")
        results = {(await server.end()).result, (await server.end()).result}
    assert results == {"hello eager", "hello polled"}


# -- Interceptors ------------------------------------------------------------------------------------------------------


class Outbound(ActivityOutboundInterceptor):
    def heartbeat(self, *details: Any) -> None:
        super().heartbeat("intercepted", *details)


class Inbound(ActivityInboundInterceptor):
    def init(self, outbound: ActivityOutboundInterceptor) -> None:
        super().init(Outbound(outbound))

    async def execute_activity(self, input: ExecuteActivityInput) -> Any:  # noqa: A002 - the official name
        input.args = [f"{input.args[0]}!"]
        return f"<{await super().execute_activity(input)}>"


class Intercept(Interceptor):
    def intercept_activity(
        self,
        next: ActivityInboundInterceptor,  # noqa: A002 - the official name
    ) -> ActivityInboundInterceptor:
        return Inbound(next)


async def another(name: str) -> str:
    return f"bye {name}"


class Replacing(ActivityInboundInterceptor):
    async def execute_activity(self, input: ExecuteActivityInput) -> Any:  # noqa: A002 - the official name
        input.fn = another
        return await super().execute_activity(input)


class Replace(Interceptor):
    def intercept_activity(self, next: ActivityInboundInterceptor) -> ActivityInboundInterceptor:  # noqa: A002 - the official name
        return Replacing(next)


async def test_what_an_interceptor_puts_in_the_place_of_the_activity_runs(server: FakeServer) -> None:
    async with Running(server, [greet], interceptors=[Replace()]):
        server.give("greet", "world")
        assert (await server.end()).result == "bye world"


async def test_interceptors_stand_around_the_activity_and_its_heartbeats(server: FakeServer) -> None:
    @activity.defn
    async def shout(name: str) -> str:
        activity.heartbeat(name)
        await asyncio.wait_for(_until(lambda: not server.heartbeats.empty()), 5)
        return name

    async with Running(server, [shout], interceptors=[Intercept(), Intercept()]):
        server.give("shout", "hey")
        said = await server.end()
    assert said.result == "<<hey!!>>"
    assert await server.heartbeats.get() == ["intercepted", "intercepted", "hey!!"]


# -- Threads -----------------------------------------------------------------------------------------------------------


async def test_a_plain_function_runs_in_a_thread_with_the_context(
    server: FakeServer, threads: concurrent.futures.ThreadPoolExecutor
) -> None:
    @activity.defn
    def where() -> list[Any]:
        activity.heartbeat("from a thread")
        return [threading.current_thread() is threading.main_thread(), activity.info().activity_type]

    async with Running(server, [], registry=ActivityRegistry([where], threads, None)):
        server.give("where")
        said = await server.end()
    assert said.result == [False, "where"]
    assert await server.heartbeats.get() == ["from a thread"]


async def test_a_cancellation_is_raised_in_the_thread(
    server: FakeServer, threads: concurrent.futures.ThreadPoolExecutor
) -> None:
    @activity.defn
    def spin() -> None:
        try:
            activity.heartbeat()
            while True:
                pass
        except CancelledError:
            seen.append("raised")
            raise

    server.reply = RecordActivityTaskHeartbeatResponse(cancel_requested=True)
    async with Running(server, [], registry=ActivityRegistry([spin], threads, None)):
        server.give("spin")
        said = await server.end()
    assert (said.how, seen) == ("cancelled", ["raised"])


async def test_a_shield_holds_the_cancellation_back_until_its_end(
    server: FakeServer, threads: concurrent.futures.ThreadPoolExecutor
) -> None:
    @activity.defn
    def shielded() -> None:
        with activity.shield_thread_cancel_exception():
            with activity.shield_thread_cancel_exception():
                activity.heartbeat()
                activity.wait_for_cancelled_sync(5)
            seen.append("inside")
        seen.append("after")

    server.reply = RecordActivityTaskHeartbeatResponse(cancel_requested=True)
    async with Running(server, [], registry=ActivityRegistry([shielded], threads, None)):
        server.give("shielded")
        said = await server.end()
    assert (said.how, seen) == ("cancelled", ["inside"])


async def test_a_plain_function_may_ask_rather_than_be_interrupted(
    server: FakeServer, threads: concurrent.futures.ThreadPoolExecutor
) -> None:
    @activity.defn(no_thread_cancel_exception=True)
    def asking() -> str:
        activity.heartbeat()
        activity.wait_for_cancelled_sync(5)
        return f"cancelled: {activity.is_cancelled()}"

    server.reply = RecordActivityTaskHeartbeatResponse(cancel_requested=True)
    async with Running(server, [], registry=ActivityRegistry([asking], threads, None)):
        server.give("asking")
        said = await server.end()
    assert said.result == "cancelled: True"


async def test_a_worker_whose_executor_broke_ends_with_that_error(
    server: FakeServer, threads: concurrent.futures.ThreadPoolExecutor
) -> None:
    @activity.defn
    def crash() -> None:
        raise concurrent.futures.BrokenExecutor("gone")

    running = Running(server, [], registry=ActivityRegistry([crash], threads, None))
    async with running:
        server.give("crash")
        assert (await server.end()).how == "failed"
        server.end_polls()
        with pytest.raises(concurrent.futures.BrokenExecutor, match="gone"):
            await asyncio.wait_for(running.task, 5)


async def test_the_client_is_for_async_activities_only(
    server: FakeServer, threads: concurrent.futures.ThreadPoolExecutor
) -> None:
    @activity.defn
    def with_client() -> None:
        activity.client()

    async with Running(server, [], registry=ActivityRegistry([with_client], threads, None), client=object()):
        server.give("with_client")
        said = await server.end()
    assert said.failure is not None
    assert "No client available" in said.failure.message


async def _until(holds: Callable[[], bool]) -> None:
    while not holds():  # noqa: ASYNC110 - what is waited for is no event
        await asyncio.sleep(0)
