"""`python -m node_provisioner.worker`: offers the workflows and activities to a server, until SIGTERM.

Everything about this machine is an argument: where the VMs' folders are, where the registry is, whom to tell.
"""

import argparse
import asyncio
import logging
import signal
from datetime import timedelta

from mainspring.client import Client
from mainspring.worker import Worker
from node_provisioner.activities import ACTIVITIES
from node_provisioner.installation import using
from node_provisioner.machine import add_arguments, installation_of
from node_provisioner.nodes import TASK_QUEUE
from node_provisioner.workflows import WORKFLOWS

# A workflow task waits this long for a worker that has died before another one gets it.
STICKY_TIMEOUT = timedelta(seconds=2)


def worker(client: Client) -> Worker:
    return Worker(
        client,
        task_queue=TASK_QUEUE,
        workflows=WORKFLOWS,
        activities=ACTIVITIES,
        sticky_queue_schedule_to_start_timeout=STICKY_TIMEOUT,
    )


async def run(options: argparse.Namespace) -> None:
    client = await Client.connect(options.address, namespace=options.namespace)
    stopping = asyncio.Event()
    for sent in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(sent, stopping.set)
    with using(installation_of(options)):
        async with worker(client):
            await stopping.wait()


def main() -> None:
    parser = argparse.ArgumentParser(description="a worker that adds and deletes nodes of this machine")
    parser.add_argument("--address", default="127.0.0.1:7233", help="of the server")
    parser.add_argument("--namespace", default="default")
    add_arguments(parser)
    options = parser.parse_args()
    logging.basicConfig(level=logging.WARNING, format="%(asctime)s %(levelname)s %(name)s: %(message)s")
    asyncio.run(run(options))


if __name__ == "__main__":
    main()
