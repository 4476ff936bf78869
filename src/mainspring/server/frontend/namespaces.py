"""Namespaces: the registry that every request goes through, and the RPCs about namespaces themselves.

    request.namespace  --registry.served(...)-->  NamespaceRecord (its id names everything below the frontend)

The registry holds all namespaces and their custom search attributes in memory, so a lookup costs no database read. Each
change is written to the store first and shown in memory after.
"""

from __future__ import annotations

import asyncio
import time
import uuid
from collections.abc import Callable, Mapping, Sequence
from types import MappingProxyType
from typing import Final

import msgspec
from google.protobuf.duration_pb2 import Duration
from temporalio.api.enums.v1 import ArchivalState, IndexedValueType, NamespaceState, ReplicationState
from temporalio.api.errordetails import v1 as details
from temporalio.api.namespace.v1 import BadBinaries, NamespaceConfig, NamespaceInfo
from temporalio.api.replication.v1 import ClusterReplicationConfig, NamespaceReplicationConfig
from temporalio.api.workflowservice.v1 import (
    DeprecateNamespaceRequest,
    DeprecateNamespaceResponse,
    DescribeNamespaceRequest,
    DescribeNamespaceResponse,
    ListNamespacesRequest,
    ListNamespacesResponse,
    RegisterNamespaceRequest,
    RegisterNamespaceResponse,
    UpdateNamespaceRequest,
    UpdateNamespaceResponse,
)

from mainspring.server.engine.errors import (
    FailedPrecondition,
    InvalidArgument,
    NamespaceAlreadyExists,
    NamespaceNotFound,
    Unimplemented,
)
from mainspring.server.engine.limits import Limits
from mainspring.server.frontend.call import Call
from mainspring.server.frontend.system import CLUSTER_NAME, FIELD_TYPES
from mainspring.server.persistence.store import NamespaceRecord, NamespaceStore

REGISTERED: Final = NamespaceState.NAMESPACE_STATE_REGISTERED
DEPRECATED: Final = NamespaceState.NAMESPACE_STATE_DEPRECATED
DELETED: Final = NamespaceState.NAMESPACE_STATE_DELETED

_STATE_WORDS: Final = {REGISTERED: "Registered", DEPRECATED: "Deprecated", DELETED: "Deleted"}
_STATE_MOVES: Final = {REGISTERED: {DEPRECATED, DELETED}, DEPRECATED: {DELETED}}

_NOT_SET: Final = "Namespace not set on request."
_DEFAULT_PAGE_COUNT: Final = 100
_LONGEST_RETENTION_S: Final = 100 * 365 * 86_400
_NANOS_PER_S: Final = 1_000_000_000

SearchAttributeTypes = Mapping[str, IndexedValueType.ValueType]


