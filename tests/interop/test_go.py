"""The node provisioner written with the official Go SDK, in `go/`: its own checks, on a server of ours."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

from tests.interop.idle import IDLE_S
from tests.server_process import ServerProcess

SOURCES = Path(__file__).parent / "go"
CHECK_COUNT = 5

# The first build on a machine compiles all that the SDK stands on: minutes, not seconds.
pytestmark = [pytest.mark.slow, pytest.mark.timeout(600 + IDLE_S)]


@pytest.fixture(scope="module")
def program(tmp_path_factory: pytest.TempPathFactory) -> Path:
    go = shutil.which("go")
    if go is None:
        pytest.skip("no `go` on the PATH: the official Go SDK was not tried")
    fetched = subprocess.run([go, "mod", "download"], cwd=SOURCES, capture_output=True, text=True, check=False)
    if fetched.returncode != 0:
        pytest.skip(f"the modules of the Go SDK cannot be had: {fetched.stderr.strip()[-300:]}")
    built = tmp_path_factory.mktemp("go") / "node_provisioner"
    subprocess.run([go, "build", "-o", str(built), "."], cwd=SOURCES, check=True)
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
