"""`mainspring run`: what is found in a module, and a worker in a process of its own until it is told to stop."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Generator, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from mainspring.cli.loading import LoadError, load
from mainspring.cli.main import main
from mainspring.cli.run.finding import found_in
from mainspring.cli.run.reloading import first_difference, snapshot
from tests.server_process import ServerProcess, mainspring_command

APP = """
from mainspring import activity, workflow

@activity.defn
async def greet(name: str) -> str:
    return f"hello {name}"

class Machines:
    @activity.defn(name="Machines.boot")
    def boot(self, name: str) -> str:
        return name

class Idle:
    @activity.defn
    def nobody_calls(self) -> None: ...

class Proxy:
    def __getattr__(self, name: str) -> object:
        raise RuntimeError("no target yet")

machines = Machines()
proxy = Proxy()

@workflow.defn
async def hello(name: str) -> str:
    return name

@workflow.defn(name="Other")
class Hello:
    @workflow.run
    async def run(self) -> None: ...

same = hello
picked = [greet, hello]
"""


@pytest.fixture(autouse=True)
def in_its_own_directory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """What is imported here is forgotten afterwards."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", list(sys.path))
    yield
    for name, loaded in list(sys.modules.items()):
        if (getattr(loaded, "__file__", None) or "").startswith(str(tmp_path)):
            del sys.modules[name]


def module(name: str, text: str = APP) -> str:
    """A file in the working directory."""
    file = Path(f"{name}.py")
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(text)
    return str(file)


def run(*arguments: str) -> Result:
    return CliRunner().invoke(main, ["run", *arguments])


# -- what is found


def test_workflows_and_activities_of_a_module_are_found_once_each() -> None:
    found = found_in(load(module("found_app")))
    assert found.workflow_names == ["Other", "hello"]
    assert found.activity_names == ["Machines.boot", "greet"]
    assert found.idle_classes == ["Idle"]


def test_what_a_module_imports_is_its_own() -> None:
    module("parts_of_gathered")
    found = found_in(load(module("gathered", "from parts_of_gathered import greet, hello as hi, machines")))
    assert (found.workflow_names, found.activity_names) == (["hello"], ["Machines.boot", "greet"])


@pytest.mark.parametrize(
    "attribute, workflows, activities",
    [
        ("hello", ["hello"], []),
        ("machines", [], ["Machines.boot"]),
        ("picked", ["hello"], ["greet"]),
        ("proxy", [], []),
    ],
)
def test_one_thing_of_a_module_may_be_named(attribute: str, workflows: list[str], activities: list[str]) -> None:
    found = found_in(load(f"{module('named_app')}:{attribute}"))
    assert (found.workflow_names, found.activity_names) == (workflows, activities)


def test_a_file_of_a_package_may_import_its_neighbours() -> None:
    module("shop/__init__", "")
    module("shop/parts")
    file = module("shop/app", "from .parts import hello")
    assert found_in(load(file)).workflow_names == ["hello"]
    assert load(file) is load("shop.app")


@pytest.mark.parametrize(
    "name, text, complaint",
    [
        ("wrong_syntax", "def f(:\n", "wrong_syntax.py:1: SyntaxError: invalid syntax"),
        ("wrong_name", "x = 1\ny = unknown\n", "wrong_name.py:2: NameError: name 'unknown' is not defined"),
        ("lacks_package", "import no_such_package_at_all", "No module named 'no_such_package_at_all'; install it"),
        ("leaves", "import sys\nsys.exit(3)", "leaves.py:2: SystemExit: 3"),
        ("json", "", "a module json is there already"),
        ("my.app", "", "rename it"),
    ],
)
def test_code_that_cannot_be_imported_is_told_with_its_place(name: str, text: str, complaint: str) -> None:
    with pytest.raises(LoadError) as told:
        load(module(name, text))
    assert complaint in told.value.message


@pytest.mark.parametrize(
    "target, complaint",
    [
        ("nowhere.py", "there is no file nowhere.py"),
        ("nowhere_at_all.x", "name a file, or a module below this directory"),
        ("json:nothing", "has no attribute 'nothing'"),
    ],
)
def test_a_target_that_is_not_there_is_told(target: str, complaint: str) -> None:
    failed = run(target)
    assert failed.exit_code == 1
    assert complaint in failed.stderr


def test_a_module_without_workflows_is_an_error_with_its_fix() -> None:
    failed = run(module("without_any", "x = 1"))
    assert failed.exit_code == 1
    assert "mark them with @workflow.defn and @activity.defn" in failed.stderr


def test_a_server_that_is_not_there_is_said() -> None:
    lost = run(module("for_no_server"), "--address", "127.0.0.1:1", "--client-connect-timeout", "1s")
    assert lost.exit_code == 1
    assert "Workflows   Other, hello" in lost.stdout, lost.stderr
    assert "127.0.0.1:1" in lost.stderr
    assert "Traceback" not in lost.stderr
    assert "Idle has activities, but" in lost.stderr


