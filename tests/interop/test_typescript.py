"""The node provisioner written with the official TypeScript SDK, in `typescript/`: its checks, on a server of ours.

Packages are installed into pytest's cache, once per lock file, so that the sources stay as they were checked out.
"""

from __future__ import annotations

import hashlib
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.fetching import why_not_fetched
from tests.interop.idle import IDLE_S
from tests.server_process import ServerProcess

SOURCES = Path(__file__).parent / "typescript"
CHECK_COUNT = 5
# Nothing that the packages would run at their installation is needed: their binaries come ready.
INSTALL = ["ci", "--ignore-scripts", "--no-audit", "--no-fund", "--prefer-offline"]

pytestmark = [pytest.mark.slow, pytest.mark.timeout(300 + IDLE_S)]


def node() -> str:
    found = shutil.which("node")
    if found is None or shutil.which("npm") is None:
        pytest.skip("no `node` and `npm` on the PATH: the official TypeScript SDK was not tried")
    return found


def install(directory: Path) -> None:
    """Once: the mark is written last, so that an installation that was cut off is done again."""
    mark = directory / "is_installed"
    if mark.exists():
        return
    reason = why_not_fetched([shutil.which("npm") or "npm", *INSTALL], directory)
    if reason is not None:
        pytest.skip(f"the packages of the TypeScript SDK cannot be had: {reason}")
    mark.touch()


@pytest.fixture(scope="module")
def program(request: pytest.FixtureRequest) -> Path:
    """The compiled program, beside its packages."""
    compiler = [node(), "node_modules/typescript/bin/tsc"]
    lock = (SOURCES / "package-lock.json").read_bytes()
    assert request.config.cache is not None, "the cache plugin of pytest is switched off"
    directory = request.config.cache.mkdir(f"interop-typescript-{hashlib.sha256(lock).hexdigest()[:12]}")
    for name in ("package.json", "package-lock.json", "tsconfig.json"):
        shutil.copy(SOURCES / name, directory)
    for stale in ("src", "build"):
        shutil.rmtree(directory / stale, ignore_errors=True)
    shutil.copytree(SOURCES / "src", directory / "src")
    install(directory)
    compiled = subprocess.run(compiler, cwd=directory, capture_output=True, text=True, check=False)
    assert compiled.returncode == 0, compiled.stdout
    return directory / "build" / "main.js"


def test_the_official_typescript_sdk_adds_and_deletes_nodes(program: Path, tmp_path: Path) -> None:
    with ServerProcess(tmp_path) as server:
        ran = subprocess.run(
            [node(), program, server.address, str(IDLE_S)],
            capture_output=True,
            text=True,
            timeout=90 + IDLE_S,
            check=False,
        )
    assert ran.returncode == 0, f"{ran.stdout}\n{ran.stderr}"
    # The SDK's core writes its warnings to standard output too.
    assert sum(line.startswith("ok ") for line in ran.stdout.splitlines()) == CHECK_COUNT, ran.stdout
