"""`mainspring schedule toggle`, `trigger` and `backfill`: each a patch of the schedule."""

from __future__ import annotations

import uuid
from datetime import datetime

import click
from temporalio.api.enums.v1 import ScheduleOverlapPolicy
from temporalio.api.schedule.v1 import BackfillRequest, SchedulePatch, TriggerImmediatelyRequest
from temporalio.api.workflowservice.v1 import PatchScheduleRequest

from mainspring.cli import remote
from mainspring.cli.output.words import enum_number
from mainspring.cli.schedule.spec import OVERLAP, SCHEDULE_ID
from mainspring.cli.session import Session
from mainspring.cli.values import INSTANT


@remote.command("toggle", failed="failed toggling schedule")
@SCHEDULE_ID
@click.option("--pause", is_flag=True, help="Pause it.")
@click.option("--unpause", is_flag=True, help="Let it go on.")
@click.option("--reason", default="(no reason provided)", help="Why.")
async def toggle(session: Session, schedule_id: str, pause: bool, unpause: bool, reason: str) -> None:
    """Pause a schedule, or let it go on."""
    if pause == unpause:
        raise click.UsageError("exactly one of --pause or --unpause is required")
    await patch(session, schedule_id, SchedulePatch(pause=reason) if pause else SchedulePatch(unpause=reason))
    session.output.line(f"Schedule {'paused' if pause else 'unpaused'}")


@remote.command("trigger", failed="failed triggering schedule")
@SCHEDULE_ID
@OVERLAP
async def trigger(session: Session, schedule_id: str, overlap_policy: str) -> None:
    """Do at once what a schedule does."""
    policy = enum_number(ScheduleOverlapPolicy, overlap_policy)
    at_once = TriggerImmediatelyRequest(overlap_policy=policy)
    await patch(session, schedule_id, SchedulePatch(trigger_immediately=at_once))
    session.output.line("Trigger request sent")


@remote.command("backfill", failed="failed backfilling schedule")
@SCHEDULE_ID
@OVERLAP
@click.option("--start-time", type=INSTANT, required=True, help="From when. Required.")
@click.option("--end-time", type=INSTANT, required=True, help="Until when. Required.")
async def backfill(
    session: Session, schedule_id: str, overlap_policy: str, start_time: datetime, end_time: datetime
) -> None:
    """Do what a schedule would have done in a time that is past."""
    request = BackfillRequest(overlap_policy=enum_number(ScheduleOverlapPolicy, overlap_policy))
    request.start_time.FromDatetime(start_time)
    request.end_time.FromDatetime(end_time)
    await patch(session, schedule_id, SchedulePatch(backfill_request=[request]))
    session.output.line("Backfill request sent")


async def patch(session: Session, schedule_id: str, change: SchedulePatch) -> None:
    await session.workflow.patch_schedule(
        PatchScheduleRequest(
            namespace=session.namespace,
            schedule_id=schedule_id,
            patch=change,
            identity=session.identity,
            request_id=str(uuid.uuid4()),
        )
    )