class NamespaceRegistry:
    """All namespaces, in memory. `load` must have run before anything is looked up."""

    def __init__(self, store: NamespaceStore, limits: Limits) -> None:
        self._store = store
        self._limits = limits
        self._by_id: dict[str, NamespaceRecord] = {}
        self._by_name: dict[str, NamespaceRecord] = {}
        self._search_attributes: dict[str, SearchAttributeTypes] = {}
        self._changing = asyncio.Lock()
        self._watchers: list[Callable[[str], None]] = []

    def __repr__(self) -> str:
        return f"<NamespaceRegistry {sorted(self._by_name)}>"

    async def load(self) -> None:
        """Read all namespaces and their search attributes from the store."""
        for record in await self._store.namespaces():
            self._show(record)
            attributes = await self._store.search_attributes(record.id)
            self._show_search_attributes(record.id, attributes)

    # -- lookups

    def served(self, name: str) -> NamespaceRecord:
        """The namespace that a request names, if it takes requests: registered or deprecated.

        Raises:
            InvalidArgument: the name is empty or too long.
            NamespaceNotFound: there is none.
            FailedPrecondition: it is being deleted.
        """
        record = self._by_name.get(name)
        if record is None or record.state == DELETED:
            return _in_state(self.named(name), REGISTERED, DEPRECATED)
        return record

    def open_for_starts(self, name: str) -> NamespaceRecord:
        """The namespace of a request that starts a workflow: a deprecated one takes no more. Raises as `served`."""
        return _in_state(self.named(name), REGISTERED)

    def named(self, name: str) -> NamespaceRecord:
        """The namespace in whatever state. Raises InvalidArgument or NamespaceNotFound."""
        record = self._by_name.get(name)
        if record is not None:
            return record
        if not name:
            raise InvalidArgument("Namespace is empty.")
        self.check_length(name)
        raise NamespaceNotFound(name)

    def with_id(self, namespace_id: str) -> NamespaceRecord:
        """The namespace of an id, such as a task token carries. Raises NamespaceNotFound."""
        record = self._by_id.get(namespace_id)
        if record is None:
            raise NamespaceNotFound(namespace_id)
        return record

    def has(self, name: str) -> bool:
        return name in self._by_name

    def has_id(self, namespace_id: str) -> bool:
        return namespace_id in self._by_id

    def all(self) -> list[NamespaceRecord]:
        """Every namespace by name, those being deleted too."""
        return sorted(self._by_id.values(), key=lambda record: record.name)

    def search_attributes(self, namespace_id: str) -> SearchAttributeTypes:
        """The namespace's custom search attributes: name -> type."""
        return self._search_attributes.get(namespace_id, _NO_ATTRIBUTES)

    def check_length(self, name: str) -> None:
        if len(name.encode()) > self._limits.id_length_bytes:
            raise InvalidArgument("Namespace length exceeds limit.")

    def watch(self, changed: Callable[[str], None]) -> None:
        """Call `changed` with the id of each namespace: now, and when it, or its search attributes, changed or went."""
        self._watchers.append(changed)
        for namespace_id in self._by_id:
            changed(namespace_id)

    # -- changes: durable when they return

    async def create(self, record: NamespaceRecord) -> None:
        """Add a namespace. Raises AlreadyExists if the name is taken."""
        async with self._changing:
            if record.name in self._by_name:
                raise NamespaceAlreadyExists(record.name)
            await self._store.put_namespace(record)
            self._show(record)

    async def change(self, name: str, change: Callable[[NamespaceRecord], NamespaceRecord]) -> NamespaceRecord:
        """Replace the named namespace by `change` of it, one at a time; what `change` raises leaves it as it was."""
        async with self._changing:
            before = self.named(name)
            after = change(before)
            if after != before:
                await self._store.put_namespace(after)
                self._show(after)
            return after

    async def remove(self, namespace_id: str) -> None:
        """Delete the namespace and all that it holds; nothing happens if it is gone already."""
        async with self._changing:
            await self._store.delete_namespace(namespace_id)
            record = self._by_id.pop(namespace_id, None)
            if record is not None:
                del self._by_name[record.name]
            self._search_attributes.pop(namespace_id, None)
            self._tell(namespace_id)

    async def add_search_attributes(self, name: str, attributes: SearchAttributeTypes) -> None:
        """Register custom search attributes; names that the namespace has already are left as they are."""
        async with self._changing:
            record = self.named(name)
            known = self.search_attributes(record.id)
            added = {attribute: int(kind) for attribute, kind in attributes.items() if attribute not in known}
            if not added:
                return
            aliases = dict(record.search_attribute_aliases)
            for attribute in sorted(added):
                aliases[_free_field(aliases, added[attribute])] = attribute
            await self._store.put_search_attributes(record.id, added)
            await self._put(msgspec.structs.replace(record, search_attribute_aliases=aliases))
            self._show_search_attributes(record.id, {**known, **added})

    async def remove_search_attributes(self, name: str, attributes: Sequence[str]) -> None:
        """Forget custom search attributes; values that runs carry stay with them."""
        async with self._changing:
            record = self.named(name)
            known = self.search_attributes(record.id)
            gone = sorted(set(attributes) & known.keys())
            if not gone:
                return
            await self._store.remove_search_attributes(record.id, gone)
            aliases = {field: alias for field, alias in record.search_attribute_aliases.items() if alias not in gone}
            await self._put(msgspec.structs.replace(record, search_attribute_aliases=aliases))
            self._show_search_attributes(record.id, {key: known[key] for key in known if key not in gone})

    async def _put(self, record: NamespaceRecord) -> None:
        await self._store.put_namespace(record)
        self._show(record)

    def _show(self, record: NamespaceRecord) -> None:
        before = self._by_id.get(record.id)
        if before is not None and before.name != record.name:
            del self._by_name[before.name]
        self._by_id[record.id] = record
        self._by_name[record.name] = record
        self._tell(record.id)

    def _show_search_attributes(self, namespace_id: str, attributes: Mapping[str, int]) -> None:
        types = {name: IndexedValueType.ValueType(kind) for name, kind in attributes.items()}
        self._search_attributes[namespace_id] = MappingProxyType(types)
        self._tell(namespace_id)

    def _tell(self, namespace_id: str) -> None:
        for changed in self._watchers:
            changed(namespace_id)


_NO_ATTRIBUTES: Final[SearchAttributeTypes] = MappingProxyType({})


def _in_state(record: NamespaceRecord, *allowed: NamespaceState.ValueType) -> NamespaceRecord:
    if record.state in allowed:
        return record
    state = NamespaceState.ValueType(record.state)
    words = " or ".join(_STATE_WORDS[each] for each in allowed)
    raise FailedPrecondition(
        f"Namespace has invalid state: {_STATE_WORDS[state]}. Must be {words}.",
        [details.NamespaceInvalidStateFailure(namespace=record.name, state=state, allowed_states=allowed)],
    )


