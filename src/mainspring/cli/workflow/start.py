"""`mainspring workflow start` and `execute`.

A workflow that runs already is the answer, unless that is said to be an error.
"""

from __future__ import annotations

import time
from datetime import timedelta

import click
from temporalio.api.common.v1 import WorkflowExecution
from temporalio.api.errordetails.v1 import WorkflowExecutionAlreadyStartedFailure
from temporalio.api.history.v1 import History
from temporalio.api.workflowservice.v1 import StartWorkflowExecutionRequest

from mainspring.cli import remote
from mainspring.cli.output.proto_json import tree_of
from mainspring.cli.payload_inputs import Inputs, input_options
from mainspring.cli.session import Session
from mainspring.cli.workflow.closing import ending_json, fail_unless_completed, show_ending
from mainspring.cli.workflow.event_pages import events, final_event
from mainspring.cli.workflow.event_text import follow_history
from mainspring.cli.workflow.start_options import Start, start_options
from mainspring.service import RPCError, RPCStatusCode

FAILED = "failed starting workflow"


@remote.command("start", failed=FAILED)
@start_options
@input_options()
async def start(session: Session, start: Start, inputs: Inputs) -> None:
    """Start a workflow, and print its id and that of its run.

    A workflow that is running already is no error, unless --fail-existing or a policy makes it one.
    """
    request = start.request(session, inputs)
    target = await started(session, request, fail_existing=start.fail_existing)
    show_started(session, request, target)


@remote.command("execute", failed=FAILED)
@start_options
@input_options()
@click.option("--detailed", is_flag=True, help="Show each event with its attributes; in JSON, the history.")
async def execute(session: Session, start: Start, inputs: Inputs, detailed: bool) -> None:
    """Start a workflow, show its progress, and print its result. The exit status is 1 if it does not complete."""
    request = start.request(session, inputs)
    began_at_s = time.monotonic()
    target = await started(session, request, fail_existing=start.fail_existing)
    output = session.output
    if output.is_text:
        show_started(session, request, target)
        output.line()
        await follow_history(session, target, detailed=detailed)
        output.line()
    event = await final_event(session, target)
    took = timedelta(seconds=time.monotonic() - began_at_s)
    if output.is_json:
        history = History()
        if detailed:
            history.events.extend([event async for event in events(session, target)])
        output.json(
            {
                "workflowId": target.workflow_id,
                "runId": target.run_id,
                "type": start.type,
                "namespace": session.namespace,
                "taskQueue": start.task_queue,
                "durationMillis": took // timedelta(milliseconds=1),
                **ending_json(output, event),
                **({"history": tree_of(history, shorthand=False)} if detailed else {}),
            }
        )
    show_ending(output, event, took=took)
    fail_unless_completed(event)


async def started(
    session: Session, request: StartWorkflowExecutionRequest, *, fail_existing: bool
) -> WorkflowExecution:
    """The run that was started, or that was running already.

    Raises: RPCError: it could not be started.
    """
    try:
        reply = await session.workflow.start_workflow_execution(request)
    except RPCError as error:
        run_id = running_already(error)
        if fail_existing or not run_id:
            raise
        return WorkflowExecution(workflow_id=request.workflow_id, run_id=run_id)
    return WorkflowExecution(workflow_id=request.workflow_id, run_id=reply.run_id)


def running_already(error: RPCError) -> str:
    """The run of the workflow that an error names; '' if it is another error."""
    details = WorkflowExecutionAlreadyStartedFailure()
    if error.status is not RPCStatusCode.ALREADY_EXISTS:
        return ""
    for detail in error.grpc_status.details:
        if detail.Unpack(details):
            return details.run_id
    return ""


def show_started(session: Session, request: StartWorkflowExecutionRequest, target: WorkflowExecution) -> None:
    session.output.heading("Running execution:")
    session.output.record(
        {
            "workflowId": target.workflow_id,
            "runId": target.run_id,
            "type": request.workflow_type.name,
            "namespace": session.namespace,
            "taskQueue": request.task_queue.name,
        }
    )
