"""A client's configuration and its way to the server; what can be called on it stands in `_client_*.py` by kind.

Client(service_client, interceptors=[A, B])     _impl = A's outbound -> B's outbound -> ClientImpl
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from datetime import timedelta
from functools import partial
from typing import TYPE_CHECKING, Self, cast

from temporalio.api.workflowservice.v1 import PollWorkflowTaskQueueResponse

from mainspring.client._config import ClientConfig
from mainspring.client._impl import ClientImpl
from mainspring.client._sending import NamespaceLimits
from mainspring.common import HeaderCodecBehavior, QueryRejectCondition
from mainspring.converter import DataConverter
from mainspring.service import (
    ConnectConfig,
    DnsLoadBalancingConfig,
    GrpcCompression,
    HttpConnectProxyConfig,
    KeepAliveConfig,
    OperatorService,
    PayloadLimitsConfig,
    RetryConfig,
    ServiceClient,
    TestService,
    TLSConfig,
    WorkflowService,
)
from mainspring.service._methods import NO_METADATA

if TYPE_CHECKING:
    from mainspring.client._client import Client
    from mainspring.client._interceptor import Interceptor, OutboundInterceptor
    from mainspring.client._plugin import Plugin

NO_PLUGINS: Sequence[Plugin] = []
NO_INTERCEPTORS: Sequence[Interceptor] = []
DEFAULT_LIMITS = PayloadLimitsConfig()


class ClientBase:
    """A namespace of a server, with a converter for values and a chain of interceptors."""

    @classmethod
    async def connect(
        cls,
        target_host: str,
        *,
        namespace: str = "default",
        api_key: str | None = None,
        data_converter: DataConverter = DataConverter.default,
        plugins: Sequence[Plugin] = NO_PLUGINS,
        interceptors: Sequence[Interceptor] = NO_INTERCEPTORS,
        default_workflow_query_reject_condition: QueryRejectCondition | None = None,
        tls: bool | TLSConfig | None = None,
        retry_config: RetryConfig | None = None,
        keep_alive_config: KeepAliveConfig | None = KeepAliveConfig.default,
        connect_timeout: timedelta | None = None,
        rpc_metadata: Mapping[str, str | bytes] = NO_METADATA,
        identity: str | None = None,
        lazy: bool = False,
        runtime: object | None = None,
        http_connect_proxy_config: HttpConnectProxyConfig | None = None,
        dns_load_balancing_config: DnsLoadBalancingConfig | None = None,
        grpc_compression: GrpcCompression = GrpcCompression.GZIP,
        payload_limits: PayloadLimitsConfig = DEFAULT_LIMITS,
        header_codec_behavior: HeaderCodecBehavior = HeaderCodecBehavior.NO_CODEC,
    ) -> Self:
        """Connect to a server, `host:port`. What the settings mean stands at `service.ConnectConfig`.

        Raises: RuntimeError: no server answers.
        """
        config = ConnectConfig(
            target_host=target_host,
            api_key=api_key,
            tls=tls,
            retry_config=retry_config,
            keep_alive_config=keep_alive_config,
            connect_timeout=connect_timeout,
            rpc_metadata=rpc_metadata,
            identity=identity or "",
            lazy=lazy,
            runtime=runtime,
            http_connect_proxy_config=http_connect_proxy_config,
            dns_load_balancing_config=dns_load_balancing_config,
            grpc_compression=grpc_compression,
            payload_limits=payload_limits,
        )
        return cls(
            await connect_through(plugins, config),
            namespace=namespace,
            data_converter=data_converter,
            plugins=plugins,
            interceptors=interceptors,
            default_workflow_query_reject_condition=default_workflow_query_reject_condition,
            header_codec_behavior=header_codec_behavior,
        )

    def __init__(
        self,
        service_client: ServiceClient,
        *,
        namespace: str = "default",
        data_converter: DataConverter = DataConverter.default,
        plugins: Sequence[Plugin] = NO_PLUGINS,
        interceptors: Sequence[Interceptor] = NO_INTERCEPTORS,
        default_workflow_query_reject_condition: QueryRejectCondition | None = None,
        header_codec_behavior: HeaderCodecBehavior = HeaderCodecBehavior.NO_CODEC,
    ) -> None:
        """A client over a connection that there is. Plugins configure it in their order."""
        config = ClientConfig(
            service_client=service_client,
            namespace=namespace,
            data_converter=data_converter,
            plugins=plugins,
            interceptors=interceptors,
            default_workflow_query_reject_condition=default_workflow_query_reject_condition,
            header_codec_behavior=header_codec_behavior,
        )
        self._initial_config = config.copy()
        for plugin in plugins:
            config = plugin.configure_client(config)
        self._init_from_config(config)

    def _init_from_config(self, config: ClientConfig) -> None:
        self._config = config
        self._limits = NamespaceLimits()
        self.default_task_queue: str | None = None
        """Where workflows are started that name no task queue. `mainspring.embedded` sets its worker's."""
        # By task queue, what takes a workflow task that comes with the reply to a start. Workers of this client put
        # themselves here; without one, no such task is asked for, since nobody would carry it out.
        self._eager_workers: dict[str, Callable[[PollWorkflowTaskQueueResponse], None]] = {}
        self._impl: OutboundInterceptor = ClientImpl(self._client)
        for interceptor in reversed(list(config["interceptors"])):
            self._impl = interceptor.intercept_client(self._impl)

    @property
    def _client(self) -> Client:
        """This object: there are no others of its class than clients."""
        return cast("Client", self)

    def _queue(self, given: str | None) -> str:
        """The task queue for a workflow that is started.

        Raises:
            ValueError: None was given, and the client has no default.
        """
        queue = given or self.default_task_queue
        if not queue:
            raise ValueError("no task queue: pass task_queue=..., or set client.default_task_queue")
        return queue

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self.service_client.config.target_host} namespace={self.namespace!r}>"

    def config(self, *, active_config: bool = False) -> ClientConfig:
        """A copy of what the client was made with, or with `active_config` of what plugins made of that."""
        config = (self._config if active_config else self._initial_config).copy()
        config["interceptors"] = list(config["interceptors"])
        return config

    @property
    def service_client(self) -> ServiceClient:
        """The connection."""
        return self._config["service_client"]

    @property
    def workflow_service(self) -> WorkflowService:
        """The RPCs for workflows, activities and schedules."""
        return self._config["service_client"].workflow_service

    @property
    def operator_service(self) -> OperatorService:
        """The RPCs for operators of the server."""
        return self._config["service_client"].operator_service

    @property
    def test_service(self) -> TestService:
        """The RPCs of a server made for tests."""
        return self._config["service_client"].test_service

    @property
    def namespace(self) -> str:
        """Where all calls go to."""
        return self._config["namespace"]

    @property
    def identity(self) -> str:
        """Who the client says that it is."""
        return self._config["service_client"].config.identity

    @property
    def data_converter(self) -> DataConverter:
        """How values become payloads."""
        return self._config["data_converter"]

    @property
    def rpc_metadata(self) -> Mapping[str, str | bytes]:
        """What goes with every call. Set it to change it; what is read here is not to be changed in place."""
        return self.service_client.config.rpc_metadata

    @rpc_metadata.setter
    def rpc_metadata(self, value: Mapping[str, str | bytes]) -> None:
        self.service_client.update_rpc_metadata(value)
        self.service_client.config.rpc_metadata = value

    @property
    def api_key(self) -> str | None:
        """What goes with every call whose metadata has no `authorization`. Set it to change it."""
        return self.service_client.config.api_key

    @api_key.setter
    def api_key(self, value: str | None) -> None:
        self.service_client.config.api_key = value
        self.service_client.update_api_key(value)


async def connect_through(
    plugins: Sequence[Plugin],
    config: ConnectConfig,
    connect: Callable[[ConnectConfig], Awaitable[ServiceClient]] = ServiceClient.connect,
) -> ServiceClient:
    """Connect as the plugins want it; earlier ones are around later ones, and all around `connect`."""
    following = connect
    for plugin in reversed(plugins):
        following = partial(_connect_by, plugin, following)
    return await following(config)


async def _connect_by(
    plugin: Plugin, following: Callable[[ConnectConfig], Awaitable[ServiceClient]], config: ConnectConfig
) -> ServiceClient:
    return await plugin.connect_service_client(config, following)
