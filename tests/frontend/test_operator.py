"""The operator service: search attributes, deleting namespaces, the one cluster."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager

import pytest
from temporalio.api.enums.v1 import IndexedValueType
from temporalio.api.operatorservice.v1 import (
    AddSearchAttributesRequest,
    DeleteNamespaceRequest,
    ListClustersRequest,
    ListSearchAttributesRequest,
    RemoveRemoteClusterRequest,
    RemoveSearchAttributesRequest,
)

from mainspring.server.engine import attribute_types
from mainspring.server.engine.errors import NamespaceNotFound, ServiceError
from mainspring.server.frontend.namespaces import NamespaceRegistry, new_namespace
from mainspring.server.frontend.operator import DeletedNamespaces, Operator
from mainspring.server.frontend.system import Cluster
from tests.frontend.registries import CALL, a_registry

KEYWORD = IndexedValueType.INDEXED_VALUE_TYPE_KEYWORD
INT = IndexedValueType.INDEXED_VALUE_TYPE_INT
NO_TYPE = IndexedValueType.INDEXED_VALUE_TYPE_UNSPECIFIED


@asynccontextmanager
async def an_operator() -> AsyncGenerator[tuple[Operator, NamespaceRegistry, DeletedNamespaces]]:
    async with a_registry() as registry:
        deleted = DeletedNamespaces(registry, registry.remove)
        yield Operator(registry, deleted, Cluster(id="c1", address="here:1")), registry, deleted
        await deleted.settled()


def adding(namespace: str = "default", **attributes: IndexedValueType.ValueType) -> AddSearchAttributesRequest:
    return AddSearchAttributesRequest(namespace=namespace, search_attributes=attributes)


async def test_added_search_attributes_are_listed_beside_the_system_ones() -> None:
    async with an_operator() as (operator, _registry, _deleted):
        await operator.add_search_attributes(adding(Age=INT, Colour=KEYWORD), CALL)
        answer = await operator.list_search_attributes(ListSearchAttributesRequest(namespace="default"), CALL)

    assert dict(answer.custom_attributes) == {"Age": INT, "Colour": KEYWORD}
    assert dict(answer.system_attributes) == dict(attribute_types.SYSTEM)
    assert len(answer.system_attributes) == 33


async def test_an_attribute_that_exists_keeps_its_type() -> None:
    async with an_operator() as (operator, registry, _deleted):
        await operator.add_search_attributes(adding(Age=INT), CALL)
        await operator.add_search_attributes(adding(Age=KEYWORD), CALL)

        assert dict(registry.search_attributes(registry.named("default").id)) == {"Age": INT}


async def test_fields_are_given_out_in_order_and_again_when_they_are_free() -> None:
    async with an_operator() as (operator, registry, _deleted):
        await operator.add_search_attributes(adding(A=INT, B=INT), CALL)
        remove = RemoveSearchAttributesRequest(namespace="default", search_attributes=["A"])
        await operator.remove_search_attributes(remove, CALL)
        await operator.add_search_attributes(adding(C=INT, D=INT), CALL)

        assert registry.named("default").search_attribute_aliases == {"Int01": "C", "Int02": "B", "Int03": "D"}


@pytest.mark.parametrize(
    "request_,answer",
    [
        (adding(), "SearchAttributes are not set on request."),
        (adding(WorkflowId=KEYWORD), "Search attribute WorkflowId is reserved by system."),
        (adding(TemporalX=KEYWORD), "Search attribute TemporalX is reserved by system."),
        (adding(Memo=KEYWORD), "Search attribute Memo is reserved by system."),
        (adding(A=IndexedValueType.ValueType(99)), "Unknown search attribute type: 99."),
        (
            adding(A=NO_TYPE),
            "Unable to create search attributes: cannot have more than 0 search attribute of type Unspecified.",
        ),
        (adding("", A=INT), "Namespace is not set on request."),
    ],
)
async def test_search_attributes_that_cannot_be_are_refused(request_: AddSearchAttributesRequest, answer: str) -> None:
    async with an_operator() as (operator, _registry, _deleted):
        with pytest.raises(ServiceError) as caught:
            await operator.add_search_attributes(request_, CALL)

    assert caught.value.message == answer


@pytest.mark.parametrize("name", ["WorkflowId", "Keyword01"])
async def test_only_custom_attributes_can_be_removed(name: str) -> None:
    async with an_operator() as (operator, _registry, _deleted):
        request = RemoveSearchAttributesRequest(namespace="default", search_attributes=[name])
        with pytest.raises(ServiceError, match=f"^Unable to remove non-custom search attributes: {name}\\.$"):
            await operator.remove_search_attributes(request, CALL)


async def test_removing_an_unknown_attribute_changes_nothing() -> None:
    async with an_operator() as (operator, registry, _deleted):
        await operator.add_search_attributes(adding(Age=INT), CALL)
        request = RemoveSearchAttributesRequest(namespace="default", search_attributes=["Nope"])
        await operator.remove_search_attributes(request, CALL)

        assert dict(registry.search_attributes(registry.named("default").id)) == {"Age": INT}


async def test_a_deleted_namespace_loses_its_name_at_once_and_then_all_that_it_holds() -> None:
    async with an_operator() as (operator, registry, deleted):
        namespace_id = registry.named("default").id

        answer = await operator.delete_namespace(DeleteNamespaceRequest(namespace="default"), CALL)

        assert answer.deleted_namespace == f"default-deleted-{namespace_id[:5]}"
        assert not registry.has("default")
        await registry.create(new_namespace("default", retention_s=86_400))
        await deleted.settled()
        with pytest.raises(NamespaceNotFound):
            registry.with_id(namespace_id)
        assert registry.has("default")


async def test_a_removal_that_was_cut_short_goes_on_at_the_next_start() -> None:
    async with an_operator() as (operator, registry, deleted):
        namespace_id = registry.named("default").id
        request = DeleteNamespaceRequest(namespace_id=namespace_id)
        request.namespace_delete_delay.FromSeconds(3_600)
        await operator.delete_namespace(request, CALL)
        await deleted.close()
        assert registry.with_id(namespace_id).name.startswith("default-deleted-")

        next_start = DeletedNamespaces(registry, registry.remove)
        next_start.resume()
        await next_start.settled()

        with pytest.raises(NamespaceNotFound):
            registry.with_id(namespace_id)


async def test_a_removal_that_fails_is_logged_and_leaves_the_namespace_marked(
    caplog: pytest.LogCaptureFixture,
) -> None:
    async def fail(_namespace_id: str) -> None:
        raise OSError("disk full")

    async with a_registry() as registry:
        deleted = DeletedNamespaces(registry, fail)
        operator = Operator(registry, deleted, Cluster(id="c1"))
        answer = await operator.delete_namespace(DeleteNamespaceRequest(namespace="default"), CALL)
        await deleted.settled()

        assert registry.has(answer.deleted_namespace)
    assert "namespace not removed" in caplog.text


@pytest.mark.parametrize(
    "request_,answer",
    [
        (DeleteNamespaceRequest(), "Namespace not set on request."),
        (
            DeleteNamespaceRequest(namespace="default", namespace_id="x"),
            "Only one of namespace name or Id should be set on request.",
        ),
        (DeleteNamespaceRequest(namespace="nope"), "Namespace nope is not found."),
    ],
)
async def test_a_deletion_that_names_no_namespace_is_refused(request_: DeleteNamespaceRequest, answer: str) -> None:
    async with an_operator() as (operator, _registry, _deleted):
        with pytest.raises(ServiceError) as caught:
            await operator.delete_namespace(request_, CALL)

    assert caught.value.message == answer


async def test_there_is_one_cluster_and_no_other_to_remove() -> None:
    async with an_operator() as (operator, _registry, _deleted):
        answer = await operator.list_clusters(ListClustersRequest(), CALL)
        with pytest.raises(ServiceError, match="cannot be found in clusters cache"):
            await operator.remove_remote_cluster(RemoveRemoteClusterRequest(cluster_name="x"), CALL)

    [cluster] = answer.clusters
    assert (cluster.cluster_name, cluster.cluster_id, cluster.address) == ("active", "c1", "here:1")
