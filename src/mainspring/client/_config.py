"""A client's configuration as dictionaries: `Client(**config)` and `Client.connect(**connect_config)`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import TYPE_CHECKING, Required, TypedDict

from mainspring.common import HeaderCodecBehavior, QueryRejectCondition
from mainspring.converter import DataConverter
from mainspring.service import (
    DnsLoadBalancingConfig,
    GrpcCompression,
    HttpConnectProxyConfig,
    KeepAliveConfig,
    PayloadLimitsConfig,
    RetryConfig,
    ServiceClient,
    TLSConfig,
)

if TYPE_CHECKING:
    from mainspring.client._interceptor import Interceptor
    from mainspring.client._plugin import Plugin


class ClientConfig(TypedDict, total=False):
    """What `Client.config` returns, and plugins change."""

    service_client: Required[ServiceClient]
    namespace: Required[str]
    data_converter: Required[DataConverter]
    plugins: Required[Sequence[Plugin]]
    interceptors: Required[Sequence[Interceptor]]
    default_workflow_query_reject_condition: Required[QueryRejectCondition | None]
    header_codec_behavior: Required[HeaderCodecBehavior]


class ConnectOptions(TypedDict, total=False):
    """What `Client.connect` takes besides the server's address."""

    namespace: str
    api_key: str | None
    data_converter: DataConverter
    plugins: Sequence[Plugin]
    interceptors: Sequence[Interceptor]
    default_workflow_query_reject_condition: QueryRejectCondition | None
    tls: bool | TLSConfig | None
    retry_config: RetryConfig | None
    keep_alive_config: KeepAliveConfig | None
    connect_timeout: timedelta | None
    rpc_metadata: Mapping[str, str | bytes]
    identity: str | None
    lazy: bool
    runtime: object | None
    http_connect_proxy_config: HttpConnectProxyConfig | None
    dns_load_balancing_config: DnsLoadBalancingConfig | None
    grpc_compression: GrpcCompression
    payload_limits: PayloadLimitsConfig
    header_codec_behavior: HeaderCodecBehavior


class ClientConnectConfig(ConnectOptions, total=False):
    """What `Client.connect` takes."""

    target_host: str
