"""Workflows: code that survives anything, and what it can do.

    @workflow.defn
    async def add_node(order: Order) -> Node:
        vm = await create_vm(order)                        # a durable call of an activity
        await workflow.sleep(timedelta(minutes=1))         # a durable timer
        return await register_node(vm)

Everything here works through the running workflow, `_runtime.Runtime`, which a worker provides; start reading there.
Options and their defaults are in `_options`, what interceptors see in `_outbound`, what the decorators know in
`_definition` and `_handler_definitions`. Names that begin with an underscore are for the SDK's own rooms; they are
those of the official SDK, whose tests use them.
"""

from __future__ import annotations

from mainspring.types import (
    AnyType,
    CallableAsyncNoParam,
    CallableAsyncSingleParam,
    CallableAsyncType,
    CallableSyncNoParam,
    CallableSyncOrAsyncReturnNoneType,
    CallableSyncOrAsyncType,
    CallableSyncSingleParam,
    CallableType,
    ClassType,
    MethodAsyncNoParam,
    MethodAsyncSingleParam,
    MethodSyncNoParam,
    MethodSyncOrAsyncNoParam,
    MethodSyncOrAsyncSingleParam,
    MethodSyncSingleParam,
    MultiParamSpec,
    ParamType,
    ProtocolReturnType,
    ReturnType,
    SelfType,
)
from mainspring.workflow import _unsafe
from mainspring.workflow._activities import (
    execute_activity,
    execute_activity_class,
    execute_activity_method,
    start_activity,
    start_activity_class,
    start_activity_method,
)
from mainspring.workflow._children import execute_child_workflow, start_child_workflow
from mainspring.workflow._compensations import Compensations, compensations
from mainspring.workflow._context import (
    all_handlers_finished,
    cancellation_reason,
    extern_functions,
    get_current_details,
    get_dynamic_query_handler,
    get_dynamic_signal_handler,
    get_dynamic_update_handler,
    get_last_completion_result,
    get_last_failure,
    get_query_handler,
    get_signal_handler,
    get_update_handler,
    has_last_completion_result,
    in_workflow,
    info,
    instance,
    is_failure_exception,
    memo,
    memo_value,
    metric_meter,
    payload_converter,
    set_current_details,
    set_dynamic_query_handler,
    set_dynamic_signal_handler,
    set_dynamic_update_handler,
    set_query_handler,
    set_signal_handler,
    set_update_handler,
    upsert_memo,
    upsert_search_attributes,
)
from mainspring.workflow._continuing import continue_as_new
from mainspring.workflow._decorators import defn, dynamic_config, init, run
from mainspring.workflow._definition import Definition, DynamicWorkflowConfig
from mainspring.workflow._event_groups import EventGroup, create_event_group
from mainspring.workflow._exceptions import (
    ContinueAsNewError,
    NondeterminismError,
    NotInWorkflowEventLoopError,
    ReadOnlyContextError,
)
from mainspring.workflow._functions import ChildWorkflowCall, WorkflowFunction
from mainspring.workflow._handler_definitions import (
    HandlerUnfinishedPolicy,
    QueryDefinition,
    SignalDefinition,
    UnfinishedSignalHandlersWarning,
    UnfinishedUpdateHandlersWarning,
    UpdateDefinition,
    UpdateMethodMultiParam,
    assert_dynamic_handler_args,
    bind_method,
    update_validator,
)
from mainspring.workflow._handlers import query, signal, update
from mainspring.workflow._handles import (
    ActivityHandle,
    AsyncioTask,
    ChildWorkflowHandle,
    ExternalWorkflowHandle,
    get_external_workflow_handle,
    get_external_workflow_handle_for,
)
from mainspring.workflow._info import (
    Info,
    ParentInfo,
    RootInfo,
    UpdateInfo,
    current_update_info,
    set_current_update_info,
    the_update_info,
)
from mainspring.workflow._local_activities import (
    execute_local_activity,
    execute_local_activity_class,
    execute_local_activity_method,
    start_local_activity,
    start_local_activity_class,
    start_local_activity_method,
)
from mainspring.workflow._logger import LoggerAdapter, build_log_context, logger
from mainspring.workflow._members import is_unbound_method_on_cls, parameters_identical_up_to_naming
from mainspring.workflow._nexus import NexusClient, NexusOperationHandle, create_nexus_client
from mainspring.workflow._options import (
    ActivityCancellationType,
    ActivityConfig,
    ChildWorkflowCancellationType,
    ChildWorkflowConfig,
    ContinueAsNewVersioningBehavior,
    LocalActivityConfig,
    NexusOperationCancellationType,
    ParentClosePolicy,
    VersioningIntent,
)
from mainspring.workflow._randomness import (
    new_random,
    now,
    random,
    random_seed,
    register_random_seed_callback,
    time,
    time_ns,
    uuid4,
    uuid7,
)
from mainspring.workflow._runtime import Runtime
from mainspring.workflow._unsafe import SandboxImportNotificationPolicy, unsafe
from mainspring.workflow._versions import deprecate_patch, get_version, patched, side_effect
from mainspring.workflow._waiting import FT as _FT  # noqa: F401  # pyright: ignore[reportUnusedImport] # official
from mainspring.workflow._waiting import as_completed, release_waiter, sleep, wait, wait_condition, wait_for_any

