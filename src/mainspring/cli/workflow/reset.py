"""`mainspring workflow reset`: go on from an earlier point of a history, in a new run.

reset -w W --event-id 7                                one workflow
reset -q Q --type LastWorkflowTask                     those of a query, by a batch operation
reset with-workflow-update-options -w W ... --versioning-override-behavior pinned ...      also on another version
"""

from __future__ import annotations

import uuid
from typing import Final

import click
import msgspec
from google.protobuf.empty_pb2 import Empty
from temporalio.api.batch.v1 import BatchOperationReset
from temporalio.api.common.v1 import ResetOptions, WorkflowExecution
from temporalio.api.enums.v1 import ResetReapplyExcludeType, ResetReapplyType
from temporalio.api.workflow.v1 import PostResetOperation
from temporalio.api.workflowservice.v1 import ResetWorkflowExecutionRequest, StartBatchOperationRequest

from mainspring.cli import remote
from mainspring.cli.batches import Batch, start_batch
from mainspring.cli.connection import user_name
from mainspring.cli.gathering import gathered
from mainspring.cli.output.words import enum_number
from mainspring.cli.session import Session
from mainspring.cli.workflow.reset_points import POINTS, Point
from mainspring.cli.workflow.versioning_override import Override, override_options

WITH_OPTIONS: Final = "with-workflow-update-options"
EXCLUDABLE: Final = {
    "Signal": ResetReapplyExcludeType.RESET_REAPPLY_EXCLUDE_TYPE_SIGNAL,
    "Update": ResetReapplyExcludeType.RESET_REAPPLY_EXCLUDE_TYPE_UPDATE,
}


class Reset(msgspec.Struct, frozen=True):
    """The options as click gives them."""

    workflow_id: str
    run_id: str
    event_id: int
    reason: str
    reapply_type: str
    reapply_exclude: tuple[str, ...]
    type: str | None
    build_id: str
    query: str
    yes: bool

    def check(self) -> None:
        """Refuse what does not go together.

        Raises: click.UsageError: it does not.
        """
        if self.workflow_id:
            if self.type is None and self.event_id <= 0:
                raise click.UsageError("must specify either valid event id or reset type")
        elif self.type is None:
            raise click.UsageError("must specify reset type")
        elif self.run_id:
            raise click.UsageError("must not specify run Id")
        elif self.event_id:
            raise click.UsageError("must not specify event Id")
        elif self.type == "BuildId" and not self.build_id:
            raise click.UsageError("must specify build Id for BuildId based batch reset")
        elif self.type == "LastContinuedAsNew":
            raise click.UsageError("LastContinuedAsNew resets one workflow, not those of a query")
        if self.reapply_exclude and self.reapply_type != "All":
            raise click.UsageError("--reapply-type cannot be used with --reapply-exclude. Use --reapply-exclude")

    @property
    def reapplied(self) -> ResetReapplyType.ValueType:
        """Which events after the point the new run gets again."""
        kinds = {
            "All": ResetReapplyType.RESET_REAPPLY_TYPE_ALL_ELIGIBLE,
            "Signal": ResetReapplyType.RESET_REAPPLY_TYPE_SIGNAL,
            "None": ResetReapplyType.RESET_REAPPLY_TYPE_NONE,
        }
        return kinds[self.reapply_type]

    @property
    def excluded(self) -> list[ResetReapplyExcludeType.ValueType]:
        """Which of them it does not get."""
        if "All" in self.reapply_exclude:
            return [ResetReapplyExcludeType.ValueType(number) for number in ResetReapplyExcludeType.values() if number]
        return [enum_number(ResetReapplyExcludeType, word) for word in self.reapply_exclude]


