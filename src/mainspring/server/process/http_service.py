"""The services as the HTTP API calls them."""

from __future__ import annotations

from collections.abc import Mapping

from google.protobuf.message import Message

from mainspring.server.process.answering import Answering
from mainspring.server.process.assembly import Assembly


class HttpService:
    """Implements `http.rest.Service`."""

    def __init__(self, assembly: Assembly) -> None:
        self._answering = Answering(assembly.methods, assembly.door, "http")

    async def call(self, path: str, request: Message, metadata: Mapping[str, str], timeout_s: float | None) -> Message:
        return await self._answering.answer(path, request, metadata, timeout_s)
