"""Our workers count what official ones do: the same metrics, attributes and kinds of values, for the same program.

And they ask as much of the server: a workflow costs as many RPCs.
"""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TypeAlias

import pytest

from mainspring.cli.import_migration import migrate
from tests.server_process import CHECKOUT, ServerProcess, mainspring_command, temporary_server

pytestmark = [pytest.mark.scenario, pytest.mark.timeout(90)]

PROGRAM = Path(__file__).with_name("metrics_program.py")
EVERYTHING, GREETINGS = "everything", "greetings"
SAMPLE = re.compile(r"^(\w+)\{(.*)\} (\S+)$")
LABEL = re.compile(r'(\w+)="([^"]*)"')
SUFFIX = re.compile(r"_(bucket|sum|count)$")
KINDS = ("eager", "failure_reason", "operation", "poller_type", "status_code", "worker_type")
ENDS_OF_A_RUN = ("completed", "failed", "canceled", "continue_as_new")
BY_CHANCE = {"temporal_sticky_cache_miss"}  # whether a run gets another task here that was thrown out of the cache
REQUESTS = ("temporal_request", "temporal_request_latency_count", "temporal_request_latency_sum")
NOT_COMPARED = {
    "RecordWorkerHeartbeat",  # our workers send none
    "GetWorkflowExecutionHistory",  # as above; those that wait are long requests, and compared
}

Series: TypeAlias = dict[tuple[tuple[str, str], ...], float]


@pytest.fixture(scope="module")
def server() -> Iterator[ServerProcess]:
    with temporary_server(mainspring_command()) as started:
        yield started


def shown_by(sdk: str, what: str, server: ServerProcess, folder: Path) -> dict[str, Series]:
    """Each metric of the program with one SDK: its series, without their buckets."""
    text = PROGRAM.read_text("utf-8")
    program = folder / f"{sdk}_program.py"
    program.write_text(text if sdk == "temporalio" else migrate(text).text, "utf-8")
    command = [sys.executable, str(program), server.address, what]
    done = subprocess.run(command, cwd=CHECKOUT, capture_output=True, text=True, timeout=40, check=False)
    assert done.returncode == 0, done.stderr
    found: dict[str, Series] = {}
    for line in done.stdout.splitlines():
        if (sample := SAMPLE.match(line)) is None or "_bucket{" in line:
            continue
        name, labels, value = sample.groups()
        found.setdefault(name, {})[tuple(sorted(LABEL.findall(labels)))] = float(value)
    return found


def attributes(shown: dict[str, Series]) -> dict[str, set[tuple[tuple[str, str], ...]]]:
    """Which series each metric has, where values of attributes are the program's doing; else only their names."""
    return {
        name: {tuple((key, value if key in KINDS else "") for key, value in labels) for labels in series}
        for name, series in shown.items()
        if SUFFIX.sub("", name) not in BY_CHANCE
    }


def comparable(shown: dict[str, Series]) -> dict[str, Series]:
    def is_compared(name: str, labels: tuple[tuple[str, str], ...]) -> bool:
        return name not in REQUESTS or dict(labels)["operation"] not in NOT_COMPARED

    return {
        name: {labels: value for labels, value in series.items() if is_compared(name, labels)}
        for name, series in shown.items()
    }


def test_the_same_program_makes_the_same_metrics(server: ServerProcess, tmp_path: Path) -> None:
    official = shown_by("temporalio", EVERYTHING, server, tmp_path)
    ours = shown_by("mainspring", EVERYTHING, server, tmp_path)
    assert attributes(comparable(ours)) == attributes(comparable(official))
    for name in (f"temporal_workflow_{end}" for end in ENDS_OF_A_RUN):
        assert ours[name] == official[name]
    for name in (one for one in official if "activity_execution" in one and not one.endswith("_sum")):
        assert ours[name] == official[name], name
    for name in ("temporal_worker_start", "temporal_worker_task_slots_available"):
        assert ours[name] == official[name], name


def per_greeting(shown: dict[str, Series]) -> dict[str, int]:
    """How often each RPC was sent for a workflow, less what is sent once."""
    sent = {**shown["temporal_request"], **shown["temporal_long_request"]}
    return {dict(labels)["operation"]: round(count / 10) for labels, count in sent.items() if count >= 10}


def test_a_workflow_of_one_activity_costs_seven_rpcs_with_either_sdk(server: ServerProcess, tmp_path: Path) -> None:
    expected = {
        "StartWorkflowExecution": 1,
        "GetWorkflowExecutionHistory": 1,
        "PollWorkflowTaskQueue": 2,
        "RespondWorkflowTaskCompleted": 2,
        "RespondActivityTaskCompleted": 1,
    }
    assert per_greeting(shown_by("mainspring", GREETINGS, server, tmp_path)) == expected
    assert per_greeting(shown_by("temporalio", GREETINGS, server, tmp_path)) == expected