reset_options = gathered(
    "reset",
    Reset,
    click.option("--workflow-id", "-w", default="", help="Workflow; or give --query."),
    click.option("--run-id", "-r", default="", help="Run; the current one unless it is given."),
    click.option("--event-id", "-e", type=int, default=0, help="Event to go back to: one that ends a workflow task."),
    click.option("--reason", required=True, help="Why. Required."),
    click.option(
        "--reapply-type",
        type=click.Choice(["All", "Signal", "None"], case_sensitive=False),
        default="All",
        hidden=True,
        help="Which later events the new run gets again; --reapply-exclude has come in its place.",
    ),
    click.option(
        "--reapply-exclude",
        type=click.Choice(["All", *EXCLUDABLE], case_sensitive=False),
        multiple=True,
        help="Later events that the new run does not get again. May be given several times.",
    ),
    click.option(
        "--type",
        "-t",
        type=click.Choice(["FirstWorkflowTask", "LastWorkflowTask", "LastContinuedAsNew", "BuildId"]),
        help="Point to go back to, in place of an event.",
    ),
    click.option("--build-id", default="", help="Go back to the first workflow task of that build; with type BuildId."),
    click.option("--query", "-q", default="", metavar="QUERY", help="Workflows, by a filter."),
    click.option("--yes", "-y", is_flag=True, help="Do not ask, with --query."),
)


@remote.command("reset", failed="failed to reset workflow")
@click.argument("also", metavar=f"[{WITH_OPTIONS}]", required=False, type=click.Choice([WITH_OPTIONS]))
@reset_options
@override_options("pinned", "one_time", "auto_upgrade", required=False)
async def command(session: Session, reset: Reset, override: Override, also: str | None) -> None:
    """Let a workflow go on from an earlier point of its history, in a new run; what came after the point is undone.

    With `with-workflow-update-options` the new run is also moved to another version of its deployment.
    """
    reset.check()
    operations = operations_of(override, also)
    if reset.workflow_id:
        await reset_one(session, reset, operations)
    else:
        await reset_batch(session, reset, operations)


def operations_of(override: Override, also: str | None) -> list[PostResetOperation]:
    """What is done to the new run before it goes on.

    Raises: click.UsageError: an option was given without its command, or is missing.
    """
    if also is None:
        if any(getattr(override, name) for name in override.__struct_fields__):
            raise click.UsageError(f"options of versioning belong to `reset {WITH_OPTIONS}`")
        return []
    if override.versioning_override_behavior is None:
        raise click.UsageError("Missing option '--versioning-override-behavior'.")
    options, mask = override.options
    change = PostResetOperation.UpdateWorkflowOptions(workflow_execution_options=options, update_mask=mask)
    return [PostResetOperation(update_workflow_options=change)]


async def reset_one(session: Session, reset: Reset, operations: list[PostResetOperation]) -> None:
    target = WorkflowExecution(workflow_id=reset.workflow_id, run_id=reset.run_id)
    point = Point(reset.run_id, reset.event_id)
    if reset.type is not None:
        if reset.type not in POINTS:
            raise click.ClickException(f"invalid reset type: {reset.type}")
        point = await POINTS[reset.type](session, target)
    output = session.output
    output.line(f"Resetting workflow {reset.workflow_id} to event ID {point.event_id}")
    reply = await session.workflow.reset_workflow_execution(
        ResetWorkflowExecutionRequest(
            namespace=session.namespace,
            workflow_execution=WorkflowExecution(workflow_id=reset.workflow_id, run_id=point.run_id),
            reason=f"{user_name()}: {reset.reason}",
            workflow_task_finish_event_id=point.event_id,
            request_id=str(uuid.uuid4()),
            reset_reapply_type=reset.reapplied,
            reset_reapply_exclude_types=reset.excluded,
            post_reset_operations=operations,
            identity=session.identity,
        )
    )
    output.message(reply)
    output.card({"RunId": reply.run_id})


async def reset_batch(session: Session, reset: Reset, operations: list[PostResetOperation]) -> None:
    targets = {
        "FirstWorkflowTask": ResetOptions(first_workflow_task=Empty()),
        "LastWorkflowTask": ResetOptions(last_workflow_task=Empty()),
        "BuildId": ResetOptions(build_id=reset.build_id),
    }
    options = targets[reset.type or ""]
    options.reset_reapply_type = reset.reapplied
    options.reset_reapply_exclude_types.extend(reset.excluded)
    operation = BatchOperationReset(identity=session.identity, options=options, post_reset_operations=operations)
    batch = Batch(query=reset.query, reason=reset.reason, yes=reset.yes)
    await start_batch(session, batch, StartBatchOperationRequest(reset_operation=operation))
