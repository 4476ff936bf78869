"""What the server says of itself, which SDKs and UIs branch on."""

from __future__ import annotations

from temporalio.api.workflowservice.v1 import (
    GetClusterInfoRequest,
    GetSearchAttributesRequest,
    GetSystemInfoRequest,
)

from mainspring import __version__
from mainspring.server.engine import attribute_types
from mainspring.server.frontend.system import Cluster, SystemInfo
from tests.frontend.registries import CALL

INFO = SystemInfo(Cluster(id="c1"))


async def test_the_version_is_the_level_of_the_api_and_capabilities_are_those_that_are_built() -> None:
    answer = await INFO.get_system_info(GetSystemInfoRequest(), CALL)

    assert answer.server_version == "1.32.0"
    assert {field.name for field, _ in answer.capabilities.ListFields()} == {
        "signal_and_query_header",
        "internal_error_differentiation",
        "activity_failure_include_heartbeat",
        "encoded_failure_attributes",
        "build_id_based_versioning",
        "upsert_memo",
        "eager_workflow_start",
        "sdk_metadata",
        "count_group_by_execution_status",
    }


async def test_the_cluster_is_described_as_the_real_dev_server_describes_its_own() -> None:
    answer = await INFO.get_cluster_info(GetClusterInfoRequest(), CALL)

    assert answer.server_version == "1.32.0"
    assert (answer.cluster_id, answer.cluster_name, answer.history_shard_count) == ("c1", "active", 1)
    assert (answer.persistence_store, answer.visibility_store) == ("sqlite", "sqlite")
    assert (answer.initial_failover_version, answer.failover_version_increment) == (1, 10)
    assert answer.supported_clients["temporal-go"] == "<2.0.0"
    assert answer.supported_clients["temporal-ui"] == "<3.0.0"
    assert answer.version_info.current.version == __version__


async def test_the_old_search_attributes_call_lists_system_attributes_and_fields() -> None:
    answer = await INFO.get_search_attributes(GetSearchAttributesRequest(), CALL)

    assert attribute_types.SYSTEM.items() <= dict(answer.keys).items()
    assert len(answer.keys) == 33 + 28