__all__ = [
    "ActivityCancellationType",
    "ActivityConfig",
    "ActivityHandle",
    "AnyType",
    "CallableAsyncNoParam",
    "CallableAsyncSingleParam",
    "CallableAsyncType",
    "CallableSyncNoParam",
    "CallableSyncOrAsyncReturnNoneType",
    "CallableSyncOrAsyncType",
    "CallableSyncSingleParam",
    "CallableType",
    "ChildWorkflowCall",
    "ChildWorkflowCancellationType",
    "ChildWorkflowConfig",
    "ChildWorkflowHandle",
    "ClassType",
    "Compensations",
    "ContinueAsNewError",
    "ContinueAsNewVersioningBehavior",
    "DynamicWorkflowConfig",
    "EventGroup",
    "ExternalWorkflowHandle",
    "HandlerUnfinishedPolicy",
    "Info",
    "LocalActivityConfig",
    "LoggerAdapter",
    "MethodAsyncNoParam",
    "MethodAsyncSingleParam",
    "MethodSyncNoParam",
    "MethodSyncOrAsyncNoParam",
    "MethodSyncOrAsyncSingleParam",
    "MethodSyncSingleParam",
    "MultiParamSpec",
    "NexusClient",
    "NexusOperationCancellationType",
    "NexusOperationHandle",
    "NondeterminismError",
    "ParamType",
    "ParentClosePolicy",
    "ParentInfo",
    "ProtocolReturnType",
    "ReadOnlyContextError",
    "ReturnType",
    "RootInfo",
    "SandboxImportNotificationPolicy",
    "SelfType",
    "UnfinishedSignalHandlersWarning",
    "UnfinishedUpdateHandlersWarning",
    "UpdateInfo",
    "UpdateMethodMultiParam",
    "VersioningIntent",
    "WorkflowFunction",
    "all_handlers_finished",
    "as_completed",
    "cancellation_reason",
    "compensations",
    "continue_as_new",
    "create_event_group",
    "create_nexus_client",
    "current_update_info",
    "defn",
    "deprecate_patch",
    "dynamic_config",
    "execute_activity",
    "execute_activity_class",
    "execute_activity_method",
    "execute_child_workflow",
    "execute_local_activity",
    "execute_local_activity_class",
    "execute_local_activity_method",
    "extern_functions",
    "get_current_details",
    "get_dynamic_query_handler",
    "get_dynamic_signal_handler",
    "get_dynamic_update_handler",
    "get_external_workflow_handle",
    "get_external_workflow_handle_for",
    "get_last_completion_result",
    "get_last_failure",
    "get_query_handler",
    "get_signal_handler",
    "get_update_handler",
    "get_version",
    "has_last_completion_result",
    "in_workflow",
    "info",
    "init",
    "instance",
    "is_failure_exception",
    "logger",
    "memo",
    "memo_value",
    "metric_meter",
    "new_random",
    "now",
    "patched",
    "payload_converter",
    "query",
    "random",
    "random_seed",
    "register_random_seed_callback",
    "run",
    "set_current_details",
    "set_dynamic_query_handler",
    "set_dynamic_signal_handler",
    "set_dynamic_update_handler",
    "set_query_handler",
    "set_signal_handler",
    "set_update_handler",
    "side_effect",
    "signal",
    "sleep",
    "start_activity",
    "start_activity_class",
    "start_activity_method",
    "start_child_workflow",
    "start_local_activity",
    "start_local_activity_class",
    "start_local_activity_method",
    "time",
    "time_ns",
    "unsafe",
    "update",
    "upsert_memo",
    "upsert_search_attributes",
    "uuid4",
    "uuid7",
    "wait",
    "wait_condition",
]

_AsyncioTask = AsyncioTask
_Definition = Definition
_NotInWorkflowEventLoopError = NotInWorkflowEventLoopError
_QueryDefinition = QueryDefinition
_Runtime = Runtime
_SignalDefinition = SignalDefinition
_UpdateDefinition = UpdateDefinition
_assert_dynamic_handler_args = assert_dynamic_handler_args
_bind_method = bind_method
_build_log_context = build_log_context
_current_update_info = the_update_info
_is_unbound_method_on_cls = is_unbound_method_on_cls
_parameters_identical_up_to_naming = parameters_identical_up_to_naming
_release_waiter = release_waiter
_set_current_update_info = set_current_update_info
_update_validator = update_validator
_wait = wait_for_any
_imports_passed_through = _unsafe.imports_passed_through
_in_sandbox = _unsafe.in_sandbox
_sandbox_import_notification_policy_override = _unsafe.sandbox_import_notification_policy_override
_sandbox_unrestricted = _unsafe.sandbox_unrestricted
