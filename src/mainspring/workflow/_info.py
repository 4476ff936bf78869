"""What a workflow can read of itself: its run, its parent, its root, the update that it is handling.

The records have the official fields. What changes while a run goes on (the length of its history, say) are methods,
which ask the runtime.
"""

from __future__ import annotations

import contextvars
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from temporalio.api.common.v1 import Payload

from mainspring.common import (
    Priority,
    RetryPolicy,
    SearchAttributes,
    TypedSearchAttributes,
    WorkerDeploymentVersion,
)
from mainspring.workflow._runtime import Runtime


@dataclass(frozen=True)
class ParentInfo:
    """The workflow that started this one as its child."""

    namespace: str
    run_id: str
    workflow_id: str


@dataclass(frozen=True)
class RootInfo:
    """The workflow at the top of the tree of children."""

    run_id: str
    workflow_id: str


@dataclass(frozen=True)
class UpdateInfo:
    """The update that the code runs for."""

    id: str
    name: str

    @property
    def logger_details(self) -> Mapping[str, Any]:
        return {"update_id": self.id, "update_name": self.name}


@dataclass(frozen=True)
class Info:
    """The running workflow, as its start event tells of it. Fields may be added; only a runtime makes one.

    Search attributes are those of the moment; all else never changes.
    """

    attempt: int
    continued_run_id: str | None
    cron_schedule: str | None
    execution_timeout: timedelta | None
    first_execution_run_id: str
    headers: Mapping[str, Payload]
    namespace: str
    original_execution_run_id: str
    """The run id in the start event: a reset keeps it, while `run_id` changes."""
    parent: ParentInfo | None
    root: RootInfo | None
    priority: Priority
    raw_memo: Mapping[str, Payload]
    retry_policy: RetryPolicy | None
    run_id: str
    run_timeout: timedelta | None
    search_attributes: SearchAttributes
    """The untyped form. Deprecated: `typed_search_attributes` replaces it."""
    start_time: datetime
    """When the first workflow task was started."""
    task_queue: str
    task_timeout: timedelta
    typed_search_attributes: TypedSearchAttributes
    workflow_id: str
    workflow_start_time: datetime
    """When the run was started."""
    workflow_type: str

    def logger_details(self) -> Mapping[str, Any]:
        return {
            "attempt": self.attempt,
            "namespace": self.namespace,
            "run_id": self.run_id,
            "task_queue": self.task_queue,
            "workflow_id": self.workflow_id,
            "workflow_type": self.workflow_type,
        }

    def get_current_build_id(self) -> str:
        """The build id of the worker that did, or does, the current workflow task; safe to branch on.

        Deprecated: `get_current_deployment_version` replaces it.
        """
        return Runtime.current().workflow_get_current_build_id()

    def get_current_deployment_version(self) -> WorkerDeploymentVersion | None:
        """The deployment version of the worker that did, or does, the current workflow task; safe to branch on."""
        return Runtime.current().workflow_get_current_deployment_version()

    def get_current_history_length(self) -> int:
        """How many events the history has up to the current workflow task."""
        return Runtime.current().workflow_get_current_history_length()

    def get_current_history_size(self) -> int:
        """How many bytes the history has up to the current workflow task."""
        return Runtime.current().workflow_get_current_history_size()

    def is_continue_as_new_suggested(self) -> bool:
        """Whether the server says that the history is long enough to continue as new."""
        return Runtime.current().workflow_is_continue_as_new_suggested()

    def is_target_worker_deployment_version_changed(self) -> bool:
        """Whether the deployment version that new tasks would go to is another one now."""
        return Runtime.current().workflow_is_target_worker_deployment_version_changed()


the_update_info: contextvars.ContextVar[UpdateInfo] = contextvars.ContextVar("__temporal_current_update_info")


def set_current_update_info(info: UpdateInfo) -> None:
    """Say which update the current context handles; the runtime does so at the start of a handler's task."""
    the_update_info.set(info)


def current_update_info() -> UpdateInfo | None:
    """The update that the calling code runs for; None outside an update handler and what it started."""
    return the_update_info.get(None)
