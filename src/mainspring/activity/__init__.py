"""Activities: code with effects, which a worker runs, retries, and cancels."""

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
from mainspring.activity._definition import Definition
from mainspring.activity._info import ActivityCancellationDetails, ActivityCancellationDetailsHolder, Info
from mainspring.activity._logger import LoggerAdapter, logger

__all__ = [
    "ActivityCancellationDetails",
    "Info",
    "LoggerAdapter",
    "cancellation_details",
    "client",
    "heartbeat",
    "in_activity",
    "info",
    "is_cancelled",
    "is_worker_shutdown",
    "logger",
    "metric_meter",
    "payload_converter",
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
