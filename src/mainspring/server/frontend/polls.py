"""What polls say. A worker sends the same poll again and again: what one was found to say is remembered.

polls = Polls(workflow_poll)    polls.read(request, settings) -> Poll, or InvalidArgument
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Generic, TypeAlias, TypeVar

import msgspec
from google.protobuf.message import Message
from temporalio.api.common.v1 import WorkerVersionStamp
from temporalio.api.enums.v1 import deployment_pb2, task_queue_pb2
from temporalio.api.taskqueue.v1 import TaskQueue
from temporalio.api.workflowservice.v1 import PollActivityTaskQueueRequest, PollWorkflowTaskQueueRequest

from mainspring.server.engine.changes import QueueKey, TaskKind
from mainspring.server.engine.settings import NamespaceSettings
from mainspring.server.frontend import requests
from mainspring.server.matching.records import Poller

MOST_KNOWN = 1_000
LONGEST_KNOWN_BYTES = 2_000  # longer polls are read each time: what is remembered shall be bounded

R = TypeVar("R", bound=Message)
AnyPoll: TypeAlias = PollWorkflowTaskQueueRequest | PollActivityTaskQueueRequest


class Poll(msgspec.Struct, frozen=True, kw_only=True):
    """A poll that was checked."""

    settings: NamespaceSettings
    queue: QueueKey
    is_sticky: bool = False
    poller: Poller
    stamp: WorkerVersionStamp | None  # goes into the Started events of its tasks


class Polls(Generic[R]):
    """Reads the polls of one RPC."""

    def __init__(self, read: Callable[[R, NamespaceSettings], Poll]) -> None:
        self._read = read
        self._known: dict[bytes, Poll] = {}

    def __len__(self) -> int:
        """How many are remembered."""
        return len(self._known)

    def read(self, request: R, settings: NamespaceSettings) -> Poll:
        """What the request says, in the namespace that it names, whose settings are these.

        Raises: InvalidArgument: something is missing, or too long.
        """
        said = request.SerializeToString()
        poll = self._known.get(said)
        if poll is not None and poll.settings is settings:  # else another namespace has the name now
            return poll
        poll = self._read(request, settings)
        if len(said) <= LONGEST_KNOWN_BYTES:
            if len(self._known) >= MOST_KNOWN:
                self._known.clear()
            self._known[said] = poll
        return poll


def workflow_poll(request: PollWorkflowTaskQueueRequest, settings: NamespaceSettings) -> Poll:
    """Raises: see `Polls.read`."""
    requests.check_length(request.identity, "Identity", settings.limits)
    queue = _queue_of(request, settings)
    stamp = _stamp_of(request)
    return Poll(
        settings=settings,
        queue=QueueKey(settings.id, queue.name, TaskKind.WORKFLOW),
        is_sticky=queue.kind == task_queue_pb2.TASK_QUEUE_KIND_STICKY,
        poller=_poller_of(request, stamp),
        stamp=stamp,
    )


def activity_poll(request: PollActivityTaskQueueRequest, settings: NamespaceSettings) -> Poll:
    """Raises: see `Polls.read`."""
    queue = _queue_of(request, settings)
    requests.check_length(request.identity, "Identity", settings.limits)
    metadata = request.task_queue_metadata
    rate = metadata.max_tasks_per_second.value if metadata.HasField("max_tasks_per_second") else None
    # ActivityTaskStarted names the version only of workers that use versioning.
    stamp = _stamp_of(request) if request.worker_version_capabilities.use_versioning else None
    return Poll(
        settings=settings,
        queue=QueueKey(settings.id, queue.name, TaskKind.ACTIVITY),
        poller=_poller_of(request, stamp, rate),
        stamp=stamp,
    )


def _queue_of(request: AnyPoll, settings: NamespaceSettings) -> TaskQueue:
    """The queue, checked: a copy, since the check fills in defaults, and a request is its caller's."""
    queue = TaskQueue()
    queue.CopyFrom(request.task_queue)
    requests.check_queue(queue, settings.limits, is_set=request.HasField("task_queue"))
    return queue


def _poller_of(
    request: AnyPoll,
    stamp: WorkerVersionStamp | None,
    max_tasks_per_second: float | None = None,
) -> Poller:
    """Who polls, as the request says."""
    options, capabilities = request.deployment_options, request.worker_version_capabilities
    return Poller(
        identity=request.identity,
        worker_instance_key=request.worker_instance_key,
        build_id=options.build_id or capabilities.build_id,
        use_versioning=capabilities.use_versioning,
        deployment_name=options.deployment_name or capabilities.deployment_series_name,
        worker_versioning_mode=options.worker_versioning_mode,
        max_tasks_per_second=max_tasks_per_second,
        started_version=b"" if stamp is None else stamp.SerializeToString(),
    )


def _stamp_of(request: AnyPoll) -> WorkerVersionStamp | None:
    """The version that goes into Started events: the build id of workers that belong to no deployment."""
    if not request.HasField("worker_version_capabilities"):
        return None
    options, capabilities = request.deployment_options, request.worker_version_capabilities
    is_versioned = options.worker_versioning_mode == deployment_pb2.WORKER_VERSIONING_MODE_VERSIONED
    if is_versioned and options.deployment_name:
        return None
    if capabilities.use_versioning and capabilities.deployment_series_name:
        return None
    if not capabilities.build_id:
        return None
    return WorkerVersionStamp(build_id=capabilities.build_id, use_versioning=capabilities.use_versioning)
