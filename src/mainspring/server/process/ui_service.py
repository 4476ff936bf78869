"""The service as the web UI calls it: the methods behind every door, by the type of the request."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Mapping
from typing import Final

from google.protobuf.message import Message

from mainspring.server.engine.errors import DeadlineExceeded
from mainspring.server.frontend.call import Call, RawReply
from mainspring.server.process.binding import Method
from mainspring.server.process.calls import Calls
from mainspring.server.process.grpc_methods import as_service_error
from mainspring.server.ui.service import CALL_TIMEOUT_S, Refused, Reply

_SERVICES: Final = {
    "temporal.api.workflowservice.v1": "WorkflowService",
    "temporal.api.operatorservice.v1": "OperatorService",
}

_GRACE_S: Final = 1.0  # for methods that answer at their deadline in words of their own


class UiService:
    """Implements `ui.service.Service`."""

    def __init__(self, methods: Mapping[str, Method], calls: Calls) -> None:
        self._methods = methods
        self._calls = calls

    async def call(self, request: Message, reply_type: type[Reply], timeout_s: float = CALL_TIMEOUT_S) -> Reply:
        method = self._methods[_path(request)]
        try:
            task = self._calls.begin()
            try:
                reply = await _in_time(method, request, timeout_s)
            finally:
                self._calls.end(task)
        except Exception as error:
            refusal = as_service_error(error, method.path)
            raise Refused(int(refusal.code), refusal.message) from error
        message = reply.to_message() if isinstance(reply, RawReply) else reply
        if not isinstance(message, reply_type):
            raise TypeError(f"{method.path} answers {type(message).__name__}, not {reply_type.__name__}")
        return message

    def serves(self, rpc: str) -> bool:
        paths = (f"/{package}.{service}/{rpc}" for package, service in _SERVICES.items())
        return any(self._methods[path].is_served for path in paths if path in self._methods)


async def _in_time(method: Method, request: Message, timeout_s: float) -> Message | RawReply:
    """Raises: DeadlineExceeded: the method did not answer by itself before the deadline that it was told."""
    try:
        async with asyncio.timeout(timeout_s + _GRACE_S):
            return await method.handler(request, Call(deadline_s=time.monotonic() + timeout_s))
    except TimeoutError as error:
        raise DeadlineExceeded("the server did not answer in time") from error


def _path(request: Message) -> str:
    package = request.DESCRIPTOR.file.package
    return f"/{package}.{_SERVICES[package]}/{request.DESCRIPTOR.name.removesuffix('Request')}"
