"""How to reach a server: what `ServiceClient.connect` and `Client.connect` are told.

Intervals are whole milliseconds where the field's name says so. Nothing here reaches the network or imports gRPC.
"""

from __future__ import annotations

import os
import socket
from abc import ABC
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from typing import ClassVar


@dataclass
class TLSConfig:
    """How to encrypt the connection, whom to trust and who this client is."""

    server_root_ca_cert: bytes | None = None
    """PEM of the authorities to trust; the system's if None."""

    domain: str | None = None
    """Name to ask for (SNI, authority) and to expect in the server's certificate, instead of the host's."""

    client_cert: bytes | None = None
    """PEM of this client's certificate chain, for mTLS. Needs `client_private_key`."""

    client_private_key: bytes | None = None
    """PEM of this client's key, for mTLS. Needs `client_cert`."""

    verification_server_name: str | None = None
    """Name to expect in the server's certificate while asking for another one. Needs `server_root_ca_cert`.

    This transport cannot do so: connecting says so, and that `domain` sets both names.
    """


@dataclass
class RetryConfig:
    """How often and how fast a failed call is tried again.

    The wait grows from `initial_interval_millis` by `multiplier` up to `max_interval_millis`, and each one is made
    longer or shorter by up to `randomization_factor` of itself.
    """

    initial_interval_millis: int = 100
    randomization_factor: float = 0.2
    multiplier: float = 1.5
    max_interval_millis: int = 5000
    max_elapsed_time_millis: int | None = 10000
    """No attempt begins later than this after the first one; None is no limit."""
    max_retries: int = 10
    """How many attempts there are at most; 0 is no limit."""


@dataclass(frozen=True)
class KeepAliveConfig:
    """Pings that find out whether the connection still lives."""

    interval_millis: int = 30000
    timeout_millis: int = 15000
    """A ping unanswered for so long ends the connection."""
    default: ClassVar[KeepAliveConfig]


KeepAliveConfig.default = KeepAliveConfig()


@dataclass(frozen=True)
class HttpConnectProxyConfig:
    """An HTTP proxy to go through by CONNECT."""

    target_host: str
    """`host:port` of the proxy."""
    basic_auth: tuple[str, str] | None = None
    """User and password, if the proxy asks for them."""


@dataclass(frozen=True)
class DnsLoadBalancingConfig:
    """Spread calls over all addresses that the host's name has, and look them up again from time to time."""

    resolution_interval_millis: int = 30000
    default: ClassVar[DnsLoadBalancingConfig]


DnsLoadBalancingConfig.default = DnsLoadBalancingConfig()


class GrpcCompression(ABC):  # its kinds are constants of it
    """How requests are compressed; replies follow what the server likes among what is accepted."""

    NONE: ClassVar[GrpcCompression]
    """Compress nothing."""
    GZIP: ClassVar[GrpcCompression]
    """Compress with gzip what is large enough to gain by it."""


@dataclass(frozen=True)
class _NoGrpcCompression(GrpcCompression):
    pass


@dataclass(frozen=True)
class _GzipGrpcCompression(GrpcCompression):
    pass


GrpcCompression.NONE = _NoGrpcCompression()
GrpcCompression.GZIP = _GzipGrpcCompression()


@dataclass(frozen=True)
class PayloadLimitsConfig:
    """From which sizes on a request is worth a warning in the log, in bytes; 0 warns never.

    The defaults are those at which the server warns. What the server refuses is refused before it is sent, too: that
    limit is the namespace's own, and the client asks for it when a field is so large that it may matter.
    """

    payloads_warn_size: int = 512 * 1024
    memo_warn_size: int = 2 * 1024


@dataclass
class ConnectConfig:
    """All that a connection needs to be made."""

    target_host: str
    """`host:port`."""
    api_key: str | None = None
    """Sent as `authorization: Bearer ...` with each call whose metadata has no `authorization`."""
    tls: bool | TLSConfig | None = None
    """None encrypts if there is an `api_key`."""
    retry_config: RetryConfig | None = None
    """None is this SDK's default, which grows a little faster than `RetryConfig()`."""
    keep_alive_config: KeepAliveConfig | None = KeepAliveConfig.default
    rpc_metadata: Mapping[str, str | bytes] = field(default_factory=dict[str, "str | bytes"])
    """Goes with every call. Values for keys that end in `-bin` are bytes."""
    identity: str = ""
    """Who the client says that it is; the process and the host if empty."""
    lazy: bool = False
    """Connect with the first call, not before."""
    runtime: object | None = None
    """The `runtime.Runtime` that counts and logs for the client and its workers; the default one if None."""
    http_connect_proxy_config: HttpConnectProxyConfig | None = None
    dns_load_balancing_config: DnsLoadBalancingConfig | None = None
    grpc_compression: GrpcCompression = GrpcCompression.GZIP
    payload_limits: PayloadLimitsConfig = field(default_factory=PayloadLimitsConfig)
    connect_timeout: timedelta | None = None
    """How long the first connection may take; None is the transport's own limit."""

    def __post_init__(self) -> None:
        if not self.identity:
            self.identity = f"{os.getpid()}@{socket.gethostname()}"
