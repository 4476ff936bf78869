"""`mainspring activity update-options`.

Only what is given is changed: the fields that are set, and their paths in the request's mask.
"""

from __future__ import annotations

import uuid
from datetime import timedelta
from typing import Final

import click
import msgspec
from google.protobuf.field_mask_pb2 import FieldMask
from temporalio.api.activity.v1 import ActivityOptions
from temporalio.api.batch.v1 import BatchOperationUpdateActivityOptions
from temporalio.api.taskqueue.v1 import TaskQueue
from temporalio.api.workflowservice.v1 import StartBatchOperationRequest, UpdateActivityExecutionOptionsRequest

from mainspring.cli import remote
from mainspring.cli.activity.target import Selection, any_options
from mainspring.cli.batches import start_batch
from mainspring.cli.gathering import gathered
from mainspring.cli.output import Output
from mainspring.cli.output.words import duration
from mainspring.cli.payload_inputs import HEADERS
from mainspring.cli.session import Session
from mainspring.cli.values import DURATION

TIMEOUTS: Final = (
    "schedule_to_close_timeout",
    "schedule_to_start_timeout",
    "start_to_close_timeout",
    "heartbeat_timeout",
    "start_delay",
)


class Change(msgspec.Struct, frozen=True):
    """The options as click gives them; None is what is not changed."""

    task_queue: str | None
    schedule_to_close_timeout: timedelta | None
    schedule_to_start_timeout: timedelta | None
    start_to_close_timeout: timedelta | None
    heartbeat_timeout: timedelta | None
    start_delay: timedelta | None
    retry_initial_interval: timedelta | None
    retry_maximum_interval: timedelta | None
    retry_backoff_coefficient: float | None
    retry_maximum_attempts: int | None
    restore_original_options: bool

    def options(self) -> tuple[ActivityOptions, FieldMask]:
        """The options that are changed, and which those are."""
        options, mask = ActivityOptions(), FieldMask()
        if self.task_queue is not None:
            options.task_queue.CopyFrom(TaskQueue(name=self.task_queue))
            mask.paths.append("task_queue.name")
        for name in TIMEOUTS:
            value: timedelta | None = getattr(self, name)
            if value is not None:
                getattr(options, name).FromTimedelta(value)
                mask.paths.append(name)
        retry = options.retry_policy
        for name in ("initial_interval", "maximum_interval"):
            interval: timedelta | None = getattr(self, f"retry_{name}")
            if interval is not None:
                getattr(retry, name).FromTimedelta(interval)
                mask.paths.append(f"retry_policy.{name}")
        if self.retry_backoff_coefficient is not None:
            retry.backoff_coefficient = self.retry_backoff_coefficient
            mask.paths.append("retry_policy.backoff_coefficient")
        if self.retry_maximum_attempts is not None:
            retry.maximum_attempts = self.retry_maximum_attempts
            mask.paths.append("retry_policy.maximum_attempts")
        return options, mask


change_options = gathered(
    "change",
    Change,
    click.option("--task-queue", help="Task queue of its workers."),
    click.option("--schedule-to-close-timeout", type=DURATION, help="How long all attempts may take together."),
    click.option("--schedule-to-start-timeout", type=DURATION, help="How long it may wait for a worker."),
    click.option("--start-to-close-timeout", type=DURATION, help="How long one attempt may take."),
    click.option("--heartbeat-timeout", type=DURATION, help="How long it may be silent."),
    click.option("--start-delay", type=DURATION, help="Wait so long before the first attempt; standalone only."),
    click.option("--retry-initial-interval", type=DURATION, help="Pause before the second attempt."),
    click.option("--retry-maximum-interval", type=DURATION, help="Longest pause between attempts."),
    click.option("--retry-backoff-coefficient", type=click.FloatRange(min=1), help="How much longer each pause is."),
    click.option("--retry-maximum-attempts", type=click.IntRange(min=0), help="How many attempts; 0 is no limit."),
    click.option("--restore-original-options", is_flag=True, help="Give it the options back that it was started with."),
)


@remote.command("update-options", failed="unable to update Activity options")
@any_options()
@change_options
@HEADERS
async def command(session: Session, selection: Selection, change: Change, headers: object) -> None:  # noqa: ARG001  # official scripts give them
    """Change timeouts, retries or the task queue of an activity, or of all of the workflows of a query."""
    if change.start_delay is not None and (selection.workflow_id or selection.query):
        raise click.UsageError("--start-delay is only supported for Standalone Activities")
    options, mask = change.options()
    if selection.query:
        operation = BatchOperationUpdateActivityOptions(
            identity=session.identity,
            match_all=True,
            activity_options=options,
            update_mask=mask,
            restore_original=change.restore_original_options,
        )
        request = StartBatchOperationRequest(update_activity_options_operation=operation)
        await start_batch(session, selection.batch(), request)
        return
    reply = await session.workflow.update_activity_execution_options(
        UpdateActivityExecutionOptionsRequest(
            namespace=session.namespace,
            workflow_id=selection.workflow_id,
            activity_id=selection.activity_id,
            run_id=selection.run_id,
            identity=session.identity,
            activity_options=options,
            update_mask=mask,
            restore_original=change.restore_original_options,
            resource_id=selection.resource_id,
            request_id=str(uuid.uuid4()),
        )
    )
    show(session.output, reply.activity_options)


def show(output: Output, options: ActivityOptions) -> None:
    """Print the options that the activity has now; JSON has durations in nanoseconds."""
    retry = options.retry_policy
    durations = {
        **{"".join(word.capitalize() for word in name.split("_")): getattr(options, name) for name in TIMEOUTS},
        "InitialInterval": retry.initial_interval,
        "MaximumInterval": retry.maximum_interval,
    }
    plain: dict[str, str | float | int] = {
        "TaskQueue": options.task_queue.name,
        "BackoffCoefficient": retry.backoff_coefficient,
        "MaximumAttempts": retry.maximum_attempts,
    }
    output.json({**plain, **{name: value.ToNanoseconds() for name, value in durations.items()}})
    output.card({**plain, **{name: duration(value) or "0s" for name, value in durations.items()}})
