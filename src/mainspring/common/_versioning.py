"""Versions of workers, and what overrides the version that a workflow would run on."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass

from temporalio.api.deployment.v1 import WorkerDeploymentVersion as WorkerDeploymentVersionMessage
from temporalio.api.enums.v1 import VersioningBehavior as Behavior
from temporalio.api.workflow.v1 import VersioningOverride as VersioningOverrideMessage


@dataclass(frozen=True)
class WorkerDeploymentVersion:
    """One build of the workers of a deployment."""

    deployment_name: str
    build_id: str

    def to_canonical_string(self) -> str:
        """`<deployment_name>.<build_id>`."""
        return f"{self.deployment_name}.{self.build_id}"

    @staticmethod
    def from_canonical_string(canonical: str) -> WorkerDeploymentVersion:
        """Read `<deployment_name>.<build_id>`; the first dot parts them.

        Raises: ValueError: there is no dot.
        """
        deployment_name, dot, build_id = canonical.partition(".")
        if not dot:
            raise ValueError(
                f"Cannot parse version string: {canonical}, must be in format <deployment_name>.<build_id>"
            )
        return WorkerDeploymentVersion(deployment_name, build_id)

    def _to_proto(self) -> WorkerDeploymentVersionMessage:
        return WorkerDeploymentVersionMessage(deployment_name=self.deployment_name, build_id=self.build_id)


class VersioningOverride(ABC):
    """What a workflow runs on, whatever its own versioning behavior says."""

    @abstractmethod
    def _to_proto(self) -> VersioningOverrideMessage: ...


@dataclass(frozen=True)
class PinnedVersioningOverride(VersioningOverride):
    """The workflow runs on one version."""

    version: WorkerDeploymentVersion

    def _to_proto(self) -> VersioningOverrideMessage:
        return VersioningOverrideMessage(
            behavior=Behavior.VERSIONING_BEHAVIOR_PINNED,  # this and the next are for servers that know no `pinned`
            pinned_version=self.version.to_canonical_string(),
            pinned=VersioningOverrideMessage.PinnedOverride(
                version=self.version._to_proto(),
                behavior=VersioningOverrideMessage.PINNED_OVERRIDE_BEHAVIOR_PINNED,
            ),
        )


@dataclass(frozen=True)
class AutoUpgradeVersioningOverride(VersioningOverride):
    """The workflow goes to the current version with its next workflow task."""

    def _to_proto(self) -> VersioningOverrideMessage:
        return VersioningOverrideMessage(
            behavior=Behavior.VERSIONING_BEHAVIOR_AUTO_UPGRADE,  # for servers that know no `auto_upgrade`
            auto_upgrade=True,
        )


@dataclass(frozen=True)
class OneTimeVersioningOverride(VersioningOverride):
    """Workflow tasks go to one version until one has completed there; then the override is gone."""

    target_version: WorkerDeploymentVersion

    def _to_proto(self) -> VersioningOverrideMessage:
        target = self.target_version._to_proto()
        return VersioningOverrideMessage(
            one_time=VersioningOverrideMessage.OneTimeOverride(target_deployment_version=target)
        )
