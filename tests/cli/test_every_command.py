"""Each command once as text and once as JSON, and once so that it fails: the tables are in `cases_*`."""

from __future__ import annotations

import itertools
import json
import os
import re
import shlex
import signal
import subprocess
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from string import Template
from typing import Any, Final

import click
import grpc
import pytest
from click.testing import Result
from temporalio.api.worker.v1 import WorkerHeartbeat
from temporalio.api.workflowservice.v1 import RecordWorkerHeartbeatRequest, WorkflowServiceStub

from mainspring.cli.main import main
from tests.cli import cases_own, cases_served, cases_workflow
from tests.cli.cases import NOTHING, TEXT_ALONE, Case, Endless
from tests.cli.command_line import local, mainspring
from tests.server_process import CHECKOUT, free_port, mainspring_command

CASES: Final[dict[str, Case | Endless]] = {**cases_workflow.CASES, **cases_served.CASES, **cases_own.CASES}
ENDING: Final = {name: case for name, case in CASES.items() if isinstance(case, Case)}
BROKEN_OFF: Final = "[\n]\n"
"""What a list in JSON is when the server refuses it, here and officially."""

Names = Mapping[str, str]

pytestmark = pytest.mark.timeout(60)  # the first test starts servers and workers

OUR_WORLD: Final = {  # line -> its exit status
    "workflow execute -w completed --type Family -t worked -i 1": 0,
    "workflow execute -w failed --type Broken -t worked": 1,
    "workflow start -w running --type Sum -t worked -i 40": 0,
    "workflow start -w waiting --type Sum -t nobody": 0,
    "workflow update execute -w running --name add -i 0 --update-id added": 0,
    "workflow update execute -w running --name add -i 200 --update-id refused": 1,
}
REAL_WORLD: Final = {
    "worker deployment create --name deployed": 0,
    "worker deployment set-ramping-version --deployment-name deployed --build-id b --allow-no-pollers -y": 0,
    "worker deployment create --name routed": 0,
    "task-queue config set -t limited --task-queue-type activity --queue-rps-limit 5": 0,
}
FILES: Final = {
    "changed.py": """
from mainspring import workflow
@workflow.defn
class Family:
    @workflow.run
    async def run(self, generations: int) -> None: ...
""",
    "bad.py": """
import time
from mainspring import workflow
@workflow.defn
class Sleeper:
    @workflow.run
    async def run(self) -> None:
        time.sleep(1)
""",
    "old.py": "from temporalio import workflow\n",
    "older.py": "import temporalio.bridge\n",
}
_numbers = itertools.count()


def leaves(group: click.Group, *words: str) -> Iterator[tuple[str, click.Command]]:
    """All commands that are no groups, by their words."""
    ctx = click.Context(group)
    for word in group.list_commands(ctx):
        command = group.get_command(ctx, word)
        assert command is not None
        if isinstance(command, click.Group):
            yield from leaves(command, *words, word)
        else:
            yield " ".join([*words, word]), command


def make(address: str, lines: Mapping[str, int]) -> None:
    for line, status in lines.items():
        done = mainspring(address, *shlex.split(line))
        assert done.exit_code == status, f"{line}\n{done.output}"


@pytest.fixture(scope="module")
def here(tmp_path_factory: pytest.TempPathFactory, worked_address: str) -> Names:
    """Files, and workflows of a server of ours."""
    directory = tmp_path_factory.mktemp("here")
    for name, text in FILES.items():
        (directory / name).write_text(text)
    make(worked_address, OUR_WORLD)
    history, db = directory / "history.json", directory / "some.db"
    history.write_text(mainspring(worked_address, "workflow", "show", "-w", "completed", "-o", "json").stdout)
    assert local("import-history", str(history), "-f", str(db)).exit_code == 0
    return {
        "dir": str(directory),
        "history": str(history),
        "db": str(db),
        "toml": str(directory / "temporal.toml"),
        "env": str(directory / "temporal.yaml"),
        "code": str(Path(__file__).with_name("worker_program.py")),
    }


@pytest.fixture(scope="module")
def elsewhere() -> Iterator[str]:
    """The address of a server that says yes to everything: another cluster is taken only from one of its own kind."""
    untyped: Any = grpc  # its stubs are open here

    def serve(_request: bytes, _context: object) -> bytes:
        return b""

    class Anything:
        def service(self, _details: object) -> object:
            return untyped.unary_unary_rpc_method_handler(serve)

    server = untyped.server(ThreadPoolExecutor(1))
    server.add_generic_rpc_handlers((Anything(),))
    port = server.add_insecure_port("127.0.0.1:0")
    server.start()
    yield f"127.0.0.1:{port}"
    server.stop(None).wait()


@pytest.fixture(scope="module")
def real_world(worked_real_address: str) -> str:
    """The address of an official server with deployments, and with a worker that has sent a heartbeat."""
    make(worked_real_address, REAL_WORLD)
    beat = WorkerHeartbeat(worker_instance_key="one", task_queue="worked")
    with grpc.insecure_channel(worked_real_address) as channel:
        request = RecordWorkerHeartbeatRequest(namespace="default", worker_heartbeat=[beat])
        WorkflowServiceStub(channel).RecordWorkerHeartbeat(request)
    return worked_real_address


