"""What standalone activity to start.

The options of commands that start one, and the request that they make.
"""

from __future__ import annotations

import uuid
from datetime import timedelta

import click
import msgspec
from temporalio.api.common.v1 import ActivityType, RetryPolicy
from temporalio.api.enums.v1 import ActivityIdConflictPolicy, ActivityIdReusePolicy, TaskQueueKind
from temporalio.api.taskqueue.v1 import TaskQueue
from temporalio.api.workflowservice.v1 import StartActivityExecutionRequest

from mainspring.cli.gathering import gathered
from mainspring.cli.output.words import enum_number
from mainspring.cli.payload_inputs import HEADERS, Inputs, header_of, search_attributes_of
from mainspring.cli.session import Session
from mainspring.cli.start_parts import (
    FAIRNESS_KEY,
    FAIRNESS_WEIGHT,
    PRIORITY_KEY,
    SEARCH_ATTRIBUTE,
    STATIC_DETAILS,
    STATIC_SUMMARY,
    priority_of,
    user_metadata_of,
    words_of,
)
from mainspring.cli.values import DURATION

Pairs = tuple[tuple[str, str], ...]
ZERO = timedelta()


class Start(msgspec.Struct, frozen=True):
    """The options as click gives them."""

    activity_id: str
    type: str
    task_queue: str
    schedule_to_close_timeout: timedelta
    schedule_to_start_timeout: timedelta
    start_to_close_timeout: timedelta
    heartbeat_timeout: timedelta
    start_delay: timedelta
    retry_initial_interval: timedelta
    retry_maximum_interval: timedelta
    retry_backoff_coefficient: float
    retry_maximum_attempts: int
    id_reuse_policy: str | None
    id_conflict_policy: str | None
    search_attribute: Pairs
    headers: Pairs
    static_summary: str
    static_details: str
    priority_key: int
    fairness_key: str
    fairness_weight: float

    def request(self, session: Session, inputs: Inputs) -> StartActivityExecutionRequest:
        """The request to start it.

        Raises: click.ClickException: a value is no JSON, or a file cannot be read.
        """
        payloads = inputs.payloads()
        request = StartActivityExecutionRequest(
            namespace=session.namespace,
            identity=session.identity,
            request_id=str(uuid.uuid4()),
            activity_id=self.activity_id,
            activity_type=ActivityType(name=self.type),
            task_queue=TaskQueue(name=self.task_queue, kind=TaskQueueKind.TASK_QUEUE_KIND_NORMAL),
            retry_policy=self.retry_policy,
            input=payloads if payloads.payloads else None,
            id_reuse_policy=enum_number(ActivityIdReusePolicy, self.id_reuse_policy),
            id_conflict_policy=enum_number(ActivityIdConflictPolicy, self.id_conflict_policy),
            search_attributes=search_attributes_of(self.search_attribute),
            header=header_of(self.headers),
            user_metadata=user_metadata_of(self),
            priority=priority_of(self),
        )
        for name in (
            *("schedule_to_close_timeout", "schedule_to_start_timeout", "start_to_close_timeout"),
            *("heartbeat_timeout", "start_delay"),
        ):
            value: timedelta = getattr(self, name)
            if value:
                getattr(request, name).FromTimedelta(value)
        return request

    @property
    def retry_policy(self) -> RetryPolicy | None:
        """None leaves it to the server."""
        policy = RetryPolicy(
            backoff_coefficient=self.retry_backoff_coefficient, maximum_attempts=self.retry_maximum_attempts
        )
        if self.retry_initial_interval:
            policy.initial_interval.FromTimedelta(self.retry_initial_interval)
        if self.retry_maximum_interval:
            policy.maximum_interval.FromTimedelta(self.retry_maximum_interval)
        return policy if policy.ByteSize() else None


start_options = gathered(
    "start",
    Start,
    click.option("--activity-id", "-a", required=True, help="Activity. Required."),
    click.option("--type", required=True, help="Type of the activity. Required."),
    click.option("--task-queue", "-t", required=True, help="Task queue of its workers. Required."),
    click.option(
        "--schedule-to-close-timeout", type=DURATION, default=ZERO, help="How long all attempts may take together."
    ),
    click.option("--schedule-to-start-timeout", type=DURATION, default=ZERO, help="How long it may wait for a worker."),
    click.option("--start-to-close-timeout", type=DURATION, default=ZERO, help="How long one attempt may take."),
    click.option("--heartbeat-timeout", type=DURATION, default=ZERO, help="How long it may be silent."),
    click.option("--start-delay", type=DURATION, default=ZERO, help="Wait so long before the first attempt."),
    click.option("--retry-initial-interval", type=DURATION, default=ZERO, help="Pause before the second attempt."),
    click.option("--retry-maximum-interval", type=DURATION, default=ZERO, help="Longest pause between attempts."),
    click.option(
        "--retry-backoff-coefficient", type=click.FloatRange(min=0), default=0.0, help="How much longer each pause is."
    ),
    click.option(
        "--retry-maximum-attempts", type=click.IntRange(min=0), default=0, help="How many attempts; 0 is no limit."
    ),
    click.option(
        "--id-reuse-policy", type=words_of(ActivityIdReusePolicy), help="What a closed activity of the same id means."
    ),
    click.option(
        "--id-conflict-policy",
        type=words_of(ActivityIdConflictPolicy),
        help="What a running activity of the same id means.",
    ),
    SEARCH_ATTRIBUTE,
    HEADERS,
    STATIC_SUMMARY,
    STATIC_DETAILS,
    PRIORITY_KEY,
    FAIRNESS_KEY,
    FAIRNESS_WEIGHT,
)
