"""The operator service: custom search attributes, deleting namespaces, the list of clusters (always one).

Deleting a namespace answers as soon as it is marked deleted and has lost its name, which can be used again at once;
what it holds is removed after that, in the background, or at the next start if the process ends in between.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable
from typing import Final

import msgspec
from temporalio.api.enums.v1 import IndexedValueType
from temporalio.api.operatorservice.v1 import (
    AddSearchAttributesRequest,
    AddSearchAttributesResponse,
    ClusterMetadata,
    DeleteNamespaceRequest,
    DeleteNamespaceResponse,
    ListClustersRequest,
    ListClustersResponse,
    ListSearchAttributesRequest,
    ListSearchAttributesResponse,
    RemoveRemoteClusterRequest,
    RemoveRemoteClusterResponse,
    RemoveSearchAttributesRequest,
    RemoveSearchAttributesResponse,
)

from mainspring.server.engine import attribute_types
from mainspring.server.engine.errors import InvalidArgument, NotFound
from mainspring.server.frontend.call import Call
from mainspring.server.frontend.namespaces import DELETED, NamespaceRegistry
from mainspring.server.frontend.system import (
    CLUSTER_NAME,
    FIELD_TYPES,
    HISTORY_SHARD_COUNT,
    INITIAL_FAILOVER_VERSION,
    STOCK_FIELDS,
    Cluster,
)
from mainspring.server.persistence.store import NamespaceRecord

log = logging.getLogger(__name__)

_RESERVED_PREFIX: Final = "Temporal"
_RESERVED_NAMES: Final = {"NamespaceId", "Memo", "MemoEncoding", "VisibilityTaskKey"}
_DELETED_SUFFIX_LENGTH: Final = 5  # characters of the namespace id after `-deleted-`

Forget = Callable[[str], Awaitable[None]]
"""Removes a namespace, by id, and all that it holds, from memory and store."""


class DeletedNamespaces:
    """Removes namespaces that are marked deleted, one background task each."""

    def __init__(self, registry: NamespaceRegistry, forget: Forget) -> None:
        self._registry = registry
        self._forget = forget
        self._tasks: set[asyncio.Task[None]] = set()

    def resume(self) -> None:
        """Go on with those that an earlier process left."""
        for record in self._registry.all():
            if _is_renamed(record):
                self.remove_later(record.id, delay_s=0)

    def remove_later(self, namespace_id: str, *, delay_s: float) -> None:
        task = asyncio.create_task(self._remove(namespace_id, delay_s))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def settled(self) -> None:
        """Wait for all removals under way."""
        await asyncio.gather(*self._tasks)

    async def close(self) -> None:
        """Stop; what is not removed yet will be at the next start."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def _remove(self, namespace_id: str, delay_s: float) -> None:
        await asyncio.sleep(delay_s)
        try:
            await self._forget(namespace_id)
        except Exception:
            log.exception("namespace not removed, next attempt at start: namespace_id=%s", namespace_id)


