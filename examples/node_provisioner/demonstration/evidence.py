"""How the demonstration knows. What was done is counted in the world itself, not in what a worker says.

VMs made        each agent writes a line when its process begins
members         asked of the registry
events          lines of the event log
activities      the history of the run
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from rich.console import Console
from temporalio.api.history.v1 import HistoryEvent

from node_provisioner.processes.provider import ProcessProvider
from node_provisioner.processes.publishers import EventLog
from node_provisioner.processes.registry import RegistryCluster
from node_provisioner.timeline import Outcome, RunRecord

STEPS = ["CreateVM", "WaitForVMReady", "WaitForNodeToJoinCluster", "PublishVMJoined"]


class Checks:
    """Claims, printed as they are made."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self.passed_count = 0
        self.failed: list[str] = []

    def check(self, claim: str, holds: bool, seen: object = "") -> None:  # noqa: FBT001  # reads as a sentence
        if holds:
            self.passed_count += 1
            self._console.print(f"  [green]✓[/] {claim}")
        else:
            self.failed.append(claim)
            self._console.print(f"  [bold red]✗ {claim}[/] [red]{seen}[/]", markup=True)


@dataclass(frozen=True)
class World:
    """What is there, seen without a workflow."""

    provider: ProcessProvider
    cluster: RegistryCluster
    log: EventLog

    @classmethod
    def of(cls, directory: Path, registry_url: str, *, vm_lifetime_s: float) -> "World":
        return cls(
            ProcessProvider(directory / "vms", registry_url, vm_lifetime_s=vm_lifetime_s),
            RegistryCluster(registry_url),
            EventLog(directory / "events.jsonl"),
        )

    def events_of(self, node_id: str) -> list[str]:
        return [str(event.kind) for event in self.log.events() if event.node_id == node_id]

    async def is_member(self, node_id: str) -> bool:
        return await self.cluster.find_member(node_id) is not None


def is_continued(before: Sequence[HistoryEvent], after: Sequence[HistoryEvent]) -> bool:
    """Whether the history afterwards is the one before, byte by byte, with more at its end."""
    earlier = [event.SerializeToString(deterministic=True) for event in before]
    later = [event.SerializeToString(deterministic=True) for event in after[: len(before)]]
    return earlier == later


def ran_once(run: RunRecord) -> bool:
    """Whether AddNode's history has each activity scheduled once, in order, and completed."""
    names = [activity.name for activity in run.activities]
    return names == STEPS and all(activity.outcome is Outcome.COMPLETED for activity in run.activities)


def completed_names(run: RunRecord) -> list[str]:
    return [activity.name for activity in run.activities if activity.outcome is Outcome.COMPLETED]
