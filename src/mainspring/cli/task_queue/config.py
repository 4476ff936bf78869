"""`mainspring task-queue config get` and `set`.

A limit is a number, or the word `default`, which takes it away.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Final

import click
import msgspec
from temporalio.api.taskqueue.v1 import RateLimit, TaskQueueConfig
from temporalio.api.workflowservice.v1 import DescribeTaskQueueRequest, UpdateTaskQueueConfigRequest

from mainspring.cli import remote
from mainspring.cli.gathering import gathered
from mainspring.cli.session import Session
from mainspring.cli.task_queue.kinds import NAME, TYPE, TYPES, normal
from mainspring.cli.task_queue.legacy import show_config

RateLimitUpdate = UpdateTaskQueueConfigRequest.RateLimitUpdate
DEFAULT: Final = "default"
"""The word that takes a setting away."""
MOST_KEY_BYTES: Final = 64


class Limits(msgspec.Struct, frozen=True):
    """The options as click gives them; None is what is not changed."""

    queue_rps_limit: str | None
    queue_rps_limit_reason: str | None
    fairness_key_rps_limit_default: str | None
    fairness_key_rps_limit_reason: str | None
    fairness_key_weight: tuple[str, ...]
    fairness_key_weight_clear_all: bool

    def check(self, kind: str) -> None:
        """Refuse what does not go together.

        Raises: click.UsageError: it does not, or nothing is to be changed.
        """
        if kind == "workflow" and (self.queue_rps_limit is not None or self.queue_rps_limit_reason is not None):
            raise click.UsageError("setting rate limit on workflow task queues is not allowed")
        if self.fairness_key_weight and self.fairness_key_weight_clear_all:
            raise click.UsageError("--fairness-key-weight-clear-all cannot be used with --fairness-key-weight")
        limits = (self.queue_rps_limit, self.fairness_key_rps_limit_default)
        if limits == (None, None) and not self.fairness_key_weight and not self.fairness_key_weight_clear_all:
            raise click.UsageError("at least one configuration update must be specified")


limit_options = gathered(
    "limits",
    Limits,
    click.option("--queue-rps-limit", help="Most tasks a second, or `default`."),
    click.option("--queue-rps-limit-reason", help="Why."),
    click.option("--fairness-key-rps-limit-default", help="Most tasks a second of each fairness key, or `default`."),
    click.option("--fairness-key-rps-limit-reason", help="Why."),
    click.option(
        "--fairness-key-weight",
        multiple=True,
        help="Weight of a fairness key as KEY=WEIGHT or KEY=default. May be given several times.",
    ),
    click.option("--fairness-key-weight-clear-all", is_flag=True, help="Take all weights away."),
)


@remote.command("get", failed="error getting task queue config")
@NAME
@TYPE
async def get(session: Session, task_queue: str, task_queue_type: str) -> None:
    """Show the limits of a task queue."""
    config = await config_of(session, task_queue, task_queue_type)
    if config is None:
        session.output.line("No configuration found for task queue")
        return
    session.output.message(config)
    show_config(session.output, config)


@remote.command("set")
@NAME
@TYPE
@limit_options
async def set_(session: Session, task_queue: str, task_queue_type: str, limits: Limits) -> None:
    """Change the limits of a task queue. What is not given stays as it is."""
    limits.check(task_queue_type)
    request = UpdateTaskQueueConfigRequest(
        namespace=session.namespace,
        identity=session.identity,
        task_queue=task_queue,
        task_queue_type=TYPES[task_queue_type],
        update_queue_rate_limit=rate_limit("queue-rps-limit", limits.queue_rps_limit, limits.queue_rps_limit_reason),
        update_fairness_key_rate_limit_default=rate_limit(
            "fairness-key-rps-limit-default",
            limits.fairness_key_rps_limit_default,
            limits.fairness_key_rps_limit_reason,
        ),
    )
    put_weights(request, limits.fairness_key_weight)
    if limits.fairness_key_weight_clear_all:
        with remote.failing("error fetching current config for clear-all"):
            config = await config_of(session, task_queue, task_queue_type)
        request.unset_fairness_weight_overrides.extend(config.fairness_weight_overrides if config else ())
    with remote.failing(f"failed to update task queue config for {session.namespace}/{task_queue}"):
        reply = await session.workflow.update_task_queue_config(request)
    session.output.line("Successfully updated task queue configuration")
    session.output.message(reply)
    show_config(session.output, reply.config)


async def config_of(session: Session, task_queue: str, kind: str) -> TaskQueueConfig | None:
    request = DescribeTaskQueueRequest(
        namespace=session.namespace, task_queue=normal(task_queue), task_queue_type=TYPES[kind], report_config=True
    )
    reply = await session.workflow.describe_task_queue(request)
    return reply.config if reply.HasField("config") else None


def rate_limit(flag: str, text: str | None, reason: str | None) -> RateLimitUpdate | None:
    """The change of a limit; one without a limit takes it away. None changes nothing.

    Raises: click.UsageError: it is no rate.
    """
    if text is None:
        return None
    if text.strip().lower() == DEFAULT:
        return RateLimitUpdate(reason=reason or "")
    per_second = number(text)
    if per_second is None or per_second < 0:
        raise click.UsageError(f"invalid value for --{flag}: must be a non-negative number or 'default'")
    if not per_second:
        click.echo(f"WARNING: --{flag} 0 stops all traffic on this task queue until it is changed.", err=True)
    return RateLimitUpdate(rate_limit=RateLimit(requests_per_second=per_second), reason=reason or "")


def number(text: str) -> float | None:
    try:
        found = float(text)
    except ValueError:
        return None
    return found if math.isfinite(found) else None


def put_weights(request: UpdateTaskQueueConfigRequest, pairs: Sequence[str]) -> None:
    """Note weights to set and to take away.

    Raises: click.UsageError: a pair is none, comes twice, or has no weight.
    """
    seen: set[str] = set()
    for pair in pairs:
        key, _, text = pair.partition("=")
        if not key or not text:
            raise click.UsageError(f"invalid format: {pair!r} (expected key=weight or key=default)")
        if key in seen:
            raise click.UsageError(f"duplicate fairness key {key!r} specified multiple times")
        seen.add(key)
        if text.lower() == DEFAULT:
            request.unset_fairness_weight_overrides.append(key)
            continue
        weight = number(text)
        if weight is None or weight <= 0:
            raise click.UsageError(f"invalid weight {text!r} for key {key!r}: must be a positive number or 'default'")
        if len(key.encode()) > MOST_KEY_BYTES:
            raise click.UsageError(f"fairness key {key!r} exceeds maximum length of {MOST_KEY_BYTES} bytes")
        request.set_fairness_weight_overrides[key] = weight