class World:
    """Runs lines where they are served."""

    def __init__(self, names: Names, address: str) -> None:
        self.names = dict(names)
        self._address = address

    def run(self, line: str, *more: str) -> Result:
        words = [*shlex.split(Template(line).substitute(self.names)), *more]
        if not self._address or "--address" in words:
            return local(*words)
        return mainspring(self._address, *words)

    def do(self, name: str, output: str) -> Result:
        """Run the line of a command that is done, after those that are given, for a new name."""
        self.names["new"] = f"new-{next(_numbers)}"
        case = ENDING[name]
        for line in case.given:
            given = self.run(line, "-o", "json")
            assert given.exit_code == 0, f"{line}\n{given.output}"
            self.names |= {key: value for key, value in leaf_values(given.stdout) if isinstance(value, str)}
        done = self.run(f"{name} {case.done}", "-o", output)
        assert done.exit_code == 0, done.output
        return done


def leaf_values(text: str) -> Iterator[tuple[str, object]]:
    """Names and values in JSON, at any depth."""
    waiting: list[object] = [json.loads(text)] if text else []
    while waiting:
        found = waiting.pop()
        if isinstance(found, dict):
            yield from found.items()
            waiting += found.values()
        elif isinstance(found, list):
            waiting += found


@pytest.fixture
def world(request: pytest.FixtureRequest, name: str, here: Names, elsewhere: str) -> World:
    """Where the command `name` is served."""
    case = CASES[name]
    at = {"here": "", "ours": "worked_address", "real": "real_world"}[case.at if isinstance(case, Case) else "here"]
    names = {**here, "elsewhere": elsewhere, "new": f"new-{next(_numbers)}"}
    return World(names, request.getfixturevalue(at) if at else "")


def test_every_command_is_in_a_table() -> None:
    assert sorted(CASES) == sorted(name for name, _ in leaves(main))


@pytest.mark.parametrize("name", ENDING)
def test_a_command_prints_text(name: str, world: World) -> None:
    case = ENDING[name]
    done = world.do(name, "text")
    assert re.search(Template(case.text).safe_substitute(world.names), done.stdout), done.stdout
    assert bool(done.stdout) == (case.text != NOTHING)
    assert "Error" not in done.stderr


@pytest.mark.parametrize("name", [name for name, case in ENDING.items() if case.json != TEXT_ALONE])
def test_a_command_prints_json(name: str, world: World) -> None:
    case = ENDING[name]
    done = world.do(name, "json")
    if case.json in {NOTHING, "[]"}:
        assert done.stdout.split() == list(case.json)
        return
    assert case.json in dict(leaf_values(done.stdout)), done.stdout
    if isinstance(json.loads(done.stdout), list):
        lines = world.do(name, "jsonl").stdout.splitlines()
        assert lines
        assert all(case.json in dict(leaf_values(line)) for line in lines), lines


@pytest.mark.parametrize("name", CASES)
@pytest.mark.parametrize("output", ["text", "json"])
def test_a_command_that_fails_says_why_on_standard_error(name: str, output: str, world: World) -> None:
    case = CASES[name]
    more = ["-o", output] if isinstance(case, Case) and case.json != TEXT_ALONE else []
    failed = world.run(f"{name} {case.fails}", *more)
    assert failed.exit_code == case.code, failed.output
    assert re.search(case.says, failed.stderr), failed.stderr
    assert "Traceback" not in failed.stderr
    if isinstance(case, Case) and case.reports:
        assert output == "text" or dict(leaf_values(failed.stdout)) or not failed.stdout
    else:
        assert failed.stdout in {"", BROKEN_OFF if output == "json" else ""}


@pytest.mark.parametrize("name", [name for name, case in CASES.items() if isinstance(case, Endless)])
def test_a_command_that_goes_on_is_run_whole_by_the_test_that_is_named(name: str) -> None:
    case = CASES[name]
    assert isinstance(case, Endless)
    path, _, test = case.whole.partition("::")
    assert re.search(rf"^(async )?def {test}\(", (CHECKOUT / path).read_text(), re.MULTILINE), case.whole


@pytest.mark.slow
@pytest.mark.parametrize(
    "line", ["start --config $toml", "start-dev --headless --port $port", "start-time-skipping $port"]
)
def test_a_server_serves_until_it_is_told_to_end(line: str, tmp_path: Path) -> None:
    port, toml = free_port(), tmp_path / "server.toml"
    toml.write_text(f"[grpc]\nport = {port}\n")
    words = Template(line).substitute(port=port, toml=toml).split()
    command = [*mainspring_command(), "server", *words]
    environment = os.environ | {"PYTHONPATH": str(CHECKOUT / "src")}
    server = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True, env=environment)
    try:
        while mainspring(f"127.0.0.1:{port}", "operator", "cluster", "health").exit_code:
            assert server.poll() is None
        server.send_signal(signal.SIGTERM)
        _, said = server.communicate(timeout=20)
    finally:
        server.kill()
        server.communicate()
    assert server.returncode == 0
    assert "Traceback" not in said
