"""The activity side of a worker: it polls for activity tasks, runs them, and tells the server how they end.

    run()             polls while a slot is free                            stop(grace)
    start_eagerly()   tasks that came with the answer to a workflow task    shutdown event -> grace -> cancellations

A cancellation comes with the answer to a heartbeat, from a timeout that this worker notices too, or from its shutdown.
"""

from __future__ import annotations

import asyncio
import dataclasses
import logging
import time
from datetime import timedelta
from functools import partial
from typing import TYPE_CHECKING

import msgspec
from temporalio.api.workflowservice.v1 import PollActivityTaskQueueResponse

from mainspring.activity import ActivityCancellationDetails
from mainspring.activity import logger as activity_logger
from mainspring.service import RPCError, RPCStatusCode
from mainspring.worker._activity_attempt import Attempt, Ending, Surroundings, shutdown_failure
from mainspring.worker._activity_heartbeats import Details, Heartbeats, Throttle
from mainspring.worker._activity_server import ActivityServer
from mainspring.worker._activity_tasks import assignment_of_task
from mainspring.worker._activity_timeouts import Timeouts
from mainspring.worker._poller_behavior import PollerBehavior, PollerBehaviorSimpleMaximum
from mainspring.worker._pollers import POLLS_END_WITHIN_S, PolledQueue, Pollers
from mainspring.worker._slots import Permit, Slots, UsedByActivity
from mainspring.worker._tuning import SlotInfo
from mainspring.worker._worker_metrics import WorkerMetrics

if TYPE_CHECKING:
    from mainspring.client import Client

logger = logging.getLogger("mainspring.worker")

AFTER_TIMEOUT_S = 5.0  # the server's own timeout comes first, if it is there


class ActivityOptions(msgspec.Struct, kw_only=True, frozen=True):
    """How a worker does activity tasks."""

    namespace: str
    task_queue: str
    polls: PollerBehavior = PollerBehaviorSimpleMaximum()
    polls_end_within_s: float = POLLS_END_WITHIN_S  # at a stop
    is_polling: bool = True  # false: only what comes with the answers to workflow tasks is run
    most_per_second: float | None = None
    throttle: Throttle = Throttle()


