"""The services as the HTTP API calls them: the methods behind every door, with the checks of gRPC's."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping

from google.protobuf.message import Message

from mainspring.server.engine.errors import Unimplemented
from mainspring.server.frontend.call import Call, RawReply
from mainspring.server.process.binding import Method
from mainspring.server.process.calls import stopping
from mainspring.server.process.grpc_methods import Door, as_service_error


class HttpService:
    """Implements `http.rest.Service`."""

    def __init__(self, methods: Mapping[str, Method], door: Door) -> None:
        self._methods = methods
        self._door = door

    async def call(self, path: str, request: Message, metadata: Mapping[str, str]) -> Message:
        method = self._methods.get(path)
        if method is None:
            raise Unimplemented(f"unknown method {path.rpartition('/')[2]}")
        calls = self._door.calls
        task = calls.begin()
        try:
            self._check_version(metadata)
            reply = await method.handler(request, Call(metadata=metadata))
        except asyncio.CancelledError:
            if calls.was_interrupted(task):
                raise stopping() from None
            raise
        except Exception as error:
            raise as_service_error(error, path) from error
        finally:
            calls.end(task)
        return reply.to_message() if isinstance(reply, RawReply) else reply

    def _check_version(self, metadata: Mapping[str, str]) -> None:
        if "client-version" in metadata or "supported-server-versions" in metadata:
            self._door.versions.check(
                metadata.get("client-name", ""),
                metadata.get("client-version", ""),
                metadata.get("supported-server-versions", ""),
            )
