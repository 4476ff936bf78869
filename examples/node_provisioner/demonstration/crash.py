"""First act. Six nodes are being added; when one is finished and the others are at different activities, all
that runs them is killed; it is started again; every node goes on where it was.

The times of the VMs are chosen so that the kill meets one node in each activity that takes time:

    node-1  finished          node-2, node-3  joining the cluster
    node-4, node-5  booting   node-6  its VM is made, but CreateVM has not answered: nobody knows of it yet
"""

import asyncio
import time
from dataclasses import dataclass

from rich.console import Console
from rich.table import Table

from node_provisioner.demonstration.evidence import STEPS, Checks, World, completed_names, is_continued, ran_once
from node_provisioner.demonstration.forms import Form, Histories
from node_provisioner.messages import NodeSpec, Stage
from node_provisioner.timeline import Outcome, RunRecord, record_of

SPECS = {
    "node-1": NodeSpec(boot_ms=200, join_ms=100),
    "node-2": NodeSpec(boot_ms=300, join_ms=7_000),
    "node-3": NodeSpec(boot_ms=400, join_ms=9_000),
    "node-4": NodeSpec(boot_ms=7_500),
    "node-5": NodeSpec(boot_ms=9_000),
    "node-6": NodeSpec(allocate_ms=7_000, boot_ms=1_000),
}
STAGES_AT_THE_KILL = {
    "node-1": Stage.JOINED,
    "node-2": Stage.WAITING_FOR_CLUSTER,
    "node-3": Stage.WAITING_FOR_CLUSTER,
    "node-4": Stage.WAITING_FOR_VM,
    "node-5": Stage.WAITING_FOR_VM,
    "node-6": Stage.CREATING_VM,
}
STEP_OF_STAGE = {
    Stage.CREATING_VM: "CreateVM",
    Stage.WAITING_FOR_VM: "WaitForVMReady",
    Stage.WAITING_FOR_CLUSTER: "WaitForNodeToJoinCluster",
}
STAGES_WITHIN_S = 15.0
FINISHED_WITHIN_S = 40.0
DOWN_S = 1.0


@dataclass(frozen=True)
class Crash:
    """What the first act leaves behind for the timeline."""

    killed_at: int
    restarted_at: int
    runs: list[RunRecord]


@dataclass(frozen=True)
class Before:
    """What there was at the kill."""

    killed_at: int
    histories: Histories
    pids: dict[str, int | None]


async def kill_in_the_middle(form: Form, world: World, checks: Checks, console: Console) -> Crash:
    await form.add_nodes(SPECS)
    console.print(f"  {len(SPECS)} nodes are being added: {', '.join(SPECS)}")
    stages = await _wait_for_stages(form, world)
    checks.check("each node has come as far as it should before the kill", stages == STAGES_AT_THE_KILL, stages)
    before = await _kill(form, world)
    console.print(f"  [red]✗ SIGKILL[/] to {form.victims}")
    await asyncio.sleep(DOWN_S)
    alive = {node_id: world.provider.pid(node_id) for node_id in SPECS if before.pids[node_id]}
    checks.check("no VM has noticed: each is the same process", alive == {k: v for k, v in before.pids.items() if v})
    await form.restart()
    restarted_at = time.time_ns()
    console.print("  [green]│[/] started again, on the same file")
    runs = await _finish(form, before, checks)
    await _check_world(world, runs, checks)
    console.print(_table(before, runs, world))
    return Crash(before.killed_at, restarted_at, list(runs.values()))


async def _wait_for_stages(form: Form, world: World) -> dict[str, Stage]:
    """Look until all are where they should be, or for as long as is sensible."""
    deadline = time.monotonic() + STAGES_WITHIN_S
    while True:
        stages = await form.stages(list(SPECS))
        if (stages == STAGES_AT_THE_KILL and world.provider.exists("node-6")) or time.monotonic() > deadline:
            return stages
        await asyncio.sleep(0.1)


async def _kill(form: Form, world: World) -> Before:
    pids = {node_id: world.provider.pid(node_id) for node_id in SPECS}
    killed_at = time.time_ns()
    return Before(killed_at, await form.kill(list(SPECS)), pids)


async def _finish(form: Form, before: Before, checks: Checks) -> dict[str, RunRecord]:
    async with asyncio.timeout(FINISHED_WITHIN_S):
        after = await form.finish(list(SPECS))
    runs = {node_id: record_of(node_id, events) for node_id, events in after.items()}
    outcomes = {node_id: run.outcome for node_id, run in runs.items()}
    checks.check("every AddNode completes", set(outcomes.values()) == {Outcome.COMPLETED}, outcomes)
    checks.check(
        "every history goes on exactly where it was: what was stored before the kill is there, byte by byte",
        all(is_continued(before.histories[node_id], after[node_id]) for node_id in SPECS),
    )
    return runs


async def _check_world(world: World, runs: dict[str, RunRecord], checks: Checks) -> None:
    checks.check(
        "every history has each of the four activities scheduled once and completed once",
        all(ran_once(run) for run in runs.values()),
        {node_id: completed_names(run) for node_id, run in runs.items()},
    )
    attempts = {node_id: _attempts(run) for node_id, run in runs.items()}
    checks.check(
        "only what was running at the kill was tried again; completed activities were not",
        attempts == {node_id: _expected_attempts(node_id) for node_id in SPECS},
        attempts,
    )
    made = {node_id: world.provider.boot_count(node_id) for node_id in SPECS}
    checks.check(
        "one VM was made per node, also for node-6, whose CreateVM was cut off", set(made.values()) == {1}, made
    )
    members = sorted(member.node_id for member in await world.cluster.members())
    checks.check("the cluster has exactly these members", members == sorted(SPECS), members)
    events = {node_id: world.events_of(node_id) for node_id in SPECS}
    checks.check("VMJoined was published once per node", all(e == ["VMJoined"] for e in events.values()), events)


def _attempts(run: RunRecord) -> list[int]:
    return [activity.attempt for activity in run.activities]


def _expected_attempts(node_id: str) -> list[int]:
    interrupted = STEP_OF_STAGE.get(STAGES_AT_THE_KILL[node_id])
    return [2 if step == interrupted else 1 for step in STEPS]


def _table(before: Before, runs: dict[str, RunRecord], world: World) -> Table:
    table = Table(box=None, padding=(0, 2), title_justify="left")
    for heading in ("node", "completed before the kill", "cut off by it", "attempts", "VMs made", "published"):
        table.add_column(heading, header_style="dim", no_wrap=True)
    for node_id, run in runs.items():
        done = completed_names(record_of(node_id, before.histories[node_id]))
        table.add_row(
            node_id,
            f"{len(done)} of {len(STEPS)}",
            STEP_OF_STAGE.get(STAGES_AT_THE_KILL[node_id], "-"),
            " ".join(map(str, _attempts(run))),
            str(world.provider.boot_count(node_id)),
            str(len(world.events_of(node_id))),
        )
    return table
