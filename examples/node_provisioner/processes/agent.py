"""A "VM": `python -m node_provisioner.processes.agent`, started by `ProcessProvider`, one process per node.

    allocate_ms ─► vm.json is there ─ boot_ms ─► GET /health: 200 ─ join_ms ─► joins the registry, keeps trying

It inherits the locked file `alive` from its maker and never closes it: while the lock is held, the VM exists.
The kernel lets go of it when the process ends, in whatever way. Ends at SIGTERM, and by itself after `lifetime_s`.
Only the standard library is imported here: a VM of 100 ms and 15 MB.
"""

import argparse
import json
import os
import signal
import sys
import threading
import time
from pathlib import Path

from node_provisioner.processes.loopback import Reply, Request, send, server

JOIN_RETRY_S = 0.2


class Agent:
    def __init__(self, options: argparse.Namespace) -> None:
        self.node_id: str = options.node_id
        self.directory: Path = options.directory
        self.registry_url: str = options.registry
        self.ordered_at: int = options.ordered_at
        self.is_broken: bool = options.image == "broken"
        self.boot_s: float = options.boot_ms / 1_000
        self.join_s: float = options.join_ms / 1_000
        self.vm_id = f"process-{os.getpid()}"
        self.booted_at = time.monotonic() + self.boot_s

    def describe(self, port: int) -> None:
        """Say where this VM is. From here on its maker knows it."""
        vm = {
            "node_id": self.node_id,
            "vm_id": self.vm_id,
            "health_url": f"http://127.0.0.1:{port}/health",
            "ordered_at": self.ordered_at,
        }
        unfinished = self.directory / f"vm.json.{os.getpid()}"
        unfinished.write_text(json.dumps(vm), "utf-8")
        unfinished.replace(self.directory / "vm.json")
        (self.directory / "pid").write_text(f"{os.getpid()}\n", "utf-8")

    def health(self, request: Request) -> Reply:
        if request.path != "/health":
            return Reply(404)
        if time.monotonic() < self.booted_at:
            return Reply(503, b'{"state": "booting"}')
        if self.is_broken:
            return Reply(500, b'{"state": "broken"}')
        return Reply(200, b'{"state": "ready"}')

    def join_cluster(self) -> None:
        """Once booted, ask the registry until it takes this node. It may be down for as long as it likes."""
        time.sleep(self.boot_s + self.join_s)
        if self.is_broken:
            return
        url = f"{self.registry_url}/members/{self.node_id}"
        body = json.dumps({"vm_id": self.vm_id, "ordered_at": self.ordered_at}).encode()
        while not _is_accepted(url, body):
            time.sleep(JOIN_RETRY_S)


def _is_accepted(url: str, body: bytes) -> bool:
    try:
        return send("PUT", url, body).status == 200
    except OSError:
        return False


def note_boot(directory: Path) -> None:
    """One line for each process that ever was this node's VM: the demo counts them."""
    with (directory / "boots").open("a", encoding="utf-8") as boots:
        boots.write(f"{os.getpid()}\n")


def end_by_itself(lifetime_s: float) -> None:
    """Whatever becomes of those who should delete this VM, it is gone some day."""
    ending = threading.Timer(lifetime_s, os.kill, (os.getpid(), signal.SIGTERM))
    ending.daemon = True
    ending.start()


def options_of(arguments: list[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description="a node agent: what a VM is here")
    parser.add_argument("--node-id", required=True)
    parser.add_argument("--directory", type=Path, required=True)
    parser.add_argument("--registry", required=True)
    parser.add_argument("--ordered-at", type=int, required=True)
    parser.add_argument("--image", default="stable")
    parser.add_argument("--allocate-ms", type=int, default=0)
    parser.add_argument("--boot-ms", type=int, default=0)
    parser.add_argument("--join-ms", type=int, default=0)
    parser.add_argument("--lifetime-s", type=float, default=86_400)
    return parser.parse_args(arguments)


def main() -> None:
    options = options_of(sys.argv[1:])
    note_boot(options.directory)
    end_by_itself(options.lifetime_s)
    time.sleep(options.allocate_ms / 1_000)
    agent = Agent(options)
    health = server(0, agent.health)
    agent.describe(health.server_address[1])
    threading.Thread(target=agent.join_cluster, daemon=True).start()
    health.serve_forever()


if __name__ == "__main__":
    main()
