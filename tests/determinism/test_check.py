"""Workflow code as it is read at registration: what is found, and what is left alone."""

from __future__ import annotations

import importlib.util
import sys
import textwrap
import warnings
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from mainspring.determinism import FindingKind, NondeterminismWarning, UnorderedWarning, check_module, strict
from mainspring.determinism._bytecode import check_bytecode

HEAD = """
import asyncio
import concurrent.futures
import os
import pathlib
import random
import requests_like
import socket
import subprocess
import threading
import time
import time as t
from os import environ as settings
from pathlib import Path
from time import sleep
from time import sleep as nap
from typing import TYPE_CHECKING

from mainspring import activity, workflow
from mainspring.workflow import unsafe

if TYPE_CHECKING:
    import requests


@activity.defn
def charge() -> None:
    time.sleep(1)


def helper() -> None:
    time.sleep(1)


async def pause() -> None:
    nap(1)


def never_called() -> None:
    time.sleep(1)


class Base:
    def inherited(self) -> None:
        open("x")
"""


def check(tmp_path: Path, body: str, rest: str = "") -> list[str]:
    """The names of what is found in the run method of a workflow."""
    path = tmp_path / "orders.py"
    run = textwrap.indent(textwrap.dedent(body).strip(), " " * 8)
    path.write_text(
        f"{HEAD}\n\n@workflow.defn\nclass Orders(Base):\n    @workflow.run\n    async def run(self) -> None:\n{run}\n\n"
        + textwrap.indent(textwrap.dedent(rest), " " * 4),
        "utf-8",
    )
    return [finding.name for finding in check_module(path)]


@pytest.mark.parametrize(
    "body, found",
    [
        ("time.sleep(1)", "time.sleep()"),
        ("t.sleep(1)", "time.sleep()"),
        ("sleep(1)", "time.sleep()"),
        ("nap(1)", "time.sleep()"),
        ("import time as inner\ninner.sleep(1)", "time.sleep()"),
        ("from time import sleep as s\ns(1)", "time.sleep()"),
        ("open('x')", "open()"),
        ("with open('x', 'w') as file: ...", "open()"),
        ("input()", "input()"),
        ("os.environ['x']", "os.environ"),
        ("os.environ.get('x')", "os.environ"),
        ("settings['x']", "os.environ"),
        ("os.getenv('x')", "os.getenv()"),
        ("os.system('x')", "os.system()"),
        ("subprocess.run(['x'])", "subprocess.run()"),
        ("socket.create_connection(('x', 1))", "socket.create_connection()"),
        ("threading.Thread(target=helper)", "threading.Thread()"),
        ("concurrent.futures.ThreadPoolExecutor()", "concurrent.futures.ThreadPoolExecutor()"),
        ("await asyncio.to_thread(helper)", "asyncio.to_thread()"),
        ("await asyncio.get_running_loop().run_in_executor(None, helper)", "loop.run_in_executor()"),
        ("loop = asyncio.get_running_loop()\nawait loop.run_in_executor(None, helper)", "loop.run_in_executor()"),
        ("Path('x').read_text()", "Path.read_text()"),
        ("pathlib.Path('x').write_text('y')", "Path.write_text()"),
        ("random.Random()", "random.Random()"),
        ("f = lambda: time.sleep(1)", "time.sleep()"),
        ("def inner(): time.sleep(1)", "time.sleep()"),
        ("for _ in range(2):\n    if True:\n        time.sleep(1)", "time.sleep()"),
        ("helper()", "time.sleep()"),
        ("await pause()", "time.sleep()"),
        ("await asyncio.gather(pause())", "time.sleep()"),
        ("self.inherited()", "open()"),
        ("for x in {'a', 'b'}:\n    await asyncio.sleep(1)", "a loop over a set"),
        ("[asyncio.create_task(pause2(x)) for x in set(names)]", "a loop over a set"),
        ("await asyncio.gather(*{charge() for _ in range(2)})", "asyncio.gather() of a set"),
        ("for one in asyncio.as_completed({charge(), charge()}): ...", "asyncio.as_completed() of a set"),
    ],
)
def test_what_would_not_repeat_itself_is_found(tmp_path: Path, body: str, found: str) -> None:
    assert check(tmp_path, body) == [found]


@pytest.mark.parametrize(
    "body",
    [
        "await asyncio.sleep(1)",
        "time.time(); random.random()",  # guards make them repeat
        "await workflow.execute_activity(charge)",
        "charge()",
        "workflow.side_effect(lambda: os.environ['x'])",
        "with workflow.unsafe.sandbox_unrestricted():\n    time.sleep(1)\n    helper()",
        "with unsafe.sandbox_unrestricted():\n    time.sleep(1)",
        "if TYPE_CHECKING:\n    time.sleep(1)",
        "if not workflow.in_workflow():\n    time.sleep(1)",
        "if workflow.in_workflow():\n    pass\nelse:\n    time.sleep(1)",
        "time = workflow\ntime.sleep(1)",
        "def open(x): ...\nopen('x')",
        "for open in []: open('x')",
        "os.path.join('a', 'b')",
        "random.Random(3)",
        "sleepy = self.sleep",
        "requests_like.get('x')",
        "for x in {1, 2}:\n    await asyncio.sleep(x)",
        "for x in sorted({'a', 'b'}):\n    await asyncio.sleep(1)",
        "for x in {'a', 'b'}:\n    print(x)",
        "await asyncio.wait({asyncio.create_task(asyncio.sleep(1))})",
        "for one in {asyncio.create_task(asyncio.sleep(n)) for n in range(3)}:\n    await one",
        "asyncio.get_running_loop().call_later(1, helper)",
    ],
)
def test_what_repeats_itself_is_left_alone(tmp_path: Path, body: str) -> None:
    assert check(tmp_path, body) == []


