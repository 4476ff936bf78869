"""The options of a worker as one dictionary: what `Worker.config` gives, and plugins change."""

from __future__ import annotations

import concurrent.futures
from collections.abc import Awaitable, Callable, Sequence
from datetime import timedelta
from typing import TYPE_CHECKING, Any, Required, TypedDict

from mainspring.worker._deployment import WorkerDeploymentConfig
from mainspring.worker._interceptor import Interceptor
from mainspring.worker._plugin import Plugin
from mainspring.worker._poller_behavior import PollerBehavior
from mainspring.worker._tuning import WorkerTuner
from mainspring.worker._workflow_runner import PatchActivationInput, WorkflowRunner

if TYPE_CHECKING:
    from mainspring.client import Client
    from mainspring.worker._activity_shared_state import SharedStateManager


class WorkerOptions(TypedDict, total=False):
    """What a worker may be told beside its client, its task queue, what it runs and what is around that."""

    nexus_service_handlers: Sequence[Any]
    activity_executor: concurrent.futures.Executor | None
    workflow_task_executor: concurrent.futures.ThreadPoolExecutor | None
    nexus_task_executor: concurrent.futures.ThreadPoolExecutor | None
    workflow_runner: WorkflowRunner
    unsandboxed_workflow_runner: WorkflowRunner
    plugins: Sequence[Plugin]
    build_id: str | None
    identity: str | None
    max_cached_workflows: int
    max_concurrent_workflow_tasks: int | None
    max_concurrent_activities: int | None
    max_concurrent_local_activities: int | None
    max_concurrent_nexus_tasks: int | None
    tuner: WorkerTuner | None
    max_concurrent_workflow_task_polls: int | None
    nonsticky_to_sticky_poll_ratio: float
    max_concurrent_activity_task_polls: int | None
    no_remote_activities: bool
    sticky_queue_schedule_to_start_timeout: timedelta
    max_heartbeat_throttle_interval: timedelta
    default_heartbeat_throttle_interval: timedelta
    max_activities_per_second: float | None
    max_task_queue_activities_per_second: float | None
    max_eager_activity_reservations_per_workflow_task: int
    graceful_shutdown_timeout: timedelta
    plugin_shutdown_timeout: timedelta | None
    workflow_failure_exception_types: Sequence[type[BaseException]]
    shared_state_manager: SharedStateManager | None
    debug_mode: bool
    disable_eager_activity_execution: bool
    on_fatal_error: Callable[[BaseException], Awaitable[None]] | None
    use_worker_versioning: bool
    disable_safe_workflow_eviction: bool
    deployment_config: WorkerDeploymentConfig | None
    patch_activation_callback: Callable[[PatchActivationInput], bool] | None
    workflow_task_poller_behavior: PollerBehavior
    activity_task_poller_behavior: PollerBehavior
    nexus_task_poller_behavior: PollerBehavior
    disable_payload_error_limit: bool
    max_workflow_task_external_storage_concurrency: int


class WorkerConfig(WorkerOptions, total=False):
    """See the module."""

    client: Required[Client]
    task_queue: Required[str]
    activities: Sequence[Callable[..., Any]]
    workflows: Sequence[Any]
    interceptors: Sequence[Interceptor]
