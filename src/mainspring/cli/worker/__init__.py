"""`mainspring worker ...`: workers by their heartbeats, and deployments of them.

verbs.py                         list, count, describe
deployments.py versions.py       deployment ...         shown.py: as JSON and text
"""

from typing import Final

import click

from mainspring.cli.command import Group
from mainspring.cli.lazy import Lazy

ROOM: Final = "mainspring.cli.worker"
MANAGER: Final = {
    "set": Lazy(f"{ROOM}.deployments:set_identity", "Set who may change a deployment."),
    "unset": Lazy(f"{ROOM}.deployments:unset_identity", "Let anybody change a deployment."),
}
DEPLOYMENT: Final = {
    "create": Lazy(f"{ROOM}.deployments:create", "Create a deployment."),
    "delete": Lazy(f"{ROOM}.deployments:delete", "Delete a deployment."),
    "delete-version": Lazy(f"{ROOM}.versions:delete", "Delete a version of a deployment."),
    "describe": Lazy(f"{ROOM}.deployments:describe", "Show a deployment."),
    "describe-version": Lazy(f"{ROOM}.versions:describe", "Show a version of a deployment."),
    "list": Lazy(f"{ROOM}.deployments:list_", "List deployments."),
    "manager-identity": Lazy(f"{ROOM}:identity_group", "Who may change a deployment."),
    "set-current-version": Lazy(f"{ROOM}.versions:set_current", "Set the version that new workflows run on."),
    "set-ramping-version": Lazy(f"{ROOM}.versions:set_ramping", "Let some new workflows run on a version."),
    "update-version-metadata": Lazy(f"{ROOM}.versions:update_metadata", "Change notes of a version."),
}
COMMANDS: Final = {
    "count": Lazy(f"{ROOM}.verbs:count", "Count workers."),
    "deployment": Lazy(f"{ROOM}:deployment_group", "Deployments of workers, and their versions."),
    "describe": Lazy(f"{ROOM}.verbs:describe", "Show a worker."),
    "list": Lazy(f"{ROOM}.verbs:list_", "List workers."),
}


@click.group("worker", cls=Group, commands_at=COMMANDS)
def group() -> None:
    """Look after workers."""


@click.group("deployment", cls=Group, commands_at=DEPLOYMENT)
def deployment_group() -> None:
    """Look after deployments of workers: which of their versions workflows run on."""


@click.group("manager-identity", cls=Group, commands_at=MANAGER)
def identity_group() -> None:
    """Look after who may change a deployment."""
