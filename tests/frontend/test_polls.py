"""Polls are checked, and remembered: never longer than what they say holds, and never without bounds."""

from __future__ import annotations

import pytest
from temporalio.api.enums.v1 import task_queue_pb2
from temporalio.api.workflowservice.v1 import PollActivityTaskQueueRequest, PollWorkflowTaskQueueRequest

from mainspring.server.engine.changes import TaskKind
from mainspring.server.engine.errors import InvalidArgument
from mainspring.server.engine.settings import NamespaceSettings
from mainspring.server.frontend.polls import LONGEST_KNOWN_BYTES, MOST_KNOWN, Poll, Polls, activity_poll, workflow_poll

SETTINGS = NamespaceSettings(id="id", name="ns")


class Reading:
    """Reads workflow polls, and counts how often."""

    def __init__(self) -> None:
        self.count = 0
        self.polls = Polls(self._read)

    def _read(self, request: PollWorkflowTaskQueueRequest, settings: NamespaceSettings) -> Poll:
        self.count += 1
        return workflow_poll(request, settings)


def poll(identity: str = "me", queue: str = "queue", checksum: str = "") -> PollWorkflowTaskQueueRequest:
    request = PollWorkflowTaskQueueRequest(namespace="ns", identity=identity, binary_checksum=checksum)
    request.task_queue.name = queue
    request.task_queue.kind = task_queue_pb2.TASK_QUEUE_KIND_NORMAL
    return request


def test_the_same_poll_is_read_once() -> None:
    reading = Reading()
    first = reading.polls.read(poll(), SETTINGS)
    assert reading.polls.read(poll(), SETTINGS) is first
    assert reading.count == 1
    assert (first.queue.name, first.queue.kind, first.poller.identity) == ("queue", TaskKind.WORKFLOW, "me")


def test_the_request_stays_as_it_was() -> None:
    """An embedded worker sends the same object again and again."""
    request = PollWorkflowTaskQueueRequest(namespace="ns", identity="me")
    request.task_queue.name = "queue"
    before = request.SerializeToString()
    Reading().polls.read(request, SETTINGS)
    assert request.SerializeToString() == before


def test_another_poll_says_something_else() -> None:
    reading = Reading()
    reading.polls.read(poll(), SETTINGS)
    assert reading.polls.read(poll("you"), SETTINGS).poller.identity == "you"
    assert reading.polls.read(poll(queue="other"), SETTINGS).queue.name == "other"


def test_a_namespace_that_was_made_anew_is_another_one() -> None:
    reading = Reading()
    reading.polls.read(poll(), SETTINGS)
    assert reading.polls.read(poll(), NamespaceSettings(id="new", name="ns")).queue.namespace_id == "new"


def test_a_poll_that_is_refused_is_refused_again() -> None:
    reading = Reading()
    for _ in range(2):
        with pytest.raises(InvalidArgument):
            reading.polls.read(poll(queue=""), SETTINGS)
    assert reading.count == 2


def test_what_is_remembered_is_bounded() -> None:
    reading = Reading()
    for number in range(MOST_KNOWN + 1):
        reading.polls.read(poll(f"{number}"), SETTINGS)
    assert len(reading.polls) == 1
    for _ in range(2):
        reading.polls.read(poll("long", checksum="x" * LONGEST_KNOWN_BYTES), SETTINGS)
    assert len(reading.polls) == 1


def test_an_activity_poll_says_its_rate_and_its_version_if_it_uses_versioning() -> None:
    request = PollActivityTaskQueueRequest(namespace="ns", identity="me")
    request.task_queue.name = "queue"
    request.task_queue_metadata.max_tasks_per_second.value = 2.5
    request.worker_version_capabilities.build_id = "build"
    found = activity_poll(request, SETTINGS)
    assert (found.queue.kind, found.poller.max_tasks_per_second, found.stamp) == (TaskKind.ACTIVITY, 2.5, None)
    request.worker_version_capabilities.use_versioning = True
    stamp = activity_poll(request, SETTINGS).stamp
    assert stamp is not None
    assert (stamp.build_id, stamp.use_versioning) == ("build", True)
