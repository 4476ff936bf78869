"""A client of Temporal Cloud's operations API."""

from __future__ import annotations

from collections.abc import Mapping

from mainspring.service import (
    CloudService,
    ConnectConfig,
    DnsLoadBalancingConfig,
    GrpcCompression,
    HttpConnectProxyConfig,
    KeepAliveConfig,
    RetryConfig,
    ServiceClient,
    TLSConfig,
)
from mainspring.service._methods import NO_METADATA


class CloudOperationsClient:
    """Speaks to Temporal Cloud about accounts, users and namespaces, by `cloud_service`."""

    @staticmethod
    async def connect(
        *,
        api_key: str | None = None,
        version: str | None = None,
        target_host: str = "saas-api.tmprl.cloud:443",
        tls: bool | TLSConfig = True,
        retry_config: RetryConfig | None = None,
        keep_alive_config: KeepAliveConfig | None = KeepAliveConfig.default,
        rpc_metadata: Mapping[str, str | bytes] = NO_METADATA,
        identity: str | None = None,
        lazy: bool = False,
        runtime: object | None = None,
        http_connect_proxy_config: HttpConnectProxyConfig | None = None,
        dns_load_balancing_config: DnsLoadBalancingConfig | None = None,
        grpc_compression: GrpcCompression = GrpcCompression.GZIP,
    ) -> CloudOperationsClient:
        """Connect; `version` is that of the cloud's API, which some changes need.

        Raises: RuntimeError: no server answers.
        """
        if version:
            rpc_metadata = {**rpc_metadata, "temporal-cloud-api-version": version}
        config = ConnectConfig(
            target_host=target_host,
            api_key=api_key,
            tls=tls,
            retry_config=retry_config,
            keep_alive_config=keep_alive_config,
            rpc_metadata=rpc_metadata,
            identity=identity or "",
            lazy=lazy,
            runtime=runtime,
            http_connect_proxy_config=http_connect_proxy_config,
            dns_load_balancing_config=dns_load_balancing_config,
            grpc_compression=grpc_compression,
        )
        return CloudOperationsClient(await ServiceClient.connect(config))

    def __init__(self, service_client: ServiceClient) -> None:
        """A client over a connection that there is."""
        self._service_client = service_client

    @property
    def service_client(self) -> ServiceClient:
        """The connection."""
        return self._service_client

    @property
    def cloud_service(self) -> CloudService:
        """The cloud's RPCs."""
        return self._service_client.cloud_service

    @property
    def identity(self) -> str:
        """Who the client says that it is."""
        return self._service_client.config.identity

    @property
    def rpc_metadata(self) -> Mapping[str, str | bytes]:
        """What goes with every call. Set it to change it; it then needs the API's version, if one is needed."""
        return self._service_client.config.rpc_metadata

    @rpc_metadata.setter
    def rpc_metadata(self, value: Mapping[str, str | bytes]) -> None:
        self._service_client.update_rpc_metadata(value)
        self._service_client.config.rpc_metadata = value

    @property
    def api_key(self) -> str | None:
        """What goes with every call whose metadata has no `authorization`. Set it to change it."""
        return self._service_client.config.api_key

    @api_key.setter
    def api_key(self, value: str | None) -> None:
        self._service_client.config.api_key = value
        self._service_client.update_api_key(value)
