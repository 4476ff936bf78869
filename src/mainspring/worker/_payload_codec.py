"""Payload codecs around workflow tasks: what comes is decoded before workflow code sees it, what goes is encoded.

Workflow code and the replay core only ever hold decoded payloads. Search attributes are never encoded: the server reads
them. Headers are, if the worker is told so.
"""

from __future__ import annotations

from google.protobuf.message import Message
from temporalio.api.history.v1 import History
from temporalio.api.workflowservice.v1 import PollWorkflowTaskQueueResponse

from mainspring.converter import DataConverter


class TaskCodec:
    """The codec of one worker; without one, nothing is touched."""

    def __init__(self, data_converter: DataConverter) -> None:
        self._codec = data_converter.payload_codec

    async def decode_task(self, polled: PollWorkflowTaskQueueResponse) -> None:
        if self._codec is not None:
            raise NotImplementedError("payload codecs")

    async def decode_history(self, history: History) -> None:
        if self._codec is not None:
            raise NotImplementedError("payload codecs")

    async def encode(self, message: Message) -> None:
        if self._codec is not None:
            raise NotImplementedError("payload codecs")
