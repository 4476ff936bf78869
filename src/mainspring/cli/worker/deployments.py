"""`mainspring worker deployment list`, `describe`, `create`, `delete` and `manager-identity`.

A change shows the deployment and asks before, and is refused by the server if somebody else has changed it meanwhile.
"""

from __future__ import annotations

import uuid
from typing import Any

import click
from temporalio.api.workflowservice.v1 import (
    CreateWorkerDeploymentRequest,
    DeleteWorkerDeploymentRequest,
    DescribeWorkerDeploymentRequest,
    ListWorkerDeploymentsRequest,
    SetWorkerDeploymentManagerRequest,
)

from mainspring.cli import remote
from mainspring.cli.asking import confirm
from mainspring.cli.output import Value
from mainspring.cli.output.words import instant
from mainspring.cli.paging import pages
from mainspring.cli.session import Session
from mainspring.cli.worker.shown import deployment_json, routing_facts, show_deployment

NAME = click.option("--name", "-d", required=True, help="Deployment. Required.")
DEPLOYMENT_NAME = click.option("--deployment-name", required=True, help="Deployment. Required.")
YES = click.option("--yes", "-y", is_flag=True, help="Do not ask.")


@remote.command("list", failed="error listing worker deployments")
async def list_(session: Session) -> None:
    """List deployments."""
    output, shown = session.output, 0
    request = ListWorkerDeploymentsRequest(namespace=session.namespace)
    with output.listing():
        async for page in pages(session.workflow.list_worker_deployments, request, "worker_deployments"):
            for one in page:
                if output.is_json:
                    output.record(deployment_json(one, routing=one.routing_config, summaries=()), with_none=True)
            if page:
                columns = ("Name", "CreateTime", *routing_facts(page[0].routing_config))
                output.table(columns, [row(one) for one in page], header=not shown)
            shown += len(page)
            output.flush()


def row(entry: Any) -> list[Value]:
    return [entry.name, instant(entry.create_time), *routing_facts(entry.routing_config).values()]


@remote.command("describe", failed="error describing worker deployment")
@NAME
async def describe(session: Session, name: str) -> None:
    """Show a deployment: which of its versions workflows run on."""
    request = DescribeWorkerDeploymentRequest(namespace=session.namespace, deployment_name=name)
    info = (await session.workflow.describe_worker_deployment(request)).worker_deployment_info
    if session.output.is_json:
        facts = deployment_json(info, routing=info.routing_config, summaries=info.version_summaries)
        session.output.record(facts, with_none=True)
    else:
        show_deployment(session.output, info)


@remote.command("create", failed="error creating worker deployment")
@NAME
async def create(session: Session, name: str) -> None:
    """Create a deployment, which has no versions yet."""
    await session.workflow.create_worker_deployment(
        CreateWorkerDeploymentRequest(
            namespace=session.namespace,
            deployment_name=name,
            identity=session.identity,
            request_id=str(uuid.uuid4()),
        )
    )
    session.output.line("Successfully created worker deployment")


@remote.command("delete", failed="error deleting worker deployment")
@NAME
async def delete(session: Session, name: str) -> None:
    """Delete a deployment that has no versions any more."""
    request = DeleteWorkerDeploymentRequest(
        namespace=session.namespace, deployment_name=name, identity=session.identity
    )
    await session.workflow.delete_worker_deployment(request)
    session.output.line("Successfully deleted worker deployment")


@remote.command("set", failed="error setting the manager identity")
@DEPLOYMENT_NAME
@click.option("--manager-identity", default="", help="Who may change the deployment.")
@click.option("--self", "is_self", is_flag=True, help="Whoever sets it.")
@YES
async def set_identity(session: Session, deployment_name: str, manager_identity: str, is_self: bool, yes: bool) -> None:
    """Set who may change a deployment; nobody else may then."""
    if bool(manager_identity) == is_self:
        raise click.UsageError("give either --manager-identity or --self")
    await change_identity(session, deployment_name, manager_identity, is_self=is_self, yes=yes)


@remote.command("unset", failed="error unsetting the manager identity")
@DEPLOYMENT_NAME
@YES
async def unset_identity(session: Session, deployment_name: str, yes: bool) -> None:
    """Let anybody change a deployment."""
    await change_identity(session, deployment_name, "", is_self=False, yes=yes)


async def change_identity(session: Session, deployment: str, manager: str, *, is_self: bool, yes: bool) -> None:
    token = await checked_token(session, deployment, "ManagerIdentity", yes=yes)
    request = SetWorkerDeploymentManagerRequest(
        namespace=session.namespace, deployment_name=deployment, conflict_token=token, identity=session.identity
    )
    if is_self:
        request.self = True
    else:
        request.manager_identity = manager
    before = (await session.workflow.set_worker_deployment_manager(request)).previous_manager_identity
    new = session.identity if is_self else manager
    what = f"set manager identity to '{new}'" if new else "unset manager identity"
    session.output.line(f"Successfully {what}, was previously '{before}'")


async def checked_token(session: Session, deployment: str, what: str, *, yes: bool) -> bytes:
    """The token of the deployment as it is now, which was shown and agreed to.

    Raises: click.ClickException: the answer was no.
    """
    if session.output.is_json and not yes:
        raise click.ClickException("must bypass prompts when using JSON output")
    request = DescribeWorkerDeploymentRequest(namespace=session.namespace, deployment_name=deployment)
    reply = await session.workflow.describe_worker_deployment(request)
    if not yes:
        show_deployment(session.output, reply.worker_deployment_info, "Worker Deployment Before Update:")
        confirm(session.output, f"Continue with set {what}?", yes=False)
    return reply.conflict_token
