"""Clients: start workflows, speak with them, wait for them; schedules and standalone activities.

    client = await Client.connect("localhost:7233")
    handle = await client.start_workflow(AddNode.run, AddNodeInput("n1"), id="n1", task_queue="nodes")
    await handle.result()

    Client._client_*.py -> input -> interceptors (_interceptor) -> ClientImpl (_impl) -> request (_impl_*) -> service

    _inputs, _*_inputs    what goes through interceptors      _handle, _*_handle    what is known by its id
    _execution, _history  what the server tells               _sending, _memo       values on their way out
    _schedule*            schedules, and them on the wire     _conflict             `conflict=`, over several calls
    sync                  the same for code that does not await

Start reading at `_client_workflows.py`.
"""

from mainspring.activity import ActivityCancellationDetails
from mainspring.client._activity_description import (
    ActivityExecution,
    ActivityExecutionAsyncIterator,
    ActivityExecutionCount,
    ActivityExecutionCountAggregationGroup,
    ActivityExecutionDescription,
    ActivityExecutionStatus,
    PendingActivityState,
)
from mainspring.client._activity_handle import ActivityHandle
from mainspring.client._activity_inputs import (
    CancelActivityInput,
    CompleteAsyncActivityInput,
    CountActivitiesInput,
    DescribeActivityInput,
    FailAsyncActivityInput,
    HeartbeatAsyncActivityInput,
    ListActivitiesInput,
    PauseActivityInput,
    ReportCancellationAsyncActivityInput,
    StartActivityInput,
    TerminateActivityInput,
    UnpauseActivityInput,
    UpdateActivityOptionsInput,
)
from mainspring.client._activity_options import (
    ActivityExecutionOptions,
    ActivityOptionsKey,
    ActivityOptionsKeys,
    ActivityOptionsUpdate,
)
from mainspring.client._async_activity import AsyncActivityHandle, AsyncActivityIDReference
from mainspring.client._calls import put_headers
from mainspring.client._client import Client
from mainspring.client._cloud import CloudOperationsClient
from mainspring.client._config import ClientConfig, ClientConnectConfig
from mainspring.client._exceptions import (
    ActivityFailureError,
    AsyncActivityCancelledError,
    NexusOperationFailureError,
    RPCTimeoutOrCancelledError,
    ScheduleAlreadyRunningError,
    WorkflowContinuedAsNewError,
    WorkflowFailureError,
    WorkflowQueryFailedError,
    WorkflowQueryRejectedError,
    WorkflowUpdateFailedError,
    WorkflowUpdateRPCTimeoutOrCancelledError,
)
from mainspring.client._execution import (
    WorkflowExecution,
    WorkflowExecutionAsyncIterator,
    WorkflowExecutionCount,
    WorkflowExecutionCountAggregationGroup,
    WorkflowExecutionDescription,
    WorkflowExecutionStatus,
)
from mainspring.client._handle import WorkflowHandle
from mainspring.client._history import (
    WorkflowHistory,
    WorkflowHistoryEventAsyncIterator,
    WorkflowHistoryEventFilterType,
)
from mainspring.client._history_json import PASCAL_CASE, fix_history_enum, fix_history_failure, history_from_json
from mainspring.client._impl import ClientImpl
from mainspring.client._inputs import (
    CancelWorkflowInput,
    CountWorkflowsInput,
    DescribeWorkflowInput,
    FetchWorkflowHistoryEventsInput,
    GetWorkerBuildIdCompatibilityInput,
    GetWorkerTaskReachabilityInput,
    ListWorkflowsInput,
    QueryWorkflowInput,
    SignalWorkflowInput,
    StartWorkflowInput,
    StartWorkflowUpdateInput,
    StartWorkflowUpdateWithStartInput,
    TerminateWorkflowInput,
    UpdateWithStartStartWorkflowInput,
    UpdateWithStartUpdateWorkflowInput,
    UpdateWorkerBuildIdCompatibilityInput,
)
from mainspring.client._interceptor import Interceptor, OutboundInterceptor
from mainspring.client._memo import decode_user_metadata, encode_user_metadata
from mainspring.client._nexus_client import NexusClient
from mainspring.client._nexus_description import (
    NexusOperationExecution,
    NexusOperationExecutionAsyncIterator,
    NexusOperationExecutionCancellationInfo,
    NexusOperationExecutionCount,
    NexusOperationExecutionCountAggregationGroup,
    NexusOperationExecutionDescription,
)
from mainspring.client._nexus_handle import NexusOperationHandle
from mainspring.client._nexus_inputs import (
    CancelNexusOperationInput,
    CountNexusOperationsInput,
    DescribeNexusOperationInput,
    GetNexusOperationResultInput,
    ListNexusOperationsInput,
    StartNexusOperationInput,
    TerminateNexusOperationInput,
)
from mainspring.client._options import ConflictChoice
from mainspring.client._plugin import Plugin
from mainspring.client._schedule import (
    Schedule,
    ScheduleBackfill,
    ScheduleCalendarSpec,
    ScheduleIntervalSpec,
    ScheduleOverlapPolicy,
    SchedulePolicy,
    ScheduleRange,
    ScheduleSpec,
    ScheduleState,
)
from mainspring.client._schedule_action import ScheduleAction, ScheduleActionStartWorkflow
from mainspring.client._schedule_description import (
    ScheduleActionExecution,
    ScheduleActionExecutionStartWorkflow,
    ScheduleActionResult,
    ScheduleAsyncIterator,
    ScheduleDescription,
    ScheduleInfo,
    ScheduleListAction,
    ScheduleListActionStartWorkflow,
    ScheduleListDescription,
    ScheduleListInfo,
    ScheduleListSchedule,
    ScheduleListState,
    ScheduleUpdate,
    ScheduleUpdateInput,
)
from mainspring.client._schedule_handle import ScheduleHandle
from mainspring.client._schedule_inputs import (
    BackfillScheduleInput,
    CreateScheduleInput,
    DeleteScheduleInput,
    DescribeScheduleInput,
    ListSchedulesInput,
    PauseScheduleInput,
    TriggerScheduleInput,
    UnpauseScheduleInput,
    UpdateScheduleInput,
)
from mainspring.client._sending import PayloadTooLargeError
from mainspring.client._update_handle import WorkflowUpdateHandle, WorkflowUpdateStage
from mainspring.client._with_start import WithStartWorkflowOperation
from mainspring.client._worker_versioning import (
    BuildIdOp,
    BuildIdOpAddNewCompatible,
    BuildIdOpAddNewDefault,
    BuildIdOpMergeSets,
    BuildIdOpPromoteBuildIdWithinSet,
    BuildIdOpPromoteSetByBuildId,
    BuildIdReachability,
    BuildIdVersionSet,
    TaskReachabilityType,
    WorkerBuildIdVersionSets,
    WorkerTaskReachability,
)
from mainspring.common import HeaderCodecBehavior
from mainspring.converter import (
    ActivitySerializationContext,
    DataConverter,
    SerializationContext,
    StorageDriverActivityInfo,
    StorageDriverSelectContext,
    StorageDriverStoreContext,
    StorageDriverWorkflowInfo,
    WithSerializationContext,
    WorkflowSerializationContext,
)
from mainspring.service import (
    ConnectConfig,
    DnsLoadBalancingConfig,
    GrpcCompression,
    HttpConnectProxyConfig,
    KeepAliveConfig,
    PayloadLimitsConfig,
    RetryConfig,
    RPCError,
    RPCStatusCode,
    ServiceClient,
    TLSConfig,
)
from mainspring.types import (
    AnyType,
    CallableAsyncNoParam,
    CallableAsyncSingleParam,
    CallableSyncNoParam,
    CallableSyncSingleParam,
    LocalReturnType,
    MethodAsyncNoParam,
    MethodAsyncSingleParam,
    MethodSyncOrAsyncNoParam,
    MethodSyncOrAsyncSingleParam,
    MultiParamSpec,
    ParamType,
    ReturnType,
    SelfType,
)

