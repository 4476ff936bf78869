"""`mainspring worker list`, `count` and `describe`.

Workers that send heartbeats are known; others are seen only as pollers of their task queues.
"""

from __future__ import annotations

from typing import Final

import click
from temporalio.api.enums.v1 import WorkerStatus
from temporalio.api.worker.v1 import WorkerHeartbeat, WorkerInfo
from temporalio.api.workflowservice.v1 import CountWorkersRequest, DescribeWorkerRequest, ListWorkersRequest

from mainspring.cli import remote
from mainspring.cli.output import Value
from mainspring.cli.output.words import enum_words, instant, spaced_duration
from mainspring.cli.paging import pages, show_list
from mainspring.cli.session import Session

COLUMNS: Final = (
    *(
        "WorkerInstanceKey",
        "Status",
        "TaskQueue",
        "WorkerIdentity",
        "HostName",
        "Deployment",
        "HeartbeatTime",
        "Elapsed",
    ),
)
QUERY = click.option("--query", "-q", default="", metavar="QUERY", help="Filter, as in 'TaskQueue=\"nodes\"'.")
SYSTEM = click.option("--include-system-workers", is_flag=True, help="Also workers of the server itself.")


@remote.command("list", failed="failed listing workers")
@QUERY
@click.option("--limit", type=click.IntRange(min=0), default=0, help="Show that many at most.")
@SYSTEM
async def list_(session: Session, query: str, limit: int, include_system_workers: bool) -> None:
    """List workers."""
    request = ListWorkersRequest(
        namespace=session.namespace, query=query, include_system_workers=include_system_workers
    )
    found = pages(session.workflow.list_workers, request, "workers_info")
    await show_list(session.output, found, COLUMNS, row, limit=limit)


def row(info: WorkerInfo) -> list[Value]:
    beat = info.worker_heartbeat
    return [
        beat.worker_instance_key,
        enum_words(WorkerStatus, beat.status),
        beat.task_queue,
        beat.worker_identity,
        beat.host_info.host_name,
        deployment_words(beat),
        instant(beat.heartbeat_time),
        spaced_duration(beat.elapsed_since_last_heartbeat),
    ]


def deployment_words(beat: WorkerHeartbeat) -> str:
    version = beat.deployment_version
    return "@".join(part for part in (version.deployment_name, version.build_id) if part)


@remote.command("count", failed="failed counting workers")
@QUERY
@SYSTEM
async def count(session: Session, query: str, include_system_workers: bool) -> None:
    """Count workers."""
    request = CountWorkersRequest(
        namespace=session.namespace, query=query, include_system_workers=include_system_workers
    )
    reply = await session.workflow.count_workers(request)
    session.output.message(reply)
    session.output.line(str(reply.count))


@remote.command("describe", failed="failed describing worker")
@click.option("--worker-instance-key", required=True, help="Worker. Required.")
async def describe(session: Session, worker_instance_key: str) -> None:
    """Show a worker: where it runs, and what it is busy with."""
    request = DescribeWorkerRequest(namespace=session.namespace, worker_instance_key=worker_instance_key)
    info = (await session.workflow.describe_worker(request)).worker_info
    session.output.message(info)
    session.output.card(facts(info.worker_heartbeat))


def facts(beat: WorkerHeartbeat) -> dict[str, Value]:
    parts = {
        "HostInfo": "host_info",
        "WorkflowTaskSlotsInfo": "workflow_task_slots_info",
        "ActivityTaskSlotsInfo": "activity_task_slots_info",
        "NexusTaskSlotsInfo": "nexus_task_slots_info",
        "LocalActivityTaskSlotsInfo": "local_activity_slots_info",
        "WorkflowPollerInfo": "workflow_poller_info",
        "WorkflowStickyPollerInfo": "workflow_sticky_poller_info",
        "ActivityPollerInfo": "activity_poller_info",
        "NexusPollerInfo": "nexus_poller_info",
    }
    return {
        "WorkerInstanceKey": beat.worker_instance_key,
        "WorkerIdentity": beat.worker_identity,
        "Status": enum_words(WorkerStatus, beat.status),
        "TaskQueue": beat.task_queue,
        "Deployment": deployment_words(beat) or None,
        "SdkName": beat.sdk_name,
        "SdkVersion": beat.sdk_version,
        "StartTime": instant(beat.start_time),
        "HeartbeatTime": instant(beat.heartbeat_time),
        "ElapsedSinceLastHeartbeat": spaced_duration(beat.elapsed_since_last_heartbeat),
        **{title: getattr(beat, field) for title, field in parts.items() if beat.HasField(field)},  # type: ignore[arg-type]  # fields of it
        "TotalStickyCacheHit": beat.total_sticky_cache_hit,
        "TotalStickyCacheMiss": beat.total_sticky_cache_miss,
        "CurrentStickyCacheSize": beat.current_sticky_cache_size,
        "Plugins": list(beat.plugins) or None,
    }
