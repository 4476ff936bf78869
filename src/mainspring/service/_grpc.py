"""Calls over gRPC. The only file of the SDK that imports it, and imported only when a connection is to be made.

    request --bytes--> channel of the running loop --bytes--> reply,   or AioRpcError -> RPCError

A channel belongs to the event loop on which it was made, so a client that is used from several loops has one for each.
Messages are handed over as bytes: what they are is known where the method is bound, and their size decides whether
compressing them is worth it.

gRPC's threads do not come along when a process forks. What waits for them would wait for ever, so once a process has
opened a channel, those that are forked from it open none.
"""

from __future__ import annotations

import asyncio
import os
import time
import warnings
from collections.abc import Awaitable, Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Final, Protocol, cast
from weakref import WeakKeyDictionary

import grpc
import grpc.aio
from google.protobuf.message import Message

from mainspring.service._client import ServiceClient
from mainspring.service._config import ConnectConfig, GrpcCompression, TLSConfig
from mainspring.service._errors import RPCError, RPCStatusCode
from mainspring.service._headers import Headers
from mainspring.service._methods import NO_METADATA, Call, Metadata, Method
from mainspring.service._request_metrics import RequestMetrics, RequestSeries
from mainspring.service._retry import DEFAULT, Retries, try_again

CALL_TIMEOUT_S: Final = 30.0
LONG_POLL_TIMEOUT_S: Final = 70.0
"""A little more than the minute for which a server holds a poll."""

MOST_RECEIVED_BYTES: Final = 128 * 1024 * 1024
WORTH_COMPRESSING_BYTES: Final = 1024

Send = Callable[..., Awaitable[bytes]]


class Channel(Protocol):
    """The part of grpcio's channel that is used; its own stubs are older than it."""

    def unary_unary(self, method: str) -> Send: ...

    async def close(self) -> None: ...


class GrpcServiceClient(ServiceClient):
    """Calls travel to `config.target_host`."""

    @staticmethod
    async def connect(config: ConnectConfig) -> GrpcServiceClient:
        """A client that has talked to the server, or with `config.lazy` one that will.

        Raises: RuntimeError: the server cannot be reached or does not answer as one.
        """
        client = GrpcServiceClient(config)
        if not config.lazy:
            await client._greet()
        return client

    def __init__(self, config: ConnectConfig) -> None:
        super().__init__(config)
        self._target = target_of(config)
        self._headers = Headers(config)
        self._retry_config = config.retry_config or DEFAULT
        self._compression = grpc.Compression.Gzip if config.grpc_compression == GrpcCompression.GZIP else None
        self._channels: WeakKeyDictionary[asyncio.AbstractEventLoop, Channel] = WeakKeyDictionary()

    @property
    def worker_service_client(self) -> ServiceClient:
        """This one."""
        return self

    def update_rpc_metadata(self, metadata: Mapping[str, str | bytes]) -> None:
        self._headers.set_metadata(metadata)

    def update_api_key(self, api_key: str | None) -> None:
        self._headers.set_api_key(api_key)

    async def close(self) -> None:
        """End the connection of the running loop; calls under way are cancelled. A later call connects anew."""
        channel = self._channels.pop(asyncio.get_running_loop(), None)
        if channel is not None:
            await channel.close()

    def channel(self, loop: asyncio.AbstractEventLoop) -> Channel:
        """The channel of a loop, which must be the running one.

        Raises: RuntimeError: this process was forked from one that has opened channels.
        """
        found = self._channels.get(loop)
        if found is None:
            _check_process()
            found = self._channels[loop] = self._target.open()
        return found

    async def _greet(self) -> None:
        """Make sure that a server answers.

        Raises: RuntimeError: none does.
        """
        from temporalio.api.workflowservice.v1 import GetSystemInfoRequest

        try:
            await self.workflow_service.get_system_info(GetSystemInfoRequest(), timeout=self.config.connect_timeout)
        except RPCError as error:
            if error.status is not RPCStatusCode.UNIMPLEMENTED:  # servers before 1.14 have no such call
                raise RuntimeError(f"Failed client connect: {error.status.name}: {error.message}") from error

    def _bind(self, method: Method) -> Call:
        parse = method.response_type.FromString
        may_wait = method.may_wait
        headers = self._headers
        compression = self._compression
        metrics = RequestMetrics.of(self.config, method.path)
        loop: asyncio.AbstractEventLoop | None = None
        send: Send = _not_bound

        async def call(
            req: Message, retry: bool = False, metadata: Metadata = NO_METADATA, timeout: timedelta | None = None
        ) -> Any:
            nonlocal loop, send
            running = asyncio.get_running_loop()
            if running is not loop:
                loop, send = running, self.channel(running).unary_unary(method.path)
            is_long = may_wait and bool(getattr(req, "wait_new_event", True))
            post = send if metrics is None else counted(send, metrics.series(req, is_long=is_long))
            body = req.SerializeToString()
            pairs = headers.with_metadata(metadata) if metadata else headers.pairs
            if timeout is not None:
                timeout_s = timeout.total_seconds()
            elif is_long:
                timeout_s = LONG_POLL_TIMEOUT_S
            else:
                timeout_s = CALL_TIMEOUT_S
            squeeze = compression if len(body) >= WORTH_COMPRESSING_BYTES else None
            started_at_s = time.monotonic()
            try:
                return parse(await post(body, timeout=timeout_s, metadata=pairs, compression=squeeze))
            except grpc.aio.AioRpcError as error:
                failed = rpc_error(error)
            if not retry:
                raise failed

            async def attempt() -> Any:
                try:
                    return parse(await post(body, timeout=timeout_s, metadata=pairs, compression=squeeze))
                except grpc.aio.AioRpcError as error:
                    raise rpc_error(error) from None

            retries = Retries(self._retry_config, is_task_poll=method.is_task_poll, started_at_s=started_at_s)
            return await try_again(attempt, failed, retries, method.name)

        return call


