"""`mainspring operator nexus endpoint ...`.

Endpoints are named; the server knows them by id and version, so each change looks its endpoint up before.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import click
import msgspec
from temporalio.api.common.v1 import Payload
from temporalio.api.nexus.v1 import Endpoint, EndpointSpec, EndpointTarget
from temporalio.api.operatorservice.v1 import (
    CreateNexusEndpointRequest,
    DeleteNexusEndpointRequest,
    ListNexusEndpointsRequest,
    UpdateNexusEndpointRequest,
)

from mainspring.cli import remote
from mainspring.cli.gathering import gathered
from mainspring.cli.output import Output
from mainspring.cli.output.words import instant
from mainspring.cli.paging import pages
from mainspring.cli.payload_inputs import read, text_payload
from mainspring.cli.session import Session

NAME: Callable[..., Any] = click.option("--name", required=True, help="Endpoint. Required.")


class Spec(msgspec.Struct, frozen=True):
    """The options as click gives them."""

    description: str
    description_file: str
    target_namespace: str
    target_task_queue: str
    target_url: str

    def payload(self) -> Payload | None:
        """The description.

        Raises: click.ClickException: it was given twice, or its file cannot be read or is empty.
        """
        if self.description and self.description_file:
            raise click.UsageError("provided both --description and --description-file")
        text = self.description
        if self.description_file:
            text = read(self.description_file).decode("utf-8", "replace")
            if not text:
                raise click.ClickException(f"empty description file: {self.description_file!r}")
        return text_payload(text) if text else None

    def check(self) -> None:
        """Refuse two targets.

        Raises: click.UsageError: there are.
        """
        for name in ("target_namespace", "target_task_queue"):
            if self.target_url and getattr(self, name):
                raise click.UsageError(f"provided both --{name.replace('_', '-')} and --target-url")

    def target(self) -> EndpointTarget:
        """Where operations go.

        Raises: click.UsageError: it is not said, or only by half.
        """
        self.check()
        if self.target_url:
            return EndpointTarget(external=EndpointTarget.External(url=self.target_url))
        if not self.target_namespace:
            raise click.UsageError("either --target-namespace and --target-task-queue or --target-url are required")
        if not self.target_task_queue:
            raise click.UsageError("both --target-namespace and --target-task-queue are required")
        return worker_target(self.target_namespace, self.target_task_queue)

    def changed_target(self, before: EndpointTarget) -> EndpointTarget:
        """Where operations go from now on: what is not given stays.

        Raises: click.UsageError: half of a target is given, and there is no other half.
        """
        self.check()
        if self.target_url:
            return self.target()
        if not (self.target_namespace or self.target_task_queue):
            return before
        if before.HasField("external"):
            return self.target()
        worker = before.worker
        return worker_target(self.target_namespace or worker.namespace, self.target_task_queue or worker.task_queue)


def worker_target(namespace: str, task_queue: str) -> EndpointTarget:
    return EndpointTarget(worker=EndpointTarget.Worker(namespace=namespace, task_queue=task_queue))


spec_options = gathered(
    "spec",
    Spec,
    click.option("--description", default="", help="What it is for, in Markdown."),
    click.option("--description-file", default="", help="File with that."),
    click.option("--target-namespace", default="", help="Namespace of the workers that operations go to."),
    click.option("--target-task-queue", default="", help="Task queue of those workers."),
    click.option("--target-url", default="", help="Server elsewhere that operations go to."),
)


@remote.command("create")
@NAME
@spec_options
async def create(session: Session, name: str, spec: Spec) -> None:
    """Create a Nexus endpoint."""
    wanted = EndpointSpec(name=name, description=spec.payload(), target=spec.target())
    with remote.failing(f'unable to create endpoint "{name}"'):
        await session.operator.create_nexus_endpoint(CreateNexusEndpointRequest(spec=wanted))
    session.output.line(f"Endpoint {name} successfully created.")


@remote.command("delete")
@NAME
async def delete(session: Session, name: str) -> None:
    """Delete a Nexus endpoint."""
    endpoint = await found(session, name)
    with remote.failing(f'unable to delete endpoint "{name}"'):
        request = DeleteNexusEndpointRequest(id=endpoint.id, version=endpoint.version)
        await session.operator.delete_nexus_endpoint(request)
    session.output.line(f"Endpoint {name} successfully deleted (ID {endpoint.id}).")


@remote.command("get")
@NAME
async def get(session: Session, name: str) -> None:
    """Show a Nexus endpoint."""
    endpoint = await found(session, name)
    session.output.message(endpoint)
    show(session.output, endpoint)


@remote.command("list", failed="unable to list endpoints")
async def list_(session: Session) -> None:
    """List Nexus endpoints."""
    output, shown = session.output, 0
    with output.listing():
        async for page in pages(session.operator.list_nexus_endpoints, ListNexusEndpointsRequest(), "endpoints"):
            for endpoint in page:
                if shown:
                    output.line()
                output.message(endpoint)
                show(output, endpoint)
                shown += 1
            output.flush()


@remote.command("update")
@NAME
@spec_options
@click.option("--unset-description", is_flag=True, help="Take its description away.")
async def update(session: Session, name: str, spec: Spec, unset_description: bool) -> None:
    """Change a Nexus endpoint. What is not given stays as it is."""
    description = spec.payload()
    if description is not None and unset_description:
        raise click.UsageError("--unset-description should not be set if --description or --description-file is set")
    spec.check()
    endpoint = await found(session, name)
    before = endpoint.spec
    wanted = EndpointSpec(name=name, description=description, target=spec.changed_target(before.target))
    if description is None and not unset_description and before.HasField("description"):
        wanted.description.CopyFrom(before.description)
    request = UpdateNexusEndpointRequest(id=endpoint.id, version=endpoint.version, spec=wanted)
    with remote.failing(f'unable to update endpoint "{name}"'):
        await session.operator.update_nexus_endpoint(request)
    session.output.line(f"Endpoint {name} successfully updated.")


async def found(session: Session, name: str) -> Endpoint:
    """The endpoint of that name.

    Raises: click.ClickException: there is none, or the server does not say.
    """
    with remote.failing(f'unable to get endpoint "{name}"'):
        reply = await session.operator.list_nexus_endpoints(ListNexusEndpointsRequest(name=name))
    if not reply.endpoints:
        raise click.ClickException(f'endpoint not found: "{name}"')
    return reply.endpoints[0]


def show(output: Output, endpoint: Endpoint) -> None:
    target = endpoint.spec.target
    output.card(
        {
            "ID": endpoint.id,
            "Name": endpoint.spec.name,
            "CreatedTime": instant(endpoint.created_time),
            "LastModifiedTime": instant(endpoint.last_modified_time),
            "Target.External.URL": target.external.url or None,
            "Target.Worker.Namespace": target.worker.namespace or None,
            "Target.Worker.TaskQueue": target.worker.task_queue or None,
            "Description": endpoint.spec.description if endpoint.spec.HasField("description") else None,
        }
    )
