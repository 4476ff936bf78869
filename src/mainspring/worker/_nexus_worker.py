"""The Nexus side of a worker: it polls for requests to operations, lets handlers start or cancel them, and answers.

    run()     polls while a slot is free            stop_polling() ... cancel_all()    shutdown event -> grace -> end

An operation that goes on after its start is no matter of the worker any more: its result goes by a callback from
whatever was started, as a rule a workflow.
"""

from __future__ import annotations

import dataclasses
import logging
import time
from typing import TYPE_CHECKING

import msgspec
from temporalio.api.workflowservice.v1 import PollNexusTaskQueueResponse

from mainspring.service import RPCError, RPCStatusCode
from mainspring.worker._nexus_cancellation import Reason
from mainspring.worker._nexus_request import Answer, NexusRequest, NexusSurroundings
from mainspring.worker._nexus_server import NexusServer
from mainspring.worker._poller_behavior import PollerBehavior, PollerBehaviorSimpleMaximum
from mainspring.worker._pollers import POLLS_END_WITHIN_S, PolledQueue, Pollers
from mainspring.worker._slots import Slots, UsedByNexus
from mainspring.worker._tuning import SlotInfo
from mainspring.worker._worker_metrics import WorkerMetrics

if TYPE_CHECKING:
    from mainspring.client import Client

logger = logging.getLogger("mainspring.worker")


class NexusOptions(msgspec.Struct, kw_only=True, frozen=True):
    """How a worker does Nexus requests."""

    task_queue: str
    polls: PollerBehavior = PollerBehaviorSimpleMaximum()
    polls_end_within_s: float = POLLS_END_WITHIN_S  # at a stop


class NexusWorker:
    """See the module."""

    def __init__(
        self,
        server: NexusServer,
        surroundings: NexusSurroundings,
        options: NexusOptions,
        slots: Slots,
        metrics: WorkerMetrics | None = None,
    ) -> None:
        self._server = server
        self._around = surroundings
        self._options = options
        counting = metrics or WorkerMetrics.none()
        self._metrics = counting.nexus
        self._requests: set[NexusRequest] = set()
        self._is_ending = False
        self._pollers = Pollers("Nexus tasks", slots, end_within_s=options.polls_end_within_s)
        poll = counting.polls(server.poll, "nexus_task", self._metrics.polled)
        self._pollers.add(PolledQueue(poll=poll, handle=self._do, used_by=_used_by, behavior=options.polls))

    def __repr__(self) -> str:
        return f"<Nexus worker of {self._options.task_queue!r}, {len(self._requests)} running>"

    async def run(self) -> None:
        """Poll and work until `stop_polling`, and until the requests at work then are answered.

        Raises:
            RPCError: The server refuses this worker for good.
            BrokenExecutor: The executor for `def` handlers is gone.
        """
        await self._pollers.run()

    def stop_polling(self) -> None:
        """Tell handlers that the worker will stop, and take no more requests but those of polls that are out."""
        self._pollers.stop()
        self._around.worker_shutdown.set()

    def cancel_all(self) -> None:
        """Cancel the handlers at work, for the worker's shutdown; those of requests that come yet do not begin."""
        self._is_ending = True
        for request in self._requests:
            request.stop(Reason.WORKER_SHUTDOWN)

    def set_client(self, client: Client) -> None:
        """The client that handlers get from now on."""
        self._around = dataclasses.replace(self._around, client=client)

    async def _do(self, task: PollNexusTaskQueueResponse) -> None:
        """Handle a request and answer it."""
        began = time.monotonic()
        request = NexusRequest(task, self._around)
        self._requests.add(request)
        try:
            answer = await (request.refuse() if self._is_ending else request.answer())
            self._metrics.ended(began, answer.failure_reason)
            await self._report(task, answer)
            if answer.fatal is not None:
                self._pollers.fail(answer.fatal)
        finally:
            self._requests.discard(request)

    async def _report(self, task: PollNexusTaskQueueResponse, answer: Answer) -> None:
        try:
            if answer.response is not None:
                await self._server.complete(task.task_token, answer.response)
            elif answer.failure is not None or answer.error is not None:
                await self._server.fail(task.task_token, answer.failure, answer.error)
            else:
                return
        except RPCError as error:
            level = logging.DEBUG if error.status == RPCStatusCode.NOT_FOUND else logging.WARNING
            logger.log(level, "the answer to a Nexus request was not taken: %s", error)
        else:
            self._metrics.answered(task)


def _used_by(task: PollNexusTaskQueueResponse) -> SlotInfo:
    request = task.request
    asked = request.cancel_operation if request.HasField("cancel_operation") else request.start_operation
    return UsedByNexus(asked.service, asked.operation)
