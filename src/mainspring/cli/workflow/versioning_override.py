"""Which version of a deployment a workflow runs on, against what its code says: `--versioning-override-...`."""

from __future__ import annotations

from typing import Final

import click
import msgspec
from google.protobuf.field_mask_pb2 import FieldMask
from temporalio.api.deployment.v1 import WorkerDeploymentVersion
from temporalio.api.workflow.v1 import VersioningOverride, WorkflowExecutionOptions

from mainspring.cli.gathering import Decorator, gathered

_WITH_VERSION: Final = frozenset({"pinned", "one_time"})


class Override(msgspec.Struct, frozen=True):
    """The options as click gives them."""

    versioning_override_behavior: str | None
    versioning_override_deployment_name: str
    versioning_override_build_id: str

    @property
    def message(self) -> VersioningOverride | None:
        """The override; None takes it away.

        Raises: click.ClickException: behavior and version do not go together.
        """
        behavior = self.versioning_override_behavior
        deployment, build_id = self.versioning_override_deployment_name, self.versioning_override_build_id
        if behavior not in _WITH_VERSION and (deployment or build_id):
            raise click.ClickException(f"cannot set deployment name or build id with {behavior} behavior")
        if behavior in _WITH_VERSION and not (deployment and build_id):
            raise click.ClickException(f"missing deployment name and/or build id with {behavior!r} behavior")
        version = WorkerDeploymentVersion(deployment_name=deployment, build_id=build_id)
        if behavior == "pinned":
            kind = VersioningOverride.PinnedOverrideBehavior.PINNED_OVERRIDE_BEHAVIOR_PINNED
            return VersioningOverride(pinned=VersioningOverride.PinnedOverride(behavior=kind, version=version))
        if behavior == "one_time":
            return VersioningOverride(one_time=VersioningOverride.OneTimeOverride(target_deployment_version=version))
        return VersioningOverride(auto_upgrade=True) if behavior == "auto_upgrade" else None

    @property
    def options(self) -> tuple[WorkflowExecutionOptions, FieldMask]:
        """The workflow's options with it, and which of them are meant.

        Raises: as `message`.
        """
        return WorkflowExecutionOptions(versioning_override=self.message), FieldMask(paths=["versioning_override"])


def override_options(*behaviors: str, required: bool) -> Decorator:
    """Give a command these options as the argument `override`."""
    return gathered(
        "override",
        Override,
        click.option(
            "--versioning-override-behavior",
            type=click.Choice(behaviors),
            required=required,
            help=f"How the workflow moves between versions.{' Required.' if required else ''}",
        ),
        click.option(
            "--versioning-override-deployment-name",
            default="",
            help="Deployment of the version, if pinned or one_time.",
        ),
        click.option("--versioning-override-build-id", default="", help="Build of the version, if pinned or one_time."),
    )
