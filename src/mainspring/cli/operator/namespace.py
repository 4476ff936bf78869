"""`mainspring operator namespace create`, `delete`, `describe` and `list`.

The namespace is that of `--namespace`, as everywhere.
"""

from __future__ import annotations

from datetime import timedelta

import click
from temporalio.api.enums.v1 import ArchivalState, NamespaceState, ReplicationState
from temporalio.api.operatorservice.v1 import DeleteNamespaceRequest
from temporalio.api.workflowservice.v1 import (
    DescribeNamespaceRequest,
    DescribeNamespaceResponse,
    ListNamespacesRequest,
    RegisterNamespaceRequest,
)

from mainspring.cli import remote
from mainspring.cli.asking import confirm_name
from mainspring.cli.operator.namespace_options import (
    ARCHIVAL,
    NAME,
    Settings,
    clusters_of,
    name_of,
    namespace_options,
)
from mainspring.cli.output import Output, Value
from mainspring.cli.output.words import duration, enum_words
from mainspring.cli.paging import pages
from mainspring.cli.session import Session


@remote.command("create", failed="unable to create namespace")
@NAME
@namespace_options
@click.option("--global", "is_global", is_flag=True, help="Let it be in several clusters.")
async def create(session: Session, name: str | None, settings: Settings, is_global: bool) -> None:
    """Create a namespace: that of `--namespace`."""
    namespace = name_of(session, name)
    request = RegisterNamespaceRequest(
        namespace=namespace,
        description=settings.description,
        owner_email=settings.email,
        clusters=clusters_of(settings),
        active_cluster_name=settings.active_cluster,
        data=dict(settings.data),
        is_global_namespace=is_global,
        history_archival_state=ARCHIVAL[settings.history_archival_state or "disabled"],
        history_archival_uri=settings.history_uri,
        visibility_archival_state=ARCHIVAL[settings.visibility_archival_state or "disabled"],
        visibility_archival_uri=settings.visibility_uri,
    )
    request.workflow_execution_retention_period.FromTimedelta(
        timedelta(days=3) if settings.retention is None else settings.retention
    )
    with remote.failing(f"unable to create namespace {namespace}"):
        await session.workflow.register_namespace(request)
    session.output.line(f"Namespace {namespace} successfully registered.")


@remote.command("delete")
@NAME
@click.option("--yes", "-y", is_flag=True, help="Do not ask.")
async def delete(session: Session, name: str | None, yes: bool) -> None:
    """Delete a namespace, that of `--namespace`, and all that is in it."""
    namespace = name_of(session, name)
    question = f"Are you sure you want to delete namespace {namespace}? Type namespace name to confirm:"
    confirm_name(session.output, question, namespace, yes=yes)
    with remote.failing(f"unable to delete namespace {namespace}"):
        reply = await session.operator.delete_namespace(DeleteNamespaceRequest(namespace=namespace))
    session.output.message(reply)
    session.output.line(f"Namespace {namespace} has been deleted.")


@remote.command("describe")
@NAME
@click.option("--namespace-id", default="", help="Namespace, by its id.")
async def describe(session: Session, name: str | None, namespace_id: str) -> None:
    """Show a namespace: that of `--namespace`, or that of an id."""
    namespace = name_of(session, name)
    if namespace_id:
        if namespace != "default":
            raise click.UsageError("provide one of --namespace-id=<uuid> or -n name, but not both")
        namespace = ""
    with remote.failing(f"unable to describe namespace {namespace or namespace_id}"):
        reply = await session.workflow.describe_namespace(
            DescribeNamespaceRequest(namespace=namespace, id=namespace_id)
        )
    session.output.message(reply)
    show(session.output, reply)


@remote.command("list", failed="failed listing namespaces")
async def list_(session: Session) -> None:
    """List namespaces."""
    request = ListNamespacesRequest(page_size=100)
    output, shown = session.output, 0
    with output.listing():
        async for page in pages(session.workflow.list_namespaces, request, "namespaces"):
            for reply in page:
                if shown:
                    output.line()
                output.message(reply)
                show(output, reply)
                shown += 1
            output.flush()


def show(output: Output, reply: DescribeNamespaceResponse) -> None:
    info, config, replication = reply.namespace_info, reply.config, reply.replication_config
    facts: dict[str, Value] = {
        "NamespaceInfo.Name": info.name,
        "NamespaceInfo.Id": info.id,
        "NamespaceInfo.Description": info.description,
        "NamespaceInfo.OwnerEmail": info.owner_email,
        "NamespaceInfo.State": enum_words(NamespaceState, info.state),
        "NamespaceInfo.Data": dict[str, Value](info.data),
        "Config.WorkflowExecutionRetentionTtl": duration(config.workflow_execution_retention_ttl),
        "ReplicationConfig.ActiveClusterName": replication.active_cluster_name,
        "ReplicationConfig.Clusters": [cluster.cluster_name for cluster in replication.clusters],
        "ReplicationConfig.State": enum_words(ReplicationState, replication.state),
        "Config.HistoryArchivalState": enum_words(ArchivalState, config.history_archival_state),
        "Config.VisibilityArchivalState": enum_words(ArchivalState, config.visibility_archival_state),
        "IsGlobalNamespace": reply.is_global_namespace,
        "FailoverVersion": reply.failover_version,
        "FailoverHistory": list(reply.failover_history),
        "Config.HistoryArchivalUri": config.history_archival_uri,
        "Config.VisibilityArchivalUri": config.visibility_archival_uri,
        "Config.CustomSearchAttributeAliases": dict[str, Value](config.custom_search_attribute_aliases),
    }
    output.card(facts)
