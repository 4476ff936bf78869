"""`mainspring operator cluster ...`.

About the server that is asked, and about others that it replicates with.
"""

from __future__ import annotations

from typing import Final

import click
from temporalio.api.operatorservice.v1 import (
    AddOrUpdateRemoteClusterRequest,
    ClusterMetadata,
    ListClustersRequest,
    RemoveRemoteClusterRequest,
)
from temporalio.api.workflowservice.v1 import GetClusterInfoRequest, GetSystemInfoRequest

from mainspring.cli import remote
from mainspring.cli.output import Cell, Value
from mainspring.cli.paging import pages, show_list
from mainspring.cli.session import Session

COLUMNS: Final = (
    *("Name", "ClusterId", "Address", "HistoryShardCount", "InitialFailoverVersion"),
    *("IsConnectionEnabled", "IsReplicationEnabled"),
)


@remote.command("health", failed="failed checking cluster health")
async def health(session: Session) -> None:
    """Show whether the server serves; the exit status is 1 if it does not."""
    if not await session.client.check_health():
        raise click.ClickException("the server does not serve")
    session.output.json({"status": "SERVING"})
    session.output.table([""], [[Cell("SERVING", "green")]], header=False)


@remote.command("system", failed="unable to get system information")
async def system(session: Session) -> None:
    """Show the version and some capabilities of the server; JSON has all."""
    reply = await session.workflow.get_system_info(GetSystemInfoRequest())
    able = reply.capabilities
    columns = ("ServerVersion", "SupportsSchedules", "UpsertMemo", "EagerWorkflowStart")
    session.output.message(reply)
    session.output.table(
        columns, [[reply.server_version, able.supports_schedules, able.upsert_memo, able.eager_workflow_start]]
    )


@remote.command("describe", failed="unable to get cluster information")
@click.option("--detail", is_flag=True, help="Also the number of shards, and what versions there are.")
async def describe(session: Session, detail: bool) -> None:
    """Show the name and the stores of the cluster; JSON has all."""
    reply = await session.workflow.get_cluster_info(GetClusterInfoRequest())
    facts: dict[str, Value] = {
        "ClusterName": reply.cluster_name,
        "PersistenceStore": reply.persistence_store,
        "VisibilityStore": reply.visibility_store,
    }
    if detail:
        facts |= {"HistoryShardCount": reply.history_shard_count, "VersionInfo": reply.version_info.current.version}
    session.output.message(reply)
    session.output.table(list(facts), [list(facts.values())])


@remote.command("list", failed="failed listing clusters")
@click.option("--limit", type=click.IntRange(min=0), default=0, help="Show that many at most.")
async def list_(session: Session, limit: int) -> None:
    """List the clusters that the server knows."""
    found = pages(session.operator.list_clusters, ListClustersRequest(), "clusters")
    await show_list(session.output, found, COLUMNS, row, limit=limit)


def row(cluster: ClusterMetadata) -> list[Value]:
    return [
        cluster.cluster_name,
        cluster.cluster_id,
        cluster.address,
        cluster.history_shard_count,
        cluster.initial_failover_version,
        cluster.is_connection_enabled,
        cluster.is_replication_enabled,
    ]


@remote.command("upsert", failed="unable to upsert cluster")
@click.option("--frontend-address", required=True, help="Where the cluster's frontend listens. Required.")
@click.option("--enable-connection", is_flag=True, help="Connect to it.")
@click.option("--enable-replication", is_flag=True, help="Replicate to it.")
async def upsert(session: Session, frontend_address: str, enable_connection: bool, enable_replication: bool) -> None:
    """Add a remote cluster, or change it."""
    await session.operator.add_or_update_remote_cluster(
        AddOrUpdateRemoteClusterRequest(
            frontend_address=frontend_address,
            enable_remote_cluster_connection=enable_connection,
            enable_replication=enable_replication,
        )
    )
    session.output.json({"frontendAddress": frontend_address})
    session.output.line(f"Upserted cluster {frontend_address}")


@remote.command("remove", failed="failed removing cluster")
@click.option("--name", required=True, help="Cluster. Required.")
async def remove(session: Session, name: str) -> None:
    """Remove a remote cluster."""
    await session.operator.remove_remote_cluster(RemoveRemoteClusterRequest(cluster_name=name))
    session.output.json({"clusterName": name})
    session.output.line(f"Removed cluster {name}")
