"""Calls to an engine in this process: no port, no bytes, no gRPC.

request --as it is--> what engine.bind(...) gave --as it is--> reply,   or RPCError with the status of gRPC
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine, Mapping
from datetime import timedelta
from functools import partial
from typing import Any, Protocol, TypeAlias

from google.protobuf.message import Message
from temporalio.api.workflowservice.v1 import PollWorkflowTaskQueueRequest

from mainspring.service._client import ServiceClient, TaskToCome
from mainspring.service._config import ConnectConfig
from mainspring.service._errors import RPCError, RPCStatusCode
from mainspring.service._headers import Headers
from mainspring.service._methods import NO_METADATA, Call, Metadata, Method
from mainspring.service._retry import DEFAULT, Retries, try_again

Serve: TypeAlias = Callable[[Message, Metadata, timedelta | None], Coroutine[Any, Any, Message]]
"""Answers the calls of one RPC: see `Engine.bind`."""


class Engine(Protocol):
    """What is called instead of a network."""

    def bind(self, service: str, rpc: str) -> Serve:
        """The coroutine function that answers the calls of one RPC; asked for once by each client.

        `service` is workflow, operator, cloud, test or health, `rpc` the method in snake_case. The metadata of a call
        has all that the client sends, with keys in lower case. Its timeout is what the caller allows: a poll for tasks
        is answered by the engine before that; any other call is cancelled when it is over.

        The engine neither changes nor keeps a request, and gives the reply away: who gets it may change it.

        The calls raise RPCError: with the status, the message and the serialized `GrpcStatus` that gRPC would carry.
        """
        ...

    def listen(
        self, request: PollWorkflowTaskQueueRequest, has_room: Callable[[], bool], take: Callable[[TaskToCome], None]
    ) -> Callable[[], None] | None:
        """See `ServiceClient.listen_for_workflow_tasks`."""
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

    def listen_for_workflow_tasks(
        self, request: PollWorkflowTaskQueueRequest, has_room: Callable[[], bool], take: Callable[[TaskToCome], None]
    ) -> Callable[[], None] | None:
        return self._engine.listen(request, has_room, take)

    def update_rpc_metadata(self, metadata: Mapping[str, str | bytes]) -> None:
        self._headers.set_metadata(metadata)
        self._metadata = dict(self._headers.pairs)

    def update_api_key(self, api_key: str | None) -> None:
        self._headers.set_api_key(api_key)
        self._metadata = dict(self._headers.pairs)

    def _bind(self, method: Method) -> Call:
        serve = self._engine.bind(method.service, method.name)
        serve_in_time = serve if method.is_task_poll else _in_time(serve)

        async def call(
            req: Message, retry: bool = False, metadata: Metadata = NO_METADATA, timeout: timedelta | None = None
        ) -> Any:
            sent = dict(self._headers.with_metadata(metadata)) if metadata else self._metadata
            attempt = serve if timeout is None else serve_in_time
            try:
                return await attempt(req, sent, timeout)
            except RPCError as error:
                if not retry:
                    raise
                failed = error
            retries = Retries(self._retry_config, is_task_poll=method.is_task_poll)
            return await try_again(partial(attempt, req, sent, timeout), failed, retries, method.name)

        return call


def _in_time(serve: Serve) -> Serve:
    """The same, cancelled when the caller's time is over."""

    async def serve_in_time(request: Message, metadata: Metadata, timeout: timedelta | None) -> Message:
        try:
            async with asyncio.timeout(None if timeout is None else timeout.total_seconds()):
                return await serve(request, metadata, timeout)
        except TimeoutError:
            raise RPCError("Deadline Exceeded", RPCStatusCode.DEADLINE_EXCEEDED, b"") from None

    return serve_in_time