class Operator:
    """The methods of `temporal.api.operatorservice.v1.OperatorService` that need no remote cluster and no Nexus."""

    def __init__(self, registry: NamespaceRegistry, deleted: DeletedNamespaces, cluster: Cluster) -> None:
        self._registry = registry
        self._deleted = deleted
        self._cluster = cluster

    async def add_search_attributes(
        self, request: AddSearchAttributesRequest, _call: Call
    ) -> AddSearchAttributesResponse:
        """Durable and usable on return. Attributes that exist are left as they are, whatever type is asked for."""
        self._check_namespace(request.namespace)
        if not request.search_attributes:
            raise InvalidArgument("SearchAttributes are not set on request.")
        for name, kind in request.search_attributes.items():
            _check_new_search_attribute(name, kind)
        if not request.namespace:
            raise InvalidArgument("Namespace is not set on request.")
        added = {name: kind for name, kind in request.search_attributes.items() if name}
        await self._registry.add_search_attributes(request.namespace, added)
        return AddSearchAttributesResponse()

    async def remove_search_attributes(
        self, request: RemoveSearchAttributesRequest, _call: Call
    ) -> RemoveSearchAttributesResponse:
        self._check_namespace(request.namespace)
        if not request.search_attributes:
            raise InvalidArgument("SearchAttributes are not set on request.")
        if not request.namespace:
            raise InvalidArgument("Namespace is not set on request.")
        custom = self._registry.search_attributes(self._registry.named(request.namespace).id)
        for name in request.search_attributes:
            if name not in custom and (name in attribute_types.SYSTEM or name in STOCK_FIELDS):
                raise InvalidArgument(f"Unable to remove non-custom search attributes: {name}.")
        await self._registry.remove_search_attributes(request.namespace, list(request.search_attributes))
        return RemoveSearchAttributesResponse()

    async def list_search_attributes(
        self, request: ListSearchAttributesRequest, _call: Call
    ) -> ListSearchAttributesResponse:
        if not request.namespace:
            raise InvalidArgument("Namespace is not set on request.")
        record = self._registry.served(request.namespace)
        return ListSearchAttributesResponse(
            custom_attributes=self._registry.search_attributes(record.id),
            system_attributes=attribute_types.SYSTEM,
        )

    async def delete_namespace(self, request: DeleteNamespaceRequest, _call: Call) -> DeleteNamespaceResponse:
        """Returns the name under which the namespace is kept until all that it holds is removed."""
        self._registry.check_length(request.namespace)
        if not request.namespace and not request.namespace_id:
            raise InvalidArgument("Namespace not set on request.")
        if request.namespace and request.namespace_id:
            raise InvalidArgument("Only one of namespace name or Id should be set on request.")
        found = (
            self._registry.with_id(request.namespace_id)
            if request.namespace_id
            else self._registry.named(request.namespace)
        )
        deleted = await self._registry.change(found.name, self._marked_deleted)
        self._deleted.remove_later(deleted.id, delay_s=request.namespace_delete_delay.ToTimedelta().total_seconds())
        return DeleteNamespaceResponse(deleted_namespace=deleted.name)

    async def list_clusters(self, _request: ListClustersRequest, _call: Call) -> ListClustersResponse:
        only = ClusterMetadata(
            cluster_name=CLUSTER_NAME,
            cluster_id=self._cluster.id,
            address=self._cluster.address,
            http_address=self._cluster.http_address,
            initial_failover_version=INITIAL_FAILOVER_VERSION,
            history_shard_count=HISTORY_SHARD_COUNT,
            is_connection_enabled=True,
        )
        return ListClustersResponse(clusters=[only])

    async def remove_remote_cluster(
        self, _request: RemoveRemoteClusterRequest, _call: Call
    ) -> RemoveRemoteClusterResponse:
        raise NotFound("The cluster to be deleted cannot be found in clusters cache.")

    def _check_namespace(self, name: str) -> None:
        if name:
            self._registry.served(name)

    def _marked_deleted(self, before: NamespaceRecord) -> NamespaceRecord:
        if _is_renamed(before):
            return before
        length = _DELETED_SUFFIX_LENGTH
        while self._registry.has(f"{before.name}-deleted-{before.id[:length]}"):
            length += 1
        return msgspec.structs.replace(before, state=int(DELETED), name=f"{before.name}-deleted-{before.id[:length]}")


def _is_renamed(record: NamespaceRecord) -> bool:
    """Deleted by DeleteNamespace. UpdateNamespace can mark it deleted too, which removes nothing."""
    suffix = f"-deleted-{record.id[:_DELETED_SUFFIX_LENGTH]}"
    return record.state == DELETED and suffix in record.name


def _check_new_search_attribute(name: str, kind: int) -> None:
    if name in attribute_types.SYSTEM or name in _RESERVED_NAMES or name.startswith(_RESERVED_PREFIX):
        raise InvalidArgument(f"Search attribute {name} is reserved by system.")
    if kind not in IndexedValueType.values():
        raise InvalidArgument(f"Unknown search attribute type: {kind}.")
    if kind not in FIELD_TYPES.values():
        raise InvalidArgument(
            "Unable to create search attributes: cannot have more than 0 search attribute of type Unspecified."
        )
