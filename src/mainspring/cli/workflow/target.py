"""Which run a command is about: `--workflow-id` and `--run-id`."""

from __future__ import annotations

import functools
from collections.abc import Awaitable
from typing import Any

import click
from temporalio.api.common.v1 import WorkflowExecution

from mainspring.cli.gathering import Body


def target_options(body: Body) -> Body:
    """Give a command both options, which come as the argument `target`."""

    @functools.wraps(body)
    def run(*args: Any, **values: Any) -> Awaitable[None]:
        target = WorkflowExecution(workflow_id=values.pop("workflow_id"), run_id=values.pop("run_id"))
        return body(*args, target=target, **values)

    run_id = click.option("--run-id", "-r", default="", help="Run; the current one unless it is given.")
    return click.option("--workflow-id", "-w", required=True, help="Workflow. Required.")(run_id(run))
