"""Activity tasks on the wire: polls, heartbeats, outcomes, each by token and by id.

A payload over the blob limit fails the activity rather than the call, as in the real server: workers do not retry it.
"""

from __future__ import annotations

from temporalio.api.common.v1 import Payloads, WorkerVersionStamp
from temporalio.api.failure.v1 import Failure
from temporalio.api.workflowservice.v1 import (
    PollActivityTaskQueueRequest,
    PollActivityTaskQueueResponse,
    RecordActivityTaskHeartbeatByIdRequest,
    RecordActivityTaskHeartbeatByIdResponse,
    RecordActivityTaskHeartbeatRequest,
    RecordActivityTaskHeartbeatResponse,
    RespondActivityTaskCanceledByIdRequest,
    RespondActivityTaskCanceledByIdResponse,
    RespondActivityTaskCanceledRequest,
    RespondActivityTaskCanceledResponse,
    RespondActivityTaskCompletedByIdRequest,
    RespondActivityTaskCompletedByIdResponse,
    RespondActivityTaskCompletedRequest,
    RespondActivityTaskCompletedResponse,
    RespondActivityTaskFailedByIdRequest,
    RespondActivityTaskFailedByIdResponse,
    RespondActivityTaskFailedRequest,
    RespondActivityTaskFailedResponse,
)

from mainspring.server.engine import names
from mainspring.server.engine.changes import RunKey, Task, TaskKind
from mainspring.server.engine.errors import InvalidArgument, NotFound
from mainspring.server.engine.limits import Limits
from mainspring.server.frontend import requests, task_replies, task_tokens, waits
from mainspring.server.frontend.call import Call
from mainspring.server.frontend.namespaces import NamespaceRegistry
from mainspring.server.frontend.polls import Polls, activity_poll
from mainspring.server.frontend.workflow_tasks import server_failure, start_or_drop
from mainspring.server.history import History
from mainspring.server.history.activity_tasks import ActivityName
from mainspring.server.matching.matching import Matching

LEFT = "mainspring-activity-left"
"""Metadata of a last heartbeat, which is none: the activity is completed from elsewhere, so it outlives its worker.

Only workers in the server's own process send it (`worker._activity_server`): all others may live longer than it.
"""

ByToken = (
    RecordActivityTaskHeartbeatRequest
    | RespondActivityTaskCompletedRequest
    | RespondActivityTaskFailedRequest
    | RespondActivityTaskCanceledRequest
)
ById = (
    RecordActivityTaskHeartbeatByIdRequest
    | RespondActivityTaskCompletedByIdRequest
    | RespondActivityTaskFailedByIdRequest
    | RespondActivityTaskCanceledByIdRequest
)


