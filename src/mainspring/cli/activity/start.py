"""`mainspring activity start`, `execute` and `result`, of activities that stand alone.

An activity that fails makes the commands that wait for it fail.
"""

from __future__ import annotations

import click
from temporalio.api.activity.v1 import ActivityExecutionOutcome
from temporalio.api.common.v1 import Payloads
from temporalio.api.workflowservice.v1 import PollActivityExecutionRequest

from mainspring.cli import remote
from mainspring.cli.activity.start_options import Start, start_options
from mainspring.cli.activity.target import RUN_ID
from mainspring.cli.output import Cell, Value
from mainspring.cli.output.words import failure_lines
from mainspring.cli.payload_inputs import Inputs, input_options
from mainspring.cli.session import Session
from mainspring.service import RPCError, RPCStatusCode


@remote.command("start", failed="failed starting activity")
@start_options
@input_options()
async def start(session: Session, start: Start, inputs: Inputs) -> None:
    """Start an activity that stands alone, and print the id of its run."""
    reply = await session.workflow.start_activity_execution(start.request(session, inputs))
    show_started(session, start.activity_id, reply.run_id)


@remote.command("execute", failed="failed starting activity")
@start_options
@input_options()
async def execute(session: Session, start: Start, inputs: Inputs) -> None:
    """Start an activity that stands alone, and print its result. The exit status is 1 if it fails."""
    reply = await session.workflow.start_activity_execution(start.request(session, inputs))
    if session.output.is_text:
        show_started(session, start.activity_id, reply.run_id)
    await show_result(session, start.activity_id, reply.run_id)


@remote.command("result")
@click.option("--activity-id", "-a", required=True, help="Activity. Required.")
@RUN_ID
async def result(session: Session, activity_id: str, run_id: str) -> None:
    """Wait for the result of a standalone activity and print it. The exit status is 1 if it fails."""
    await show_result(session, activity_id, run_id)


def show_started(session: Session, activity_id: str, run_id: str) -> None:
    session.output.heading("Running execution:")
    session.output.record({"activityId": activity_id, "runId": run_id, "namespace": session.namespace})


async def show_result(session: Session, activity_id: str, run_id: str) -> None:
    """Wait for the outcome, and print it.

    Raises: click.ClickException: there is no such activity, or it failed.
    """
    try:
        with remote.failing("failed polling activity result"):
            outcome = await wait(session, activity_id, run_id)
    except click.ClickException as error:
        cause = error.__cause__
        if isinstance(cause, RPCError) and cause.status is RPCStatusCode.NOT_FOUND:
            raise click.ClickException(f"activity not found: {activity_id}") from error
        raise
    output = session.output
    has_failed = outcome.HasField("failure")
    facts: dict[str, Value] = {"activityId": activity_id, "runId": run_id}
    if output.is_json:
        ending: dict[str, Value] = (
            {"status": "FAILED", "failure": outcome.failure}
            if has_failed
            else {"status": "COMPLETED", "result": shown_result(outcome.result, shorthand=output.shorthand)}
        )
        output.record(facts | ending, with_none=True)
    else:
        output.heading("Results:")
        failure = "\n".join(failure_lines(outcome.failure)) if has_failed else None
        status = Cell("FAILED", "red") if has_failed else Cell("COMPLETED", "green")
        answer = None if has_failed else shown_result(outcome.result, shorthand=True)
        output.card({"Status": status, "Result": answer, "Failure": failure})
    if has_failed:
        raise click.ClickException("activity failed")


def shown_result(result: Payloads, *, shorthand: bool) -> Value:
    """The first payload, which is all that an activity returns; in full, all of them."""
    if not shorthand:
        return result
    return result.payloads[0] if result.payloads else None


async def wait(session: Session, activity_id: str, run_id: str) -> ActivityExecutionOutcome:
    """The outcome, when there is one. A server that restarts meanwhile is waited for."""
    request = PollActivityExecutionRequest(namespace=session.namespace, activity_id=activity_id, run_id=run_id)
    is_first = True
    while True:
        reply = await session.workflow.poll_activity_execution(request, retry=not is_first)
        if reply.HasField("outcome"):
            return reply.outcome
        is_first = False
