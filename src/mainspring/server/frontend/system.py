"""What the server is: version, capabilities, cluster, and the search attributes that every namespace has.

The version is part of the protocol: `API_VERSION` is the level of the API that is implemented, and SDKs compare it;
Mainspring's own version travels in `GetClusterInfo.version_info`. SDKs change what they do by each capability bit, so a
bit is set only if the feature works (tests/frontend/test_system.py lists them).
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

import msgspec
from temporalio.api.enums.v1 import IndexedValueType
from temporalio.api.version.v1 import ReleaseInfo, VersionInfo
from temporalio.api.workflowservice.v1 import (
    GetClusterInfoRequest,
    GetClusterInfoResponse,
    GetSearchAttributesRequest,
    GetSearchAttributesResponse,
    GetSystemInfoRequest,
    GetSystemInfoResponse,
)

from mainspring import __version__
from mainspring.server.engine.attribute_types import SYSTEM, TYPE_NAMES
from mainspring.server.frontend.call import Call

API_VERSION: Final = "1.32.0"
CLUSTER_NAME: Final = "active"
HISTORY_SHARD_COUNT: Final = 1
INITIAL_FAILOVER_VERSION: Final = 1
FAILOVER_VERSION_INCREMENT: Final = 10

SUPPORTED_CLIENTS: Final[Mapping[str, str]] = MappingProxyType(
    {
        "temporal-go": "<2.0.0",
        "temporal-java": "<2.0.0",
        "temporal-php": "<2.0.0",
        "temporal-typescript": "<2.0.0",
        "temporal-cli": "<2.0.0",
        "temporal-server": "<2.0.0",
        "temporal-ui": "<3.0.0",
        "Nexus-go-sdk": "<2.0.0",
    }
)
"""Clients whose version is checked, and the range of versions that is served. Clients not listed are never refused."""

FIELD_TYPES: Final[Mapping[str, IndexedValueType.ValueType]] = MappingProxyType(
    {name: IndexedValueType.ValueType(kind) for kind, name in TYPE_NAMES.items()}
)
"""The types of custom search attributes, as the CLI, messages and field names (`Keyword01`) spell them."""

_STOCK_FIELD_COUNTS: Final = {
    "Bool": 3,
    "Datetime": 3,
    "Double": 3,
    "Int": 3,
    "Keyword": 10,
    "KeywordList": 3,
    "Text": 3,
}

STOCK_FIELDS: Final[Mapping[str, IndexedValueType.ValueType]] = MappingProxyType(
    {
        f"{spelling}{number:02}": FIELD_TYPES[spelling]
        for spelling, count in _STOCK_FIELD_COUNTS.items()
        for number in range(1, count + 1)
    }
)
"""The fields that the real server has for custom search attributes on SQL. Here there may be any number of them."""


class Cluster(msgspec.Struct, frozen=True, kw_only=True):
    """What this server says of itself."""

    id: str
    persistence_store: str = "sqlite"
    address: str = "127.0.0.1:7233"
    http_address: str = ""


class SystemInfo:
    """GetSystemInfo, GetClusterInfo and the old GetSearchAttributes."""

    def __init__(self, cluster: Cluster) -> None:
        self._cluster = cluster
        self._system_info = GetSystemInfoResponse(server_version=API_VERSION, capabilities=_capabilities())

    async def get_system_info(self, _request: GetSystemInfoRequest, _call: Call) -> GetSystemInfoResponse:
        return self._system_info

    async def get_cluster_info(self, _request: GetClusterInfoRequest, _call: Call) -> GetClusterInfoResponse:
        return GetClusterInfoResponse(
            supported_clients=SUPPORTED_CLIENTS,
            server_version=API_VERSION,
            cluster_id=self._cluster.id,
            version_info=VersionInfo(current=ReleaseInfo(version=__version__, notes=f"Mainspring {__version__}")),
            cluster_name=CLUSTER_NAME,
            history_shard_count=HISTORY_SHARD_COUNT,
            persistence_store=self._cluster.persistence_store,
            visibility_store=self._cluster.persistence_store,
            failover_version_increment=FAILOVER_VERSION_INCREMENT,
            initial_failover_version=INITIAL_FAILOVER_VERSION,
        )

    async def get_search_attributes(
        self, _request: GetSearchAttributesRequest, _call: Call
    ) -> GetSearchAttributesResponse:
        """All legal keys of any namespace. Names of custom ones are a namespace's own: see ListSearchAttributes."""
        return GetSearchAttributesResponse(keys={**SYSTEM, **STOCK_FIELDS})


def _capabilities() -> GetSystemInfoResponse.Capabilities:
    """The features that clients may rely on. Not built: schedules, Nexus, scaled deployments."""
    return GetSystemInfoResponse.Capabilities(
        signal_and_query_header=True,
        internal_error_differentiation=True,
        activity_failure_include_heartbeat=True,
        encoded_failure_attributes=True,
        build_id_based_versioning=True,  # workers send their stamps and histories show them
        upsert_memo=True,
        eager_workflow_start=True,
        sdk_metadata=True,
        count_group_by_execution_status=True,
    )
