"""The activity side of a worker: it polls for activity tasks, runs them, and tells the server how they end.

    run()      polls while a slot is free                            stop(grace)
    start()    tasks that came with the answer to a workflow task    shutdown event -> grace -> cancellations -> ends

A cancellation comes with the answer to a heartbeat, from a timeout that this worker notices too, or from its shutdown.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Coroutine, Sequence
from datetime import timedelta

import msgspec
from temporalio.api.workflowservice.v1 import PollActivityTaskQueueResponse

from mainspring.activity import ActivityCancellationDetails
from mainspring.activity import logger as activity_logger
from mainspring.service import RPCError, RPCStatusCode
from mainspring.worker._activity_attempt import Attempt, Ending, Surroundings
from mainspring.worker._activity_heartbeats import Details, Heartbeats, Throttle
from mainspring.worker._activity_server import ActivityServer
from mainspring.worker._activity_tasks import assignment_of_task

logger = logging.getLogger("mainspring.worker")

RETRY_POLL_AFTER_S = (0.2, 0.5, 1.0, 2.0, 5.0)
FATAL = {RPCStatusCode.INVALID_ARGUMENT, RPCStatusCode.PERMISSION_DENIED, RPCStatusCode.UNIMPLEMENTED}
POLLS_END_WITHIN_S = 2.0
AFTER_TIMEOUT_S = 5.0  # the server's own timeout comes first, if it is there


class ActivityOptions(msgspec.Struct, kw_only=True, frozen=True):
    """How a worker does activity tasks."""

    namespace: str
    task_queue: str
    most_tasks: int = 100  # at once
    polls: int = 5
    most_per_second: float | None = None
    throttle: Throttle = Throttle()


class ActivityWorker:
    """See the module."""

    def __init__(self, server: ActivityServer, surroundings: Surroundings, options: ActivityOptions) -> None:
        self._server = server
        self._around = surroundings
        self._options = options
        self._slots = asyncio.Semaphore(options.most_tasks)
        self._pace = Pace(options.most_per_second)
        self._running: dict[bytes, Attempt] = {}
        self._working: set[asyncio.Task[None]] = set()
        self._polls: set[asyncio.Task[None]] = set()
        self._asking: set[asyncio.Task[None]] = set()  # those of the polls that the server has
        self._is_stopping = False
        self._broken: asyncio.Future[None] | None = None

    def __repr__(self) -> str:
        return f"<activity worker of {self._options.task_queue!r}, {len(self._running)} running>"

    async def run(self) -> None:
        """Poll and work until `stop`; those at work are not waited for.

        Raises:
            RPCError: the server refuses this worker for good.
            BrokenExecutor: the executor for `def` activities is gone.
        """
        self._broken = asyncio.get_running_loop().create_future()
        self._polls = {asyncio.create_task(self._poll()) for _ in range(self._options.polls)}
        try:
            await asyncio.wait([*self._polls, self._broken], return_when=asyncio.FIRST_EXCEPTION)
            for ended in [*self._polls, self._broken]:
                if ended.done() and not ended.cancelled():
                    ended.result()
        finally:
            for poll in self._polls:
                poll.cancel()
            await asyncio.gather(*self._polls, return_exceptions=True)
            self._broken.cancel()

    async def stop_polling(self) -> None:
        """Tell activities that the worker will stop, and take no more tasks; `run` returns.

        A poll that the server has may bring a task yet, so the server is asked to answer it, and has a while for it.
        """
        self._is_stopping = True
        await self._announce_shutdown()
        for poll in self._polls - self._asking:
            poll.cancel()
        if self._asking:
            try:
                await self._server.end_polls()
            except RPCError as error:
                logger.debug("the server was not told that the worker stops: %s", error)
            await asyncio.wait(self._asking, timeout=POLLS_END_WITHIN_S)
        for poll in self._polls:
            poll.cancel()
        if self._broken is not None and not self._broken.done():
            self._broken.set_result(None)

    async def _announce_shutdown(self) -> None:
        shutdown = self._around.worker_shutdown
        if shutdown.thread_event is not None:
            await asyncio.to_thread(shutdown.thread_event.set)  # it may belong to another process
        if shutdown.async_event is not None:
            shutdown.async_event.set()

    async def stop(self, grace: timedelta = timedelta(0)) -> None:
        """Stop polling, let activities run for `grace`, cancel those that are left, and wait for their ends."""
        await self.stop_polling()
        if self._working and grace:
            await asyncio.wait(self._working, timeout=grace.total_seconds())
        for attempt in self._running.values():
            attempt.stop.request(ActivityCancellationDetails(worker_shutdown=True))
        while self._working:
            await asyncio.wait(self._working)

    def start(self, tasks: Sequence[PollActivityTaskQueueResponse]) -> None:
        """Run tasks that came with the answer to a workflow task. They wait for slots as polls do."""
        for task in tasks:
            self._begin(self._when_slot_is_free(task))

    # -- polling

    async def _poll(self) -> None:
        failures = 0
        while not self._is_stopping:
            await self._slots.acquire()
            try:
                await self._pace.wait()
                task = await self._ask()
                failures = 0
            except RPCError as error:
                self._slots.release()
                failures += 1
                await self._after_failure(error, failures)
                continue
            except BaseException:
                self._slots.release()
                raise
            if task is None:
                self._slots.release()
            else:
                self._begin(self._in_slot(task))

    async def _ask(self) -> PollActivityTaskQueueResponse | None:
        asking = asyncio.current_task()
        assert asking is not None, "polls are tasks"
        self._asking.add(asking)
        try:
            return await self._server.poll()
        finally:
            self._asking.discard(asking)

    async def _after_failure(self, error: RPCError, failures: int) -> None:
        if self._is_stopping:
            return
        if error.status in FATAL:
            raise error
        logger.warning("polling for activity tasks failed, trying again: %s", error)
        await asyncio.sleep(RETRY_POLL_AFTER_S[min(failures, len(RETRY_POLL_AFTER_S)) - 1])

    # -- working

    def _begin(self, work: Coroutine[None, None, None]) -> None:
        working = asyncio.create_task(work)
        self._working.add(working)
        working.add_done_callback(self._done)

    def _done(self, working: asyncio.Task[None]) -> None:
        self._working.discard(working)
        if not working.cancelled() and (error := working.exception()) is not None:
            logger.error("an activity task was lost", exc_info=error)

    async def _when_slot_is_free(self, task: PollActivityTaskQueueResponse) -> None:
        await self._slots.acquire()
        await self._in_slot(task)

    async def _in_slot(self, task: PollActivityTaskQueueResponse) -> None:
        """Run a task and report its end, in a slot that is taken already."""
        try:
            attempt = Attempt(assignment_of_task(task, self._options.namespace, self._options.task_queue), self._around)
            self._running[task.task_token] = attempt
            ending = await self._attend(attempt)
            await self._report(attempt, ending)
            if ending.fatal is not None and self._broken is not None and not self._broken.done():
                self._broken.set_exception(ending.fatal)
        finally:
            self._running.pop(task.task_token, None)
            self._slots.release()

    async def _attend(self, attempt: Attempt) -> Ending:
        """Run an attempt with its heartbeats and its timeout."""
        info = attempt.info
        timeout_s = info.heartbeat_timeout.total_seconds() if info.heartbeat_timeout else None

        async def send(details: Details) -> None:
            await self._send_heartbeat(attempt, details)

        attempt.heartbeats = Heartbeats(send, self._options.throttle.interval_s(timeout_s))
        working = asyncio.create_task(attempt.run())
        if not info.start_to_close_timeout:
            return await working
        timed_out = ActivityCancellationDetails(timed_out=True)
        after_s = info.start_to_close_timeout.total_seconds() + AFTER_TIMEOUT_S
        timer = asyncio.get_running_loop().call_later(after_s, attempt.stop.request, timed_out)
        try:
            return await working
        finally:
            timer.cancel()

    async def _send_heartbeat(self, attempt: Attempt, details: Details) -> None:
        try:
            payloads = await attempt.encode_heartbeat(details)
        except Exception as error:  # noqa: BLE001 - of the user's converter or codec; it ends the attempt
            activity_logger.warning("Cancelling activity because a heartbeat could not be converted", exc_info=error)
            attempt.fail_heartbeat(error)
            return
        try:
            reply = await self._server.heartbeat(attempt.info.task_token, payloads)
        except RPCError as error:
            if error.status == RPCStatusCode.NOT_FOUND:
                attempt.stop.request(ActivityCancellationDetails(not_found=True))
            else:
                logger.warning("a heartbeat of activity %s was not taken: %s", attempt.info.activity_id, error)
            return
        if reply.cancel_requested or reply.activity_paused or reply.activity_reset:
            attempt.stop.request(
                ActivityCancellationDetails(
                    cancel_requested=reply.cancel_requested,
                    paused=reply.activity_paused,
                    reset=reply.activity_reset,
                )
            )

    async def _report(self, attempt: Attempt, ending: Ending) -> None:
        token, details = attempt.info.task_token, attempt.stop.details
        if details is not None and details.not_found:
            return
        try:
            if ending.result is not None:
                await self._server.complete(token, ending.result)
            elif ending.failure is not None and ending.is_cancelled:
                given = ending.failure.canceled_failure_info
                await self._server.cancel(token, given.details if given.HasField("details") else None)
            elif ending.failure is not None:
                await self._server.fail(token, ending.failure, ending.last_heartbeat)
        except RPCError as error:
            level = logging.DEBUG if error.status == RPCStatusCode.NOT_FOUND else logging.WARNING
            logger.log(level, "the end of activity %s was not taken: %s", attempt.info.activity_id, error)


class Pace:
    """Lets so many through in a second, evenly."""

    def __init__(self, most_per_second: float | None) -> None:
        self._gap_s = 1 / most_per_second if most_per_second else 0.0
        self._next_at = 0.0

    async def wait(self) -> None:
        """Wait for one's turn."""
        if not self._gap_s:
            return
        now = time.monotonic()
        turn = max(now, self._next_at)
        self._next_at = turn + self._gap_s
        if turn > now:
            await asyncio.sleep(turn - now)