class _Grpc:
    """Where gRPC's threads are: nowhere, until the first channel is opened."""

    process_id = 0


def _check_process() -> None:
    process_id = os.getpid()
    if _Grpc.process_id not in {0, process_id}:
        raise RuntimeError(
            f"process {_Grpc.process_id} had connected to a server when it forked this one, {process_id}: no "
            "connection works here. Connect in the forked process only (in gunicorn's post_fork, for example), or with "
            "lazy=True"
        )
    _Grpc.process_id = process_id


def _not_bound(*_: object, **__: object) -> Awaitable[bytes]:
    raise RuntimeError("a call is bound to its loop before it is sent")


def counted(send: Send, series: RequestSeries) -> Send:
    """The same, each attempt of a call counted."""

    async def post(body: bytes, **how: Any) -> bytes:
        began = series.began()
        try:
            return await send(body, **how)
        except grpc.aio.AioRpcError as error:
            series.failed(error.code().name)
            raise
        finally:
            series.ended(began)

    return post


def rpc_error(error: grpc.aio.AioRpcError) -> RPCError:
    """What gRPC raised, as the SDK raises it."""
    details = b""
    for key, value in cast("Iterable[tuple[str, str | bytes]]", error.trailing_metadata() or ()):
        if key == "grpc-status-details-bin" and isinstance(value, bytes):
            details = value
    return RPCError(error.details() or "", RPCStatusCode(error.code().value[0]), details)


@dataclass(frozen=True)
class Target:
    """Where to connect to, and how."""

    address: str
    credentials: grpc.ChannelCredentials | None
    options: tuple[tuple[str, str | int], ...]

    def open(self) -> Channel:
        """A channel on the running loop."""
        if self.credentials is None:
            return cast("Channel", grpc.aio.insecure_channel(self.address, options=self.options))
        return cast("Channel", grpc.aio.secure_channel(self.address, self.credentials, options=self.options))


def target_of(config: ConnectConfig) -> Target:
    """What the config asks for, in gRPC's terms.

    Raises: ValueError: half of a pair of settings is missing, or this transport cannot do what is asked.
    """
    address, tls = config.target_host, config.tls
    if "://" in address:
        warnings.warn(
            "Target host as URL with scheme no longer supported. This will be an error in future versions.",
            stacklevel=2,
        )
        scheme, address = address.split("://", 1)
        tls = tls if isinstance(tls, TLSConfig) else scheme == "https"
    if tls is None:
        tls = config.api_key is not None
    if tls is False:
        return Target(address, None, channel_options(config))
    tls = tls if isinstance(tls, TLSConfig) else TLSConfig()
    return Target(address, credentials_of(tls), (*channel_options(config), *tls_options(tls)))


def credentials_of(tls: TLSConfig) -> grpc.ChannelCredentials:
    if (tls.client_cert is None) != (tls.client_private_key is None):
        raise ValueError("client_cert and client_private_key must be given together")
    if tls.verification_server_name is not None:
        raise ValueError("verification_server_name is not supported; `domain` sets the name to ask for and to expect")
    return grpc.ssl_channel_credentials(tls.server_root_ca_cert, tls.client_private_key, tls.client_cert)


def tls_options(tls: TLSConfig) -> tuple[tuple[str, str | int], ...]:
    if tls.domain is None:
        return ()
    return (("grpc.ssl_target_name_override", tls.domain), ("grpc.default_authority", tls.domain))


def channel_options(config: ConnectConfig) -> tuple[tuple[str, str | int], ...]:
    """Settings in gRPC's names. Reconnecting is quick: a server that restarts is missed for seconds, not minutes."""
    options: dict[str, str | int] = {
        "grpc.max_receive_message_length": MOST_RECEIVED_BYTES,
        "grpc.max_send_message_length": -1,  # the server says what is too large, in words that can be acted on
        "grpc.initial_reconnect_backoff_ms": 100,
        "grpc.max_reconnect_backoff_ms": 2_000,
        "grpc.use_local_subchannel_pool": 1,  # what one client sets is not another one's
        "grpc.enable_http_proxy": 0,
    }
    if config.connect_timeout is not None:
        options["grpc.min_reconnect_backoff_ms"] = max(1, int(config.connect_timeout.total_seconds() * 1_000))
    if config.keep_alive_config is not None:
        options |= {
            "grpc.keepalive_time_ms": config.keep_alive_config.interval_millis,
            "grpc.keepalive_timeout_ms": config.keep_alive_config.timeout_millis,
            "grpc.keepalive_permit_without_calls": 1,
            "grpc.http2.max_pings_without_data": 0,
        }
    proxy = config.http_connect_proxy_config
    if proxy is not None:
        user = "{}:{}@".format(*proxy.basic_auth) if proxy.basic_auth else ""
        options |= {"grpc.enable_http_proxy": 1, "grpc.http_proxy": f"http://{user}{proxy.target_host}"}
    elif config.dns_load_balancing_config is not None:
        options |= {
            "grpc.lb_policy_name": "round_robin",
            "grpc.dns_min_time_between_resolutions_ms": config.dns_load_balancing_config.resolution_interval_millis,
        }
    return tuple(options.items())