def _free_field(aliases: Mapping[str, str], kind: int) -> str:
    """The first field name of the type that no alias has: `Keyword01`, `Keyword02`, ... There is no last one."""
    spelling = next(spelling for spelling, field_kind in FIELD_TYPES.items() if field_kind == kind)
    number = 1
    while f"{spelling}{number:02}" in aliases:
        number += 1
    return f"{spelling}{number:02}"


def new_namespace(name: str, *, retention_s: float) -> NamespaceRecord:
    """A namespace as it is created at start, without a request."""
    return NamespaceRecord(
        id=str(uuid.uuid4()),
        name=name,
        state=REGISTERED,
        retention_ns=int(retention_s * _NANOS_PER_S),
        created_at=time.time_ns(),
    )


class Namespaces:
    """RegisterNamespace, DescribeNamespace, ListNamespaces, UpdateNamespace, DeprecateNamespace."""

    def __init__(self, registry: NamespaceRegistry, limits: Limits) -> None:
        self._registry = registry
        self._limits = limits

    async def register_namespace(self, request: RegisterNamespaceRequest, _call: Call) -> RegisterNamespaceResponse:
        name = request.namespace
        self._registry.check_length(name)
        if not name:
            raise InvalidArgument(_NOT_SET)
        if request.is_global_namespace:
            raise InvalidArgument("Cannot register global namespace when not enabled")
        retention_ns = self._retention_ns(request.workflow_execution_retention_period)
        if self._registry.has(name):
            raise NamespaceAlreadyExists(name)
        _check_replication(request.active_cluster_name, [cluster.cluster_name for cluster in request.clusters])
        record = NamespaceRecord(
            id=str(uuid.uuid4()),
            name=name,
            state=REGISTERED,
            description=request.description,
            owner_email=request.owner_email,
            data=dict(request.data),
            retention_ns=retention_ns,
            created_at=time.time_ns(),
        )
        await self._registry.create(record)
        return RegisterNamespaceResponse()

    async def describe_namespace(self, request: DescribeNamespaceRequest, _call: Call) -> DescribeNamespaceResponse:
        if not request.namespace and not request.id:
            raise InvalidArgument(_NOT_SET)
        self._registry.check_length(request.namespace)
        if request.namespace and request.id:
            raise InvalidArgument("GetNamespace operation failed.  Both ID and Name specified in request.")
        found = self._registry.with_id(request.id) if request.id else self._registry.named(request.namespace)
        return self._description(found)

    async def list_namespaces(self, request: ListNamespacesRequest, _call: Call) -> ListNamespacesResponse:
        """By name. The page token is the name of the last namespace shown."""
        wants_deleted = request.namespace_filter.include_deleted
        after = request.next_page_token.decode(errors="replace")
        shown = [
            record
            for record in self._registry.all()
            if record.name > after and (wants_deleted or record.state != DELETED)
        ]
        size = request.page_size if request.page_size > 0 else _DEFAULT_PAGE_COUNT
        page = shown[:size]
        return ListNamespacesResponse(
            namespaces=[self._description(record) for record in page],
            next_page_token=page[-1].name.encode() if len(shown) > size else b"",
        )

    async def update_namespace(self, request: UpdateNamespaceRequest, _call: Call) -> UpdateNamespaceResponse:
        self._check_named(request.namespace)
        self._check_update(request)
        record = await self._registry.change(request.namespace, lambda before: self._updated(before, request))
        if request.config.custom_search_attribute_aliases:
            record = await self._rename_search_attributes(record, request.config.custom_search_attribute_aliases)
        return UpdateNamespaceResponse(
            namespace_info=self._info(record), config=_config(record), replication_config=_replication()
        )

    async def deprecate_namespace(self, request: DeprecateNamespaceRequest, _call: Call) -> DeprecateNamespaceResponse:
        self._check_named(request.namespace)
        await self._registry.change(
            request.namespace, lambda before: msgspec.structs.replace(before, state=int(DEPRECATED))
        )
        return DeprecateNamespaceResponse()

    def _check_named(self, name: str) -> None:
        if not name:
            raise InvalidArgument(_NOT_SET)
        self._registry.served(name)

    def _check_update(self, request: UpdateNamespaceRequest) -> None:
        """What can be refused without looking at the namespace."""
        if request.delete_bad_binary:
            raise InvalidArgument(f"Bad binary checksum {request.delete_bad_binary} doesn't exists.")
        if request.config.bad_binaries.binaries:
            raise Unimplemented("bad binaries are not supported, use worker versioning instead")
        if request.HasField("replication_config"):
            replication = request.replication_config
            if replication.state == ReplicationState.REPLICATION_STATE_HANDOVER:
                raise InvalidArgument("Handover can only be set for global namespace")
            _check_replication(
                replication.active_cluster_name, [cluster.cluster_name for cluster in replication.clusters]
            )
        if request.promote_namespace:
            raise InvalidArgument(
                "global namespace is not enabled on this cluster, cannot update global namespace or promote local"
                f" namespace: {request.namespace}"
            )

    def _updated(self, before: NamespaceRecord, request: UpdateNamespaceRequest) -> NamespaceRecord:
        """The namespace after the request: empty fields leave what was, `data` is merged."""
        info, config = request.update_info, request.config
        state = before.state
        if info.state and info.state != before.state:
            if info.state not in _STATE_MOVES.get(NamespaceState.ValueType(before.state), set()):
                raise InvalidArgument("Invalid namespace state update.")
            state = int(info.state)
        retention_ns = before.retention_ns
        if config.HasField("workflow_execution_retention_ttl"):
            retention_ns = self._retention_ns(config.workflow_execution_retention_ttl)
        return msgspec.structs.replace(
            before,
            description=info.description or before.description,
            owner_email=info.owner_email or before.owner_email,
            data={**before.data, **info.data},
            state=state,
            retention_ns=retention_ns,
        )

    async def _rename_search_attributes(self, record: NamespaceRecord, wanted: Mapping[str, str]) -> NamespaceRecord:
        """Give fields an alias, which registers a custom search attribute of the field's type; "" takes it back."""
        aliases = record.search_attribute_aliases
        for field, alias in sorted(wanted.items()):
            if alias and field in aliases and alias not in aliases.values():
                raise InvalidArgument("Custom search attribute field name already allocated.")
        added = {
            alias: FIELD_TYPES[field.rstrip("0123456789")]
            for field, alias in wanted.items()
            if alias and field.rstrip("0123456789") in FIELD_TYPES
        }
        await self._registry.add_search_attributes(record.name, added)
        gone = [aliases[field] for field, alias in wanted.items() if not alias and field in aliases]
        await self._registry.remove_search_attributes(record.name, gone)
        return self._registry.named(record.name)

    def _retention_ns(self, retention: Duration) -> int:
        """Raises InvalidArgument if it is unset, negative or too short; longer than 100 years is cut."""
        if retention.seconds < self._limits.retention_min_s or not 0 <= retention.nanos < _NANOS_PER_S:
            raise InvalidArgument("A valid retention period is not set on request.")
        return min(retention.seconds, _LONGEST_RETENTION_S) * _NANOS_PER_S + retention.nanos

    def _description(self, record: NamespaceRecord) -> DescribeNamespaceResponse:
        return DescribeNamespaceResponse(
            namespace_info=self._info(record), config=_config(record), replication_config=_replication()
        )

    def _info(self, record: NamespaceRecord) -> NamespaceInfo:
        """Each capability set is a promise: SDKs change what they do by it."""
        return NamespaceInfo(
            name=record.name,
            state=NamespaceState.ValueType(record.state),
            description=record.description,
            owner_email=record.owner_email,
            data=record.data,
            id=record.id,
            capabilities=NamespaceInfo.Capabilities(
                eager_workflow_start=True,
                sync_update=True,
                async_update=True,
                worker_heartbeats=True,
                reported_problems_search_attribute=self._limits.workflow_task_problems_count > 0,
            ),
            limits=NamespaceInfo.Limits(
                blob_size_limit_error=self._limits.blob_size_error_bytes,
                memo_size_limit_error=self._limits.memo_size_error_bytes,
                workflow_task_completion_size_limit_error=self._limits.workflow_task_completion_size_bytes,
            ),
        )


def _config(record: NamespaceRecord) -> NamespaceConfig:
    retention = Duration()
    retention.FromNanoseconds(record.retention_ns)
    return NamespaceConfig(
        workflow_execution_retention_ttl=retention,
        bad_binaries=BadBinaries(),
        history_archival_state=ArchivalState.ARCHIVAL_STATE_DISABLED,
        visibility_archival_state=ArchivalState.ARCHIVAL_STATE_DISABLED,
        custom_search_attribute_aliases=record.search_attribute_aliases,
    )


def _replication() -> NamespaceReplicationConfig:
    return NamespaceReplicationConfig(
        active_cluster_name=CLUSTER_NAME, clusters=[ClusterReplicationConfig(cluster_name=CLUSTER_NAME)]
    )


def _check_replication(active: str, clusters: Sequence[str]) -> None:
    """There is one cluster, and every namespace is local to it."""
    for name in [active or CLUSTER_NAME, *clusters]:
        if name != CLUSTER_NAME:
            raise InvalidArgument(f"Invalid cluster name: {name}")
    if len(clusters) > 1:
        raise InvalidArgument("Invalid local namespace clusters")
