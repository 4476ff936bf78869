"""`mainspring schedule create`, `update` and `delete`.

An update writes the whole schedule anew: what is not given is as it is for a new one.
"""

from __future__ import annotations

import uuid

import click
from temporalio.api.common.v1 import WorkflowType
from temporalio.api.schedule.v1 import Schedule, ScheduleAction
from temporalio.api.taskqueue.v1 import TaskQueue
from temporalio.api.workflow.v1 import NewWorkflowExecutionInfo
from temporalio.api.workflowservice.v1 import (
    CreateScheduleRequest,
    DeleteScheduleRequest,
    DescribeScheduleRequest,
    UpdateScheduleRequest,
)

from mainspring.cli import remote
from mainspring.cli.gathering import gathered
from mainspring.cli.payload_inputs import Inputs, header_of, input_options, memo_of, search_attributes_of
from mainspring.cli.schedule.spec import SCHEDULE_ID, Timing, timing_options
from mainspring.cli.session import Session
from mainspring.cli.start_parts import priority_of, user_metadata_of
from mainspring.cli.values import KEY_VALUE
from mainspring.cli.workflow.start_options import SHARED_OPTIONS, Shared

Pairs = tuple[tuple[str, str], ...]

workflow_options = gathered("workflow", Shared, *SHARED_OPTIONS)


@remote.command("create", failed="failed creating schedule")
@SCHEDULE_ID
@timing_options
@workflow_options
@input_options()
@click.option(
    "--schedule-search-attribute",
    type=KEY_VALUE,
    multiple=True,
    help="Search attribute of the schedule as KEY=JSON. May be given several times.",
)
@click.option(
    "--schedule-memo",
    type=KEY_VALUE,
    multiple=True,
    help="Memo of the schedule as KEY=JSON. May be given several times.",
)
async def create(
    session: Session,
    schedule_id: str,
    *,
    timing: Timing,
    workflow: Shared,
    inputs: Inputs,
    schedule_search_attribute: Pairs,
    schedule_memo: Pairs,
) -> None:
    """Create a schedule, which starts a workflow at set times."""
    await session.workflow.create_schedule(
        CreateScheduleRequest(
            namespace=session.namespace,
            schedule_id=schedule_id,
            schedule=schedule_of(timing, workflow, inputs),
            identity=session.identity,
            request_id=str(uuid.uuid4()),
            memo=memo_of(schedule_memo),
            search_attributes=search_attributes_of(schedule_search_attribute),
        )
    )
    session.output.line("Schedule created")


@remote.command("update", failed="failed updating schedule")
@SCHEDULE_ID
@timing_options
@workflow_options
@input_options()
async def update(session: Session, schedule_id: str, *, timing: Timing, workflow: Shared, inputs: Inputs) -> None:
    """Write a schedule anew, all of it."""
    schedule = schedule_of(timing, workflow, inputs)
    now = DescribeScheduleRequest(namespace=session.namespace, schedule_id=schedule_id)
    token = (await session.workflow.describe_schedule(now)).conflict_token
    await session.workflow.update_schedule(
        UpdateScheduleRequest(
            namespace=session.namespace,
            schedule_id=schedule_id,
            schedule=schedule,
            conflict_token=token,
            identity=session.identity,
            request_id=str(uuid.uuid4()),
        )
    )
    session.output.line("Schedule updated")


@remote.command("delete", failed="failed deleting schedule")
@SCHEDULE_ID
async def delete(session: Session, schedule_id: str) -> None:
    """Delete a schedule; workflows that it has started go on."""
    request = DeleteScheduleRequest(namespace=session.namespace, schedule_id=schedule_id, identity=session.identity)
    await session.workflow.delete_schedule(request)
    session.output.line("Schedule deleted")


def schedule_of(timing: Timing, workflow: Shared, inputs: Inputs) -> Schedule:
    """The schedule that the options describe.

    Raises: click.ClickException: one of them is not what it should be.
    """
    payloads = inputs.payloads()
    started = NewWorkflowExecutionInfo(
        workflow_id=workflow.workflow_id or str(uuid.uuid4()),
        workflow_type=WorkflowType(name=workflow.type),
        task_queue=TaskQueue(name=workflow.task_queue),
        input=payloads if payloads.payloads else None,
        memo=workflow.memo_message,
        search_attributes=workflow.search_attributes_message,
        header=header_of(workflow.headers),
        user_metadata=user_metadata_of(workflow),
        priority=priority_of(workflow),
    )
    started.workflow_execution_timeout.FromTimedelta(workflow.execution_timeout)
    started.workflow_run_timeout.FromTimedelta(workflow.run_timeout)
    started.workflow_task_timeout.FromTimedelta(workflow.task_timeout)
    return Schedule(
        spec=timing.spec(),
        action=ScheduleAction(start_workflow=started),
        policies=timing.policies(),
        state=timing.state(),
    )
