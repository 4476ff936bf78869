"""What a worker's options must be, checked when it is made.

Texts are the official SDK's where it has them, since its users and tests match on them.
"""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from typing import Any

from mainspring.common import VersioningBehavior
from mainspring.worker._deployment import WorkerDeploymentConfig
from mainspring.worker._tuning import WorkerTuner
from mainspring.worker._worker_config import WorkerConfig
from mainspring.worker._workflow_runner import WorkflowRunner
from mainspring.workflow._definition import Definition

UNVERSIONED = (None, VersioningBehavior.UNSPECIFIED)


def check(config: WorkerConfig) -> None:
    """Look at options that exclude or need each other.

    Raises:
        ValueError: They do not fit.
    """
    if not (config.get("activities") or config.get("nexus_service_handlers") or config.get("workflows")):
        raise ValueError("At least one activity, Nexus service, or workflow must be specified")
    _check_versions(config)
    if config.get("max_workflow_task_external_storage_concurrency", 1) < 1:
        raise ValueError("max_workflow_task_external_storage_concurrency must be positive")
    if config.get("max_eager_activity_reservations_per_workflow_task", 1) < 1:
        raise ValueError(
            "max_eager_activity_reservations_per_workflow_task must be positive; "
            "use disable_eager_activity_execution=True to disable eager activity execution"
        )
    if config.get("max_cached_workflows", 0) and config.get("max_concurrent_workflow_tasks") == 1:
        raise ValueError(
            "max_concurrent_workflow_tasks must be at least 2 if max_cached_workflows is not 0: "
            "polls on the task queue and on the worker's own queue share them"
        )


def _check_versions(config: WorkerConfig) -> None:
    deployment = config.get("deployment_config")
    if config.get("use_worker_versioning") and not config.get("build_id"):
        raise ValueError("build_id must be specified when use_worker_versioning is True")
    if deployment is None:
        return
    if config.get("build_id") or config.get("use_worker_versioning"):
        raise ValueError("deployment_config cannot be used with build_id or use_worker_versioning")
    if (
        not deployment.use_worker_versioning
        and deployment.default_versioning_behavior != VersioningBehavior.UNSPECIFIED
    ):
        raise ValueError("default_versioning_behavior must be UNSPECIFIED when use_worker_versioning is False")


def tuner_of(config: WorkerConfig) -> WorkerTuner:
    """The tuner that was given, or one of the fixed numbers that were.

    Raises:
        ValueError: Both were given.
    """
    tuner = config.get("tuner")
    numbers = (
        config.get("max_concurrent_workflow_tasks"),
        config.get("max_concurrent_activities"),
        config.get("max_concurrent_local_activities"),
        config.get("max_concurrent_nexus_tasks"),
    )
    if tuner is None:
        workflow, activity, local, nexus = numbers
        return WorkerTuner.create_fixed(
            workflow_slots=workflow, activity_slots=activity, local_activity_slots=local, nexus_slots=nexus
        )
    if any(numbers):
        raise ValueError(
            "Cannot specify max_concurrent_workflow_tasks, max_concurrent_activities, "
            "max_concurrent_local_activities, or max_concurrent_nexus_tasks when also specifying tuner"
        )
    return tuner


def warn_of_few_threads(config: WorkerConfig) -> None:
    """What has a slot should have a thread, too: an activity, and the handler of a Nexus operation."""
    tuner = config.get("tuner")
    if config.get("activities"):
        most = tuner._get_activities_max() if tuner else None
        _warn_of_few_threads("activity_executor", "max_concurrent_activities", config, most)
    if config.get("nexus_service_handlers"):
        most = tuner._get_nexus_tasks_max() if tuner else None
        _warn_of_few_threads("nexus_task_executor", "max_concurrent_nexus_tasks", config, most)


def _warn_of_few_threads(executor: str, number: str, config: WorkerConfig, slots_of_tuner: int | None) -> None:
    threads = getattr(config.get(executor), "_max_workers", None)
    given = config.get(number)
    slots = slots_of_tuner or (given if isinstance(given, int) else 0)
    if isinstance(threads, int) and threads < slots:
        warnings.warn(f"Worker {number} is {slots} but {executor}'s max_workers is only {threads}", stacklevel=5)


def definitions_of(
    workflows: Sequence[Any],
    deployment: WorkerDeploymentConfig | None,
    runners: tuple[WorkflowRunner, WorkflowRunner],
) -> dict[str | None, Definition]:
    """The workflows of a worker by name, prepared by their runners: the sandboxed one, and the other.

    Raises:
        ValueError: Two have one name, one is no workflow, or one lacks its versioning behaviour.
        TypeError: Two are dynamic.
        RuntimeError: A runner cannot prepare one.
    """
    definitions: dict[str | None, Definition] = {}
    for workflow in workflows:
        definition = Definition.must_from_class(workflow)
        if definition.name in definitions:
            if definition.name is None:
                raise TypeError("More than one dynamic workflow")
            raise ValueError(f"More than one workflow named {definition.name}")
        if deployment is not None and deployment._needs_behaviors:
            _check_behavior(definition)
        try:
            runners[0 if definition.sandboxed else 1].prepare_workflow(definition)
        except Exception as error:
            raise RuntimeError(f"Failed validating workflow {definition.name}") from error
        definitions[definition.name] = definition
    return definitions


def _check_behavior(definition: Definition) -> None:
    if definition.versioning_behavior in UNVERSIONED and not definition.dynamic_config_fn:
        raise ValueError(
            f"Workflow {definition.name} must specify a versioning behavior using the `versioning_behavior` argument "
            "to `@workflow.defn` or by defining a function decorated with `@workflow.dynamic_config`."
        )
