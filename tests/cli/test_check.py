"""`mainspring check`: what is found in files that are never imported, and what is left in peace."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from textwrap import dedent, indent

import pytest
from click.testing import CliRunner, Result

from mainspring.cli.main import main

HEAD = """\
import asyncio, time
from datetime import timedelta
from mainspring import activity, workflow
import a_package_that_is_not_here

@activity.defn(start_to_close_timeout=timedelta(seconds=5))
async def bounded(name: str) -> str: ...

@activity.defn
async def boundless(name: str) -> str: ...

@activity.defn(start_to_close_timeout=timedelta(seconds=5))
def plain(name: str) -> str: ...

class Machines:
    @activity.defn
    async def boot(self) -> None: ...

"""
LINES = HEAD.count("\n")


@pytest.fixture(autouse=True)
def in_its_own_directory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def check(*arguments: str) -> Result:
    return CliRunner().invoke(main, ["check", *arguments])


def codes(text: str, name: str = "app.py") -> list[str]:
    """`line code` of each complaint about a text below the head; lines count from there."""
    Path(name).write_text(HEAD + dedent(text))
    result = check(name, "-o", "json")
    found = json.loads(result.stdout)
    assert result.exit_code == (1 if found else 0), result.output
    return [f"{one['line'] - LINES} {one['code']}" for one in found]


def in_workflow(code: str) -> str:
    return "@workflow.defn\nasync def flow(name: str) -> None:\n" + indent(dedent(code), "    ")


@pytest.mark.parametrize(
    "code, found",
    [
        ("time.sleep(1)", ["3 forbidden"]),
        ("await boundless(name)", ["3 no-timeout"]),
        ("await boundless.execute(name)", ["3 no-timeout"]),
        ("boundless.start(name)", ["3 no-timeout"]),
        ("await boundless.with_options(summary=name)(name)", ["3 no-timeout"]),
        ("await workflow.execute_activity(boundless, name)", ["3 no-timeout"]),
        ("await workflow.execute_activity('by-name', name)", ["3 no-timeout"]),
        ("await workflow.execute_local_activity(boundless, name)", ["3 no-timeout"]),
        ("await workflow.execute_activity_method(Machines.boot)", ["3 no-timeout"]),
        ("plain(name)", ["3 plain-call"]),
        ("bounded(name)", ["3 not-awaited"]),
        ("workflow.execute_activity(bounded, name)", ["3 not-awaited"]),
        ("workflow.sleep(1)", ["3 not-awaited"]),
        ("async def later() -> None:\n    await boundless(name)\nawait later()", ["4 no-timeout"]),
        # all is well
        ("await bounded(name)", []),
        ("bounded.start(name)", []),
        ("await plain.execute(name)", []),
        ("await boundless.with_options(start_to_close_timeout=timedelta(1))(name)", []),
        ("await workflow.execute_activity(boundless, name, schedule_to_close_timeout=timedelta(1))", []),
        ("await workflow.execute_activity('by-name', name, **options)", []),
        ("await workflow.execute_activity(a_package_that_is_not_here.known_there, name)", []),
        ("boundless = str\nboundless(name)", []),
        ("await asyncio.gather(bounded(name), bounded(name))", []),
    ],
)
def test_calls_in_workflow_code(code: str, found: list[str]) -> None:
    assert codes(in_workflow(code)) == found


@pytest.mark.parametrize(
    "code, found",
    [
        ("@workflow.defn\ndef flow() -> None: ...", ["2 sync-workflow"]),
        ("@workflow.defn\nasync def flow(*, key: str) -> None: ...", ["2 keyword-only"]),
        ("@activity.defn\nasync def act(a: str, *, key: str) -> None: ...", ["2 keyword-only"]),
        (
            (
                "@workflow.defn\nclass Flow:\n  @workflow.run\n"
                "  async def run(self, *, key: str, option: int = 1) -> None: ...\n"
                "  @workflow.signal\n  def go(self, *, option: int = 1) -> None: ...\n"
                "  @workflow.query\n  def seen(self, *, key: str) -> str: ..."
            ),
            ["4 keyword-only", "8 keyword-only"],
        ),
        ("@workflow.defn\nasync def flow(a: str, b: list[str] = []) -> None: ...", ["2 mutable-default"]),
        ("@workflow.defn\nclass Flow: ...", ["2 no-run"]),
        ("@workflow.defn\nclass Flow(a_package_that_is_not_here.Base): ...", []),
        ("@workflow.defn\nclass Flow:\n  @workflow.run\n  def run(self) -> None: ...", ["4 sync-workflow"]),
        (
            (
                "@workflow.defn\nclass Flow:\n  @workflow.run\n  async def a(self) -> None: ...\n"
                "  @workflow.run\n  async def b(self) -> None: ..."
            ),
            ["6 several-runs"],
        ),
        (
            (
                "@workflow.defn\nclass Flow:\n  @workflow.init\n  def __init__(self, a: str) -> None: ...\n"
                "  @workflow.run\n  async def run(self, a: int) -> None: ..."
            ),
            ["4 init-parameters"],
        ),
        (
            (
                "@workflow.defn\nclass Flow:\n  @workflow.run\n  async def run(self) -> None: ...\n"
                "  @workflow.query\n  async def state(self) -> str: ...\n"
                "  @workflow.signal(name='go')\n  def first(self, a: dict[str, str] = {}) -> None: ...\n"
                "  @workflow.signal\n  def go(self) -> None: ..."
            ),
            ["6 async-query", "8 mutable-default", "10 same-name"],
        ),
        ("def make() -> None:\n  @workflow.defn\n  class Flow:\n    x = 1", ["3 local-workflow"]),
        ("@activity.defn(name='bounded')\nasync def other() -> None: ...", ["2 same-name"]),
        (
            (
                "class Base:\n  @workflow.run\n  async def run(self) -> None: ...\n"
                "@workflow.defn\nclass Flow(Base):\n  @workflow.run\n  async def run(self) -> None: ..."
            ),
            [],
        ),
    ],
)
def test_definitions(code: str, found: list[str]) -> None:
    assert codes(code) == found


def test_an_activity_of_another_file_is_known_if_that_file_is_given() -> None:
    package = Path("shop")
    package.mkdir()
    (package / "__init__.py").touch()
    (package / "acts.py").write_text(HEAD)
    (package / "flows.py").write_text(
        "from mainspring import workflow\nfrom . import acts\nfrom .acts import boundless as act, bounded\n"
        + in_workflow(
            "await act(name)\nawait bounded(name)\nawait acts.boundless(name)\n"
            "await workflow.execute_activity_method(acts.Machines.boot)"
        )
    )
    lines = check("shop").stdout.splitlines()
    assert [line.partition(": ")[0] for line in lines] == [f"shop/flows.py:{line}" for line in (6, 8, 9)]
    assert check("shop/flows.py").exit_code == 0


def test_text_has_the_place_and_what_to_write_instead() -> None:
    Path("app.py").write_text(HEAD + in_workflow("plain(name)"))
    result = check("app.py")
    assert (result.exit_code, result.stderr) == (1, "1 found in 1 of 1 file\n")
    assert result.stdout.startswith(f"app.py:{LINES + 3}: activity plain is a plain function")
    assert result.stdout.endswith("`await plain.execute(...)` [plain-call]\n")


def test_a_file_that_is_no_python_is_told_and_the_others_are_read() -> None:
    Path("broken.py").write_text("def f(:\n")
    Path("bytes.py").write_bytes(b"# coding: utf-8\nx = '\xff'\n")
    Path("good.py").write_text(HEAD)
    result = check(".", "-o", "jsonl")
    found = [json.loads(line) for line in result.stdout.splitlines()]
    assert [(one["path"], one["line"], one["code"]) for one in found] == [
        ("broken.py", 1, "syntax"),
        ("bytes.py", 1, "unreadable"),
    ]
    assert result.stderr == "2 found in 2 of 3 files\n"


def test_a_clean_file_and_an_empty_directory() -> None:
    Path("good.py").write_text(HEAD)
    clean = check("good.py", "-o", "json")
    assert (clean.exit_code, json.loads(clean.stdout)) == (0, [])
    Path("empty").mkdir()
    nothing = check("empty")
    assert nothing.exit_code == 1
    assert "there is no Python file below empty" in nothing.stderr


def test_the_checked_code_is_never_imported() -> None:
    Path("good.py").write_text(HEAD)
    code = (
        "import sys; from mainspring.cli.main import main\n"
        "try: main(['check', 'good.py'])\n"
        "except SystemExit: pass\n"
        "print([name for name in ('rich', 'good', 'a_package_that_is_not_here') if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=20)
    assert done.stdout.splitlines()[-1] == "[]", done.stderr


@pytest.mark.parametrize(
    "comment, found",
    [
        ("# mainspring: allow[forbidden]", []),
        ("# mainspring: allow[no-timeout, forbidden]  - in tests only", ["3 unused-allow"]),
        ("# mainspring: allow[no-timeout]", ["3 forbidden", "3 unused-allow"]),
        ("# mainspring: allow", ["3 forbidden"]),
    ],
)
def test_a_comment_allows_what_it_names_in_its_line(comment: str, found: list[str]) -> None:
    assert codes(in_workflow(f"time.sleep(1)  {comment}")) == found
    assert codes(in_workflow(f"time.sleep(1)  {comment}\ntime.sleep(2)")) == [*found, "4 forbidden"]


def test_a_text_that_looks_like_such_a_comment_allows_nothing() -> None:
    assert codes(in_workflow('time.sleep(len("# mainspring: allow[forbidden]"))')) == ["3 forbidden"]


def test_a_definition_is_allowed_in_the_line_that_is_named() -> None:
    code = "@workflow.defn\nasync def flow(*, key: str) -> None: ...  # mainspring: allow[keyword-only]"
    assert codes(code) == []
