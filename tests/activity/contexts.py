"""A context for code that runs as an activity, without a worker."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Generator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import Any

from mainspring.activity import Info
from mainspring.activity._context import Context
from mainspring.activity._info import ActivityCancellationDetailsHolder
from mainspring.common import MetricMeter, Priority
from mainspring.common._composite_event import CompositeEvent
from mainspring.converter import DataConverter


def an_info(heartbeat_timeout: timedelta | None = None) -> Info:
    now = datetime.now(UTC)
    return Info(
        activity_id="7",
        activity_type="create_vm",
        attempt=1,
        current_attempt_scheduled_time=now,
        heartbeat_details=[],
        heartbeat_timeout=heartbeat_timeout,
        is_local=False,
        namespace="default",
        schedule_to_close_timeout=None,
        scheduled_time=now,
        start_to_close_timeout=None,
        started_time=now,
        task_queue="tq",
        task_token=b"token",
        workflow_id="n1",
        workflow_namespace="default",
        workflow_run_id="run",
        workflow_type="AddNode",
        priority=Priority.default,
        retry_policy=None,
    )


@contextmanager
def in_activity(
    heartbeat: Callable[..., None] | None = None, info: Info | None = None, meter: MetricMeter | None = None
) -> Generator[Context]:
    """Run a block as an activity; `heartbeat` gets what it sends."""
    known = info or an_info()

    def nothing(*details: Any) -> None:
        del details

    context = Context(
        info=lambda: known,
        heartbeat=heartbeat or nothing,
        cancelled_event=CompositeEvent(threading.Event(), asyncio.Event()),
        worker_shutdown_event=CompositeEvent(threading.Event(), asyncio.Event()),
        shield_thread_cancel_exception=None,
        payload_converter_class_or_instance=DataConverter.default.payload_converter_class,
        runtime_metric_meter=meter,
        client=None,
        cancellation_details=ActivityCancellationDetailsHolder(),
    )
    token = Context.set(context)
    try:
        yield context
    finally:
        Context.reset(token)