# -- a worker in a process of its own


@contextmanager
def worker(*arguments: str) -> Generator[subprocess.Popen[str]]:
    """A worker with a server in its process, on a free port."""
    line = [*mainspring_command(), "run", *arguments, "--embedded", "app.db", "--address", "127.0.0.1:0"]
    line += ["--disable-config-file", "--disable-config-env", "-o", "jsonl"]
    with (
        Path("worker.err").open("w") as errors,
        subprocess.Popen(line, stdout=subprocess.PIPE, stderr=errors, text=True) as process,
    ):
        try:
            yield process
        finally:
            process.kill()


def started(process: subprocess.Popen[str]) -> dict[str, object]:
    """What the worker says when it works."""
    assert process.stdout is not None
    line = process.stdout.readline()
    assert line, Path("worker.err").read_text()
    found: dict[str, object] = json.loads(line)
    return found


def wait_for_text(text: str) -> None:
    """Until the worker has said so on standard error; the test's own timeout bounds it."""
    while text not in Path("worker.err").read_text():
        time.sleep(0.05)


@pytest.mark.slow
@pytest.mark.timeout(60)
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_worker_works_until_a_signal_and_ends_in_good_order(number: signal.Signals) -> None:
    with worker(module("app"), "-t", "first", "-t", "second") as process:
        found = started(process)
        assert (found["workflows"], found["taskQueues"]) == (["Other", "hello"], ["first", "second"])
        line = ["workflow", "execute", "--type", "hello", "-t", "second", "-i", '"n1"', "-o", "json"]
        done = CliRunner().invoke(main, [*line, "--address", str(found["address"]), "--disable-config-file"])
        assert json.loads(done.stdout)["result"] == "n1"
        process.send_signal(number)
        assert process.wait(20) == 0
    assert "Traceback" not in Path("worker.err").read_text()


@pytest.mark.slow
@pytest.mark.timeout(60)
def test_a_worker_of_a_server_works_and_a_namespace_that_is_not_there_is_said(tmp_path: Path) -> None:
    with ServerProcess(tmp_path, command=mainspring_command()) as server:
        lost = run(module("app"), "--address", server.address, "-n", "nowhere", "--disable-config-file")
        assert (lost.exit_code, "Traceback" in lost.stderr) == (1, False)
        assert "Namespace nowhere is not found" in lost.stderr
        line = [*mainspring_command(), "run", "app", "--address", server.address, "-o", "json", "--disable-config-file"]
        with subprocess.Popen(line, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
            done = CliRunner().invoke(
                main,
                ["workflow", "execute", "--type", "hello", "-t", "default", "-i", '"n1"', "--address", server.address],
            )
            process.send_signal(signal.SIGTERM)
            out, errors = process.communicate(timeout=20)
    assert 'Result          "n1"' in done.stdout
    assert (process.returncode, json.loads(out)["taskQueues"]) == (0, ["default"]), errors


@pytest.mark.slow
@pytest.mark.timeout(90)
def test_a_change_starts_the_worker_anew_and_a_syntax_error_is_waited_out() -> None:
    file = Path(module("app"))
    with worker(str(file), "--reload") as process:
        assert started(process)["workflows"] == ["Other", "hello"]
        file.write_text("def f(:\n")
        wait_for_text("waiting for a change")
        assert "app.py:1: SyntaxError" in Path("worker.err").read_text()
        file.write_text(APP.replace("Other", "Newer"))
        assert started(process)["workflows"] == ["Newer", "hello"]
        process.send_signal(signal.SIGTERM)
        assert process.wait(20) == 0
    assert "Traceback" not in Path("worker.err").read_text()


@pytest.mark.slow
@pytest.mark.timeout(60)
@pytest.mark.skipif(sys.platform == "win32", reason="there is no lifeline")
def test_the_worker_ends_when_the_process_that_watches_is_killed() -> None:
    with worker(module("app"), "--reload") as process:
        started(process)
        process.kill()
        assert process.stdout is not None
        assert process.stdout.read() == ""  # the worker had it open, and is gone


def test_a_snapshot_sees_what_is_changed_added_and_removed_and_no_environment(tmp_path: Path) -> None:
    module("deep/er/a")
    module(".hidden/b")
    module("venv/lib/c")
    Path("venv/pyvenv.cfg").touch()
    before = snapshot(tmp_path)
    assert [file.name for file in before] == ["a.py"]
    assert first_difference(before, snapshot(tmp_path)) is None
    os.utime("deep/er/a.py", ns=(1, 1))
    assert first_difference(before, snapshot(tmp_path)) == tmp_path / "deep/er/a.py"
    Path("deep/er/a.py").unlink()
    assert first_difference(before, snapshot(tmp_path)) == tmp_path / "deep/er/a.py"
