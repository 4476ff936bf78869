"""The version of the code that a worker runs, and how workflows are kept on it."""

from __future__ import annotations

from dataclasses import dataclass

from temporalio.api.deployment.v1 import WorkerDeploymentOptions
from temporalio.api.enums.v1 import WorkerVersioningMode

from mainspring.common import VersioningBehavior, WorkerDeploymentVersion


@dataclass
class WorkerDeploymentConfig:
    """Which version of which deployment a worker is, and whether the server routes by it."""

    version: WorkerDeploymentVersion
    use_worker_versioning: bool
    """False: the version is only shown."""
    default_versioning_behavior: VersioningBehavior = VersioningBehavior.UNSPECIFIED
    """Of workflows that say nothing themselves. Only with `use_worker_versioning`."""

    def _to_proto(self) -> WorkerDeploymentOptions:
        versioned = WorkerVersioningMode.WORKER_VERSIONING_MODE_VERSIONED
        unversioned = WorkerVersioningMode.WORKER_VERSIONING_MODE_UNVERSIONED
        return WorkerDeploymentOptions(
            deployment_name=self.version.deployment_name,
            build_id=self.version.build_id,
            worker_versioning_mode=versioned if self.use_worker_versioning else unversioned,
        )

    @property
    def _needs_behaviors(self) -> bool:
        """Whether each workflow must say its versioning behaviour itself."""
        return self.use_worker_versioning and self.default_versioning_behavior == VersioningBehavior.UNSPECIFIED