class ActivityTasks:
    """See the module."""

    def __init__(self, history: History, matching: Matching, registry: NamespaceRegistry) -> None:
        self._history = history
        self._tasks = history.activity_tasks
        self._matching = matching
        self._registry = registry
        self._polls = Polls(activity_poll)

    # -- polling

    async def poll_activity_task_queue(
        self, request: PollActivityTaskQueueRequest, call: Call
    ) -> PollActivityTaskQueueResponse:
        """Wait for an activity task; empty when there is none in time."""
        settings = self._history.runs.namespaces.settings(self._registry.served(request.namespace).id)
        until_s = waits.poll_until_s(call, settings.limits)
        poll = self._polls.read(request, settings)
        while True:
            found = await self._matching.poll(poll.queue, poll.poller, deadline_s=until_s, sticky=False)
            if not isinstance(found, Task):
                return PollActivityTaskQueueResponse()
            starting = self._tasks.start(found, identity=poll.poller.identity, worker_version=poll.stamp)
            started = await start_or_drop(self._matching, found, starting)
            if started is None:
                continue
            return task_replies.activity_task(started)

    # -- heartbeats

    async def record_activity_task_heartbeat(
        self, request: RecordActivityTaskHeartbeatRequest, call: Call
    ) -> RecordActivityTaskHeartbeatResponse:
        """The worker is alive; learns whether it is to stop. Or it leaves the attempt to others, if it says so."""
        name, limits = self._by_token(request)
        if LEFT in call.metadata:
            await self._tasks.leave(name)
            return RecordActivityTaskHeartbeatResponse()
        details = request.details if request.HasField("details") else None
        is_canceled = await self._beat(name, details, limits)
        return RecordActivityTaskHeartbeatResponse(cancel_requested=is_canceled)

    async def record_activity_task_heartbeat_by_id(
        self, request: RecordActivityTaskHeartbeatByIdRequest, _call: Call
    ) -> RecordActivityTaskHeartbeatByIdResponse:
        """The same, by ids."""
        name, limits = self._by_id(request)
        details = request.details if request.HasField("details") else None
        is_canceled = await self._beat(name, details, limits)
        return RecordActivityTaskHeartbeatByIdResponse(cancel_requested=is_canceled)

    async def _beat(self, name: ActivityName, details: Payloads | None, limits: Limits) -> bool:
        if details is not None and details.ByteSize() > limits.blob_size_error_bytes:
            await self._fail_for_size(name, "Heartbeat details exceed size limit.")
            return True
        return await self._tasks.heartbeat(name, details)

    async def _fail_for_size(self, name: ActivityName, message: str) -> None:
        await self._tasks.fail(name, server_failure(message), "", details=None, worker_version=None)

    # -- completions

    async def respond_activity_task_completed(
        self, request: RespondActivityTaskCompletedRequest, _call: Call
    ) -> RespondActivityTaskCompletedResponse:
        """The activity has a result."""
        name, limits = self._by_token(request)
        result = request.result if request.HasField("result") else None
        await self._complete(name, result, request.identity, limits)
        return RespondActivityTaskCompletedResponse()

    async def respond_activity_task_completed_by_id(
        self, request: RespondActivityTaskCompletedByIdRequest, _call: Call
    ) -> RespondActivityTaskCompletedByIdResponse:
        """The same, by ids."""
        name, limits = self._by_id(request)
        result = request.result if request.HasField("result") else None
        await self._complete(name, result, request.identity, limits)
        return RespondActivityTaskCompletedByIdResponse()

    async def _complete(self, name: ActivityName, result: Payloads | None, identity: str, limits: Limits) -> None:
        if result is not None and result.ByteSize() > limits.blob_size_error_bytes:
            await self._fail_for_size(name, "Complete result exceeds size limit.")
        else:
            await self._tasks.complete(name, result, identity)

    # -- failures

    async def respond_activity_task_failed(
        self, request: RespondActivityTaskFailedRequest, _call: Call
    ) -> RespondActivityTaskFailedResponse:
        """An attempt failed."""
        name, limits = self._by_token(request)
        version = request.worker_version if request.HasField("worker_version") else None
        details = request.last_heartbeat_details if request.HasField("last_heartbeat_details") else None
        failure = request.failure if request.HasField("failure") else None
        failures = await self._fail(name, failure, request.identity, (details, version), limits)
        return RespondActivityTaskFailedResponse(failures=failures)

    async def respond_activity_task_failed_by_id(
        self, request: RespondActivityTaskFailedByIdRequest, _call: Call
    ) -> RespondActivityTaskFailedByIdResponse:
        """The same, by ids."""
        name, limits = self._by_id(request)
        details = request.last_heartbeat_details if request.HasField("last_heartbeat_details") else None
        failure = request.failure if request.HasField("failure") else None
        failures = await self._fail(name, failure, request.identity, (details, None), limits)
        return RespondActivityTaskFailedByIdResponse(failures=failures)

    async def _fail(
        self,
        name: ActivityName,
        failure: Failure | None,
        identity: str,
        extra: tuple[Payloads | None, WorkerVersionStamp | None],
        limits: Limits,
    ) -> list[Failure]:
        """Returns: what was wrong with the report itself."""
        if failure is not None and not failure.HasField("application_failure_info"):
            raise InvalidArgument("Failure must have ApplicationFailureInfo.")
        details, version = extra
        problems: list[Failure] = []
        if details is not None and details.ByteSize() > limits.blob_size_error_bytes:
            problems.append(server_failure("Heartbeat details exceed size limit."))
            details = None
        if failure is not None and failure.ByteSize() > limits.blob_size_error_bytes:
            problems.append(server_failure("Failure exceeds size limit."))
            failure = server_failure("Failure exceeds size limit.")
        await self._tasks.fail(name, failure or Failure(), identity, details=details, worker_version=version)
        return problems

    # -- cancellations

    async def respond_activity_task_canceled(
        self, request: RespondActivityTaskCanceledRequest, _call: Call
    ) -> RespondActivityTaskCanceledResponse:
        """The activity stopped because it was asked to."""
        name, limits = self._by_token(request)
        details = request.details if request.HasField("details") else None
        await self._cancel(name, details, request.identity, limits)
        return RespondActivityTaskCanceledResponse()

    async def respond_activity_task_canceled_by_id(
        self, request: RespondActivityTaskCanceledByIdRequest, _call: Call
    ) -> RespondActivityTaskCanceledByIdResponse:
        """The same, by ids."""
        name, limits = self._by_id(request)
        details = request.details if request.HasField("details") else None
        await self._cancel(name, details, request.identity, limits)
        return RespondActivityTaskCanceledByIdResponse()

    async def _cancel(self, name: ActivityName, details: Payloads | None, identity: str, limits: Limits) -> None:
        if details is not None and details.ByteSize() > limits.blob_size_error_bytes:
            await self._fail_for_size(name, "Cancel details exceed size limit.")
        else:
            await self._tasks.cancel(name, details, identity)

    # -- which activity

    def _by_token(self, request: ByToken) -> tuple[ActivityName, Limits]:
        token = task_tokens.token_of(self._registry, request.task_token, TaskKind.ACTIVITY, request.namespace)
        limits = self._history.runs.namespaces.settings(token.run.namespace_id).limits
        requests.check_length(request.identity, "Identity", limits)
        return ActivityName.of_token(token), limits

    def _by_id(self, request: ById) -> tuple[ActivityName, Limits]:
        record = self._registry.served(request.namespace)
        limits = self._history.runs.namespaces.settings(record.id).limits
        if not request.activity_id:
            raise InvalidArgument("ActivityId is not set on request.")
        if not isinstance(request, RecordActivityTaskHeartbeatByIdRequest):
            requests.check_length(request.identity, "Identity", limits)
        if request.run_id and not names.is_uuid(request.run_id):
            raise InvalidArgument("RunId is not valid UUID.")
        if not request.workflow_id:
            # Without one, the real server looks for an activity that belongs to no workflow.
            raise NotFound(f"activity not found for ID: {request.activity_id}")
        key = RunKey(record.id, request.workflow_id, request.run_id)
        return ActivityName(key=key, activity_id=request.activity_id), limits
