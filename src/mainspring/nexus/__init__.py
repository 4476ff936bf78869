"""Nexus: what handlers of operations ask of the worker that runs them.

    @nexusrpc.handler.service_handler
    class Prices:
        @nexusrpc.handler.sync_operation
        async def of(self, ctx: nexusrpc.handler.StartOperationContext, article: str) -> int:
            nexus.logger.info("asked by way of %s", nexus.info().endpoint)
            return await price_of(article)

    Worker(client, task_queue="prices", nexus_service_handlers=[Prices()])

Services and operations are those of the package `nexusrpc`, which `mainspring[nexus]` installs. The functions here read
the context of the request that is being handled (`_context`), which the worker sets. Workflows call operations by
`workflow.create_nexus_client`.
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

__all__ = [
    "Info",
    "LoggerAdapter",
    "client",
    "in_operation",
    "info",
    "is_worker_shutdown",
    "logger",
    "metric_meter",
    "wait_for_worker_shutdown",
    "wait_for_worker_shutdown_sync",
]
