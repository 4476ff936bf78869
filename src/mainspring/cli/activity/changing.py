"""`mainspring activity pause`, `unpause` and `reset`, of activities of either kind.

With a query, the last two are done to all activities of the workflows that it finds.
"""

from __future__ import annotations

import uuid
from datetime import timedelta

import click
from google.protobuf.duration_pb2 import Duration
from temporalio.api.batch.v1 import BatchOperationResetActivities, BatchOperationUnpauseActivities
from temporalio.api.workflowservice.v1 import (
    PauseActivityExecutionRequest,
    ResetActivityExecutionRequest,
    StartBatchOperationRequest,
    UnpauseActivityExecutionRequest,
)

from mainspring.cli import remote
from mainspring.cli.activity.target import RUN_ID, WORKFLOW_ID, Selection, any_options
from mainspring.cli.batches import start_batch
from mainspring.cli.payload_inputs import HEADERS
from mainspring.cli.session import Session
from mainspring.cli.values import DURATION

JITTER = click.option(
    "--jitter", type=DURATION, default=timedelta(), help="Begin within that time, each at a random moment."
)


@remote.command("pause", failed="unable to pause Activity")
@click.option("--activity-id", "-a", required=True, help="Activity. Required.")
@WORKFLOW_ID
@RUN_ID
@click.option("--reason", default="", help="Why.")
async def pause(session: Session, activity_id: str, workflow_id: str, run_id: str, reason: str) -> None:
    """Pause an activity: the attempt that runs may end, and no other begins."""
    resource_id = f"workflow:{workflow_id}" if workflow_id else f"activity:{activity_id}"
    await session.workflow.pause_activity_execution(
        PauseActivityExecutionRequest(
            namespace=session.namespace,
            workflow_id=workflow_id,
            activity_id=activity_id,
            run_id=run_id,
            identity=session.identity,
            reason=reason,
            resource_id=resource_id,
            request_id=str(uuid.uuid4()),
        )
    )
    session.output.line("Activity paused")


@remote.command("unpause", failed="unable to unpause an Activity")
@any_options()
@JITTER
@HEADERS
async def unpause(session: Session, selection: Selection, jitter: timedelta, headers: object) -> None:  # noqa: ARG001  # official scripts give them
    """Let a paused activity go on, or all of the workflows of a query."""
    if selection.query:
        operation = BatchOperationUnpauseActivities(
            identity=session.identity, jitter=duration_of(jitter), match_all=True
        )
        request = StartBatchOperationRequest(unpause_activities_operation=operation)
        await start_batch(session, selection.batch(), request)
        return
    await session.workflow.unpause_activity_execution(
        UnpauseActivityExecutionRequest(
            namespace=session.namespace,
            workflow_id=selection.workflow_id,
            activity_id=selection.activity_id,
            run_id=selection.run_id,
            identity=session.identity,
            jitter=duration_of(jitter),
            resource_id=selection.resource_id,
            request_id=str(uuid.uuid4()),
        )
    )
    session.output.line("Activity unpaused")


@remote.command("reset", failed="unable to reset an Activity")
@any_options()
@click.option("--keep-paused", is_flag=True, help="Leave it paused if it is.")
@click.option("--clear-heartbeat-details", is_flag=True, help="Forget what its last heartbeat said.")
@JITTER
@click.option("--restore-original-options", is_flag=True, help="Give it the options back that it was started with.")
@HEADERS
async def reset(
    session: Session,
    selection: Selection,
    *,
    keep_paused: bool,
    clear_heartbeat_details: bool,
    jitter: timedelta,
    restore_original_options: bool,
    headers: object,  # noqa: ARG001  # official scripts give them
) -> None:
    """Let an activity begin again with its first attempt, or all of the workflows of a query."""
    if selection.query:
        operation = BatchOperationResetActivities(
            identity=session.identity,
            reset_heartbeat=True,
            keep_paused=keep_paused,
            jitter=duration_of(jitter),
            restore_original_options=restore_original_options,
            match_all=True,
        )
        request = StartBatchOperationRequest(reset_activities_operation=operation)
        await start_batch(session, selection.batch(), request)
        return
    await session.workflow.reset_activity_execution(
        ResetActivityExecutionRequest(
            namespace=session.namespace,
            workflow_id=selection.workflow_id,
            activity_id=selection.activity_id,
            run_id=selection.run_id,
            identity=session.identity,
            keep_paused=keep_paused,
            reset_heartbeat=clear_heartbeat_details,
            jitter=duration_of(jitter),
            restore_original_options=restore_original_options,
            resource_id=selection.resource_id,
            request_id=str(uuid.uuid4()),
        )
    )
    session.output.record({"keepPaused": keep_paused})


def duration_of(value: timedelta) -> Duration:
    found = Duration()
    found.FromTimedelta(value)
    return found
