"""Workers: they poll for tasks, run workflows and activities, and answer; and replayers, which run histories again.

    Worker (_worker)  ->  _worker_checks, _worker_parts: from options to its sides
        WorkflowWorker (_workflow_worker)  ->  _workflow_tasks: one task, from poll to answer
            CachedRun -> WorkflowRun (_run*): workflow code, in an event loop of its own (_loop)
            _payload_codec, _payload_limits: what is done to an answer before it goes
        ActivityWorker (_activity_worker)  ->  _activity_attempt: one attempt, from task to report
        Pollers (_pollers)  ->  _slots, _poller_behavior: how both poll
    Replayer (_replayer)  ->  CachedRun, without a server

Runs one loop for each poll, and one task for each workflow task, activity and Nexus request; workflow code is on
threads, watched for blocking. `_nexus_*` need the package `nexusrpc`: only workers that serve operations import them.
May import every room of the SDK; `client` only for types. Start reading at `_worker.py`.
"""

from mainspring.common import WorkerDeploymentVersion
from mainspring.worker._activity_shared_state import SharedHeartbeatSender, SharedStateManager
from mainspring.worker._deployment import WorkerDeploymentConfig
from mainspring.worker._interceptor import (
    ActivityInboundInterceptor,
    ActivityOutboundInterceptor,
    ContinueAsNewInput,
    ExecuteActivityInput,
    ExecuteNexusOperationCancelInput,
    ExecuteNexusOperationStartInput,
    ExecuteWorkflowInput,
    HandleQueryInput,
    HandleSignalInput,
    HandleUpdateInput,
    Interceptor,
    NexusOperationInboundInterceptor,
    SignalChildWorkflowInput,
    SignalExternalWorkflowInput,
    StartActivityInput,
    StartChildWorkflowInput,
    StartLocalActivityInput,
    StartNexusOperationInput,
    WorkflowInboundInterceptor,
    WorkflowInterceptorClassInput,
    WorkflowOutboundInterceptor,
)
from mainspring.worker._plugin import Plugin
from mainspring.worker._poller_behavior import PollerBehavior, PollerBehaviorAutoscaling, PollerBehaviorSimpleMaximum
from mainspring.worker._replayer import Replayer, ReplayerConfig, WorkflowReplayResult, WorkflowReplayResults
from mainspring.worker._tuning import (
    ActivitySlotInfo,
    CustomSlotSupplier,
    FixedSizeSlotSupplier,
    LocalActivitySlotInfo,
    NexusSlotInfo,
    ResourceBasedSlotConfig,
    ResourceBasedSlotSupplier,
    ResourceBasedTunerConfig,
    SlotInfo,
    SlotMarkUsedContext,
    SlotPermit,
    SlotReleaseContext,
    SlotReserveContext,
    WorkerTuner,
    WorkflowSlotInfo,
)
from mainspring.worker._worker import Worker
from mainspring.worker._worker_config import WorkerConfig, WorkerOptions
from mainspring.worker._workflow_runner import (
    PatchActivationInput,
    UnsandboxedWorkflowRunner,
    WorkflowRunner,
)

__all__ = [
    "ActivityInboundInterceptor",
    "ActivityOutboundInterceptor",
    "ActivitySlotInfo",
    "ContinueAsNewInput",
    "CustomSlotSupplier",
    "ExecuteActivityInput",
    "ExecuteNexusOperationCancelInput",
    "ExecuteNexusOperationStartInput",
    "ExecuteWorkflowInput",
    "FixedSizeSlotSupplier",
    "HandleQueryInput",
    "HandleSignalInput",
    "HandleUpdateInput",
    "Interceptor",
    "LocalActivitySlotInfo",
    "NexusOperationInboundInterceptor",
    "NexusSlotInfo",
    "PatchActivationInput",
    "Plugin",
    "PollerBehavior",
    "PollerBehaviorAutoscaling",
    "PollerBehaviorSimpleMaximum",
    "Replayer",
    "ReplayerConfig",
    "ResourceBasedSlotConfig",
    "ResourceBasedSlotSupplier",
    "ResourceBasedTunerConfig",
    "SharedHeartbeatSender",
    "SharedStateManager",
    "SignalChildWorkflowInput",
    "SignalExternalWorkflowInput",
    "SlotInfo",
    "SlotMarkUsedContext",
    "SlotPermit",
    "SlotReleaseContext",
    "SlotReserveContext",
    "StartActivityInput",
    "StartChildWorkflowInput",
    "StartLocalActivityInput",
    "StartNexusOperationInput",
    "UnsandboxedWorkflowRunner",
    "Worker",
    "WorkerConfig",
    "WorkerDeploymentConfig",
    "WorkerDeploymentVersion",
    "WorkerOptions",
    "WorkerTuner",
    "WorkflowInboundInterceptor",
    "WorkflowInterceptorClassInput",
    "WorkflowOutboundInterceptor",
    "WorkflowReplayResult",
    "WorkflowReplayResults",
    "WorkflowRunner",
    "WorkflowSlotInfo",
]
