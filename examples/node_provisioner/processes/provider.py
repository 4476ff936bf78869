"""ProcessProvider: a VM is an agent process of this machine.

A folder per node, which outlives its VMs:

    alive     locked (flock) by the VM as long as it exists
    guard     locked for moments by whoever looks at `alive` or changes the folder
    vm.json   where the VM is; written by the agent once it is allocated
    pid       of the agent, for people
    boots     a line per process that ever was this node's VM
    deleted   `ordered_at` of the youngest deletion: the fence that older creations do not pass

The maker of a VM locks `alive`, starts the agent with that file among its open ones, and closes its own. So the VM
begins to exist in the instant of the fork, and no crash of the maker, before or after, leaves a VM that nobody knows
or a lock that nobody holds. A pid that the kernel has given to another process cannot mislead anyone either.
"""

import asyncio
import fcntl
import os
import re
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

import msgspec

from node_provisioner.interfaces import VM, OrderSupersededError, VMState
from node_provisioner.messages import NodeSpec
from node_provisioner.processes import loopback

SOURCES = Path(__file__).parents[2]  # the folder to import `node_provisioner` from
POLL_INTERVAL_S = 0.02
TERMINATE_WITHIN_S = 3.0
FORKING = threading.Lock()  # a new process has all files of its maker for a moment, and with them the locks on them
HEALTH = {200: VMState.READY, 500: VMState.BROKEN}


class ProcessProvider:
    def __init__(self, directory: Path, registry_url: str, *, vm_lifetime_s: float = 86_400) -> None:
        self._directory = directory
        self.registry_url = registry_url
        self._vm_lifetime_s = vm_lifetime_s

    def __repr__(self) -> str:
        return f"ProcessProvider({str(self._directory)!r})"

    async def create_vm(self, node_id: str, spec: NodeSpec, *, ordered_at: int) -> VM:
        await asyncio.to_thread(self._make_unless_alive, node_id, spec, ordered_at)
        vm = await self._allocated_vm(node_id)
        if vm is None:
            raise ChildProcessError(f"the VM of {node_id} ended at once, see agent.log in {self._folder(node_id)}")
        return vm

    async def vm_state(self, node_id: str, vm_id: str) -> VMState:
        vm = await asyncio.to_thread(self._living_vm, node_id)
        if vm is None or vm.vm_id != vm_id:
            return VMState.GONE
        try:
            reply = await asyncio.to_thread(loopback.send, "GET", vm.health_url)
        except OSError:
            return VMState.BOOTING  # too busy to answer, or just ended: the next poll knows
        return HEALTH.get(reply.status, VMState.BOOTING)

    async def delete_vm(self, node_id: str, *, ordered_at: int) -> bool:
        was_present = False
        while await asyncio.to_thread(self._fence_off, node_id, ordered_at):
            vm = await self._allocated_vm(node_id)
            was_present = True
            if vm is None:
                continue  # it has just ended by itself
            if vm.ordered_at > ordered_at:
                return False
            await asyncio.to_thread(_end, vm, self._folder(node_id))
        return was_present

    def node_ids(self) -> list[str]:
        """Every node that has or had a VM here."""
        return sorted(folder.name for folder in self._directory.iterdir()) if self._directory.is_dir() else []

    def boot_count(self, node_id: str) -> int:
        """How many VMs were ever made for this node."""
        boots = self._folder(node_id) / "boots"
        return len(boots.read_text("utf-8").splitlines()) if boots.exists() else 0

    def exists(self, node_id: str) -> bool:
        folder = self._folder(node_id)
        with _guard(folder):
            return _is_alive(folder)

    def pid(self, node_id: str) -> int | None:
        """The process that is the node's VM at present."""
        vm = self._living_vm(node_id)
        return _pid(vm) if vm is not None else None

    def _folder(self, node_id: str) -> Path:
        if not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9-]{0,62}", node_id):
            raise ValueError(f"a node id is up to 63 letters, digits and hyphens, got {node_id!r}")
        return self._directory / node_id

    def _make_unless_alive(self, node_id: str, spec: NodeSpec, ordered_at: int) -> None:
        folder = self._folder(node_id)
        with _guard(folder):
            if ordered_at <= _deleted_at(folder):
                raise OrderSupersededError(f"node {node_id} was deleted after its creation had been ordered")
            if not _is_alive(folder):
                (folder / "vm.json").unlink(missing_ok=True)  # of a VM that ended by itself
                self._start_agent(node_id, spec, ordered_at)

    def _fence_off(self, node_id: str, ordered_at: int) -> bool:
        """Keep older creations out from now on. Returns: whether there is a VM to end."""
        folder = self._folder(node_id)
        with _guard(folder):
            _raise_fence(folder, ordered_at)
            if _is_alive(folder):
                return True
            (folder / "vm.json").unlink(missing_ok=True)
            (folder / "pid").unlink(missing_ok=True)
            return False

    def _living_vm(self, node_id: str) -> VM | None:
        """The VM that exists and has said where it is."""
        folder = self._folder(node_id)
        with _guard(folder):
            return _read_vm(folder) if _is_alive(folder) else None

    def _start_agent(self, node_id: str, spec: NodeSpec, ordered_at: int) -> None:
        folder = self._folder(node_id)
        command = [sys.executable, "-m", "node_provisioner.processes.agent"]
        command += ["--node-id", node_id, "--directory", str(folder)]
        command += ["--registry", self.registry_url, "--ordered-at", str(ordered_at), "--image", spec.image]
        command += ["--allocate-ms", str(spec.allocate_ms), "--boot-ms", str(spec.boot_ms)]
        command += ["--join-ms", str(spec.join_ms), "--lifetime-s", str(self._vm_lifetime_s)]
        with FORKING, (folder / "agent.log").open("ab") as log, (folder / "alive").open("ab") as alive:
            fcntl.flock(alive, fcntl.LOCK_EX | fcntl.LOCK_NB)
            process = subprocess.Popen(
                command,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                env={**os.environ, "PYTHONPATH": str(SOURCES)},
                pass_fds=[alive.fileno()],
                start_new_session=True,  # the worker's death, by a signal to its group even, is not the VM's
            )
        # Somebody has to collect the exit status, or the ended VM stays a zombie while the worker lives.
        threading.Thread(target=process.wait, name=f"reap-{node_id}", daemon=True).start()

    async def _allocated_vm(self, node_id: str) -> VM | None:
        """Wait until the VM that exists has said where it is. None: it ended before it could."""
        while await asyncio.to_thread(self.exists, node_id):
            vm = await asyncio.to_thread(self._living_vm, node_id)
            if vm is not None:
                return vm
            await asyncio.sleep(POLL_INTERVAL_S)
        return None


