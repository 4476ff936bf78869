"""What benchmarks do around their figures: who takes part, how the load is made, what a row says."""

from __future__ import annotations

import asyncio
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from benchmarks import _peers
from benchmarks._contenders import contenders
from benchmarks._peer_servers import running
from benchmarks._steps_load import Load, cpu_seconds, in_lanes, measure
from benchmarks.sdk import row

OWN = ["Mainspring embedded", "Mainspring over gRPC", "official SDK on Mainspring"]


def test_a_short_run_installs_nothing_and_says_who_is_missing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(_peers.VARIABLE, str(tmp_path))
    peers = _peers.found(may_install=False)
    assert not list(tmp_path.iterdir())
    assert peers.skipped == ["DBOS and Restate: not installed yet, and a short run installs nothing"]
    assert [one.name for one in contenders(peers)] == OWN


def test_what_cannot_be_installed_is_skipped_with_what_the_installer_said(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(_peers.VARIABLE, str(tmp_path))
    monkeypatch.setattr(sys, "executable", "no-such-python")
    (reason,) = _peers.found(may_install=True).skipped
    assert reason.startswith("DBOS and Restate: could not be installed: ")


def test_peers_that_were_made_of_other_versions_are_not_used(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(_peers.VARIABLE, str(tmp_path))
    (tmp_path / "venv").mkdir()
    stamp = tmp_path / "venv" / "made-of"
    stamp.write_text("\n".join(_peers.PACKAGES), "utf-8")
    assert _peers.found(may_install=False).python == tmp_path / "venv" / "bin" / "python"
    stamp.write_text("dbos==0.1", "utf-8")
    assert _peers.found(may_install=False).python is None


async def test_as_many_workflows_run_as_asked_and_never_more_at_once_than_lanes() -> None:
    running_now, most, done = 0, 0, 0

    async def one() -> None:
        nonlocal running_now, most, done
        running_now += 1
        most = max(most, running_now)
        await asyncio.sleep(0)
        running_now -= 1
        done += 1

    await in_lanes(one, 10, 3)
    assert (done, most) == (10, 3)


async def test_a_load_tells_rate_latency_and_cpu_of_its_steps() -> None:
    asked = list[int]()

    async def one(step_count: int) -> None:
        asked.append(step_count)

    said = json.loads(await measure(one, Load.from_words(["4", "7", "2", str(os.getpid())])))
    assert asked == [7] * (5 + 4)  # five to warm up
    assert set(said) == {"steps_per_s", "cpu_ms", "p50_ms"}
    assert said["steps_per_s"] > 0


def test_cpu_counts_servers_with_children_that_have_ended() -> None:
    child = "import time; until = time.process_time() + 0.2\nwhile time.process_time() < until: pass"
    parent = f"import subprocess, sys; subprocess.run([sys.executable, '-c', {child!r}]); print(); input()"
    with subprocess.Popen([sys.executable, "-c", parent], stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        process.stdout.readline()
        assert cpu_seconds([process.pid]) - cpu_seconds([]) >= 0.1  # ticks of 10 ms, less what the question costs


@pytest.mark.parametrize(
    "figure, target, shown, verdict",
    [(2_500.0, 2_000.0, ">= 2,000", "met"), (1_500.0, 2_000.0, ">= 2,000", "MISSED"), (0.5, -1.0, "<= 1", "met")],
)
def test_a_row_holds_its_first_figure_against_the_target(
    figure: float, target: float, shown: str, verdict: str
) -> None:
    found = row("x", [figure, 0.25], target)
    assert (found.target, found.verdict) == (shown, verdict)
    assert found.values[1] == "0.25"


def test_a_server_that_ends_before_it_is_ready_says_its_log(tmp_path: Path) -> None:
    command = [sys.executable, "-c", "print('no such option', flush=True)"]
    with pytest.raises(RuntimeError, match="no such option"), running(command, tmp_path, lambda: False):
        pass
