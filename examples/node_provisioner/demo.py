"""The demonstration that `make demo` runs: `python examples/node_provisioner/demo.py`, or `-m node_provisioner.demo`.

It starts a registry, a server on a SQLite file and a worker, adds nodes, kills the worker and the server with SIGKILL
in the middle, starts both again, and shows that every node is finished exactly where it left off; then it shows how
nodes end. Every claim is checked; the exit code is 1 if one does not hold. All processes are ended, come what may.

Another server, to compare:  python examples/node_provisioner/demo.py --server "path/to/temporal"
"""

import argparse
import asyncio
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
from node_provisioner.demonstration.endings import Endings
from node_provisioner.demonstration.evidence import Checks, World
from node_provisioner.demonstration.services import ServiceError, Services
from node_provisioner.timeline import Mark, RunRecord, Timeline

LONGEST_S = 120.0


async def demonstrate(services: Services, checks: Checks, console: Console) -> None:
    world = World.of(services.directory, services.registry_url)
    _heading(console, "A registry, a server and a worker are started")
    await _start(services, console)
    _heading(console, "Nodes are added; the worker and the server are killed in the middle")
    crash = await kill_in_the_middle(services, world, checks, console)
    _heading(console, "Nodes end: deleted while being added, broken, cancelled, deleted at last")
    ended = await Endings(await services.connect(), world, checks).run()
    _heading(console, "What the histories say")
    _draw(crash, ended, console)
    _heading(console, "The end")
    await _stop(services, checks)


async def _start(services: Services, console: Console) -> None:
    services.registry.start()
    began = time.monotonic()
    services.server.start()
    await services.connect()
    console.print(f"  server ready in {time.monotonic() - began:.1f} s: {shlex.join(services.server.command)}")
    services.worker.start()


async def _stop(services: Services, checks: Checks) -> None:
    began = time.monotonic()
    codes = [await asyncio.to_thread(service.stop) for service in (services.worker, services.server)]
    checks.check(f"worker and server end when asked to, in {time.monotonic() - began:.1f} s", codes == [0, 0], codes)


def _draw(crash: Crash, ended: list[RunRecord], console: Console) -> None:
    marks = [Mark(crash.killed_at, "✗", "bold red"), Mark(crash.restarted_at, "│", "bold green")]
    console.print(Text("\n").join(Timeline(crash.runs, marks).lines()))
    console.print("\n  ✗ the worker and the server are killed   │ both run again\n")
    console.print(Text("\n").join(Timeline([run for run in ended if run.started_at > crash.restarted_at]).lines()))


def _heading(console: Console, text: str) -> None:
    console.print(f"\n[bold]{text}[/]")


def _say_where_to_look(services: Services, console: Console) -> None:
    console.print(f"""
[bold]Where to look further[/]
  All is kept in {services.directory}: nodes.db, events.jsonl, members.json, vms/, *.log
  Start the same server on the same file
    {shlex.join(services.server.command)}
  and then, from {Path(__file__).resolve().parents[1]}
    {sys.executable} -m node_provisioner.timeline --address {services.address} node-4 node-7
  or with the official CLI
    temporal workflow list --address {services.address}
    temporal workflow show --address {services.address} --workflow-id node-4
  What ran: {Path(__file__).resolve().with_name("workflows.py")}""")


def _clean_up(services: Services) -> list[str]:
    """End every process that the demonstration has started, VMs included. Returns: those that could not be."""
    services.kill_all()
    provider = World.of(services.directory, services.registry_url).provider
    for node_id in provider.node_ids():
        asyncio.run(provider.delete_vm(node_id, ordered_at=time.time_ns()))
    return [*services.running(), *filter(provider.exists, provider.node_ids())]


async def _run(services: Services, checks: Checks, console: Console) -> None:
    task = asyncio.current_task()
    assert task is not None, "a coroutine runs in a task"
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, task.cancel)
    async with asyncio.timeout(LONGEST_S):
        await demonstrate(services, checks, console)


def perform(directory: Path, server_command: list[str], console: Console) -> bool:
    """The whole demonstration. Returns: whether every claim held."""
    began = time.monotonic()
    services, checks = Services(directory, server_command), Checks(console)
    try:
        asyncio.run(_run(services, checks, console))
    except (ServiceError, TimeoutError, asyncio.CancelledError) as error:  # cancelled: by SIGTERM
        checks.check("the demonstration comes to its end", False, str(error) or type(error).__name__)  # noqa: FBT003  # so it is
    finally:
        left = _clean_up(services)
    checks.check("nothing is left running, VMs included", not left, left)
    total_s = time.monotonic() - began
    if checks.failed:
        console.print(f"\n[bold red]{len(checks.failed)} claims do not hold[/], after {total_s:.0f} s")
    else:
        console.print(f"\n[bold green]all {checks.passed_count} claims hold[/], in {total_s:.0f} s")
    _say_where_to_look(services, console)
    return not checks.failed


def main() -> int:
    parser = argparse.ArgumentParser(description="adds nodes, and kills the worker and the server in the middle")
    parser.add_argument(
        "--server",
        default=shlex.join([sys.executable, "-m", "mainspring"]),
        help="what to run before `server start-dev ...`; default: %(default)s",
    )
    parser.add_argument("--directory", type=Path, help="a new one to work in; default: a temporary one")
    options = parser.parse_args()
    directory: Path = options.directory or Path(tempfile.mkdtemp(prefix="node-provisioner-"))
    directory.mkdir(parents=True, exist_ok=True)
    console = Console(highlight=False, soft_wrap=True, width=max(shutil.get_terminal_size().columns, 120))
    return 0 if perform(directory.resolve(), shlex.split(options.server), console) else 1


if __name__ == "__main__":
    sys.exit(main())
