"""`mainspring operator namespace update`."""

from __future__ import annotations

from typing import Final

import click
from temporalio.api.enums.v1 import ReplicationState
from temporalio.api.namespace.v1 import NamespaceConfig, UpdateNamespaceInfo
from temporalio.api.replication.v1 import NamespaceReplicationConfig
from temporalio.api.workflowservice.v1 import DescribeNamespaceRequest, UpdateNamespaceRequest

from mainspring.cli import remote
from mainspring.cli.operator.namespace_options import (
    ARCHIVAL,
    NAME,
    Settings,
    clusters_of,
    name_of,
    namespace_options,
)
from mainspring.cli.session import Session

REPLICATION: Final = {
    None: ReplicationState.REPLICATION_STATE_UNSPECIFIED,
    "normal": ReplicationState.REPLICATION_STATE_NORMAL,
    "handover": ReplicationState.REPLICATION_STATE_HANDOVER,
}


@remote.command("update", failed="namespace update failed")
@NAME
@namespace_options
@click.option("--promote-global", is_flag=True, help="Make a local namespace a global one; nothing else is changed.")
@click.option("--replication-state", type=click.Choice(["normal", "handover"]), help="State of its replication.")
async def command(
    session: Session, name: str | None, settings: Settings, promote_global: bool, replication_state: str | None
) -> None:
    """Change a namespace: that of `--namespace`. What is not given stays as it is."""
    if promote_global and settings.active_cluster:
        raise click.UsageError("both --promote-global and --active-cluster flags cannot be set together")
    namespace = name_of(session, name)
    if promote_global:
        request = UpdateNamespaceRequest(namespace=namespace, promote_namespace=True)
    elif settings.active_cluster:
        config = NamespaceReplicationConfig(active_cluster_name=settings.active_cluster)
        request = UpdateNamespaceRequest(namespace=namespace, replication_config=config)
    else:
        request = await changes(session, namespace, settings)
        request.replication_config.state = REPLICATION[replication_state]
    reply = await session.workflow.update_namespace(request)
    session.output.message(reply)
    session.output.line(f"Namespace {namespace} update succeeded.")


async def changes(session: Session, namespace: str, settings: Settings) -> UpdateNamespaceRequest:
    """The request that changes what is given; the API wants the rest said again."""
    now = await session.workflow.describe_namespace(DescribeNamespaceRequest(namespace=namespace))
    config = NamespaceConfig(
        workflow_execution_retention_ttl=now.config.workflow_execution_retention_ttl,
        history_archival_state=ARCHIVAL[settings.history_archival_state],
        history_archival_uri=settings.history_uri,
        visibility_archival_state=ARCHIVAL[settings.visibility_archival_state],
        visibility_archival_uri=settings.visibility_uri,
    )
    if settings.retention:
        config.workflow_execution_retention_ttl.FromTimedelta(settings.retention)
    return UpdateNamespaceRequest(
        namespace=namespace,
        update_info=UpdateNamespaceInfo(
            description=settings.description or now.namespace_info.description,
            owner_email=settings.email or now.namespace_info.owner_email,
            data=dict(settings.data),
        ),
        config=config,
        replication_config=NamespaceReplicationConfig(clusters=clusters_of(settings)),
    )
