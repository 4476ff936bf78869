"""A client without a server: its service client keeps requests and answers as it was told.

client, calls = a_client(StartWorkflowExecutionResponse(run_id="r"), ...)
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from google.protobuf.message import Message
from temporalio.api.workflowservice.v1 import (
    DescribeNamespaceResponse,
    StartWorkflowExecutionRequest,
    StartWorkflowExecutionResponse,
)
from typing_extensions import override

from mainspring.client import Client
from mainspring.service import ConnectConfig, DirectServiceClient, RPCError, RPCStatusCode
from tests.service.by_name import CalledByName

Answer = Message | RPCError


class Engine(CalledByName):
    """Answers by RPC: the given ones one after the other, the last one for ever."""

    def __init__(self, **answers: list[Answer]) -> None:
        self.calls: list[tuple[str, Any]] = []
        self._answers = answers

    def answer(self, rpc: str, *answers: Answer) -> None:
        self._answers[rpc] = list(answers)

    @override
    async def call(
        self, service: str, rpc: str, request: Message, metadata: Mapping[str, str | bytes], timeout: timedelta | None
    ) -> Message:
        del service, metadata, timeout
        kept = type(request)()
        kept.CopyFrom(request)  # the caller may use it again
        self.calls.append((rpc, kept))
        answers = self._answers.get(rpc)
        if answers is None:
            raise RPCError(f"no answer to {rpc}", RPCStatusCode.UNIMPLEMENTED, b"")
        answer = answers.pop(0) if len(answers) > 1 else answers[0]
        if isinstance(answer, RPCError):
            raise answer
        return answer

    def requests(self, rpc: str) -> list[Any]:
        return [request for name, request in self.calls if name == rpc]

    @property
    def started(self) -> StartWorkflowExecutionRequest:
        """The one start that was asked for."""
        (request,) = self.requests("start_workflow_execution")
        assert isinstance(request, StartWorkflowExecutionRequest)
        return request


def a_client(engine: Engine, **settings: Any) -> Client:
    return Client(DirectServiceClient(ConnectConfig("here", identity="me"), engine), **settings)


def started(run_id: str = "r", *, new: bool = True) -> StartWorkflowExecutionResponse:
    return StartWorkflowExecutionResponse(run_id=run_id, started=new)


def limits(blob: int = 0, memo: int = 0) -> DescribeNamespaceResponse:
    reply = DescribeNamespaceResponse()
    reply.namespace_info.limits.blob_size_limit_error = blob
    reply.namespace_info.limits.memo_size_limit_error = memo
    return reply
