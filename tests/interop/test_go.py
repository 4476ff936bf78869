"""The official Go SDK on a server of ours: the node provisioner in `go/`, with its own checks; the benchmark load."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from benchmarks import _go_load
from tests.fetching import FETCH_LIMIT_S
from tests.go_program import BUILD_LIMIT_S, GoUnavailableError, build_go_program
from tests.interop.idle import IDLE_S
from tests.server_process import ServerProcess

SOURCES = Path(__file__).parent / "go"
CHECK_COUNT = 5

# The first build on a machine compiles all that the SDK stands on: minutes, not seconds.
pytestmark = [pytest.mark.slow, pytest.mark.timeout(FETCH_LIMIT_S + BUILD_LIMIT_S + 90 + IDLE_S)]


@pytest.fixture(scope="module")
def program(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return built_from(SOURCES, tmp_path_factory.mktemp("go") / "node_provisioner")


def built_from(sources: Path, built: Path) -> Path:
    try:
        build_go_program(sources, built)
    except GoUnavailableError as error:
        pytest.skip(f"the official Go SDK was not tried: {error}")
    return built


def test_the_official_go_sdk_adds_and_deletes_nodes(program: Path, tmp_path: Path) -> None:
    with ServerProcess(tmp_path) as server:
        ran = subprocess.run(
            [program, "-address", server.address, "-idle", f"{IDLE_S}s"],
            capture_output=True,
            text=True,
            timeout=60 + IDLE_S,
            check=False,
        )
    assert ran.returncode == 0, f"{ran.stdout}\n{ran.stderr}"
    assert sum(line.startswith("ok ") for line in ran.stdout.splitlines()) == CHECK_COUNT, ran.stdout


def test_the_benchmark_measures_every_workflow_with_the_official_go_sdk(tmp_path: Path) -> None:
    load_program = built_from(_go_load.SOURCES, tmp_path / "greet_load")
    with ServerProcess(tmp_path) as server:
        load = _go_load.measure(load_program, server.address, workflow_count=60, one_at_a_time_count=3)
    assert len(load.in_flight_ms) == 60
    assert len(load.one_at_a_time_ms) == 3
    assert min(load.workflows_per_s, load.cpu_ms_per_workflow, *load.in_flight_ms, *load.one_at_a_time_ms) > 0
