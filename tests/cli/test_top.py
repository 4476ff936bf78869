"""`mainspring top`: what is drawn of snapshots, once in a pipe, live on a terminal."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from mainspring.cli.main import main
from mainspring.cli.top.drawing import sections
from mainspring.cli.top.looking import Queue, Snapshot
from mainspring.explain.times import SECOND
from tests.server_process import ServerProcess, mainspring_command


@pytest.fixture(scope="module")
def address() -> Iterator[str]:
    with (
        tempfile.TemporaryDirectory() as directory,
        ServerProcess(Path(directory), command=mainspring_command()) as server,
    ):
        line = ["workflow", "start", "--type", "Add", "-t", "nobody-polls", "--address", server.address]
        for name in ("first", "second"):
            assert CliRunner().invoke(main, [*line, "-w", name]).exit_code == 0
        yield server.address


def top(address: str, *arguments: str) -> Result:
    line = ["top", "--address", address, "--disable-config-file", "--disable-config-env", *arguments]
    return CliRunner().invoke(main, line)


def snapshot(at_s: int, **counts: int) -> Snapshot:
    return Snapshot(at_s * SECOND, counts, [], [], 0)


def test_rates_are_those_between_two_looks() -> None:
    before, now = snapshot(10, Running=4, Completed=100), snapshot(12, Running=1, Completed=107, Failed=1)
    (section,) = sections(now, before, most_rows=9)
    assert [[str(cell) for cell in row] for row in section.rows] == [
        ["Running", "1", "-1.5"],
        ["Completed", "107", "+3.5"],
        ["Failed", "1", "+0.5"],
    ]
    (first,) = sections(now, None, most_rows=9)
    assert {str(row[2]) for row in first.rows} == {""}


def test_a_queue_with_tasks_and_without_pollers_stands_out() -> None:
    queue = Queue("vms", "workflow", 0, 1_200, 65, 1.25, 0, is_stuck=True)
    _, section = sections(Snapshot(1, {"Running": 1}, [queue], [], 1), None, most_rows=9)
    assert [str(cell) for cell in section.rows[0]] == ["vms", "workflow", "0", "1,200", "1m 5s", "1.2", "0.0"]
    assert section.rows[0][3].style == "red"


def test_it_is_shown_once_in_a_pipe(address: str) -> None:
    shown = top(address)
    assert shown.exit_code == 0
    lines = shown.stdout.splitlines()
    assert [line for line in lines if line and not line.startswith(" ")] == [
        "Workflows",
        "Task queues",
        "Waiting longest",
    ]
    assert [line.split()[:2] for line in lines if line.startswith("  Running")] == [["Running", "2"]]
    assert "No worker polls task queue nobody-polls" in shown.stdout


def test_json_has_the_same_as_one_object(address: str) -> None:
    found = json.loads(top(address, "-o", "json").stdout)
    assert (found["runs"], found["lookedAtCount"]) == ({"Running": 2}, 2)
    assert [(queue["taskQueue"], queue["backlog"], queue["pollers"]) for queue in found["taskQueues"]] == [
        ("nobody-polls", 2, 0)
    ]
    assert [run["workflowId"] for run in found["waiting"]] == ["first", "second"]
    assert json.loads(top(address, "-o", "json", "--limit", "0").stdout)["waiting"] == []


def test_a_server_that_is_not_there_is_said() -> None:
    lost = top("127.0.0.1:1")
    assert (lost.exit_code, lost.stdout) == (1, "")
    assert "failed looking at the namespace: cannot reach 127.0.0.1:1" in lost.stderr


@pytest.mark.slow
@pytest.mark.timeout(60)
@pytest.mark.skipif(sys.platform == "win32", reason="there are no pseudo-terminals")
@pytest.mark.parametrize("key, status", [(b"q", 0), (b"", 130)], ids=["q", "Ctrl-C"])
def test_it_is_live_on_a_terminal_and_leaves_it_as_it_was(address: str, key: bytes, status: int) -> None:
    import pty
    import termios

    ours, theirs = pty.openpty()
    before = termios.tcgetattr(theirs)
    environment = {**os.environ, "TERM": "xterm", "COLUMNS": "150", "LINES": "40"}
    environment.pop("NO_COLOR", None)
    line = [*mainspring_command(), "top", "--address", address, "--interval", "100ms"]
    with subprocess.Popen(line, stdin=theirs, stdout=theirs, stderr=subprocess.PIPE, env=environment) as process:
        shown = read_until(ours, b"Waiting longest", times=2)  # drawn, and drawn again
        if key:
            os.write(ours, key)
        else:
            process.send_signal(signal.SIGINT)
        shown += read_until(ours, b"\x1b[?1049l", times=1)
        assert process.wait(20) == status
        assert process.stderr is not None
        assert process.stderr.read().strip() == b""
    assert shown.count(b"\x1b[?1049h") == 1
    assert termios.tcgetattr(theirs) == before
    for terminal in (ours, theirs):
        os.close(terminal)


def read_until(terminal: int, text: bytes, *, times: int) -> bytes:
    """What is shown until the text has come so many times; the test's own timeout bounds it."""
    shown = b""
    while shown.count(text) < times:
        shown += os.read(terminal, 65_536)
    return shown
