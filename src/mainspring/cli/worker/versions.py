"""`mainspring worker deployment describe-version`, `set-current-version` and the like.

A version is a deployment and a build; no build is what runs on no version at all.
"""

from __future__ import annotations

import click
import msgspec
from temporalio.api.deployment.v1 import WorkerDeploymentVersion
from temporalio.api.workflowservice.v1 import (
    DeleteWorkerDeploymentVersionRequest,
    DescribeWorkerDeploymentVersionRequest,
    SetWorkerDeploymentCurrentVersionRequest,
    SetWorkerDeploymentRampingVersionRequest,
    UpdateWorkerDeploymentVersionMetadataRequest,
)

from mainspring.cli import remote
from mainspring.cli.gathering import gathered
from mainspring.cli.payload_inputs import json_payloads
from mainspring.cli.session import Session
from mainspring.cli.values import KEY_VALUE
from mainspring.cli.worker.deployments import DEPLOYMENT_NAME, YES, checked_token
from mainspring.cli.worker.shown import show_version
from mainspring.service import RPCError, RPCStatusCode

BUILD_ID = click.option("--build-id", required=True, help="Build. Required.")


class Routing(msgspec.Struct, frozen=True):
    """The options as click gives them."""

    deployment_name: str
    build_id: str
    unversioned: bool
    ignore_missing_task_queues: bool
    allow_no_pollers: bool
    yes: bool

    async def token(self, session: Session, what: str) -> bytes:
        """The token of the deployment; none yet, if it may come into being with its first workers.

        Raises: click.ClickException: the answer was no, or no version is given. RPCError: there is no deployment.
        """
        if bool(self.build_id) and self.unversioned:
            raise click.UsageError("specify either --build-id or --unversioned, not both")
        try:
            return await checked_token(session, self.deployment_name, what, yes=self.yes)
        except RPCError as error:
            if error.status is RPCStatusCode.NOT_FOUND and self.allow_no_pollers:
                return b""
            raise


routing_options = gathered(
    "routing",
    Routing,
    DEPLOYMENT_NAME,
    click.option("--build-id", default="", help="Build."),
    click.option("--unversioned", is_flag=True, help="What runs on no version, in place of a build."),
    click.option("--ignore-missing-task-queues", is_flag=True, help="Also if task queues are polled no more."),
    click.option("--allow-no-pollers", is_flag=True, help="Also before its workers are there."),
    YES,
)


@remote.command("describe-version", failed="error describing worker deployment version")
@DEPLOYMENT_NAME
@BUILD_ID
@click.option("--report-task-queue-stats", is_flag=True, help="Also what waits in its task queues, in JSON.")
async def describe(session: Session, deployment_name: str, build_id: str, report_task_queue_stats: bool) -> None:
    """Show a version of a deployment. JSON is the server's answer."""
    request = DescribeWorkerDeploymentVersionRequest(
        namespace=session.namespace,
        deployment_version=version_of(deployment_name, build_id),
        report_task_queue_stats=report_task_queue_stats,
    )
    reply = await session.workflow.describe_worker_deployment_version(request)
    session.output.message(reply)
    if session.output.is_text:
        show_version(session.output, reply.worker_deployment_version_info)


@remote.command("delete-version", failed="error deleting worker deployment version")
@DEPLOYMENT_NAME
@BUILD_ID
@click.option("--skip-drainage", is_flag=True, help="Also if workflows run on it still.")
async def delete(session: Session, deployment_name: str, build_id: str, skip_drainage: bool) -> None:
    """Delete a version of a deployment that no workflow runs on any more."""
    request = DeleteWorkerDeploymentVersionRequest(
        namespace=session.namespace,
        deployment_version=version_of(deployment_name, build_id),
        skip_drainage=skip_drainage,
        identity=session.identity,
    )
    await session.workflow.delete_worker_deployment_version(request)
    session.output.line("Successfully deleted worker deployment version")


@remote.command("set-current-version", failed="error setting the current worker deployment version")
@routing_options
async def set_current(session: Session, routing: Routing) -> None:
    """Set the version that new workflows of a deployment run on."""
    token = await routing.token(session, "Current")
    request = SetWorkerDeploymentCurrentVersionRequest(
        namespace=session.namespace,
        deployment_name=routing.deployment_name,
        build_id=routing.build_id,
        conflict_token=token,
        identity=session.identity,
        ignore_missing_task_queues=routing.ignore_missing_task_queues,
        allow_no_pollers=routing.allow_no_pollers,
    )
    await session.workflow.set_worker_deployment_current_version(request)
    session.output.line("Successfully set the current worker deployment version")


@remote.command("set-ramping-version", failed="error setting the ramping worker deployment version")
@routing_options
@click.option("--percentage", type=click.FloatRange(0, 100), default=0.0, help="How many of a hundred workflows.")
@click.option("--delete", is_flag=True, help="Take the ramp away.")
async def set_ramping(session: Session, routing: Routing, percentage: float, delete: bool) -> None:
    """Let some new workflows of a deployment run on a version before the others do."""
    token = await routing.token(session, "Ramping")
    request = SetWorkerDeploymentRampingVersionRequest(
        namespace=session.namespace,
        deployment_name=routing.deployment_name,
        build_id=routing.build_id,
        percentage=0 if delete else percentage,
        conflict_token=token,
        identity=session.identity,
        ignore_missing_task_queues=routing.ignore_missing_task_queues,
        allow_no_pollers=routing.allow_no_pollers,
    )
    await session.workflow.set_worker_deployment_ramping_version(request)
    session.output.line("Successfully set the ramping worker deployment version")


@remote.command("update-version-metadata", failed="error updating metadata of worker deployment version")
@DEPLOYMENT_NAME
@BUILD_ID
@click.option("--metadata", type=KEY_VALUE, multiple=True, help="Note as KEY=JSON. May be given several times.")
@click.option("--remove-entries", multiple=True, help="Key of a note to take away. May be given several times.")
async def update_metadata(
    session: Session,
    deployment_name: str,
    build_id: str,
    metadata: tuple[tuple[str, str], ...],
    remove_entries: tuple[str, ...],
) -> None:
    """Change the notes that a version carries."""
    request = UpdateWorkerDeploymentVersionMetadataRequest(
        namespace=session.namespace,
        deployment_version=version_of(deployment_name, build_id),
        upsert_entries=json_payloads(metadata, "metadata"),
        remove_entries=remove_entries,
        identity=session.identity,
    )
    reply = await session.workflow.update_worker_deployment_version_metadata(request)
    session.output.message(reply)
    session.output.heading("Metadata:")
    session.output.card(dict(reply.metadata.entries))


def version_of(deployment_name: str, build_id: str) -> WorkerDeploymentVersion:
    return WorkerDeploymentVersion(deployment_name=deployment_name, build_id=build_id)