class ActivityWorker:
    """See the module."""

    def __init__(
        self,
        server: ActivityServer,
        surroundings: Surroundings,
        options: ActivityOptions,
        slots: Slots,
        metrics: WorkerMetrics | None = None,
    ) -> None:
        self._server = server
        self._around = surroundings
        self._options = options
        self._slots = slots
        counting = metrics or WorkerMetrics.none()
        self._metrics = counting.activities
        self._pace = Pace(options.most_per_second)
        self._running_activities: dict[bytes, Attempt] = {}
        self._timeouts = Timeouts()
        self._is_ending = False
        self._pollers = Pollers("activity tasks", slots, end_within_s=options.polls_end_within_s)
        if options.is_polling:
            poll = counting.polls(self._poll, "activity_task", self._metrics.polled)
            self._pollers.add(PolledQueue(poll=poll, handle=self._do, used_by=_used_by, behavior=options.polls))

    def __repr__(self) -> str:
        return f"<activity worker of {self._options.task_queue!r}, {len(self._running_activities)} running>"

    async def run(self) -> None:
        """Poll and work until `stop_polling`, and until the activities at work then have ended.

        Raises:
            RPCError: the server refuses this worker for good.
            BrokenExecutor: the executor for `def` activities is gone.
        """
        await self._pollers.run()

    async def stop_polling(self) -> None:
        """Tell activities that the worker will stop, and take no more tasks.

        A poll that the server has may bring a task yet: ask the server to answer it, `run` waits a while for it.
        """
        self._pollers.stop()
        self._timeouts.close()
        await self._announce_shutdown()

    async def _announce_shutdown(self) -> None:
        shutdown = self._around.worker_shutdown
        if shutdown.thread_event is not None:
            await asyncio.to_thread(shutdown.thread_event.set)  # it may belong to another process
        if shutdown.async_event is not None:
            shutdown.async_event.set()

    def cancel_all(self) -> None:
        """Cancel the activities at work, for the worker's shutdown; those that come yet are not begun."""
        self._is_ending = True
        for attempt in self._running_activities.values():
            attempt.stop.request(ActivityCancellationDetails(worker_shutdown=True))

    async def stop(self, grace: timedelta = timedelta(0)) -> None:
        """Stop polling, let activities run for `grace`, and cancel those that are left; `run` waits for their ends."""
        await self.stop_polling()
        await self._pollers.worked(grace.total_seconds())
        self.cancel_all()

    async def worked(self) -> None:
        """Wait until no activity is at work; after `run`, for those that came with the last workflow tasks."""
        await self._pollers.worked()

    def set_client(self, client: Client) -> None:
        """The client that activities get from now on."""
        self._around = dataclasses.replace(self._around, client=client)

    # -- tasks that come with the answer to a workflow task

    def has_activity(self, name: str) -> bool:
        """Whether it runs activities of this type, and takes tasks."""
        return self._around.registry.has(name) and not self._pollers.is_stopping

    def try_reserve(self) -> Permit | None:
        """A slot, if there is one now."""
        return self._slots.try_reserve()

    def release(self, permit: Permit) -> None:
        """The slot was not needed."""
        self._slots.release(permit)

    def start_eagerly(self, task: PollActivityTaskQueueResponse, permit: Permit) -> None:
        """Run a task in a slot that was reserved for it."""
        self._metrics.received(task, is_eager=True)
        self._slots.mark_used(permit, _used_by(task))
        self._pollers.begin(partial(self._do, task), permit)

    # -- working

    async def _poll(self) -> PollActivityTaskQueueResponse:
        await self._pace.wait()
        return await self._server.poll()

    async def _do(self, task: PollActivityTaskQueueResponse) -> None:
        """Run a task and report its end."""
        began = time.monotonic()
        try:
            attempt = Attempt(assignment_of_task(task, self._options.namespace, self._options.task_queue), self._around)
            self._running_activities[task.task_token] = attempt
            ending = Ending(failure=shutdown_failure()) if self._is_ending else await self._attend(attempt)
            self._metrics.ended(attempt.assignment, ending, began)
            await self._report(attempt, ending)
            if ending.fatal is not None:
                self._pollers.fail(ending.fatal)
        finally:
            self._running_activities.pop(task.task_token, None)

    async def _attend(self, attempt: Attempt) -> Ending:
        """Run an attempt with its heartbeats and its timeout."""
        assignment = attempt.assignment
        interval_s = self._options.throttle.interval_s(assignment.heartbeat_timeout_s)
        attempt.heartbeats = Heartbeats(partial(self._send_heartbeat, attempt), interval_s, self._around.loop.get())
        if not assignment.start_to_close_timeout_s:
            return await attempt.run()
        self._timeouts.begin(attempt.stop, assignment.start_to_close_timeout_s + AFTER_TIMEOUT_S)
        try:
            return await attempt.run()
        finally:
            self._timeouts.end(attempt.stop)

    async def _send_heartbeat(self, attempt: Attempt, details: Details) -> None:
        try:
            payloads = await attempt.encode_heartbeat(details)
        except Exception as error:  # noqa: BLE001 - of the user's converter or codec; it ends the attempt
            activity_logger.warning("Cancelling activity because a heartbeat could not be converted", exc_info=error)
            attempt.fail_heartbeat(error)
            return
        try:
            reply = await self._server.heartbeat(attempt.assignment.task_token, payloads)
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
        token, details = attempt.assignment.task_token, attempt.stop.details
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
            else:
                await self._server.leave(token)
        except RPCError as error:
            level = logging.DEBUG if error.status == RPCStatusCode.NOT_FOUND else logging.WARNING
            logger.log(level, "the end of activity %s was not taken: %s", attempt.info.activity_id, error)


def _used_by(task: PollActivityTaskQueueResponse) -> SlotInfo:
    return UsedByActivity(task.activity_type.name)


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
