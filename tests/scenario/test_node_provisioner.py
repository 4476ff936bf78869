"""The example `node_provisioner`: its VMs, cluster and publishers with real processes, its workflows on a server.

The workflows meet a world in memory that can fail at each of its doors, so that each rollback is seen.
"""

from __future__ import annotations

import asyncio
import dataclasses
import os
import shlex
import signal
import subprocess
import sys
import threading
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable, Generator, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from typing import Any, TypeVar

import pytest

from mainspring import embedded
from mainspring.client import Client, WorkflowExecutionStatus, WorkflowFailureError
from mainspring.testing import ActivityEnvironment
from node_provisioner import timeline
from node_provisioner.activities import (
    ACTIVITIES,
    delete_vm,
    remove_node_from_cluster,
    wait_for_node_to_join_cluster,
    wait_for_vm_ready,
)
from node_provisioner.demonstration.evidence import STEPS
from node_provisioner.installation import Installation, installed, using
from node_provisioner.interfaces import (
    VM,
    EventKind,
    Member,
    NodeEvent,
    OrderSupersededError,
    VMBrokenError,
    VMState,
)
from node_provisioner.messages import (
    AddNodeInput,
    DeleteVMInput,
    NodeSpec,
    RemoveNodeFromClusterInput,
    Stage,
    WaitForNodeToJoinClusterInput,
    WaitForVMReadyInput,
)
from node_provisioner.nodes import TASK_QUEUE, start_add_node, start_delete_node, status_of
from node_provisioner.processes import loopback
from node_provisioner.processes.loopback import Reply, Request
from node_provisioner.processes.provider import SOURCES, ProcessProvider
from node_provisioner.processes.publishers import EventLog, Webhook
from node_provisioner.processes.registry import JoinRequest, Members, RegistryCluster, answer
from node_provisioner.program import add_nodes, node_of
from node_provisioner.workflows import WORKFLOWS
from tests.server_process import CHECKOUT, chosen_command

Answer = TypeVar("Answer")

FAST = NodeSpec(boot_ms=0, join_ms=0)
SLOW = NodeSpec(boot_ms=600_000)
MAKER = """
import asyncio, pathlib, sys
from node_provisioner.messages import NodeSpec
from node_provisioner.processes.provider import ProcessProvider
provider = ProcessProvider(pathlib.Path(sys.argv[1]), sys.argv[2], vm_lifetime_s=60)
asyncio.run(provider.create_vm("n", NodeSpec(allocate_ms=1_500), ordered_at=1))
"""

pytestmark = pytest.mark.slow


# -- processes: VMs, the cluster, publishers ---------------------------------------------------------------------------


