"""Engines for tests that answer all calls in one method, by the name of the RPC."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import timedelta
from functools import partial

from google.protobuf.message import Message
from temporalio.api.workflowservice.v1 import PollWorkflowTaskQueueRequest

from mainspring.service._client import TaskToCome
from mainspring.service._direct import Serve


class CalledByName:
    """A `service.Engine`, for those that have a `call`."""

    def bind(self, service: str, rpc: str) -> Serve:
        return partial(self.call, service, rpc)

    def listen(
        self, request: PollWorkflowTaskQueueRequest, has_room: Callable[[], bool], take: Callable[[TaskToCome], None]
    ) -> Callable[[], None] | None:
        """It tells polls only."""
        del request, has_room, take
        return None

    async def call(
        self, service: str, rpc: str, request: Message, metadata: Mapping[str, str | bytes], timeout: timedelta | None
    ) -> Message:
        raise NotImplementedError
