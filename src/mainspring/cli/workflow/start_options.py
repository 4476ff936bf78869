"""What to start.

The options that every command which starts a workflow takes, and the request that they make.
"""

from __future__ import annotations

import uuid
from datetime import timedelta

import click
import msgspec
from temporalio.api.common.v1 import Memo, SearchAttributes, WorkflowType
from temporalio.api.enums.v1 import TaskQueueKind, WorkflowIdConflictPolicy, WorkflowIdReusePolicy
from temporalio.api.taskqueue.v1 import TaskQueue
from temporalio.api.workflowservice.v1 import StartWorkflowExecutionRequest

from mainspring.cli.gathering import Decorator, gathered
from mainspring.cli.output.words import enum_number
from mainspring.cli.payload_inputs import HEADERS, Inputs, header_of, memo_of, search_attributes_of
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
from mainspring.cli.values import DURATION, KEY_VALUE

Pairs = tuple[tuple[str, str], ...]


class Shared(msgspec.Struct, frozen=True):
    """The options as click gives them, as far as schedules have them too."""

    workflow_id: str | None
    type: str
    task_queue: str
    run_timeout: timedelta
    execution_timeout: timedelta
    task_timeout: timedelta
    search_attribute: Pairs
    headers: Pairs
    memo: Pairs
    static_summary: str
    static_details: str
    priority_key: int
    fairness_key: str
    fairness_weight: float

    @property
    def memo_message(self) -> Memo | None:
        return memo_of(self.memo)

    @property
    def search_attributes_message(self) -> SearchAttributes | None:
        return search_attributes_of(self.search_attribute)


class Start(Shared, frozen=True):
    """All options as click gives them."""

    cron: str
    fail_existing: bool
    start_delay: timedelta
    id_reuse_policy: str | None
    id_conflict_policy: str | None

    def request(self, session: Session, inputs: Inputs) -> StartWorkflowExecutionRequest:
        """The request to start it; with a random workflow id, if none was given.

        Raises: click.ClickException: a value is no JSON, or a file cannot be read.
        """
        payloads = inputs.payloads()
        request = StartWorkflowExecutionRequest(
            namespace=session.namespace,
            workflow_id=self.workflow_id or str(uuid.uuid4()),
            workflow_type=WorkflowType(name=self.type),
            task_queue=TaskQueue(name=self.task_queue, kind=TaskQueueKind.TASK_QUEUE_KIND_NORMAL),
            input=payloads if payloads.payloads else None,
            identity=session.identity,
            request_id=str(uuid.uuid4()),
            workflow_id_reuse_policy=enum_number(WorkflowIdReusePolicy, self.id_reuse_policy),
            workflow_id_conflict_policy=enum_number(WorkflowIdConflictPolicy, self.id_conflict_policy),
            cron_schedule=self.cron,
            header=header_of(self.headers),
            memo=self.memo_message,
            search_attributes=self.search_attributes_message,
            user_metadata=user_metadata_of(self),
            priority=priority_of(self),
        )
        request.workflow_execution_timeout.FromTimedelta(self.execution_timeout)
        request.workflow_run_timeout.FromTimedelta(self.run_timeout)
        request.workflow_task_timeout.FromTimedelta(self.task_timeout)
        if self.start_delay:
            request.workflow_start_delay.FromTimedelta(self.start_delay)
        return request


ZERO = timedelta()

SHARED_OPTIONS: tuple[Decorator, ...] = (
    click.option("--workflow-id", "-w", help="Workflow; a random one unless it is given."),
    click.option("--type", "--name", "type", required=True, help="Type of the workflow. Required."),
    click.option("--task-queue", "-t", required=True, help="Task queue of its workers. Required."),
    click.option("--run-timeout", type=DURATION, default=ZERO, help="How long one run may take."),
    click.option("--execution-timeout", type=DURATION, default=ZERO, help="How long all its runs may take together."),
    click.option(
        "--task-timeout",
        type=DURATION,
        default=timedelta(seconds=10),
        help="How long one workflow task may take; 10s unless it is given.",
    ),
    SEARCH_ATTRIBUTE,
    HEADERS,
    click.option("--memo", type=KEY_VALUE, multiple=True, help="Memo as KEY=JSON. May be given several times."),
    STATIC_SUMMARY,
    STATIC_DETAILS,
    PRIORITY_KEY,
    FAIRNESS_KEY,
    FAIRNESS_WEIGHT,
)

start_options = gathered(
    "start",
    Start,
    *SHARED_OPTIONS,
    click.option("--cron", default="", hidden=True, help="Cron schedule; schedules have come in its place."),
    click.option(
        "--fail-existing", is_flag=True, help="Fail if the workflow is running; without it, that run is the answer."
    ),
    click.option("--start-delay", type=DURATION, default=ZERO, help="Wait so long before the first workflow task."),
    click.option(
        "--id-reuse-policy", type=words_of(WorkflowIdReusePolicy), help="What a closed workflow of the same id means."
    ),
    click.option(
        "--id-conflict-policy",
        type=words_of(WorkflowIdConflictPolicy),
        help="What a running workflow of the same id means.",
    ),
)
