"""`mainspring workflow reset`, `update-options` and operations on the workflows of a query, on the official dev server.

Our server does not serve them yet; what it answers is shown.
"""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import Result

from tests.cli.command_line import local, mainspring, ours, theirs

RESET = ("reset", "--reason", "r")
PIN = ("--versioning-override-deployment-name", "d", "--versioning-override-build-id", "b")


def run(address: str, *words: str, answer: str = "") -> Result:
    return mainspring(address, "workflow", *words, answer=answer)


def begin(address: str, name: str) -> None:
    line = ("start", "-w", name, "--type", "T", "-t", "nobody", "--id-conflict-policy", "TerminateExisting")
    assert run(address, *line).exit_code == 0


@pytest.mark.parametrize(
    "words",
    [
        ["reset", "--reason", "r", "-t", "FirstWorkflowTask"],
        ["reset", "--reason", "r", "-t", "LastWorkflowTask", "--reapply-exclude", "Signal"],
        ["reset", "--reason", "r", "-t", "LastContinuedAsNew"],
        ["reset", "--reason", "r", "-t", "BuildId"],
        ["reset", "--reason", "r", "-e", "2"],
        ["reset", "--reason", "r"],
        ["update-options", "--versioning-override-behavior", "auto_upgrade"],
        ["update-options", "--versioning-override-behavior", "unspecified"],
        ["update-options", "--versioning-override-behavior", "pinned"],
        ["update-options", "--versioning-override-behavior", "auto_upgrade", *PIN],
    ],
)
def test_changes_in_json_are_those_of_the_official_command_line(real_address: str, words: list[str]) -> None:
    begin(real_address, "changed")
    line = ["workflow", *words, "-w", "changed"]
    official = theirs(real_address, *line)
    begin(real_address, "changed")
    mine = ours(real_address, *line)
    assert mine.output == official.output
    assert bool(mine.status) == bool(official.status)  # what is wrong usage has a status of its own here


@pytest.mark.parametrize(
    "words",
    [
        ["cancel"],
        ["terminate", "--reason", "enough"],
        ["delete"],
        ["signal", "--name", "s", "-i", "1"],
        ["update-options", "--versioning-override-behavior", "auto_upgrade"],
        ["reset", "--reason", "r", "-t", "FirstWorkflowTask"],
    ],
)
def test_a_batch_is_started_as_the_official_command_line_starts_it(real_address: str, words: list[str]) -> None:
    line = ["workflow", *words, "-q", "WorkflowId='nobody'", "-y"]
    official, mine = theirs(real_address, *line), ours(real_address, *line)
    assert mine == official
    assert mine.output == {"batchJobId": "<id>"}


def test_a_batch_asks_with_the_number_of_workflows(real_address: str) -> None:
    line = ["cancel", "-q", "WorkflowId='nobody'"]
    refused = run(real_address, *line, answer="n\n")
    assert refused.exit_code == 1
    assert "against approximately 0 workflow(s)? y/N" in refused.stdout
    assert "user denied confirmation" in refused.stderr
    accepted = run(real_address, *line, answer="y\n")
    assert accepted.exit_code == 0
    assert "Started batch for job ID: " in accepted.stdout
    assert "must bypass prompts" in run(real_address, *line, "-o", "json").stderr


def test_what_the_server_does_not_serve_is_said(address: str) -> None:
    begin(address, "stays")
    refused = run(address, "reset", "--reason", "r", "-w", "stays", "-e", "3")
    assert refused.exit_code == 1
    assert refused.stderr.startswith("Error: failed to reset workflow: ")
    batch = run(address, "terminate", "-q", "WorkflowId='stays'", "-y")
    assert batch.exit_code == 1
    assert batch.stderr.startswith("Error: failed starting batch operation: ")


def test_a_reset_says_where_it_goes_back_to(real_address: str) -> None:
    begin(real_address, "told")
    shown = run(real_address, *RESET, "-w", "told", "-t", "FirstWorkflowTask")
    assert shown.stdout.splitlines()[0] == "Resetting workflow told to event ID 3"


def test_a_reset_may_move_the_new_run_to_a_version(real_address: str) -> None:
    line = [*RESET, "with-workflow-update-options", "-w", "w", "-e", "3"]
    assert "Missing option '--versioning-override-behavior'" in run(real_address, *line).stderr
    lacking = run(real_address, *line, "--versioning-override-behavior", "pinned")
    assert "missing deployment name" in lacking.stderr
    misplaced = run(real_address, *RESET, "-w", "w", "-e", "3", "--versioning-override-behavior", "pinned")
    assert misplaced.exit_code == 2
    begin(real_address, "w")
    tried = run(real_address, *line, "--versioning-override-behavior", "pinned", *PIN)
    assert "Error: failed to reset workflow: " in tried.stderr


def test_a_history_of_old_is_fixed(tmp_path: Path) -> None:
    old, new = tmp_path / "old.json", tmp_path / "new.json"
    old.write_text('{"events": [{"eventId": "1", "eventType": "WorkflowExecutionStarted"}]}')
    shown = local("workflow", "fix-history-json", "-s", str(old))
    assert shown.exit_code == 0
    expected = {"events": [{"eventId": "1", "eventType": "EVENT_TYPE_WORKFLOW_EXECUTION_STARTED"}]}
    assert json.loads(shown.stdout) == expected
    assert local("workflow", "fix-history-json", "-s", str(old), "-t", str(new)).stdout == ""
    assert json.loads(new.read_text()) == expected


@pytest.mark.parametrize("text", ["[]", "{", '{"events": 1}'])
def test_what_is_no_history_is_not_fixed(tmp_path: Path, text: str) -> None:
    source = tmp_path / "broken.json"
    source.write_text(text)
    refused = local("workflow", "fix-history-json", "-s", str(source))
    assert (refused.exit_code, refused.stdout) == (1, "")
    assert "is not a history" in refused.stderr
    assert local("workflow", "fix-history-json", "-s", str(tmp_path / "none")).exit_code == 1