@contextmanager
def _guard(folder: Path) -> Generator[None]:
    """Have the node's folder for oneself. Held for moments only: nothing may be awaited in it."""
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / "guard").open("ab") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def _is_alive(folder: Path) -> bool:
    """Whether the VM exists. The guard is held, so only a VM can have the lock."""
    with FORKING, (folder / "alive").open("ab") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return True
        return False


def _read_vm(folder: Path) -> VM | None:
    try:
        return msgspec.json.decode((folder / "vm.json").read_bytes(), type=VM)
    except FileNotFoundError:
        return None


def _deleted_at(folder: Path) -> int:
    fence = folder / "deleted"
    return int(fence.read_text("utf-8")) if fence.exists() else 0


def _raise_fence(folder: Path, ordered_at: int) -> None:
    if ordered_at > _deleted_at(folder):
        unfinished = folder / f"deleted.{ordered_at}"
        unfinished.write_text(str(ordered_at), "utf-8")
        unfinished.replace(folder / "deleted")


def _pid(vm: VM) -> int:
    return int(vm.vm_id.removeprefix("process-"))


def _end(vm: VM, folder: Path) -> None:
    """Ask the agent to end, then end it. Its pid is its own as long as it is alive."""
    for signal_number in (signal.SIGTERM, signal.SIGKILL):
        with _guard(folder):
            if not _is_alive(folder):
                return
            os.kill(_pid(vm), signal_number)
        if _ends_within(TERMINATE_WITHIN_S, folder):
            return


def _ends_within(limit_s: float, folder: Path) -> bool:
    deadline = time.monotonic() + limit_s
    while time.monotonic() < deadline:
        with _guard(folder):
            if not _is_alive(folder):
                return True
        time.sleep(POLL_INTERVAL_S)
    return False
