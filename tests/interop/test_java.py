"""The node provisioner written with the official Java SDK, in `java/`: its checks, on a server of ours.

Maven fetches the jars into pytest's cache, once per `pom.xml`, as it is set up on this machine; the JDK does the rest.
"""

from __future__ import annotations

import hashlib
import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.fetching import why_not_fetched
from tests.interop.idle import IDLE_S
from tests.server_process import ServerProcess

SOURCES = Path(__file__).parent / "java"
CHECK_COUNT = 6
OLDEST_JAVA = 17  # the program is made of records
COPY = "org.apache.maven.plugins:maven-dependency-plugin:3.7.0:copy-dependencies"
FETCH = ["--batch-mode", "--quiet", COPY, "-DincludeScope=runtime", "-DoutputDirectory=jars"]
# For a run of seconds the JVM need not make fast code, and of the SDK's log only the errors matter.
JAVA_OPTIONS = ["-XX:TieredStopAtLevel=1", "-Dorg.slf4j.simpleLogger.defaultLogLevel=error"]

pytestmark = [pytest.mark.slow, pytest.mark.timeout(300 + IDLE_S)]


def tool(name: str) -> str:
    found = shutil.which(name)
    if found is None:
        pytest.skip(f"no `{name}` on the PATH: the official Java SDK was not tried")
    return found


def compiler() -> str:
    javac = tool("javac")
    said = subprocess.run([javac, "-version"], capture_output=True, text=True, check=False)
    version = re.search(r"javac (\d+)", said.stdout + said.stderr)
    if version is None or int(version[1]) < OLDEST_JAVA:
        pytest.skip(f"the program needs Java {OLDEST_JAVA}, here is {(said.stdout + said.stderr).strip()}")
    return javac


def fetch(directory: Path) -> None:
    """Once: the mark is written last, so that what was cut off is fetched again."""
    mark = directory / "is_fetched"
    if mark.exists():
        return
    shutil.copy(SOURCES / "pom.xml", directory)
    reason = why_not_fetched([tool("mvn"), *FETCH], directory)
    if reason is not None:
        pytest.skip(f"the jars of the Java SDK cannot be had: {reason}")
    mark.touch()


@pytest.fixture(scope="module")
def class_path(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> str:
    """The compiled program, and the jars that it needs."""
    javac = compiler()
    pom = (SOURCES / "pom.xml").read_bytes()
    assert request.config.cache is not None, "the cache plugin of pytest is switched off"
    directory = request.config.cache.mkdir(f"interop-java-{hashlib.sha256(pom).hexdigest()[:12]}")
    fetch(directory)
    classes = tmp_path_factory.mktemp("java")
    path = os.pathsep.join([str(classes), str(directory / "jars" / "*")])
    sources = sorted((SOURCES / "src").rglob("*.java"))
    options = ["--release", str(OLDEST_JAVA), "-proc:none", "-d", str(classes)]
    compiled = subprocess.run([javac, *options, "-cp", path, *sources], capture_output=True, text=True, check=False)
    assert compiled.returncode == 0, compiled.stderr
    return path


def test_the_official_java_sdk_adds_and_deletes_nodes(class_path: str, tmp_path: Path) -> None:
    with ServerProcess(tmp_path) as server:
        ran = subprocess.run(
            [tool("java"), *JAVA_OPTIONS, "-cp", class_path, "provisioner.Main", server.address, str(IDLE_S)],
            capture_output=True,
            text=True,
            timeout=90 + IDLE_S,
            check=False,
        )
    assert ran.returncode == 0, f"{ran.stdout}\n{ran.stderr}"
    assert sum(line.startswith("ok ") for line in ran.stdout.splitlines()) == CHECK_COUNT, ran.stdout
