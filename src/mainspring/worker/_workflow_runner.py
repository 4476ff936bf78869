"""Workflow runners: names that programs for the official SDK use. There is no sandbox here, which would import the
modules of workflow code again for each run.

`SandboxedWorkflowRunner` has the code guarded while it runs (`mainspring.determinism`); its restrictions are accepted,
and without effect. `UnsandboxedWorkflowRunner` leaves it alone.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass, field

from mainspring.worker._sandbox_restrictions import SandboxRestrictions
from mainspring.workflow._definition import Definition
from mainspring.workflow._info import Info


@dataclass(frozen=True)
class PatchActivationInput:
    """What a worker's `patch_activation_callback` is asked."""

    workflow_info: Info
    """The run that calls `patched`."""
    patch_id: str


class WorkflowRunner(ABC):
    """What prepares workflow code. Runners of one's own may prepare; runs are always made by the worker."""

    @abstractmethod
    def prepare_workflow(self, defn: Definition) -> None:
        """Called for each workflow when the worker is made; what it raises, the worker's constructor raises."""
        raise NotImplementedError

    def set_worker_level_failure_exception_types(self, types: Sequence[type[BaseException]]) -> None:  # noqa: B027 - may be left
        """Learn of the worker's `workflow_failure_exception_types`."""


class UnsandboxedWorkflowRunner(WorkflowRunner):
    """Runs workflow code as it is: nothing guards its calls."""

    def prepare_workflow(self, defn: Definition) -> None:
        """Nothing is needed."""


@dataclass(frozen=True)
class SandboxedWorkflowRunner(WorkflowRunner):
    """Runs workflow code in its own modules, guarded. There is no sandbox; the name is that of official programs."""

    restrictions: SandboxRestrictions = SandboxRestrictions.default
    """Without effect."""
    runner_class: type[WorkflowRunner] = UnsandboxedWorkflowRunner
    """Without effect."""
    _worker_level_failure_exception_types: Sequence[type[BaseException]] = field(
        default_factory=list[type[BaseException]], init=False
    )

    def prepare_workflow(self, defn: Definition) -> None:
        """Nothing is needed."""

    def set_worker_level_failure_exception_types(self, types: Sequence[type[BaseException]]) -> None:
        """Kept, and not used."""
        object.__setattr__(self, "_worker_level_failure_exception_types", types)
