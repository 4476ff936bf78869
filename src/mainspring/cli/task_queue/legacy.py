"""`mainspring task-queue describe --legacy-mode`.

Pollers of one type of the queue, for servers and scripts of old.
"""

from __future__ import annotations

import click
import msgspec
from temporalio.api.taskqueue.v1 import PollerInfo, TaskQueueConfig, TaskQueueVersioningInfo
from temporalio.api.workflowservice.v1 import DescribeTaskQueueRequest, DescribeTaskQueueResponse

from mainspring.cli.gathering import gathered
from mainspring.cli.output import Output, Value
from mainspring.cli.output.proto_json import Json, tree_of
from mainspring.cli.output.words import instant
from mainspring.cli.session import Session
from mainspring.cli.task_queue.kinds import TYPES, normal


class LegacyOptions(msgspec.Struct, frozen=True):
    """The options as click gives them."""

    legacy_mode: bool
    task_queue_type_legacy: str
    partitions_legacy: int
    report_config: bool


legacy_options = gathered(
    "legacy",
    LegacyOptions,
    click.option("--legacy-mode", is_flag=True, help="Show only what servers of old tell."),
    click.option(
        "--task-queue-type-legacy",
        type=click.Choice(["workflow", "activity"]),
        default="workflow",
        help="Type of the queue, in legacy mode.",
    ),
    click.option(
        "--partitions-legacy", type=click.IntRange(min=1), default=1, help="How many partitions, in legacy mode."
    ),
    click.option("--report-config", is_flag=True, help="Also its limits, in legacy mode."),
)


async def show_legacy(session: Session, name: str, options: LegacyOptions) -> None:
    """Ask each partition, and print what they say."""
    replies: list[DescribeTaskQueueResponse] = []
    for partition in range(options.partitions_legacy):
        request = DescribeTaskQueueRequest(
            namespace=session.namespace,
            task_queue=normal(f"/_sys/{name}/{partition}" if partition else name),
            task_queue_type=TYPES[options.task_queue_type_legacy],
            include_task_queue_status=True,
            report_config=options.report_config,
        )
        replies.append(await session.workflow.describe_task_queue(request))
    root, output = replies[0], session.output
    config = root.config if root.HasField("config") else None
    versioning = root.versioning_info if root.HasField("versioning_info") else None
    if output.is_json:
        output.json(as_json(replies, config, versioning))
        return
    pollers = [poller for reply in replies for poller in reply.pollers]
    output.heading("Pollers:")
    output.table(("Identity", "LastAccessTime", "RatePerSecond"), [poller_row(poller) for poller in pollers])
    if config is not None:
        output.line()
        output.heading("Task Queue Configuration:")
        show_config(output, config)
    facts = {} if versioning is None else versioning_facts(versioning)
    if any(facts.values()):
        output.line()
        output.heading("Versioning Info:")
        output.card(facts)


def as_json(
    replies: list[DescribeTaskQueueResponse],
    config: TaskQueueConfig | None,
    versioning: TaskQueueVersioningInfo | None,
) -> Json:
    """What all partitions say, each with its number; in the API's names, which others do not have here."""
    statuses: list[Json] = []
    pollers: list[Json] = []
    for partition, reply in enumerate(replies):
        statuses.append(with_partition(partition, tree_of(reply.task_queue_status, shorthand=True)))
        pollers += [with_partition(partition, tree_of(poller, shorthand=True)) for poller in reply.pollers]
    found: dict[str, Json] = {"pollers": pollers, "taskQueues": statuses}
    if config is not None:
        found["config"] = tree_of(config, shorthand=True)
    if versioning is not None:
        found["versioningInfo"] = tree_of(versioning, shorthand=True)
    return found


def with_partition(partition: int, tree: Json) -> Json:
    assert isinstance(tree, dict)
    return {"partition": partition, **tree}


def poller_row(poller: PollerInfo) -> list[Value]:
    return [poller.identity, instant(poller.last_access_time), poller.rate_per_second]


def versioning_facts(info: TaskQueueVersioningInfo) -> dict[str, Value]:
    current, ramping = info.current_deployment_version, info.ramping_deployment_version
    return {
        "CurrentVersionDeploymentName": current.deployment_name or None,
        "CurrentVersionBuildID": current.build_id or None,
        "RampingVersionDeploymentName": ramping.deployment_name or None,
        "RampingVersionBuildID": ramping.build_id or None,
        "RampingVersionPercentage": info.ramping_version_percentage or None,
        "UpdateTime": instant(info.update_time),
    }


def show_config(output: Output, config: TaskQueueConfig) -> None:
    """Limits as a table; nothing if none is set."""
    limits = {
        "Queue Rate Limit": "queue_rate_limit",
        "Fairness Key Rate Limit Default": "fairness_keys_rate_limit_default",
    }
    rows: list[list[Value]] = []
    for title, field in limits.items():
        if not config.HasField(field):  # type: ignore[arg-type]  # one of the two above
            continue
        limit = getattr(config, field)
        per_second = limit.rate_limit.requests_per_second
        value = f"{per_second:.2f} rps" if limit.HasField("rate_limit") else "Not Set"
        about = limit.metadata
        rows.append([title, value, about.reason, about.update_identity, instant(about.update_time)])
    weights = config.fairness_weight_overrides
    rows.extend([f"Weight of {key}", f"{weights[key]:g}", "", "", None] for key in sorted(weights))
    if rows:
        output.table(("Setting", "Value", "Reason", "UpdatedBy", "UpdatedTime"), rows)
