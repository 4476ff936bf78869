"""Calls to an engine in this process: no port, no bytes, no gRPC.

request --as it is--> engine.call(...) --as it is--> reply,   or RPCError with the status that gRPC would carry
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from datetime import timedelta
from typing import Any, Protocol

from google.protobuf.message import Message

from mainspring.service._client import ServiceClient
from mainspring.service._config import ConnectConfig
from mainspring.service._errors import RPCError, RPCStatusCode
from mainspring.service._headers import Headers
from mainspring.service._methods import NO_METADATA, Call, Metadata, Method
from mainspring.service._retry import DEFAULT, Retries, try_again


class Engine(Protocol):
    """What is called instead of a network."""

    async def call(
        self,
        service: str,
        rpc: str,
        request: Message,
        metadata: Mapping[str, str | bytes],
        timeout: timedelta | None,
    ) -> Message:
        """Answer one call.

        `service` is workflow, operator, cloud, test or health, `rpc` the method in snake_case; `metadata` has all that
        the client sends, with keys in lower case. `timeout` is what the caller allows, so that polls can end before it;
        the call is cancelled when it is over.

        The engine neither changes nor keeps the request, and gives the reply away: who gets it may change it.

        Raises: RPCError: with the status, the message and the serialized `GrpcStatus` that gRPC would carry.
        """
        ...


class DirectServiceClient(ServiceClient):
    """Calls go to an engine in this process, on the loop that runs it."""

    def __init__(self, config: ConnectConfig, engine: Engine) -> None:
        super().__init__(config)
        self._engine = engine
        self._headers = Headers(config)
        self._metadata = dict(self._headers.pairs)
        self._retry_config = config.retry_config or DEFAULT

    @property
    def worker_service_client(self) -> ServiceClient:
        """This one."""
        return self

    def update_rpc_metadata(self, metadata: Mapping[str, str | bytes]) -> None:
        self._headers.set_metadata(metadata)
        self._metadata = dict(self._headers.pairs)

    def update_api_key(self, api_key: str | None) -> None:
        self._headers.set_api_key(api_key)
        self._metadata = dict(self._headers.pairs)

    def _bind(self, method: Method) -> Call:
        serve = self._engine.call
        service, rpc = method.service, method.name

        async def call(
            req: Message, retry: bool = False, metadata: Metadata = NO_METADATA, timeout: timedelta | None = None
        ) -> Any:
            sent = dict(self._headers.with_metadata(metadata)) if metadata else self._metadata

            async def attempt() -> Message:
                if timeout is None:
                    return await serve(service, rpc, req, sent, None)
                try:
                    async with asyncio.timeout(timeout.total_seconds()):
                        return await serve(service, rpc, req, sent, timeout)
                except TimeoutError:
                    raise RPCError("Deadline Exceeded", RPCStatusCode.DEADLINE_EXCEEDED, b"") from None

            if not retry:
                return await attempt()
            try:
                return await attempt()
            except RPCError as error:
                failed = error
            retries = Retries(self._retry_config, is_task_poll=method.is_task_poll)
            return await try_again(attempt, failed, retries, rpc)

        return call