__all__ = [
    "ActivityCancellationDetails",
    "ActivityExecution",
    "ActivityExecutionAsyncIterator",
    "ActivityExecutionCount",
    "ActivityExecutionCountAggregationGroup",
    "ActivityExecutionDescription",
    "ActivityExecutionOptions",
    "ActivityExecutionStatus",
    "ActivityFailureError",
    "ActivityHandle",
    "ActivityOptionsKey",
    "ActivityOptionsKeys",
    "ActivityOptionsUpdate",
    "ActivitySerializationContext",
    "AnyType",
    "AsyncActivityCancelledError",
    "AsyncActivityHandle",
    "AsyncActivityIDReference",
    "BackfillScheduleInput",
    "BuildIdOp",
    "BuildIdOpAddNewCompatible",
    "BuildIdOpAddNewDefault",
    "BuildIdOpMergeSets",
    "BuildIdOpPromoteBuildIdWithinSet",
    "BuildIdOpPromoteSetByBuildId",
    "BuildIdReachability",
    "BuildIdVersionSet",
    "CallableAsyncNoParam",
    "CallableAsyncSingleParam",
    "CallableSyncNoParam",
    "CallableSyncSingleParam",
    "CancelActivityInput",
    "CancelNexusOperationInput",
    "CancelWorkflowInput",
    "Client",
    "ClientConfig",
    "ClientConnectConfig",
    "CloudOperationsClient",
    "CompleteAsyncActivityInput",
    "ConflictChoice",
    "ConnectConfig",
    "CountActivitiesInput",
    "CountNexusOperationsInput",
    "CountWorkflowsInput",
    "CreateScheduleInput",
    "DataConverter",
    "DeleteScheduleInput",
    "DescribeActivityInput",
    "DescribeNexusOperationInput",
    "DescribeScheduleInput",
    "DescribeWorkflowInput",
    "DnsLoadBalancingConfig",
    "FailAsyncActivityInput",
    "FetchWorkflowHistoryEventsInput",
    "GetNexusOperationResultInput",
    "GetWorkerBuildIdCompatibilityInput",
    "GetWorkerTaskReachabilityInput",
    "GrpcCompression",
    "HeaderCodecBehavior",
    "HeartbeatAsyncActivityInput",
    "HttpConnectProxyConfig",
    "Interceptor",
    "KeepAliveConfig",
    "ListActivitiesInput",
    "ListNexusOperationsInput",
    "ListSchedulesInput",
    "ListWorkflowsInput",
    "LocalReturnType",
    "MethodAsyncNoParam",
    "MethodAsyncSingleParam",
    "MethodSyncOrAsyncNoParam",
    "MethodSyncOrAsyncSingleParam",
    "MultiParamSpec",
    "NexusClient",
    "NexusOperationExecution",
    "NexusOperationExecutionAsyncIterator",
    "NexusOperationExecutionCancellationInfo",
    "NexusOperationExecutionCount",
    "NexusOperationExecutionCountAggregationGroup",
    "NexusOperationExecutionDescription",
    "NexusOperationFailureError",
    "NexusOperationHandle",
    "OutboundInterceptor",
    "ParamType",
    "PauseActivityInput",
    "PauseScheduleInput",
    "PayloadLimitsConfig",
    "PayloadTooLargeError",
    "PendingActivityState",
    "Plugin",
    "QueryWorkflowInput",
    "RPCError",
    "RPCStatusCode",
    "RPCTimeoutOrCancelledError",
    "ReportCancellationAsyncActivityInput",
    "RetryConfig",
    "ReturnType",
    "Schedule",
    "ScheduleAction",
    "ScheduleActionExecution",
    "ScheduleActionExecutionStartWorkflow",
    "ScheduleActionResult",
    "ScheduleActionStartWorkflow",
    "ScheduleAlreadyRunningError",
    "ScheduleAsyncIterator",
    "ScheduleBackfill",
    "ScheduleCalendarSpec",
    "ScheduleDescription",
    "ScheduleHandle",
    "ScheduleInfo",
    "ScheduleIntervalSpec",
    "ScheduleListAction",
    "ScheduleListActionStartWorkflow",
    "ScheduleListDescription",
    "ScheduleListInfo",
    "ScheduleListSchedule",
    "ScheduleListState",
    "ScheduleOverlapPolicy",
    "SchedulePolicy",
    "ScheduleRange",
    "ScheduleSpec",
    "ScheduleState",
    "ScheduleUpdate",
    "ScheduleUpdateInput",
    "SelfType",
    "SerializationContext",
    "ServiceClient",
    "SignalWorkflowInput",
    "StartActivityInput",
    "StartNexusOperationInput",
    "StartWorkflowInput",
    "StartWorkflowUpdateInput",
    "StartWorkflowUpdateWithStartInput",
    "StorageDriverActivityInfo",
    "StorageDriverSelectContext",
    "StorageDriverStoreContext",
    "StorageDriverWorkflowInfo",
    "TLSConfig",
    "TaskReachabilityType",
    "TerminateActivityInput",
    "TerminateNexusOperationInput",
    "TerminateWorkflowInput",
    "TriggerScheduleInput",
    "UnpauseActivityInput",
    "UnpauseScheduleInput",
    "UpdateActivityOptionsInput",
    "UpdateScheduleInput",
    "UpdateWithStartStartWorkflowInput",
    "UpdateWithStartUpdateWorkflowInput",
    "UpdateWorkerBuildIdCompatibilityInput",
    "WithSerializationContext",
    "WithStartWorkflowOperation",
    "WorkerBuildIdVersionSets",
    "WorkerTaskReachability",
    "WorkflowContinuedAsNewError",
    "WorkflowExecution",
    "WorkflowExecutionAsyncIterator",
    "WorkflowExecutionCount",
    "WorkflowExecutionCountAggregationGroup",
    "WorkflowExecutionDescription",
    "WorkflowExecutionStatus",
    "WorkflowFailureError",
    "WorkflowHandle",
    "WorkflowHistory",
    "WorkflowHistoryEventAsyncIterator",
    "WorkflowHistoryEventFilterType",
    "WorkflowQueryFailedError",
    "WorkflowQueryRejectedError",
    "WorkflowSerializationContext",
    "WorkflowUpdateFailedError",
    "WorkflowUpdateHandle",
    "WorkflowUpdateRPCTimeoutOrCancelledError",
    "WorkflowUpdateStage",
]

# Names by which tests of the official SDK know these.
_ClientImpl = ClientImpl
_apply_headers = put_headers
_decode_user_metadata = decode_user_metadata
_encode_user_metadata = encode_user_metadata
_fix_history_enum = fix_history_enum
_fix_history_failure = fix_history_failure
_history_from_json = history_from_json
_pascal_case_match = PASCAL_CASE
