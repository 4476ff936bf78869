"""The services of the API as objects with one method per RPC. Written by `make generate`.

    client.workflow_service.start_workflow_execution(request, retry=True)   ->   StartWorkflowExecutionResponse

The types stand here for checkers and editors; the methods themselves are made by `_methods.provide`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from mainspring.service._methods import Rpc, Service

if TYPE_CHECKING:
    from google.protobuf import empty_pb2
    from google.protobuf.message import Message
    from temporalio.api.cloud.cloudservice import v1 as cloud
    from temporalio.api.operatorservice import v1 as operator
    from temporalio.api.testservice import v1 as testing
    from temporalio.api.workflowservice import v1 as workflow


class WorkflowService(Service):
    """Workflows, activities, schedules."""

    register_namespace: Rpc[workflow.RegisterNamespaceRequest, workflow.RegisterNamespaceResponse]
    describe_namespace: Rpc[workflow.DescribeNamespaceRequest, workflow.DescribeNamespaceResponse]
    list_namespaces: Rpc[workflow.ListNamespacesRequest, workflow.ListNamespacesResponse]
    update_namespace: Rpc[workflow.UpdateNamespaceRequest, workflow.UpdateNamespaceResponse]
    deprecate_namespace: Rpc[workflow.DeprecateNamespaceRequest, workflow.DeprecateNamespaceResponse]
    start_workflow_execution: Rpc[workflow.StartWorkflowExecutionRequest, workflow.StartWorkflowExecutionResponse]
    execute_multi_operation: Rpc[workflow.ExecuteMultiOperationRequest, workflow.ExecuteMultiOperationResponse]
    get_workflow_execution_history: Rpc[
        workflow.GetWorkflowExecutionHistoryRequest, workflow.GetWorkflowExecutionHistoryResponse
    ]
    get_workflow_execution_history_reverse: Rpc[
        workflow.GetWorkflowExecutionHistoryReverseRequest, workflow.GetWorkflowExecutionHistoryReverseResponse
    ]
    poll_workflow_task_queue: Rpc[workflow.PollWorkflowTaskQueueRequest, workflow.PollWorkflowTaskQueueResponse]
    respond_workflow_task_completed: Rpc[
        workflow.RespondWorkflowTaskCompletedRequest, workflow.RespondWorkflowTaskCompletedResponse
    ]
    respond_workflow_task_failed: Rpc[
        workflow.RespondWorkflowTaskFailedRequest, workflow.RespondWorkflowTaskFailedResponse
    ]
    poll_activity_task_queue: Rpc[workflow.PollActivityTaskQueueRequest, workflow.PollActivityTaskQueueResponse]
    record_activity_task_heartbeat: Rpc[
        workflow.RecordActivityTaskHeartbeatRequest, workflow.RecordActivityTaskHeartbeatResponse
    ]
    record_activity_task_heartbeat_by_id: Rpc[
        workflow.RecordActivityTaskHeartbeatByIdRequest, workflow.RecordActivityTaskHeartbeatByIdResponse
    ]
    respond_activity_task_completed: Rpc[
        workflow.RespondActivityTaskCompletedRequest, workflow.RespondActivityTaskCompletedResponse
    ]
    respond_activity_task_completed_by_id: Rpc[
        workflow.RespondActivityTaskCompletedByIdRequest, workflow.RespondActivityTaskCompletedByIdResponse
    ]
    respond_activity_task_failed: Rpc[
        workflow.RespondActivityTaskFailedRequest, workflow.RespondActivityTaskFailedResponse
    ]
    respond_activity_task_failed_by_id: Rpc[
        workflow.RespondActivityTaskFailedByIdRequest, workflow.RespondActivityTaskFailedByIdResponse
    ]
    respond_activity_task_canceled: Rpc[
        workflow.RespondActivityTaskCanceledRequest, workflow.RespondActivityTaskCanceledResponse
    ]
    respond_activity_task_canceled_by_id: Rpc[
        workflow.RespondActivityTaskCanceledByIdRequest, workflow.RespondActivityTaskCanceledByIdResponse
    ]
    request_cancel_workflow_execution: Rpc[
        workflow.RequestCancelWorkflowExecutionRequest, workflow.RequestCancelWorkflowExecutionResponse
    ]
    signal_workflow_execution: Rpc[workflow.SignalWorkflowExecutionRequest, workflow.SignalWorkflowExecutionResponse]
    signal_with_start_workflow_execution: Rpc[
        workflow.SignalWithStartWorkflowExecutionRequest, workflow.SignalWithStartWorkflowExecutionResponse
    ]
    reset_workflow_execution: Rpc[workflow.ResetWorkflowExecutionRequest, workflow.ResetWorkflowExecutionResponse]
    terminate_workflow_execution: Rpc[
        workflow.TerminateWorkflowExecutionRequest, workflow.TerminateWorkflowExecutionResponse
    ]
    delete_workflow_execution: Rpc[workflow.DeleteWorkflowExecutionRequest, workflow.DeleteWorkflowExecutionResponse]
    list_open_workflow_executions: Rpc[
        workflow.ListOpenWorkflowExecutionsRequest, workflow.ListOpenWorkflowExecutionsResponse
    ]
    list_closed_workflow_executions: Rpc[
        workflow.ListClosedWorkflowExecutionsRequest, workflow.ListClosedWorkflowExecutionsResponse
    ]
    list_workflow_executions: Rpc[workflow.ListWorkflowExecutionsRequest, workflow.ListWorkflowExecutionsResponse]
    list_archived_workflow_executions: Rpc[
        workflow.ListArchivedWorkflowExecutionsRequest, workflow.ListArchivedWorkflowExecutionsResponse
    ]
    scan_workflow_executions: Rpc[workflow.ScanWorkflowExecutionsRequest, workflow.ScanWorkflowExecutionsResponse]
    count_workflow_executions: Rpc[workflow.CountWorkflowExecutionsRequest, workflow.CountWorkflowExecutionsResponse]
    get_search_attributes: Rpc[workflow.GetSearchAttributesRequest, workflow.GetSearchAttributesResponse]
    respond_query_task_completed: Rpc[
        workflow.RespondQueryTaskCompletedRequest, workflow.RespondQueryTaskCompletedResponse
    ]
    reset_sticky_task_queue: Rpc[workflow.ResetStickyTaskQueueRequest, workflow.ResetStickyTaskQueueResponse]
    shutdown_worker: Rpc[workflow.ShutdownWorkerRequest, workflow.ShutdownWorkerResponse]
    query_workflow: Rpc[workflow.QueryWorkflowRequest, workflow.QueryWorkflowResponse]
    describe_workflow_execution: Rpc[
        workflow.DescribeWorkflowExecutionRequest, workflow.DescribeWorkflowExecutionResponse
    ]
    describe_task_queue: Rpc[workflow.DescribeTaskQueueRequest, workflow.DescribeTaskQueueResponse]
    get_cluster_info: Rpc[workflow.GetClusterInfoRequest, workflow.GetClusterInfoResponse]
    get_system_info: Rpc[workflow.GetSystemInfoRequest, workflow.GetSystemInfoResponse]
    list_task_queue_partitions: Rpc[workflow.ListTaskQueuePartitionsRequest, workflow.ListTaskQueuePartitionsResponse]
    create_schedule: Rpc[workflow.CreateScheduleRequest, workflow.CreateScheduleResponse]
    describe_schedule: Rpc[workflow.DescribeScheduleRequest, workflow.DescribeScheduleResponse]
    update_schedule: Rpc[workflow.UpdateScheduleRequest, workflow.UpdateScheduleResponse]
    patch_schedule: Rpc[workflow.PatchScheduleRequest, workflow.PatchScheduleResponse]
    list_schedule_matching_times: Rpc[
        workflow.ListScheduleMatchingTimesRequest, workflow.ListScheduleMatchingTimesResponse
    ]
    delete_schedule: Rpc[workflow.DeleteScheduleRequest, workflow.DeleteScheduleResponse]
    list_schedules: Rpc[workflow.ListSchedulesRequest, workflow.ListSchedulesResponse]
    count_schedules: Rpc[workflow.CountSchedulesRequest, workflow.CountSchedulesResponse]
    update_worker_build_id_compatibility: Rpc[
        workflow.UpdateWorkerBuildIdCompatibilityRequest, workflow.UpdateWorkerBuildIdCompatibilityResponse
    ]
    get_worker_build_id_compatibility: Rpc[
        workflow.GetWorkerBuildIdCompatibilityRequest, workflow.GetWorkerBuildIdCompatibilityResponse
    ]
    update_worker_versioning_rules: Rpc[
        workflow.UpdateWorkerVersioningRulesRequest, workflow.UpdateWorkerVersioningRulesResponse
    ]
    get_worker_versioning_rules: Rpc[
        workflow.GetWorkerVersioningRulesRequest, workflow.GetWorkerVersioningRulesResponse
    ]
    get_worker_task_reachability: Rpc[
        workflow.GetWorkerTaskReachabilityRequest, workflow.GetWorkerTaskReachabilityResponse
    ]
    describe_deployment: Rpc[workflow.DescribeDeploymentRequest, workflow.DescribeDeploymentResponse]
    describe_worker_deployment_version: Rpc[
        workflow.DescribeWorkerDeploymentVersionRequest, workflow.DescribeWorkerDeploymentVersionResponse
    ]
    list_deployments: Rpc[workflow.ListDeploymentsRequest, workflow.ListDeploymentsResponse]
    get_deployment_reachability: Rpc[
        workflow.GetDeploymentReachabilityRequest, workflow.GetDeploymentReachabilityResponse
    ]
    get_current_deployment: Rpc[workflow.GetCurrentDeploymentRequest, workflow.GetCurrentDeploymentResponse]
    set_current_deployment: Rpc[workflow.SetCurrentDeploymentRequest, workflow.SetCurrentDeploymentResponse]
    set_worker_deployment_current_version: Rpc[
        workflow.SetWorkerDeploymentCurrentVersionRequest, workflow.SetWorkerDeploymentCurrentVersionResponse
    ]
    describe_worker_deployment: Rpc[workflow.DescribeWorkerDeploymentRequest, workflow.DescribeWorkerDeploymentResponse]
    delete_worker_deployment: Rpc[workflow.DeleteWorkerDeploymentRequest, workflow.DeleteWorkerDeploymentResponse]
    delete_worker_deployment_version: Rpc[
        workflow.DeleteWorkerDeploymentVersionRequest, workflow.DeleteWorkerDeploymentVersionResponse
    ]
    set_worker_deployment_ramping_version: Rpc[
        workflow.SetWorkerDeploymentRampingVersionRequest, workflow.SetWorkerDeploymentRampingVersionResponse
    ]
    list_worker_deployments: Rpc[workflow.ListWorkerDeploymentsRequest, workflow.ListWorkerDeploymentsResponse]
    create_worker_deployment: Rpc[workflow.CreateWorkerDeploymentRequest, workflow.CreateWorkerDeploymentResponse]
    create_worker_deployment_version: Rpc[
        workflow.CreateWorkerDeploymentVersionRequest, workflow.CreateWorkerDeploymentVersionResponse
    ]
    update_worker_deployment_version_compute_config: Rpc[
        workflow.UpdateWorkerDeploymentVersionComputeConfigRequest,
        workflow.UpdateWorkerDeploymentVersionComputeConfigResponse,
    ]
    validate_worker_deployment_version_compute_config: Rpc[
        workflow.ValidateWorkerDeploymentVersionComputeConfigRequest,
        workflow.ValidateWorkerDeploymentVersionComputeConfigResponse,
    ]
    update_worker_deployment_version_metadata: Rpc[
        workflow.UpdateWorkerDeploymentVersionMetadataRequest, workflow.UpdateWorkerDeploymentVersionMetadataResponse
    ]
    set_worker_deployment_manager: Rpc[
        workflow.SetWorkerDeploymentManagerRequest, workflow.SetWorkerDeploymentManagerResponse
    ]
    update_workflow_execution: Rpc[workflow.UpdateWorkflowExecutionRequest, workflow.UpdateWorkflowExecutionResponse]
    poll_workflow_execution_update: Rpc[
        workflow.PollWorkflowExecutionUpdateRequest, workflow.PollWorkflowExecutionUpdateResponse
    ]
    start_batch_operation: Rpc[workflow.StartBatchOperationRequest, workflow.StartBatchOperationResponse]
    stop_batch_operation: Rpc[workflow.StopBatchOperationRequest, workflow.StopBatchOperationResponse]
    describe_batch_operation: Rpc[workflow.DescribeBatchOperationRequest, workflow.DescribeBatchOperationResponse]
    list_batch_operations: Rpc[workflow.ListBatchOperationsRequest, workflow.ListBatchOperationsResponse]
    poll_nexus_task_queue: Rpc[workflow.PollNexusTaskQueueRequest, workflow.PollNexusTaskQueueResponse]
    respond_nexus_task_completed: Rpc[
        workflow.RespondNexusTaskCompletedRequest, workflow.RespondNexusTaskCompletedResponse
    ]
    respond_nexus_task_failed: Rpc[workflow.RespondNexusTaskFailedRequest, workflow.RespondNexusTaskFailedResponse]
    update_activity_options: Rpc[workflow.UpdateActivityOptionsRequest, workflow.UpdateActivityOptionsResponse]
    update_workflow_execution_options: Rpc[
        workflow.UpdateWorkflowExecutionOptionsRequest, workflow.UpdateWorkflowExecutionOptionsResponse
    ]
    pause_activity: Rpc[workflow.PauseActivityRequest, workflow.PauseActivityResponse]
    unpause_activity: Rpc[workflow.UnpauseActivityRequest, workflow.UnpauseActivityResponse]
    reset_activity: Rpc[workflow.ResetActivityRequest, workflow.ResetActivityResponse]
    create_workflow_rule: Rpc[workflow.CreateWorkflowRuleRequest, workflow.CreateWorkflowRuleResponse]
    describe_workflow_rule: Rpc[workflow.DescribeWorkflowRuleRequest, workflow.DescribeWorkflowRuleResponse]
    delete_workflow_rule: Rpc[workflow.DeleteWorkflowRuleRequest, workflow.DeleteWorkflowRuleResponse]
    list_workflow_rules: Rpc[workflow.ListWorkflowRulesRequest, workflow.ListWorkflowRulesResponse]
    trigger_workflow_rule: Rpc[workflow.TriggerWorkflowRuleRequest, workflow.TriggerWorkflowRuleResponse]
    record_worker_heartbeat: Rpc[workflow.RecordWorkerHeartbeatRequest, workflow.RecordWorkerHeartbeatResponse]
    list_workers: Rpc[workflow.ListWorkersRequest, workflow.ListWorkersResponse]
    count_workers: Rpc[workflow.CountWorkersRequest, workflow.CountWorkersResponse]
    update_task_queue_config: Rpc[workflow.UpdateTaskQueueConfigRequest, workflow.UpdateTaskQueueConfigResponse]
    fetch_worker_config: Rpc[workflow.FetchWorkerConfigRequest, workflow.FetchWorkerConfigResponse]
    update_worker_config: Rpc[workflow.UpdateWorkerConfigRequest, workflow.UpdateWorkerConfigResponse]
    describe_worker: Rpc[workflow.DescribeWorkerRequest, workflow.DescribeWorkerResponse]
    pause_workflow_execution: Rpc[workflow.PauseWorkflowExecutionRequest, workflow.PauseWorkflowExecutionResponse]
    unpause_workflow_execution: Rpc[workflow.UnpauseWorkflowExecutionRequest, workflow.UnpauseWorkflowExecutionResponse]
    start_activity_execution: Rpc[workflow.StartActivityExecutionRequest, workflow.StartActivityExecutionResponse]
    start_nexus_operation_execution: Rpc[
        workflow.StartNexusOperationExecutionRequest, workflow.StartNexusOperationExecutionResponse
    ]
    describe_activity_execution: Rpc[
        workflow.DescribeActivityExecutionRequest, workflow.DescribeActivityExecutionResponse
    ]
    describe_nexus_operation_execution: Rpc[
        workflow.DescribeNexusOperationExecutionRequest, workflow.DescribeNexusOperationExecutionResponse
    ]
    poll_activity_execution: Rpc[workflow.PollActivityExecutionRequest, workflow.PollActivityExecutionResponse]
    poll_nexus_operation_execution: Rpc[
        workflow.PollNexusOperationExecutionRequest, workflow.PollNexusOperationExecutionResponse
    ]
    list_activity_executions: Rpc[workflow.ListActivityExecutionsRequest, workflow.ListActivityExecutionsResponse]
    list_nexus_operation_executions: Rpc[
        workflow.ListNexusOperationExecutionsRequest, workflow.ListNexusOperationExecutionsResponse
    ]
    count_activity_executions: Rpc[workflow.CountActivityExecutionsRequest, workflow.CountActivityExecutionsResponse]
    count_nexus_operation_executions: Rpc[
        workflow.CountNexusOperationExecutionsRequest, workflow.CountNexusOperationExecutionsResponse
    ]
    request_cancel_activity_execution: Rpc[
        workflow.RequestCancelActivityExecutionRequest, workflow.RequestCancelActivityExecutionResponse
    ]
    request_cancel_nexus_operation_execution: Rpc[
        workflow.RequestCancelNexusOperationExecutionRequest, workflow.RequestCancelNexusOperationExecutionResponse
    ]
    terminate_activity_execution: Rpc[
        workflow.TerminateActivityExecutionRequest, workflow.TerminateActivityExecutionResponse
    ]
    delete_activity_execution: Rpc[workflow.DeleteActivityExecutionRequest, workflow.DeleteActivityExecutionResponse]
    pause_activity_execution: Rpc[workflow.PauseActivityExecutionRequest, workflow.PauseActivityExecutionResponse]
    reset_activity_execution: Rpc[workflow.ResetActivityExecutionRequest, workflow.ResetActivityExecutionResponse]
    unpause_activity_execution: Rpc[workflow.UnpauseActivityExecutionRequest, workflow.UnpauseActivityExecutionResponse]
    update_activity_execution_options: Rpc[
        workflow.UpdateActivityExecutionOptionsRequest, workflow.UpdateActivityExecutionOptionsResponse
    ]
    terminate_nexus_operation_execution: Rpc[
        workflow.TerminateNexusOperationExecutionRequest, workflow.TerminateNexusOperationExecutionResponse
    ]
    delete_nexus_operation_execution: Rpc[
        workflow.DeleteNexusOperationExecutionRequest, workflow.DeleteNexusOperationExecutionResponse
    ]
    poll_workflow_execution_time_skipping: Rpc[
        workflow.PollWorkflowExecutionTimeSkippingRequest, workflow.PollWorkflowExecutionTimeSkippingResponse
    ]


class OperatorService(Service):
    """What operators of a server do."""

    add_search_attributes: Rpc[operator.AddSearchAttributesRequest, operator.AddSearchAttributesResponse]
    remove_search_attributes: Rpc[operator.RemoveSearchAttributesRequest, operator.RemoveSearchAttributesResponse]
    list_search_attributes: Rpc[operator.ListSearchAttributesRequest, operator.ListSearchAttributesResponse]
    delete_namespace: Rpc[operator.DeleteNamespaceRequest, operator.DeleteNamespaceResponse]
    add_or_update_remote_cluster: Rpc[
        operator.AddOrUpdateRemoteClusterRequest, operator.AddOrUpdateRemoteClusterResponse
    ]
    remove_remote_cluster: Rpc[operator.RemoveRemoteClusterRequest, operator.RemoveRemoteClusterResponse]
    list_clusters: Rpc[operator.ListClustersRequest, operator.ListClustersResponse]
    get_nexus_endpoint: Rpc[operator.GetNexusEndpointRequest, operator.GetNexusEndpointResponse]
    create_nexus_endpoint: Rpc[operator.CreateNexusEndpointRequest, operator.CreateNexusEndpointResponse]
    update_nexus_endpoint: Rpc[operator.UpdateNexusEndpointRequest, operator.UpdateNexusEndpointResponse]
    delete_nexus_endpoint: Rpc[operator.DeleteNexusEndpointRequest, operator.DeleteNexusEndpointResponse]
    list_nexus_endpoints: Rpc[operator.ListNexusEndpointsRequest, operator.ListNexusEndpointsResponse]


class CloudService(Service):
    """Temporal Cloud's accounts and namespaces."""

    get_current_identity: Rpc[cloud.GetCurrentIdentityRequest, cloud.GetCurrentIdentityResponse]
    get_users: Rpc[cloud.GetUsersRequest, cloud.GetUsersResponse]
    get_user: Rpc[cloud.GetUserRequest, cloud.GetUserResponse]
    create_user: Rpc[cloud.CreateUserRequest, cloud.CreateUserResponse]
    update_user: Rpc[cloud.UpdateUserRequest, cloud.UpdateUserResponse]
    delete_user: Rpc[cloud.DeleteUserRequest, cloud.DeleteUserResponse]
    set_user_namespace_access: Rpc[cloud.SetUserNamespaceAccessRequest, cloud.SetUserNamespaceAccessResponse]
    get_async_operation: Rpc[cloud.GetAsyncOperationRequest, cloud.GetAsyncOperationResponse]
    create_namespace: Rpc[cloud.CreateNamespaceRequest, cloud.CreateNamespaceResponse]
    get_namespaces: Rpc[cloud.GetNamespacesRequest, cloud.GetNamespacesResponse]
    get_namespace: Rpc[cloud.GetNamespaceRequest, cloud.GetNamespaceResponse]
    update_namespace: Rpc[cloud.UpdateNamespaceRequest, cloud.UpdateNamespaceResponse]
    rename_custom_search_attribute: Rpc[
        cloud.RenameCustomSearchAttributeRequest, cloud.RenameCustomSearchAttributeResponse
    ]
    delete_namespace: Rpc[cloud.DeleteNamespaceRequest, cloud.DeleteNamespaceResponse]
    failover_namespace_region: Rpc[cloud.FailoverNamespaceRegionRequest, cloud.FailoverNamespaceRegionResponse]
    add_namespace_region: Rpc[cloud.AddNamespaceRegionRequest, cloud.AddNamespaceRegionResponse]
    delete_namespace_region: Rpc[cloud.DeleteNamespaceRegionRequest, cloud.DeleteNamespaceRegionResponse]
    get_regions: Rpc[cloud.GetRegionsRequest, cloud.GetRegionsResponse]
    get_region: Rpc[cloud.GetRegionRequest, cloud.GetRegionResponse]
    get_api_keys: Rpc[cloud.GetApiKeysRequest, cloud.GetApiKeysResponse]
    get_api_key: Rpc[cloud.GetApiKeyRequest, cloud.GetApiKeyResponse]
    create_api_key: Rpc[cloud.CreateApiKeyRequest, cloud.CreateApiKeyResponse]
    update_api_key: Rpc[cloud.UpdateApiKeyRequest, cloud.UpdateApiKeyResponse]
    delete_api_key: Rpc[cloud.DeleteApiKeyRequest, cloud.DeleteApiKeyResponse]
    get_nexus_endpoints: Rpc[cloud.GetNexusEndpointsRequest, cloud.GetNexusEndpointsResponse]
    get_nexus_endpoint: Rpc[cloud.GetNexusEndpointRequest, cloud.GetNexusEndpointResponse]
    create_nexus_endpoint: Rpc[cloud.CreateNexusEndpointRequest, cloud.CreateNexusEndpointResponse]
    update_nexus_endpoint: Rpc[cloud.UpdateNexusEndpointRequest, cloud.UpdateNexusEndpointResponse]
    delete_nexus_endpoint: Rpc[cloud.DeleteNexusEndpointRequest, cloud.DeleteNexusEndpointResponse]
    get_user_groups: Rpc[cloud.GetUserGroupsRequest, cloud.GetUserGroupsResponse]
    get_user_group: Rpc[cloud.GetUserGroupRequest, cloud.GetUserGroupResponse]
    create_user_group: Rpc[cloud.CreateUserGroupRequest, cloud.CreateUserGroupResponse]
    update_user_group: Rpc[cloud.UpdateUserGroupRequest, cloud.UpdateUserGroupResponse]
    delete_user_group: Rpc[cloud.DeleteUserGroupRequest, cloud.DeleteUserGroupResponse]
    set_user_group_namespace_access: Rpc[
        cloud.SetUserGroupNamespaceAccessRequest, cloud.SetUserGroupNamespaceAccessResponse
    ]
    add_user_group_member: Rpc[cloud.AddUserGroupMemberRequest, cloud.AddUserGroupMemberResponse]
    remove_user_group_member: Rpc[cloud.RemoveUserGroupMemberRequest, cloud.RemoveUserGroupMemberResponse]
    get_user_group_members: Rpc[cloud.GetUserGroupMembersRequest, cloud.GetUserGroupMembersResponse]
    create_service_account: Rpc[cloud.CreateServiceAccountRequest, cloud.CreateServiceAccountResponse]
    get_service_account: Rpc[cloud.GetServiceAccountRequest, cloud.GetServiceAccountResponse]
    get_service_accounts: Rpc[cloud.GetServiceAccountsRequest, cloud.GetServiceAccountsResponse]
    update_service_account: Rpc[cloud.UpdateServiceAccountRequest, cloud.UpdateServiceAccountResponse]
    set_service_account_namespace_access: Rpc[
        cloud.SetServiceAccountNamespaceAccessRequest, cloud.SetServiceAccountNamespaceAccessResponse
    ]
    delete_service_account: Rpc[cloud.DeleteServiceAccountRequest, cloud.DeleteServiceAccountResponse]
    get_usage: Rpc[cloud.GetUsageRequest, cloud.GetUsageResponse]
    get_account: Rpc[cloud.GetAccountRequest, cloud.GetAccountResponse]
    update_account: Rpc[cloud.UpdateAccountRequest, cloud.UpdateAccountResponse]
    create_namespace_export_sink: Rpc[cloud.CreateNamespaceExportSinkRequest, cloud.CreateNamespaceExportSinkResponse]
    get_namespace_export_sink: Rpc[cloud.GetNamespaceExportSinkRequest, cloud.GetNamespaceExportSinkResponse]
    get_namespace_export_sinks: Rpc[cloud.GetNamespaceExportSinksRequest, cloud.GetNamespaceExportSinksResponse]
    update_namespace_export_sink: Rpc[cloud.UpdateNamespaceExportSinkRequest, cloud.UpdateNamespaceExportSinkResponse]
    delete_namespace_export_sink: Rpc[cloud.DeleteNamespaceExportSinkRequest, cloud.DeleteNamespaceExportSinkResponse]
    validate_namespace_export_sink: Rpc[
        cloud.ValidateNamespaceExportSinkRequest, cloud.ValidateNamespaceExportSinkResponse
    ]
    update_namespace_tags: Rpc[cloud.UpdateNamespaceTagsRequest, cloud.UpdateNamespaceTagsResponse]
    create_connectivity_rule: Rpc[cloud.CreateConnectivityRuleRequest, cloud.CreateConnectivityRuleResponse]
    get_connectivity_rule: Rpc[cloud.GetConnectivityRuleRequest, cloud.GetConnectivityRuleResponse]
    get_connectivity_rules: Rpc[cloud.GetConnectivityRulesRequest, cloud.GetConnectivityRulesResponse]
    delete_connectivity_rule: Rpc[cloud.DeleteConnectivityRuleRequest, cloud.DeleteConnectivityRuleResponse]
    get_audit_logs: Rpc[cloud.GetAuditLogsRequest, cloud.GetAuditLogsResponse]
    validate_account_audit_log_sink: Rpc[
        cloud.ValidateAccountAuditLogSinkRequest, cloud.ValidateAccountAuditLogSinkResponse
    ]
    create_account_audit_log_sink: Rpc[cloud.CreateAccountAuditLogSinkRequest, cloud.CreateAccountAuditLogSinkResponse]
    get_account_audit_log_sink: Rpc[cloud.GetAccountAuditLogSinkRequest, cloud.GetAccountAuditLogSinkResponse]
    get_account_audit_log_sinks: Rpc[cloud.GetAccountAuditLogSinksRequest, cloud.GetAccountAuditLogSinksResponse]
    update_account_audit_log_sink: Rpc[cloud.UpdateAccountAuditLogSinkRequest, cloud.UpdateAccountAuditLogSinkResponse]
    delete_account_audit_log_sink: Rpc[cloud.DeleteAccountAuditLogSinkRequest, cloud.DeleteAccountAuditLogSinkResponse]
    get_namespace_capacity_info: Rpc[cloud.GetNamespaceCapacityInfoRequest, cloud.GetNamespaceCapacityInfoResponse]
    create_billing_report: Rpc[cloud.CreateBillingReportRequest, cloud.CreateBillingReportResponse]
    get_billing_report: Rpc[cloud.GetBillingReportRequest, cloud.GetBillingReportResponse]
    get_custom_roles: Rpc[cloud.GetCustomRolesRequest, cloud.GetCustomRolesResponse]
    get_custom_role: Rpc[cloud.GetCustomRoleRequest, cloud.GetCustomRoleResponse]
    create_custom_role: Rpc[cloud.CreateCustomRoleRequest, cloud.CreateCustomRoleResponse]
    update_custom_role: Rpc[cloud.UpdateCustomRoleRequest, cloud.UpdateCustomRoleResponse]
    delete_custom_role: Rpc[cloud.DeleteCustomRoleRequest, cloud.DeleteCustomRoleResponse]
    get_user_namespace_assignments: Rpc[
        cloud.GetUserNamespaceAssignmentsRequest, cloud.GetUserNamespaceAssignmentsResponse
    ]
    get_service_account_namespace_assignments: Rpc[
        cloud.GetServiceAccountNamespaceAssignmentsRequest, cloud.GetServiceAccountNamespaceAssignmentsResponse
    ]
    get_user_group_namespace_assignments: Rpc[
        cloud.GetUserGroupNamespaceAssignmentsRequest, cloud.GetUserGroupNamespaceAssignmentsResponse
    ]


class TestService(Service):
    """Time of a server made for tests."""

    lock_time_skipping: Rpc[testing.LockTimeSkippingRequest, testing.LockTimeSkippingResponse]
    unlock_time_skipping: Rpc[testing.UnlockTimeSkippingRequest, testing.UnlockTimeSkippingResponse]
    sleep: Rpc[testing.SleepRequest, testing.SleepResponse]
    sleep_until: Rpc[testing.SleepUntilRequest, testing.SleepResponse]
    unlock_time_skipping_with_sleep: Rpc[testing.SleepRequest, testing.SleepResponse]
    get_current_time: Rpc[empty_pb2.Empty, testing.GetCurrentTimeResponse]


class HealthService(Service):
    """Whether the server serves."""

    check: Rpc[Message, Message]
    list: Rpc[Message, Message]
