"""The `mainspring` command: finds a command and imports only that."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from functools import partial
from typing import Any, Final

import click

from mainspring import __version__
from mainspring.cli.command import Group
from mainspring.cli.endings import status_of
from mainspring.cli.lazy import Lazy, load

COMMANDS: Final = {
    "activity": Lazy("mainspring.cli.activity:group", "Start, list and operate on activities."),
    "backup": Lazy("mainspring.cli.database.command:backup", "Copy a database file, also while a server uses it."),
    "batch": Lazy("mainspring.cli.batch:group", "Look after batch operations."),
    "check": Lazy("mainspring.cli.check.command:command", "Check workflow code without running it."),
    "completion": Lazy("mainspring.cli.completion:command", "Print a script for a shell that completes commands."),
    "config": Lazy("mainspring.cli.config:group", "Look after profiles of temporal.toml."),
    "doctor": Lazy("mainspring.cli.doctor.command:command", "Tell what is stuck in a namespace, and why."),
    "env": Lazy("mainspring.cli.env:group", "Look after environments of the older kind."),
    "import-history": Lazy("mainspring.cli.database.command:import_history", "Load histories into a database file."),
    "migrate": Lazy("mainspring.cli.database.command:migrate", "Bring an older database file up to date."),
    "migrate-imports": Lazy("mainspring.cli.migrate_imports:command", "Let programs import mainspring instead."),
    "operator": Lazy("mainspring.cli.operator:group", "Look after the server: namespaces, search attributes."),
    "options": Lazy("mainspring.cli.options:command", "List global and connection options."),
    "replay": Lazy("mainspring.cli.replay:command", "Replay histories against today's workflow code."),
    "run": Lazy("mainspring.cli.run.command:command", "Run a worker with what a module has."),
    "schedule": Lazy("mainspring.cli.schedule:group", "Look after schedules."),
    "server": Lazy("mainspring.cli.server:group", "Run a server."),
    "task-queue": Lazy("mainspring.cli.task_queue:group", "Look after task queues."),
    "top": Lazy("mainspring.cli.top.command:command", "Show what a namespace does, live."),
    "verify": Lazy("mainspring.cli.database.command:verify", "Check that a database file is whole."),
    "worker": Lazy("mainspring.cli.worker:group", "Look after workers and deployments of them."),
    "workflow": Lazy("mainspring.cli.workflow:group", "Start, list and operate on workflows."),
}
TEST_SERVER: Final = Lazy("mainspring.cli.server:start_time_skipping", "Run a server for tests.")


class RootGroup(Group):
    """The command itself."""

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """The official test server is started by a port alone; so is ours: SDKs start whatever they are given."""
        if args[0].isdecimal():
            return "server start-time-skipping", load(TEST_SERVER), args
        return super().resolve_command(ctx, args)

    def main(self, args: Sequence[str] | None = None, *rest: Any, standalone_mode: bool = True, **extra: Any) -> Any:
        run = partial(super().main, args, *rest, standalone_mode=False, **extra)
        if not standalone_mode:
            return run()
        sys.exit(status_of(run, is_debug="--debug" in (sys.argv if args is None else args)))


@click.group(
    cls=RootGroup,
    commands_at=COMMANDS,
    context_settings={"help_option_names": ["-h", "--help"]},
)
@click.version_option(__version__, "--version", "-v", prog_name="mainspring", message="%(prog)s version %(version)s")
def main() -> None:
    """Mainspring: a durable execution engine in one process and one SQLite file."""
