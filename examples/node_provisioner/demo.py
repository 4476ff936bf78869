"""The demonstration that `make demo` runs: `python examples/node_provisioner/demo.py`, or `-m node_provisioner.demo`.

It starts a registry and a program that has the engine in itself, on one file. The program adds nodes, is killed with
SIGKILL in the middle and started again, and every node is finished exactly where it left off; then it is shown how
nodes end. Every claim is checked; the exit code is 1 if one does not hold. All processes are ended, come what may.

    --server            the same with a server and a worker, both of which are killed (`make demo-server`)
    --server COMMAND    ... with another server, to compare: --server path/to/temporal
"""

import argparse
import asyncio
import logging
import shlex
import shutil
import signal
import sys
import tempfile
import time
from pathlib import Path

if __name__ == "__main__" and not __package__:
    sys.path[0] = str(Path(__file__).resolve().parents[1])  # run as a file: import from where -m would

from rich.console import Console
from rich.text import Text

from node_provisioner.demonstration.crash import Crash, kill_in_the_middle
from node_provisioner.demonstration.embedded_form import EmbeddedForm
from node_provisioner.demonstration.endings import Endings
from node_provisioner.demonstration.evidence import Checks, World
from node_provisioner.demonstration.forms import Form
from node_provisioner.demonstration.server_form import ServerForm
from node_provisioner.demonstration.services import VM_LIFETIME_S, Service, ServiceError, free_port, module_service
from node_provisioner.installation import Installation
from node_provisioner.timeline import Mark, RunRecord, Timeline

LONGEST_S = 120.0


class Scene:
    """Where all of it happens: a folder, the registry, and a form."""

    def __init__(self, directory: Path, server_command: list[str] | None) -> None:
        port = free_port()
        registry_url = f"http://127.0.0.1:{port}"
        self.directory = directory
        self.world = World.of(directory, registry_url, vm_lifetime_s=VM_LIFETIME_S)
        self.registry = module_service(
            "registry",
            directory,
            [f"--port={port}", f"--file={directory / 'members.json'}"],
            module="processes.registry",
        )
        arguments = [f"--directory={directory}", f"--registry={registry_url}", f"--vm-lifetime-s={VM_LIFETIME_S}"]
        self.form: Form = (
            EmbeddedForm(directory, arguments, self._installation())
            if server_command is None
            else ServerForm(directory, arguments, server_command)
        )

    @property
    def services(self) -> list[Service]:
        return [*self.form.services, self.registry]

    def clean_up(self) -> list[str]:
        """End every process that the demonstration has started, VMs included. Returns: those that could not be."""
        for service in self.services:
            service.kill()
        provider = self.world.provider
        for node_id in provider.node_ids():
            asyncio.run(provider.delete_vm(node_id, ordered_at=time.time_ns()))
        running = [repr(service) for service in self.services if service.is_running]
        return [*running, *filter(provider.exists, provider.node_ids())]

    def _installation(self) -> Installation:
        return Installation(self.world.provider, self.world.cluster, self.world.log)


async def demonstrate(scene: Scene, checks: Checks, console: Console) -> None:
    form = scene.form
    logging.basicConfig(filename=scene.directory / "demo.log")  # activities that fail, as some are meant to
    scene.registry.start()
    _heading(console, f"Nodes are added; in the middle, SIGKILL to {form.victims}")
    crash = await kill_in_the_middle(form, scene.world, checks, console)
    _heading(console, "Nodes end: deleted while being added, broken, cancelled, deleted at last")
    async with form.client() as client:
        ended = await Endings(client, scene.world, checks).run()
    _heading(console, "What the histories say")
    _draw(form, crash, ended, console)
    _heading(console, "The end")
    codes = [await asyncio.to_thread(service.stop) for service in form.services]
    checks.check("whatever ran has ended, or ends when asked to, with exit code 0", not any(codes), codes)


def _draw(form: Form, crash: Crash, ended: list[RunRecord], console: Console) -> None:
    marks = [Mark(crash.killed_at, "✗", "bold red"), Mark(crash.restarted_at, "│", "bold green")]
    console.print(Text("\n").join(Timeline(crash.runs, marks).lines()))
    console.print(f"\n  ✗ SIGKILL to {form.victims}   │ started again\n")
    console.print(Text("\n").join(Timeline([run for run in ended if run.started_at > crash.restarted_at]).lines()))


def _heading(console: Console, text: str) -> None:
    console.print(f"\n[bold]{text}[/]")


def _say_where_to_look(scene: Scene, console: Console) -> None:
    console.print(f"""
[bold]Where to look further[/]
  All is kept in {scene.directory}: nodes.db, events.jsonl, members.json, vms/, *.log
{scene.form.where_to_look()}
  What ran: {Path(__file__).resolve().with_name("workflows.py")}""")


async def _run(scene: Scene, checks: Checks, console: Console) -> None:
    task = asyncio.current_task()
    assert task is not None, "a coroutine runs in a task"
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, task.cancel)
    async with asyncio.timeout(LONGEST_S):
        await demonstrate(scene, checks, console)


def perform(scene: Scene, console: Console) -> bool:
    """The whole demonstration. Returns: whether every claim held."""
    began = time.monotonic()
    checks = Checks(console)
    try:
        asyncio.run(_run(scene, checks, console))
    except (ServiceError, TimeoutError, asyncio.CancelledError) as error:  # cancelled: by SIGTERM
        checks.check("the demonstration comes to its end", False, str(error) or type(error).__name__)  # noqa: FBT003  # so it is
    finally:
        left = scene.clean_up()
    checks.check("nothing is left running, VMs included", not left, left)
    total_s = time.monotonic() - began
    if checks.failed:
        console.print(f"\n[bold red]{len(checks.failed)} claims do not hold[/], after {total_s:.0f} s")
    else:
        console.print(f"\n[bold green]all {checks.passed_count} claims hold[/], in {total_s:.0f} s")
    _say_where_to_look(scene, console)
    return not checks.failed


def main() -> int:
    parser = argparse.ArgumentParser(description="adds nodes, and kills what adds them in the middle")
    parser.add_argument(
        "--server",
        nargs="?",
        const=shlex.join([sys.executable, "-m", "mainspring"]),
        metavar="COMMAND",
        help="with a server and a worker; what to run before `server start-dev ...`, by default %(const)s",
    )
    parser.add_argument("--directory", type=Path, help="a new one to work in; default: a temporary one")
    options = parser.parse_args()
    directory: Path = options.directory or Path(tempfile.mkdtemp(prefix="node-provisioner-"))
    directory.mkdir(parents=True, exist_ok=True)
    console = Console(highlight=False, soft_wrap=True, width=max(shutil.get_terminal_size().columns, 120))
    server_command = None if options.server is None else shlex.split(options.server)
    return 0 if perform(Scene(directory.resolve(), server_command), console) else 1


if __name__ == "__main__":
    sys.exit(main())
