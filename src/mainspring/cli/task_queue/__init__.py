"""`mainspring task-queue ...`: who polls, what waits, which limits hold.

describe.py legacy.py       describe        config.py       limits        partitions.py
"""

from typing import Final

import click

from mainspring.cli.command import Group
from mainspring.cli.lazy import Lazy

ROOM: Final = "mainspring.cli.task_queue"
CONFIG: Final = {
    "get": Lazy(f"{ROOM}.config:get", "Show the limits of a task queue."),
    "set": Lazy(f"{ROOM}.config:set_", "Change the limits of a task queue."),
}
COMMANDS: Final = {
    "config": Lazy(f"{ROOM}:config_group", "Limits of task queues."),
    "describe": Lazy(f"{ROOM}.describe:command", "Show pollers and backlog of a task queue."),
    "list-partition": Lazy(f"{ROOM}.partitions:command", "List the partitions of a task queue."),
}


@click.group("task-queue", cls=Group, commands_at=COMMANDS)
def group() -> None:
    """Look after task queues."""


@click.group("config", cls=Group, commands_at=CONFIG)
def config_group() -> None:
    """Look after the limits of task queues: how many tasks a second, and the weights of fair turns."""
