"""`Client`: what a program talks to a server with."""

from __future__ import annotations

from mainspring.client._client_nexus import NexusCalls
from mainspring.client._client_schedules import ScheduleCalls
from mainspring.client._client_typed_activities import TypedActivityCalls
from mainspring.client._client_updates import UpdateCalls
from mainspring.client._client_workflows import WorkflowCalls


class Client(WorkflowCalls, UpdateCalls, TypedActivityCalls, ScheduleCalls, NexusCalls):
    """A client of one namespace of a server: starts workflows and speaks with them.

    `Client.connect("host:port")` makes one over the network, `mainspring.embedded` one into an engine in this process.
    A client may be used by many coroutines at once, and from several event loops; it is not to be used by two threads
    on the same loop.
    """
