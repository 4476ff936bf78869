"""Activities: code with effects, which a worker runs, retries and cancels.

    @activity.defn(start_to_close_timeout=timedelta(minutes=5), heartbeat_timeout=timedelta(seconds=10))
    async def create_vm(order: Order) -> Vm:
        vm_id = await provider.create(order, key=activity.info().idempotency_key)
        return await activity.poll_until(lambda: provider.find_ready(vm_id), interval=2)

Made by `_decorator` and `_durable`, which make plain calls durable ones; `_definition` is what a worker reads. The
other functions read the context of the running attempt (`_context`), which the worker sets.
"""

from mainspring.activity._context import (
    CompleteAsyncError,
    Context,
    cancellation_details,
    client,
    current_context,
    heartbeat,
    in_activity,
    info,
    is_cancelled,
    is_worker_shutdown,
    metric_meter,
    payload_converter,
    raise_complete_async,
    shield_thread_cancel_exception,
    wait_for_cancelled,
    wait_for_cancelled_sync,
    wait_for_worker_shutdown,
    wait_for_worker_shutdown_sync,
)
from mainspring.activity._decorator import defn
from mainspring.activity._definition import Definition
from mainspring.activity._durable import ActivityCall, AsyncActivity, SyncActivity
from mainspring.activity._info import ActivityCancellationDetails, ActivityCancellationDetailsHolder, Info
from mainspring.activity._logger import LoggerAdapter, logger
from mainspring.activity._polling import poll_until, poll_until_sync

__all__ = [
    "ActivityCall",
    "ActivityCancellationDetails",
    "AsyncActivity",
    "Info",
    "LoggerAdapter",
    "SyncActivity",
    "cancellation_details",
    "client",
    "defn",
    "heartbeat",
    "in_activity",
    "info",
    "is_cancelled",
    "is_worker_shutdown",
    "logger",
    "metric_meter",
    "payload_converter",
    "poll_until",
    "poll_until_sync",
    "raise_complete_async",
    "shield_thread_cancel_exception",
    "wait_for_cancelled",
    "wait_for_cancelled_sync",
    "wait_for_worker_shutdown",
    "wait_for_worker_shutdown_sync",
]

_ActivityCancellationDetailsHolder = ActivityCancellationDetailsHolder
_CompleteAsyncError = CompleteAsyncError
_Context = Context
_Definition = Definition
_current_context = current_context