HANDLERS = """
def __init__(self) -> None:
    open("init")

@workflow.signal
def a_signal(self) -> None:
    self.shared()

@workflow.query(name="q")
def a_query(self) -> int:
    input()

@workflow.update
def an_update(self) -> None:
    os.getenv("x")

@an_update.validator
def check(self) -> None:
    os.system("x")

def shared(self) -> None:
    time.sleep(1)
    self.shared()

def unused(self) -> None:
    subprocess.run("x")
"""


def test_handlers_are_read_and_what_they_reach_and_nothing_else(tmp_path: Path) -> None:
    assert check(tmp_path, "pass", HANDLERS) == ["open()", "input()", "os.getenv()", "os.system()", "time.sleep()"]


def test_a_finding_says_where_what_and_what_instead(tmp_path: Path) -> None:
    check(tmp_path, "\ntime.sleep(1)")
    (finding,) = check_module(tmp_path / "orders.py")
    line = (tmp_path / "orders.py").read_text("utf-8").splitlines()[finding.line - 1]
    assert line.strip() == "time.sleep(1)"
    assert finding.function == "Orders.run"
    assert finding.kind is FindingKind.FORBIDDEN
    assert "workflow.sleep" in finding.instead
    assert str(finding).startswith(f"{tmp_path / 'orders.py'}:{finding.line}: time.sleep() in workflow code")


def test_a_function_that_is_a_workflow_is_read(tmp_path: Path) -> None:
    path = tmp_path / "functions.py"
    path.write_text(f"{HEAD}\n\n@workflow.defn\nasync def order() -> None:\n    helper()\n    await other()\n", "utf-8")
    assert [(one.name, one.function) for one in check_module(path)] == [("time.sleep()", "helper")]


def test_what_is_no_python_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "no.py").write_text("def (", "utf-8")
    with pytest.raises(SyntaxError):
        check_module(tmp_path / "no.py")


# -- at registration


def imported(path: Path, name: str) -> ModuleType:
    spec = importlib.util.spec_from_file_location(name, path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    try:
        spec.loader.exec_module(module)
    finally:
        del sys.modules[name]
    return module


SLEEPS = """
import time

from mainspring import workflow


@workflow.defn{options}
class Sleeps:
    @workflow.run
    async def run(self) -> None:
        for _ in {{"a", "b"}}:
            await workflow.sleep(1)
        time.sleep(1)
"""


def warned(action: Callable[[], Any]) -> list[tuple[type[Warning], str, int]]:
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        action()
    return [(one.category, Path(one.filename).name, one.lineno) for one in caught]


def test_registration_warns_at_the_line_of_the_call(tmp_path: Path) -> None:
    path = tmp_path / "sleeps.py"
    path.write_text(SLEEPS.format(options=""), "utf-8")
    assert warned(lambda: imported(path, "sleeps_warned")) == [
        (UnorderedWarning, "sleeps.py", 11),
        (NondeterminismWarning, "sleeps.py", 13),
    ]


def test_registration_does_not_warn_of_what_a_comment_allows(tmp_path: Path) -> None:
    path = tmp_path / "sleeps.py"
    allowed = SLEEPS.replace("time.sleep(1)", "time.sleep(1)  # mainspring: allow[forbidden]")
    path.write_text(allowed.format(options=""), "utf-8")
    assert warned(lambda: imported(path, "sleeps_allowed")) == [(UnorderedWarning, "sleeps.py", 11)]
    assert [one.kind for one in check_module(path)] == [FindingKind.UNORDERED]


def test_a_workflow_that_is_not_guarded_is_not_read(tmp_path: Path) -> None:
    path = tmp_path / "sleeps.py"
    path.write_text(SLEEPS.format(options="(sandboxed=False)"), "utf-8")
    assert warned(lambda: imported(path, "sleeps_unguarded")) == []


def test_strict_makes_findings_errors(tmp_path: Path) -> None:
    path = tmp_path / "sleeps.py"
    path.write_text(SLEEPS.format(options=""), "utf-8")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UnorderedWarning)
        strict()
        with pytest.raises(NondeterminismWarning, match=r"time\.sleep\(\) in workflow code \(Sleeps\.run\)"):
            imported(path, "sleeps_strict")


# -- without source

COMPILED = """
import os
import time as t
from time import sleep

from mainspring import activity, workflow


@activity.defn
def charge():
    t.sleep(1)


def helper():
    return os.environ["x"]


class Orders:
    async def run(self):
        sleep(1)
        helper()
        charge()
        first = 1; self.other()
        print(first, self.another)
        list(map(lambda _: open("x"), []))

    def other(self):
        t.sleep(1)

    def another(self):
        t.sleep(1)

    def unrestricted(self):
        with workflow.unsafe.sandbox_unrestricted():
            t.sleep(1)

    def fine(self):
        return t.time(), os.path.join("a")
"""


def test_code_without_source_is_read_from_its_bytecode() -> None:
    module = ModuleType("compiled")
    exec(compile(COMPILED, "<compiled>", "exec"), vars(module))
    orders: Any = vars(module)["Orders"]
    found = [(one.name, one.line, one.function) for one in check_bytecode([orders.run], orders)]
    assert found == [
        ("os.environ", 15, "helper"),
        ("time.sleep()", 20, "Orders.run"),
        ("open()", 25, "Orders.run"),
        ("time.sleep()", 28, "Orders.other"),
        ("time.sleep()", 31, "Orders.another"),
    ]
    assert check_bytecode([orders.unrestricted, orders.fine], orders) == []
