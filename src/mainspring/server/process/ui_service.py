"""The service as the web UI calls it: the methods behind every door, by the type of the request."""

from __future__ import annotations

from typing import Final

from google.protobuf.message import Message

from mainspring.server.engine.errors import ServiceError, StoreError
from mainspring.server.process.answering import Answering
from mainspring.server.process.assembly import Assembly
from mainspring.server.process.grpc_methods import as_service_error
from mainspring.server.process.vital_signs import vital_signs
from mainspring.server.ui.service import CALL_TIMEOUT_S, Refused, Reply, ServerStatistics

_SERVICES: Final = {
    "temporal.api.workflowservice.v1": "WorkflowService",
    "temporal.api.operatorservice.v1": "OperatorService",
}


class UiService:
    """Implements `ui.service.Service`."""

    def __init__(self, assembly: Assembly) -> None:
        self._assembly = assembly
        self._answering = Answering(assembly.methods, assembly.door, "ui")

    async def call(self, request: Message, reply_type: type[Reply], timeout_s: float = CALL_TIMEOUT_S) -> Reply:
        path = _path(request)
        try:
            message = await self._answering.answer(path, request, timeout_s=timeout_s)
        except ServiceError as refusal:
            raise Refused(int(refusal.code), refusal.message) from refusal
        if not isinstance(message, reply_type):
            raise TypeError(f"{path} answers {type(message).__name__}, not {reply_type.__name__}")
        return message

    def serves(self, rpc: str) -> bool:
        return any(self._answering.serves(f"/{package}.{name}/{rpc}") for package, name in _SERVICES.items())

    async def statistics(self) -> ServerStatistics:
        try:
            return await vital_signs(self._assembly)
        except StoreError as error:
            refusal = as_service_error(error, "statistics")
            raise Refused(int(refusal.code), refusal.message) from error


def _path(request: Message) -> str:
    package = request.DESCRIPTOR.file.package
    return f"/{package}.{_SERVICES[package]}/{request.DESCRIPTOR.name.removesuffix('Request')}"
