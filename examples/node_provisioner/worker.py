"""`python -m node_provisioner.worker`: offers the workflows and activities to a server, until SIGTERM.

Everything about this machine is an argument: where the VMs' folders are, where the registry is, whom to tell.
"""

import argparse
import asyncio
import logging
import signal
from datetime import timedelta
from pathlib import Path

from temporalio.client import Client
from temporalio.worker import Worker

from node_provisioner.activities import NodeActivities
from node_provisioner.interfaces import Publisher
from node_provisioner.nodes import TASK_QUEUE
from node_provisioner.processes.provider import ProcessProvider
from node_provisioner.processes.publishers import EventLog, Webhook
from node_provisioner.processes.registry import RegistryCluster
from node_provisioner.workflows import AddNode, DeleteNode

# A workflow task waits this long for a worker that has died before another one gets it.
STICKY_TIMEOUT = timedelta(seconds=2)


def worker(client: Client, activities: NodeActivities) -> Worker:
    return Worker(
        client,
        task_queue=TASK_QUEUE,
        workflows=[AddNode, DeleteNode],
        activities=[
            activities.create_vm,
            activities.wait_for_vm_ready,
            activities.wait_for_node_to_join_cluster,
            activities.publish_vm_joined,
            activities.delete_vm,
            activities.remove_node_from_cluster,
            activities.publish_vm_deleted,
        ],
        sticky_queue_schedule_to_start_timeout=STICKY_TIMEOUT,
    )


def activities_of(options: argparse.Namespace) -> NodeActivities:
    directory: Path = options.directory
    publisher: Publisher = Webhook(options.webhook) if options.webhook else EventLog(directory / "events.jsonl")
    provider = ProcessProvider(directory / "vms", options.registry, vm_lifetime_s=options.vm_lifetime_s)
    return NodeActivities(provider, RegistryCluster(options.registry), publisher)


async def run(options: argparse.Namespace) -> None:
    client = await Client.connect(options.address, namespace=options.namespace)
    stopping = asyncio.Event()
    for sent in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(sent, stopping.set)
    async with worker(client, activities_of(options)):
        await stopping.wait()


def main() -> None:
    parser = argparse.ArgumentParser(description="a worker that adds and deletes nodes of this machine")
    parser.add_argument("--address", default="127.0.0.1:7233", help="of the server")
    parser.add_argument("--namespace", default="default")
    parser.add_argument("--directory", type=Path, required=True, help="for the VMs and the event log")
    parser.add_argument("--registry", required=True, help="URL of the cluster's registry")
    parser.add_argument("--webhook", help="URL to post events to, instead of appending them to events.jsonl")
    parser.add_argument("--vm-lifetime-s", type=float, default=86_400, help="a VM ends by itself after this time")
    options = parser.parse_args()
    logging.basicConfig(level=logging.WARNING, format="%(asctime)s %(levelname)s %(name)s: %(message)s")
    asyncio.run(run(options))


if __name__ == "__main__":
    main()
