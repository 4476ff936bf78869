"""What all commands share: a terminal's colours, time limits, and TLS."""

from __future__ import annotations

import os
import pty
import subprocess
from pathlib import Path

import pytest

from tests.cli.command_line import PLAIN, local, mainspring
from tests.server_process import mainspring_command


def on_a_terminal(*words: str, environment: dict[str, str] | None = None) -> str:
    """What the command prints where it believes that a person looks."""
    ours, theirs = pty.openpty()
    settings = {"TERM": "xterm-256color", "COLUMNS": "100", "PATH": os.environ["PATH"]} | (environment or {})
    with subprocess.Popen(
        [*mainspring_command(), *words, *PLAIN], stdout=theirs, stderr=theirs, env=settings
    ) as command:
        os.close(theirs)
        found = b""
        while part := read_some(ours):
            found += part
        os.close(ours)
        assert command.wait(20) == 0
    return found.decode()


def read_some(terminal: int) -> bytes:
    """What has been printed; nothing when the other side of the terminal is closed, which Linux says by an error."""
    try:
        return os.read(terminal, 65_536)
    except OSError:
        return b""


def test_a_terminal_shows_colours_and_lines_under_titles(address: str) -> None:
    mainspring(address, "workflow", "start", "-w", "shown", "--type", "T", "-t", "q")
    shown = on_a_terminal("workflow", "list", "--address", address)
    assert "\x1b[34mRunning\x1b[0m" in shown
    assert "─────" in shown
    assert "shown" in shown


@pytest.mark.parametrize("environment", [{"NO_COLOR": "1"}, {"TERM": "dumb"}])
def test_a_terminal_without_colours_has_plain_text(address: str, environment: dict[str, str]) -> None:
    assert "\x1b" not in on_a_terminal("workflow", "count", "--address", address, environment=environment)


def test_json_has_no_colours_on_a_terminal_either(address: str) -> None:
    assert on_a_terminal("workflow", "count", "-o", "json", "--address", address).startswith("{")


def test_a_trace_is_drawn_on_a_terminal(worked_address: str) -> None:
    mainspring(worked_address, "workflow", "start", "-w", "drawn", "--type", "Family", "-t", "worked", "-i", "1")
    shown = on_a_terminal("workflow", "trace", "-w", "drawn", "--no-fold", "--address", worked_address)
    assert "└── " in shown
    assert "✓ Family" in shown


def test_a_trace_is_drawn_again_while_the_workflow_runs(worked_address: str) -> None:
    mainspring(worked_address, "workflow", "start", "-w", "followed", "--type", "Sum", "-t", "worked", "-i", "1")
    ours, theirs = pty.openpty()
    line = [*mainspring_command(), "workflow", "trace", "-w", "followed", "--address", worked_address, *PLAIN]
    settings = {"TERM": "xterm-256color", "COLUMNS": "100", "PATH": os.environ["PATH"]}
    with subprocess.Popen(line, stdout=theirs, stderr=theirs, env=settings) as command:
        os.close(theirs)
        drawn = b""
        while "▷ Sum".encode() not in drawn:
            drawn += read_some(ours)
        assert command.poll() is None, "the workflow runs, and so does the command"
        mainspring(worked_address, "workflow", "signal", "-w", "followed", "--name", "end", "-i", "2")
        while part := read_some(ours):
            drawn += part
        os.close(ours)
        assert command.wait(20) == 0
    assert "✓ Sum" in drawn.decode().rpartition("▷ Sum")[2]


@pytest.mark.parametrize("value", ["-1", "-----BEGIN"])
def test_a_value_may_begin_as_an_option_does(address: str, value: str) -> None:
    counted = mainspring(address, "workflow", "count", "--identity", value)
    assert counted.exit_code == 0, counted.output


def test_an_option_without_its_value_is_a_mistake() -> None:
    refused = local("workflow", "count", "--identity")
    assert refused.exit_code == 2
    assert "Option '--identity' requires an argument" in refused.stderr


def test_a_command_ends_when_its_time_is_over(address: str) -> None:
    mainspring(address, "workflow", "start", "-w", "endless", "--type", "T", "-t", "q")
    ended = mainspring(address, "workflow", "result", "-w", "endless", "--command-timeout", "200ms")
    assert ended.exit_code == 1
    assert ended.stderr.startswith("Error: command timed out after ")


@pytest.mark.parametrize(
    "words, complaint",
    [
        (["--tls-disable-host-verification"], "not supported"),
        (["--tls-ca-path", "/none/such"], "failed reading /none/such"),
        (["--tls"], "cannot reach"),
    ],
)
def test_tls_that_cannot_be_is_an_error(address: str, words: list[str], complaint: str) -> None:
    refused = mainspring(address, "workflow", "count", *words, "--command-timeout", "5s")
    assert refused.exit_code == 1
    assert complaint in refused.stderr or "timed out" in refused.stderr


def test_no_tls_takes_back_what_the_profile_says(address: str, tmp_path: Path) -> None:
    path = tmp_path / "temporal.toml"
    path.write_text('[profile.default.tls]\nserver_name = "n"\n')
    line = [*mainspring_command(), "workflow", "count", "--address", address, "--config-file", str(path)]
    counted = subprocess.run([*line, "--no-tls"], capture_output=True, text=True, check=False, timeout=20)
    assert counted.stdout.startswith("Total: "), counted.stderr
