"""Nexus: handlers of operations, and what they ask of the worker that runs them.

    @nexusrpc.handler.service_handler
    class Prices:
        @nexusrpc.handler.sync_operation
        async def of(self, ctx: nexusrpc.handler.StartOperationContext, article: str) -> int:
            nexus.logger.info("asked by way of %s", nexus.info().endpoint)
            return await price_of(article)

        @nexus.workflow_run_operation
        async def negotiate(self, ctx: nexus.WorkflowRunOperationContext, article: str) -> nexus.WorkflowHandle[int]:
            return await ctx.start_workflow(Negotiate.run, article, id=f"negotiate-{ctx.request_id}")

    Worker(client, task_queue="prices", nexus_service_handlers=[Prices()])

Services and operations are those of the package `nexusrpc`, which `mainspring[nexus]` installs. The functions here read
the context of the request that is being handled (`_context`), which the worker sets. What handlers call by a client
knows of the operation (`_calls`). Workflows call operations by `workflow.create_nexus_client`.
"""

from mainspring.nexus._context import (
    Info,
    client,
    in_operation,
    info,
    is_worker_shutdown,
    metric_meter,
    wait_for_worker_shutdown,
    wait_for_worker_shutdown_sync,
)
from mainspring.nexus._logger import LoggerAdapter, logger
from mainspring.nexus._operation_contexts import (
    NexusCallback,
    TemporalCancelOperationContext,
    TemporalStartOperationContext,
    WorkflowRunOperationContext,
)
from mainspring.nexus._temporal_client import TemporalNexusClient, TemporalOperationResult
from mainspring.nexus._temporal_operation import (
    CancelActivityOptions,
    CancelUpdateWorkflowOptions,
    CancelWorkflowRunOptions,
    TemporalOperationHandler,
    TemporalOperationStartHandlerFunc,
    temporal_operation,
)
from mainspring.nexus._token import WorkflowHandle
from mainspring.nexus._workflow_run import workflow_run_operation

__all__ = [
    "CancelActivityOptions",
    "CancelUpdateWorkflowOptions",
    "CancelWorkflowRunOptions",
    "Info",
    "LoggerAdapter",
    "NexusCallback",
    "TemporalCancelOperationContext",
    "TemporalNexusClient",
    "TemporalOperationHandler",
    "TemporalOperationResult",
    "TemporalOperationStartHandlerFunc",
    "TemporalStartOperationContext",
    "WorkflowHandle",
    "WorkflowRunOperationContext",
    "client",
    "in_operation",
    "info",
    "is_worker_shutdown",
    "logger",
    "metric_meter",
    "temporal_operation",
    "wait_for_worker_shutdown",
    "wait_for_worker_shutdown_sync",
    "workflow_run_operation",
]
