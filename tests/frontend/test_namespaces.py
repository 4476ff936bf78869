"""Namespaces: each refusal in the real server's words, and what each RPC changes."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest
from google.protobuf.duration_pb2 import Duration
from temporalio.api.enums.v1 import IndexedValueType, NamespaceState, ReplicationState
from temporalio.api.errordetails.v1 import NamespaceInvalidStateFailure, NamespaceNotFoundFailure
from temporalio.api.namespace.v1 import (
    BadBinaries,
    BadBinaryInfo,
    NamespaceConfig,
    NamespaceFilter,
    UpdateNamespaceInfo,
)
from temporalio.api.replication.v1 import ClusterReplicationConfig, NamespaceReplicationConfig
from temporalio.api.workflowservice.v1 import (
    DeprecateNamespaceRequest,
    DescribeNamespaceRequest,
    ListNamespacesRequest,
    RegisterNamespaceRequest,
    UpdateNamespaceRequest,
)

from mainspring.server.engine.errors import FailedPrecondition, NamespaceNotFound, ServiceError, StatusCode
from mainspring.server.frontend.namespaces import NamespaceRegistry, Namespaces
from mainspring.server.persistence.sqlite import open_sqlite
from tests.frontend.registries import CALL, LIMITS, a_registry

DAY = Duration(seconds=86_400)
KEYWORD = IndexedValueType.INDEXED_VALUE_TYPE_KEYWORD
INT = IndexedValueType.INDEXED_VALUE_TYPE_INT
DELETED = NamespaceState.NAMESPACE_STATE_DELETED


async def refused(request: RegisterNamespaceRequest | UpdateNamespaceRequest | DescribeNamespaceRequest) -> str:
    """The code and text with which a request about namespaces is refused."""
    async with a_registry("default", "mine") as registry:
        rpcs = Namespaces(registry, LIMITS)
        with pytest.raises(ServiceError) as caught:  # noqa: PT012  # one statement, of four arms
            match request:
                case RegisterNamespaceRequest():
                    await rpcs.register_namespace(request, CALL)
                case UpdateNamespaceRequest():
                    await rpcs.update_namespace(request, CALL)
                case DescribeNamespaceRequest():
                    await rpcs.describe_namespace(request, CALL)
    return f"{caught.value.code.name} {caught.value.message}"


@pytest.mark.parametrize(
    "request_,answer",
    [
        (RegisterNamespaceRequest(), "Namespace not set on request."),
        (RegisterNamespaceRequest(namespace="x" * 1001), "Namespace length exceeds limit."),
        (RegisterNamespaceRequest(namespace="a"), "A valid retention period is not set on request."),
        (
            RegisterNamespaceRequest(namespace="a", workflow_execution_retention_period=Duration(seconds=3599)),
            "A valid retention period is not set on request.",
        ),
        (
            RegisterNamespaceRequest(namespace="a", workflow_execution_retention_period=Duration(seconds=-1)),
            "A valid retention period is not set on request.",
        ),
        (
            RegisterNamespaceRequest(namespace="a", workflow_execution_retention_period=DAY, is_global_namespace=True),
            "Cannot register global namespace when not enabled",
        ),
        (
            RegisterNamespaceRequest(namespace="a", workflow_execution_retention_period=DAY, active_cluster_name="z"),
            "Invalid cluster name: z",
        ),
        (
            RegisterNamespaceRequest(
                namespace="a",
                workflow_execution_retention_period=DAY,
                clusters=[ClusterReplicationConfig(cluster_name="active")] * 2,
            ),
            "Invalid local namespace clusters",
        ),
        (UpdateNamespaceRequest(), "Namespace not set on request."),
        (
            UpdateNamespaceRequest(
                namespace="mine", config=NamespaceConfig(workflow_execution_retention_ttl=Duration(seconds=1))
            ),
            "A valid retention period is not set on request.",
        ),
        (UpdateNamespaceRequest(namespace="mine", delete_bad_binary="q"), "Bad binary checksum q doesn't exists."),
        (
            UpdateNamespaceRequest(namespace="mine", promote_namespace=True),
            (
                "global namespace is not enabled on this cluster, cannot update global namespace or promote local"
                " namespace: mine"
            ),
        ),
        (
            UpdateNamespaceRequest(
                namespace="mine", replication_config=NamespaceReplicationConfig(active_cluster_name="z")
            ),
            "Invalid cluster name: z",
        ),
        (
            UpdateNamespaceRequest(
                namespace="mine",
                replication_config=NamespaceReplicationConfig(state=ReplicationState.REPLICATION_STATE_HANDOVER),
            ),
            "Handover can only be set for global namespace",
        ),
        (
            UpdateNamespaceRequest(
                namespace="mine", update_info=UpdateNamespaceInfo(state=NamespaceState.ValueType(9))
            ),
            "Invalid namespace state update.",
        ),
        (DescribeNamespaceRequest(), "Namespace not set on request."),
        (
            DescribeNamespaceRequest(namespace="mine", id="x"),
            "GetNamespace operation failed.  Both ID and Name specified in request.",
        ),
    ],
)
async def test_invalid_requests_are_refused_in_the_real_servers_words(
    request_: RegisterNamespaceRequest | UpdateNamespaceRequest | DescribeNamespaceRequest, answer: str
) -> None:
    assert await refused(request_) == f"INVALID_ARGUMENT {answer}"


async def test_a_name_that_is_taken_is_refused() -> None:
    request = RegisterNamespaceRequest(namespace="mine", workflow_execution_retention_period=DAY)

    assert await refused(request) == 'ALREADY_EXISTS Namespace "mine" already exists'


async def test_bad_binaries_are_not_supported() -> None:
    binaries = BadBinaries(binaries={"sum": BadBinaryInfo(reason="r")})
    request = UpdateNamespaceRequest(namespace="mine", config=NamespaceConfig(bad_binaries=binaries))

    assert (await refused(request)).startswith("UNIMPLEMENTED ")


async def test_an_unknown_namespace_is_named_in_the_detail() -> None:
    async with a_registry() as registry:
        with pytest.raises(NamespaceNotFound, match=r"^Namespace nope is not found\.$") as caught:
            registry.served("nope")

    assert caught.value.details == (NamespaceNotFoundFailure(namespace="nope"),)


async def test_a_request_without_a_namespace_is_refused() -> None:
    async with a_registry() as registry:
        with pytest.raises(ServiceError, match=r"^Namespace is empty\.$") as caught:
            registry.served("")

    assert caught.value.code is StatusCode.INVALID_ARGUMENT


async def test_a_registered_namespace_is_described_as_it_was_registered() -> None:
    async with a_registry() as registry:
        rpcs = Namespaces(registry, LIMITS)
        await rpcs.register_namespace(
            RegisterNamespaceRequest(
                namespace="mine",
                description="d",
                owner_email="o@x",
                data={"a": "b"},
                workflow_execution_retention_period=Duration(seconds=7_200, nanos=5),
            ),
            CALL,
        )

        answer = await rpcs.describe_namespace(DescribeNamespaceRequest(namespace="mine"), CALL)
        by_id = await rpcs.describe_namespace(DescribeNamespaceRequest(id=answer.namespace_info.id), CALL)

    info = answer.namespace_info
    assert (info.name, info.description, info.owner_email, dict(info.data)) == ("mine", "d", "o@x", {"a": "b"})
    assert info.state == NamespaceState.NAMESPACE_STATE_REGISTERED
    assert answer.config.workflow_execution_retention_ttl == Duration(seconds=7_200, nanos=5)
    assert answer.replication_config.active_cluster_name == "active"
    assert by_id == answer


async def test_capabilities_promise_what_is_built_and_limits_are_published() -> None:
    async with a_registry() as registry:
        rpcs = Namespaces(registry, LIMITS)
        info = (await rpcs.describe_namespace(DescribeNamespaceRequest(namespace="default"), CALL)).namespace_info

    promised = {field.name for field, _ in info.capabilities.ListFields()}
    assert promised == {
        "eager_workflow_start",
        "sync_update",
        "async_update",
        "worker_heartbeats",
        "reported_problems_search_attribute",
    }
    assert info.limits.blob_size_limit_error == 2_097_152
    assert info.limits.memo_size_limit_error == 2_097_152
    assert info.limits.workflow_task_completion_size_limit_error == 41_943_040


async def test_retention_longer_than_a_hundred_years_is_cut() -> None:
    async with a_registry() as registry:
        rpcs = Namespaces(registry, LIMITS)
        request = RegisterNamespaceRequest(
            namespace="old", workflow_execution_retention_period=Duration(seconds=200 * 365 * 86_400)
        )
        await rpcs.register_namespace(request, CALL)
        answer = await rpcs.describe_namespace(DescribeNamespaceRequest(namespace="old"), CALL)

    assert answer.config.workflow_execution_retention_ttl == Duration(seconds=3_153_600_000)


async def test_an_update_merges_data_and_leaves_what_it_does_not_name() -> None:
    async with a_registry() as registry:
        rpcs = Namespaces(registry, LIMITS)
        request = RegisterNamespaceRequest(
            namespace="mine", description="d", owner_email="o", data={"a": "b"}, workflow_execution_retention_period=DAY
        )
        await rpcs.register_namespace(request, CALL)
        change = UpdateNamespaceInfo(description="e", data={"a": "x", "c": "d"})
        answer = await rpcs.update_namespace(UpdateNamespaceRequest(namespace="mine", update_info=change), CALL)

    info = answer.namespace_info
    assert (info.description, info.owner_email, dict(info.data)) == ("e", "o", {"a": "x", "c": "d"})
    assert answer.config.workflow_execution_retention_ttl == DAY


async def test_a_deprecated_namespace_takes_requests_but_no_starts() -> None:
    async with a_registry() as registry:
        rpcs = Namespaces(registry, LIMITS)
        await rpcs.deprecate_namespace(DeprecateNamespaceRequest(namespace="default"), CALL)

        assert registry.served("default").name == "default"
        with pytest.raises(FailedPrecondition) as caught:
            registry.open_for_starts("default")

    assert caught.value.message == "Namespace has invalid state: Deprecated. Must be Registered."
    [detail] = caught.value.details
    assert isinstance(detail, NamespaceInvalidStateFailure)
    assert detail.namespace == "default"


async def test_a_deleted_namespace_takes_nothing_and_cannot_come_back() -> None:
    async with a_registry() as registry:
        rpcs = Namespaces(registry, LIMITS)
        change = UpdateNamespaceInfo(state=DELETED)
        await rpcs.update_namespace(UpdateNamespaceRequest(namespace="default", update_info=change), CALL)

        with pytest.raises(FailedPrecondition, match=r"Deleted\. Must be Registered or Deprecated\.$"):
            registry.served("default")
        with pytest.raises(FailedPrecondition):
            await rpcs.update_namespace(UpdateNamespaceRequest(namespace="default"), CALL)


async def test_a_list_is_paged_by_name_and_hides_deleted_ones() -> None:
    async with a_registry("c", "a", "b", "gone") as registry:
        rpcs = Namespaces(registry, LIMITS)
        change = UpdateNamespaceInfo(state=DELETED)
        await rpcs.update_namespace(UpdateNamespaceRequest(namespace="gone", update_info=change), CALL)

        first = await rpcs.list_namespaces(ListNamespacesRequest(page_size=2), CALL)
        second = await rpcs.list_namespaces(
            ListNamespacesRequest(page_size=2, next_page_token=first.next_page_token), CALL
        )
        everything = await rpcs.list_namespaces(
            ListNamespacesRequest(namespace_filter=NamespaceFilter(include_deleted=True)), CALL
        )

    assert [each.namespace_info.name for each in first.namespaces] == ["a", "b"]
    assert [each.namespace_info.name for each in second.namespaces] == ["c"]
    assert second.next_page_token == b""
    assert [each.namespace_info.name for each in everything.namespaces] == ["a", "b", "c", "gone"]


async def test_an_alias_of_a_field_registers_a_search_attribute_and_an_empty_one_takes_it_back() -> None:
    async with a_registry() as registry:
        rpcs = Namespaces(registry, LIMITS)
        record = registry.named("default")
        config = NamespaceConfig(custom_search_attribute_aliases={"Int01": "Age"})
        await rpcs.update_namespace(UpdateNamespaceRequest(namespace="default", config=config), CALL)
        with_alias = dict(registry.search_attributes(record.id))
        taken = NamespaceConfig(custom_search_attribute_aliases={"Int01": "Other"})
        with pytest.raises(ServiceError, match="already allocated"):
            await rpcs.update_namespace(UpdateNamespaceRequest(namespace="default", config=taken), CALL)
        none = NamespaceConfig(custom_search_attribute_aliases={"Int01": ""})
        await rpcs.update_namespace(UpdateNamespaceRequest(namespace="default", config=none), CALL)

        assert with_alias == {"Age": INT}
        assert dict(registry.search_attributes(record.id)) == {}


async def test_everything_is_there_after_a_restart(tmp_path: Path) -> None:
    path = str(tmp_path / "main.db")
    store = await open_sqlite(path)
    registry = NamespaceRegistry(store, LIMITS)
    rpcs = Namespaces(registry, LIMITS)
    request = RegisterNamespaceRequest(namespace="mine", data={"a": "b"}, workflow_execution_retention_period=DAY)
    await rpcs.register_namespace(request, CALL)
    await registry.add_search_attributes("mine", {"Colour": KEYWORD})
    before = await rpcs.describe_namespace(DescribeNamespaceRequest(namespace="mine"), CALL)
    await store.close()

    store = await open_sqlite(path)
    registry = NamespaceRegistry(store, LIMITS)
    await registry.load()
    after = await Namespaces(registry, LIMITS).describe_namespace(DescribeNamespaceRequest(namespace="mine"), CALL)
    await store.close()

    assert after == before
    assert dict(after.config.custom_search_attribute_aliases) == {"Keyword01": "Colour"}
    assert dict(registry.search_attributes(after.namespace_info.id)) == {"Colour": KEYWORD}


async def test_of_two_registrations_at_once_one_is_refused() -> None:
    async with a_registry() as registry:
        rpcs = Namespaces(registry, LIMITS)
        request = RegisterNamespaceRequest(namespace="mine", workflow_execution_retention_period=DAY)
        answers = await asyncio.gather(
            *(rpcs.register_namespace(request, CALL) for _ in range(2)), return_exceptions=True
        )

    assert sorted(type(answer).__name__ for answer in answers) == [
        "NamespaceAlreadyExists",
        "RegisterNamespaceResponse",
    ]