@contextmanager
def serving(answer_request: Callable[[Request], Reply]) -> Generator[str]:
    """An HTTP service on a thread; its URL."""
    service = loopback.server(0, answer_request)
    thread = threading.Thread(target=service.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield f"http://127.0.0.1:{service.server_address[1]}"
    finally:
        service.shutdown()
        thread.join()
        service.server_close()


@pytest.fixture
def registry_url(tmp_path: Path) -> Iterator[str]:
    members = Members(tmp_path / "members.json")
    with serving(lambda request: answer(members, request)) as url:
        yield url


@pytest.fixture
async def provider(tmp_path: Path, registry_url: str) -> AsyncIterator[ProcessProvider]:
    provider = ProcessProvider(tmp_path / "vms", registry_url, vm_lifetime_s=60)
    yield provider
    for node_id in provider.node_ids():
        await provider.delete_vm(node_id, ordered_at=1_000)


async def first_that(fits: Callable[[Answer], bool], ask: Callable[[], Awaitable[Answer]]) -> Answer:
    """Ask until the answer fits. The limit is that of the test."""
    while True:
        answer = await ask()
        if fits(answer):
            return answer
        await asyncio.sleep(0.02)


async def exists(provider: ProcessProvider, *, wanted: bool) -> None:
    await first_that(lambda found: found is wanted, lambda: asyncio.to_thread(provider.exists, "n"))


async def test_a_vm_is_made_once_however_often_it_is_ordered(provider: ProcessProvider) -> None:
    at_once = await asyncio.gather(*(provider.create_vm("n", FAST, ordered_at=order) for order in range(1, 6)))
    later = await provider.create_vm("n", FAST, ordered_at=9)

    assert {vm.vm_id for vm in [*at_once, later]} == {later.vm_id}
    assert provider.boot_count("n") == 1


async def test_while_a_vm_is_forked_off_nobody_looks_whether_another_is_alive(
    provider: ProcessProvider, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The new process has all files of its maker for a moment, and would keep the lock of the look after its end."""
    popen = subprocess.Popen
    looks: list[bool] = []
    looks_before_the_fork: list[int] = []

    def fork(*args: Any, **options: Any) -> Any:
        looking = threading.Thread(target=lambda: looks.append(provider.exists("other")))
        looking.start()
        looking.join(0.2)
        looks_before_the_fork.append(len(looks))
        return popen(*args, **options)

    monkeypatch.setattr(subprocess, "Popen", fork)
    await provider.create_vm("n", FAST, ordered_at=1)

    assert looks_before_the_fork == [0]


async def test_a_vm_whose_maker_was_killed_is_found_by_the_next(provider: ProcessProvider, tmp_path: Path) -> None:
    arguments = [str(tmp_path / "vms"), provider.registry_url]
    environment = {**os.environ, "PYTHONPATH": str(SOURCES)}
    maker = await asyncio.create_subprocess_exec(sys.executable, "-c", MAKER, *arguments, env=environment)
    await exists(provider, wanted=True)
    maker.kill()
    await maker.wait()
    assert provider.pid("n") is None, "the VM had already said where it is"

    found = await provider.create_vm("n", FAST, ordered_at=1)

    assert found.vm_id == f"process-{provider.pid('n')}"
    assert provider.boot_count("n") == 1


async def test_a_vm_that_ended_by_itself_is_gone_and_is_made_anew(provider: ProcessProvider) -> None:
    first = await provider.create_vm("n", FAST, ordered_at=1)
    pid = provider.pid("n")
    assert pid is not None
    os.kill(pid, signal.SIGKILL)
    await exists(provider, wanted=False)

    assert await provider.vm_state("n", first.vm_id) is VMState.GONE
    assert (await provider.create_vm("n", FAST, ordered_at=1)).vm_id != first.vm_id


async def test_deleting_ends_the_process_and_again_finds_nothing(provider: ProcessProvider) -> None:
    await provider.create_vm("n", FAST, ordered_at=1)

    assert await provider.delete_vm("n", ordered_at=2)
    assert not provider.exists("n")
    assert not await provider.delete_vm("n", ordered_at=2)


async def test_a_vm_is_deleted_while_it_is_being_allocated(provider: ProcessProvider) -> None:
    creating = asyncio.create_task(provider.create_vm("n", NodeSpec(allocate_ms=300), ordered_at=1))
    await exists(provider, wanted=True)

    assert await provider.delete_vm("n", ordered_at=2)
    assert not provider.exists("n")
    await asyncio.gather(creating, return_exceptions=True)


async def test_a_creation_ordered_before_the_deletion_makes_nothing(provider: ProcessProvider) -> None:
    await provider.delete_vm("n", ordered_at=5)

    with pytest.raises(OrderSupersededError):
        await provider.create_vm("n", FAST, ordered_at=4)
    assert provider.boot_count("n") == 0
    await provider.create_vm("n", FAST, ordered_at=6)
    assert provider.boot_count("n") == 1


async def test_a_deletion_ordered_before_the_creation_leaves_the_vm(provider: ProcessProvider) -> None:
    await provider.create_vm("n", FAST, ordered_at=5)

    assert not await provider.delete_vm("n", ordered_at=4)
    assert provider.exists("n")


@pytest.mark.parametrize("image, ends_as", [("stable", VMState.READY), ("broken", VMState.BROKEN)])
async def test_a_vm_says_when_it_has_booted(provider: ProcessProvider, image: str, ends_as: VMState) -> None:
    vm = await provider.create_vm("n", NodeSpec(image=image, boot_ms=300), ordered_at=1)

    assert await provider.vm_state("n", vm.vm_id) is VMState.BOOTING
    later = await first_that(lambda state: state is not VMState.BOOTING, lambda: provider.vm_state("n", vm.vm_id))
    assert later is ends_as


@pytest.mark.parametrize("node_id", ["", "../n", "a/b", "-n", "n" * 64])
async def test_a_node_id_that_would_leave_its_folder_is_refused(provider: ProcessProvider, node_id: str) -> None:
    with pytest.raises(ValueError, match="node id"):
        await provider.create_vm(node_id, FAST, ordered_at=1)


async def test_a_vm_joins_by_itself_and_its_membership_outlives_the_registry(
    provider: ProcessProvider, registry_url: str, tmp_path: Path
) -> None:
    vm = await provider.create_vm("n", FAST, ordered_at=1)
    cluster = RegistryCluster(registry_url)
    member = await first_that(lambda found: found is not None, lambda: cluster.find_member("n"))

    assert member is not None
    assert member.vm_id == vm.vm_id
    assert Members(tmp_path / "members.json").find("n") == member  # as a restarted registry reads it
    assert not await cluster.remove_member("n", ordered_at=0)  # of a deletion that was ordered before the VM
    assert await cluster.remove_member("n", ordered_at=2)
    assert not await cluster.remove_member("n", ordered_at=2)


def test_joining_once_more_changes_nothing(tmp_path: Path) -> None:
    members = Members(tmp_path / "members.json")
    first = members.join("n", JoinRequest("vm-1", ordered_at=1))

    assert members.join("n", JoinRequest("vm-1", ordered_at=1)) == first
    assert members.join("n", JoinRequest("vm-2", ordered_at=2)).vm_id == "vm-2"


def test_a_join_that_makes_no_sense_is_refused(tmp_path: Path) -> None:
    members = Members(tmp_path / "members.json")

    assert answer(members, Request("PUT", "/members/n", b"{}")).status == 400
    assert answer(members, Request("PATCH", "/members/n", b"")).status == 404
    assert members.all() == []


def event(kind: EventKind, ordered_at: int) -> NodeEvent:
    return NodeEvent(node_id="n", kind=kind, vm_id=None, ordered_at=ordered_at)


async def test_an_event_is_logged_once_and_a_late_one_not_at_all(tmp_path: Path) -> None:
    log = EventLog(tmp_path / "events.jsonl")
    published = [
        await log.publish(event(EventKind.VM_JOINED, 1)),
        await log.publish(event(EventKind.VM_JOINED, 1)),  # a retry
        await log.publish(event(EventKind.VM_DELETED, 3)),
        await log.publish(event(EventKind.VM_JOINED, 2)),  # of an AddNode that was terminated by the deletion
        await log.publish(event(EventKind.VM_JOINED, 4)),
    ]

    assert published == [True, False, True, False, True]
    assert [one.ordered_at for one in log.events()] == [1, 3, 4]


async def test_a_line_torn_by_a_crash_is_cut_and_written_again(tmp_path: Path) -> None:
    file = tmp_path / "events.jsonl"
    log = EventLog(file)
    await log.publish(event(EventKind.VM_JOINED, 1))
    whole = file.read_bytes()
    await log.publish(event(EventKind.VM_DELETED, 2))
    file.write_bytes(file.read_bytes()[: len(whole) + 10])

    assert await log.publish(event(EventKind.VM_DELETED, 2))
    assert [one.kind for one in log.events()] == [EventKind.VM_JOINED, EventKind.VM_DELETED]


async def test_a_webhook_is_posted_to_and_an_error_of_its_is_ours() -> None:
    taken: list[bytes] = []
    statuses = [500, 200]

    def receive(request: Request) -> Reply:
        taken.append(request.body)
        return Reply(statuses[len(taken) - 1])

    with serving(receive) as url:
        webhook = Webhook(f"{url}/nodes")
        with pytest.raises(OSError, match="500"):
            await webhook.publish(event(EventKind.VM_JOINED, 1))
        assert await webhook.publish(event(EventKind.VM_JOINED, 1))
    assert b"VMJoined" in taken[1]


# -- activities and workflows, in a world in memory --------------------------------------------------------------------


class FakeWorld:
    """Provider, Cluster and Publisher at once. What is in `fails` does, for good."""

    def __init__(self, *, fails: str = "", stays: VMState = VMState.READY) -> None:
        self.fails = fails
        self.stays = stays
        self.joins = True
        self.vms: dict[str, VM] = {}
        self.members: dict[str, Member] = {}
        self.calls: list[str] = []

    async def create_vm(self, node_id: str, spec: NodeSpec, *, ordered_at: int) -> VM:
        self._called("create_vm")
        assert spec is not None
        vm = VM(node_id=node_id, vm_id=f"vm-of-{node_id}", health_url="", ordered_at=ordered_at)
        return self.vms.setdefault(node_id, vm)

    async def vm_state(self, node_id: str, vm_id: str) -> VMState:
        self._called("vm_state")
        known = self.vms.get(node_id)
        return self.stays if known is not None and known.vm_id == vm_id else VMState.GONE

    async def delete_vm(self, node_id: str, *, ordered_at: int) -> bool:
        self._called("delete_vm")
        assert ordered_at > 0
        return self.vms.pop(node_id, None) is not None

    async def find_member(self, node_id: str) -> Member | None:
        self._called("find_member")
        if self.joins and node_id in self.vms:
            vm_id = self.vms[node_id].vm_id
            self.members.setdefault(node_id, Member(node_id=node_id, vm_id=vm_id, joined_at=7, ordered_at=1))
        return self.members.get(node_id)

    async def remove_member(self, node_id: str, *, ordered_at: int) -> bool:
        self._called("remove_member")
        assert ordered_at > 0
        return self.members.pop(node_id, None) is not None

    async def publish(self, event: NodeEvent) -> bool:
        self._called(f"publish {event.kind}")
        return True

    def changes(self) -> list[str]:
        """The calls, without those that only look."""
        return [call for call in self.calls if call not in {"vm_state", "find_member"}]

    def _called(self, call: str) -> None:
        self.calls.append(call)
        if self.fails == call:
            raise VMBrokenError(f"{call} fails")


def installation_in(world: FakeWorld) -> Installation:
    return Installation(provider=world, cluster=world, publisher=world)


async def test_a_wait_heartbeats_and_counts_on_from_the_attempt_before() -> None:
    world = FakeWorld()
    await world.create_vm("n", FAST, ordered_at=1)
    heartbeats: list[object] = []
    environment = ActivityEnvironment()
    environment.on_heartbeat = lambda *details: heartbeats.extend(details)
    environment.info = dataclasses.replace(environment.info, heartbeat_details=[41])

    with using(installation_in(world)):
        waited = await environment.run(
            wait_for_node_to_join_cluster, WaitForNodeToJoinClusterInput(node_id="n", vm_id="vm-of-n")
        )

    assert waited.poll_count == 42
    assert heartbeats == [42]


async def test_a_vm_that_is_gone_is_not_waited_for() -> None:
    with using(installation_in(FakeWorld())), pytest.raises(VMBrokenError, match="gone"):
        await ActivityEnvironment().run(wait_for_vm_ready, WaitForVMReadyInput(node_id="n", vm_id="vm-of-n"))


async def test_a_member_that_is_another_vm_is_not_waited_for_in_vain() -> None:
    world = FakeWorld()
    world.members["n"] = Member(node_id="n", vm_id="an older one", joined_at=1, ordered_at=1)

    with using(installation_in(world)), pytest.raises(VMBrokenError, match="gone"):
        await ActivityEnvironment().run(
            wait_for_node_to_join_cluster, WaitForNodeToJoinClusterInput(node_id="n", vm_id="vm-of-n")
        )


async def test_undoing_what_was_never_done_succeeds() -> None:
    with using(installation_in(FakeWorld())):
        deleted = await ActivityEnvironment().run(delete_vm, DeleteVMInput(node_id="n", ordered_at=1))
        removed = await ActivityEnvironment().run(
            remove_node_from_cluster, RemoveNodeFromClusterInput(node_id="n", ordered_at=1)
        )

    assert (deleted.was_present, removed.was_member) == (False, False)


def test_an_activity_where_nothing_is_installed_says_what_to_do() -> None:
    with pytest.raises(LookupError, match="using"):
        installed()


@asynccontextmanager
async def working(world: FakeWorld, file: Path | None = None) -> AsyncGenerator[Client]:
    """A client, with an engine in memory or in a file, and the activities in this world."""
    with using(installation_in(world)):
        async with embedded(file, workflows=WORKFLOWS, activities=ACTIVITIES, task_queue=TASK_QUEUE) as client:
            yield client


async def add(client: Client, node_id: str) -> None:
    await (await start_add_node(client, AddNodeInput(node_id=node_id, spec=FAST))).result()


async def until_stage(client: Client, node_id: str, stage: Stage) -> None:
    await first_that(lambda status: status.stage is stage, lambda: status_of(client, node_id))


async def test_add_node_does_its_activities_in_order_and_says_where_it_is() -> None:
    world = FakeWorld()
    async with working(world) as client:
        handle = await start_add_node(client, AddNodeInput(node_id="in-order", spec=FAST))
        added = await handle.result()
        status = await status_of(client, "in-order")

    assert world.calls == ["create_vm", "vm_state", "find_member", "publish VMJoined"]
    assert (added.node_id, added.vm_id, added.joined_at) == ("in-order", "vm-of-in-order", 7)
    assert (status.node_id, status.stage, status.vm_id) == ("in-order", Stage.JOINED, "vm-of-in-order")


async def test_adding_an_added_node_finds_its_vm() -> None:
    world = FakeWorld()
    async with working(world) as client:
        await add(client, "added-before")
        await add(client, "added-before")

    assert len(world.vms) == 1


@pytest.mark.parametrize(
    "fails, undone",
    [
        ("create_vm", ["create_vm", "delete_vm", "remove_member"]),
        ("vm_state", ["create_vm", "delete_vm", "remove_member"]),
        ("find_member", ["create_vm", "delete_vm", "remove_member"]),
        (
            "publish VMJoined",
            ["create_vm", "publish VMJoined", "publish VMDeleted", "delete_vm", "remove_member"],
        ),
    ],
)
async def test_a_failure_undoes_all_that_may_have_been_done(fails: str, undone: list[str]) -> None:
    world = FakeWorld(fails=fails)
    node_id = f"fails-in-{fails.replace(' ', '-').replace('_', '-')}"
    async with working(world) as client:
        with pytest.raises(WorkflowFailureError):
            await add(client, node_id)
        status = await status_of(client, node_id)

    assert world.changes() == undone
    assert (world.vms, world.members, status.stage) == ({}, {}, Stage.UNDONE)


async def test_a_cancelled_add_node_undoes_what_it_has_done() -> None:
    world = FakeWorld()
    world.joins = False
    async with working(world) as client:
        handle = await start_add_node(client, AddNodeInput(node_id="cancelled", spec=FAST))
        await until_stage(client, "cancelled", Stage.WAITING_FOR_CLUSTER)
        await handle.cancel()
        with pytest.raises(WorkflowFailureError):
            await handle.result()
        status = (await handle.describe()).status

    assert status is WorkflowExecutionStatus.CANCELED
    assert world.changes() == ["create_vm", "delete_vm", "remove_member"]


async def test_a_second_add_node_joins_the_first() -> None:
    world = FakeWorld(stays=VMState.BOOTING)
    async with working(world) as client:
        first = await start_add_node(client, AddNodeInput(node_id="twice", spec=SLOW))
        second = await start_add_node(client, AddNodeInput(node_id="twice", spec=SLOW))
        world.stays = VMState.READY
        added = await asyncio.gather(first.result(), second.result())

    assert first.first_execution_run_id == second.first_execution_run_id
    assert added[0] == added[1]
    assert world.changes() == ["create_vm", "publish VMJoined"]


async def test_delete_node_ends_the_add_node_that_runs_and_undoes_it() -> None:
    world = FakeWorld(stays=VMState.BOOTING)
    async with working(world) as client:
        adding = await start_add_node(client, AddNodeInput(node_id="deleted", spec=SLOW))
        await until_stage(client, "deleted", Stage.WAITING_FOR_VM)
        deleted = await (await start_delete_node(client, "deleted")).result()
        ended = await client.get_workflow_handle("deleted", run_id=adding.first_execution_run_id).describe()

    assert ended.status is WorkflowExecutionStatus.TERMINATED
    assert (deleted.had_vm, deleted.was_member) == (True, False)
    assert world.changes() == ["create_vm", "delete_vm", "remove_member", "publish VMDeleted"]


# -- the program and the timeline --------------------------------------------------------------------------------------


async def test_a_program_started_again_leaves_alone_what_it_has_added(capsys: pytest.CaptureFixture[str]) -> None:
    world = FakeWorld()
    async with working(world) as client:
        await add_nodes(client, {"first": FAST})
        await add_nodes(client, {"first": FAST, "second": FAST})

    assert world.changes() == ["create_vm", "publish VMJoined"] * 2
    assert "second: joined" in capsys.readouterr().out


async def test_a_program_adds_again_what_was_deleted_meanwhile() -> None:
    world = FakeWorld()
    async with working(world) as client:
        await add_nodes(client, {"n": FAST})
        await (await start_delete_node(client, "n")).result()
        await add_nodes(client, {"n": FAST})

    assert list(world.vms) == ["n"]


def test_a_node_is_named_with_its_times() -> None:
    assert node_of("n-1:boot_ms=200,join_ms=100") == ("n-1", NodeSpec(boot_ms=200, join_ms=100))
    assert node_of("n-1") == ("n-1", NodeSpec())


def test_the_timeline_is_drawn_from_the_file_of_a_program_that_has_ended(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "nodes.db"

    async def program() -> None:
        async with working(FakeWorld(), file) as client:
            await add(client, "drawn")

    asyncio.run(program())
    monkeypatch.setattr(sys, "argv", ["timeline", "--file", str(file), "drawn"])
    timeline.main()

    shown = capsys.readouterr().out
    assert "drawn  AddNode  completed" in shown
    assert all(name in shown for name in STEPS)


# -- the demonstration -------------------------------------------------------------------------------------------------


def demonstrate(directory: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    demo = CHECKOUT / "examples" / "node_provisioner" / "demo.py"
    return subprocess.run(
        [sys.executable, demo, "--directory", directory, *arguments],
        capture_output=True,
        text=True,
        timeout=90,
        check=False,
        env={**os.environ, "PYTHONPATH": str(CHECKOUT / "src")},
    )


@pytest.mark.timeout(100)
@pytest.mark.parametrize(
    "arguments", [[], ["--server", shlex.join(chosen_command())]], ids=["in one program", "with a server"]
)
def test_every_claim_of_the_demonstration_holds(tmp_path: Path, arguments: list[str]) -> None:
    shown = demonstrate(tmp_path, *arguments)

    assert shown.returncode == 0, f"{shown.stdout}\n{shown.stderr}"
    assert "every history goes on exactly where it was" in shown.stdout


def test_the_demonstration_says_so_when_it_fails(tmp_path: Path) -> None:
    shown = demonstrate(tmp_path, "--server", "false")

    assert shown.returncode == 1
    assert "claims do not hold" in shown.stdout
    assert "nothing is left running" in shown.stdout
