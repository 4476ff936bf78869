"""`python -m node_provisioner.program NODE...`: adds nodes, with the engine in this process, and says how far they are.

No server and no worker: `mainspring.embedded` opens one file. Start the program once more, after whatever has become of
it, with the same file: it joins what was begun and goes on where each node was. What it has added is left alone.
"""

import argparse
import asyncio
import logging
from collections.abc import Mapping
from pathlib import Path

import msgspec

import mainspring
from mainspring.client import Client, WorkflowExecutionStatus
from mainspring.service import RPCError, RPCStatusCode
from node_provisioner.activities import ACTIVITIES
from node_provisioner.installation import using
from node_provisioner.machine import add_arguments, installation_of
from node_provisioner.messages import AddNodeInput, NodeSpec, Stage
from node_provisioner.nodes import TASK_QUEUE, start_add_node, status_of
from node_provisioner.workflows import WORKFLOWS

FILE = "nodes.db"
SAID_EVERY_S = 0.1


async def add_nodes(client: Client, specs: Mapping[str, NodeSpec]) -> None:
    requests = [
        AddNodeInput(node_id=node_id, spec=spec)
        for node_id, spec in specs.items()
        if not await _is_added(client, node_id)
    ]
    handles = [await start_add_node(client, request) for request in requests]
    saying = asyncio.create_task(_say_stages(client, list(specs)))
    await asyncio.gather(*(handle.result() for handle in handles))
    await saying


async def _is_added(client: Client, node_id: str) -> bool:
    """Whether the last that was done for this node was to add it: by this program before it died, most likely."""
    try:
        latest = await client.get_workflow_handle(node_id).describe()
    except RPCError as error:
        if error.status is RPCStatusCode.NOT_FOUND:
            return False
        raise
    return latest.workflow_type == "AddNode" and latest.status is WorkflowExecutionStatus.COMPLETED


async def _say_stages(client: Client, node_ids: list[str]) -> None:
    """A line for each step that a node has taken, until all have joined."""
    said: dict[str, Stage] = {}
    while set(said.values()) != {Stage.JOINED} or len(said) < len(node_ids):
        for status in await asyncio.gather(*(status_of(client, node_id) for node_id in node_ids)):
            if said.get(status.node_id) is not status.stage:
                print(f"{status.node_id}: {status.stage}", flush=True)
                said[status.node_id] = status.stage
        await asyncio.sleep(SAID_EVERY_S)


async def run(options: argparse.Namespace) -> None:
    file: Path = options.directory / FILE
    with using(installation_of(options)):
        async with mainspring.embedded(
            file, workflows=WORKFLOWS, activities=ACTIVITIES, task_queue=TASK_QUEUE
        ) as client:
            await add_nodes(client, dict(options.nodes))


def node_of(text: str) -> tuple[str, NodeSpec]:
    """Read `node-1` or `node-1:boot_ms=200,join_ms=100`."""
    node_id, _, times = text.partition(":")
    pairs = [pair.partition("=") for pair in times.split(",") if pair]
    return node_id, msgspec.convert({name: value for name, _, value in pairs}, NodeSpec, strict=False)


def main() -> None:
    parser = argparse.ArgumentParser(description="adds nodes of this machine")
    add_arguments(parser)
    parser.add_argument("nodes", metavar="NODE", nargs="+", type=node_of, help="an id; or ID:boot_ms=200,join_ms=100")
    options = parser.parse_args()
    logging.basicConfig(level=logging.WARNING, format="%(asctime)s %(levelname)s %(name)s: %(message)s")
    asyncio.run(run(options))


if __name__ == "__main__":
    main()
