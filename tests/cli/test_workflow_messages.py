"""`mainspring workflow update`, `signal-with-start` and the like: text, JSON, exit status."""

from __future__ import annotations

import json

import pytest
from click.testing import Result

from tests.cli.command_line import mainspring, ours, theirs

SUM = ("--type", "Sum", "-t", "worked")


def run(address: str, *words: str) -> Result:
    return mainspring(address, "workflow", *words)


def begin(address: str, name: str) -> None:
    assert run(address, "start", "-w", name, *SUM, "-i", "1").exit_code == 0


def update(address: str, verb: str, *words: str) -> Result:
    return run(address, "update", verb, "-w", *words)


def test_an_update_is_executed_and_its_result_is_shown_again(worked_address: str) -> None:
    begin(worked_address, "u1")
    done = update(worked_address, "execute", "u1", "--name", "add", "--update-id", "one", "-i", "2")
    assert done.exit_code == 0, done.output
    assert 'Result    {"total":3}' in done.stdout
    assert 'Result    {"total":3}' in update(worked_address, "result", "u1", "--update-id", "one").stdout
    described = update(worked_address, "describe", "u1", "--update-id", "one").stdout
    assert "Stage     Completed" in described


def test_an_update_that_failed_makes_the_command_fail(worked_address: str) -> None:
    begin(worked_address, "u2")
    failed = update(worked_address, "execute", "u2", "--name", "add", "--update-id", "much", "-i", "101")
    assert (failed.exit_code, failed.stdout) == (1, "")
    assert failed.stderr == "Error: unable to update workflow: too much\n"
    again = update(worked_address, "result", "u2", "--update-id", "much")
    assert again.exit_code == 1
    assert "Failure   too much" in again.stdout
    assert "update is failed" in again.stderr


def test_an_update_that_is_refused_is_an_error_of_start_too(worked_address: str) -> None:
    begin(worked_address, "u3")
    refused = update(worked_address, "start", "u3", "--name", "add", "-i", "-1", "--wait-for-stage", "accepted")
    assert refused.exit_code == 1
    assert "less than nothing" in refused.stderr


def test_a_stage_to_wait_for_has_to_be_named(worked_address: str) -> None:
    assert update(worked_address, "start", "u4", "--name", "add").exit_code == 2


@pytest.mark.parametrize(
    "words",
    [
        ["execute", "--name", "add", "--update-id", "same", "-i", "2"],
        ["execute", "--name", "add", "-i", "101"],
        ["start", "--name", "add", "--update-id", "same", "-i", "2", "--wait-for-stage", "accepted"],
        ["start", "--name", "never", "--update-id", "open", "--wait-for-stage", "accepted"],
        ["result", "--update-id", "same"],
        ["result", "--update-id", "much"],
        ["describe", "--update-id", "same"],
        ["describe", "--update-id", "open"],
        ["describe", "--update-id", "nobody"],
    ],
)
def test_updates_in_json_are_those_of_the_official_command_line(worked_address: str, words: list[str]) -> None:
    if run(worked_address, "describe", "-w", "compared").exit_code:
        begin(worked_address, "compared")
        for name, number in (("same", "2"), ("much", "101")):
            update(worked_address, "execute", "compared", "--name", "add", "--update-id", name, "-i", number)
        update(
            worked_address, "start", "compared", "--name", "never", "--update-id", "open", "--wait-for-stage=accepted"
        )
    line = ["workflow", "update", *words, "-w", "compared"]
    assert ours(worked_address, *line) == theirs(worked_address, *line)


def test_a_failure_of_an_update_is_described_as_the_api_has_it(worked_address: str) -> None:
    """The official command line prints the fields of a Go struct there."""
    begin(worked_address, "u6")
    update(worked_address, "execute", "u6", "--name", "add", "--update-id", "much", "-i", "101")
    described = json.loads(update(worked_address, "describe", "u6", "--update-id", "much", "-o", "json").stdout)
    assert described["failure"]["message"] == "too much"
    assert described["failure"]["applicationFailureInfo"] == {"type": "TooMuch", "details": [{"most": 100}]}


def test_a_signal_starts_its_workflow_once(worked_address: str) -> None:
    line = ["signal-with-start", "-w", "s1", *SUM, "-i", "1", "--signal-name", "end", "--signal-input", "5"]
    first = run(worked_address, *line)
    assert first.exit_code == 0, first.output
    assert first.stdout.startswith("Running execution:\n  WorkflowId  s1\n")
    assert "Result          6" in run(worked_address, "result", "-w", "s1").stdout


@pytest.mark.parametrize("verb", ["start-update-with-start", "execute-update-with-start"])
def test_an_update_with_start_needs_a_policy_and_an_id(address: str, verb: str) -> None:
    stage = ["--update-wait-for-stage", "accepted"] if verb.startswith("start") else []
    line = [verb, *SUM, "--update-name", "add", *stage]
    assert "--workflow-id flag must be provided" in run(address, *line).stderr
    assert "--id-conflict-policy flag must be provided" in run(address, *line, "-w", "x").stderr


@pytest.mark.parametrize(
    "words",
    [
        ["signal-with-start", "--signal-name", "other", "--signal-input", "5"],
        [
            *("start-update-with-start", "--update-name", "add", "--update-input", "5", "--update-id", "a"),
            *("--id-conflict-policy", "UseExisting", "--update-wait-for-stage", "accepted"),
        ],
        [
            *("execute-update-with-start", "--update-name", "add", "--update-input", "5", "--update-id", "b"),
            *("--id-conflict-policy", "UseExisting"),
        ],
        [
            "execute-update-with-start",
            "--update-name",
            "add",
            "--update-input",
            "101",
            "--id-conflict-policy=UseExisting",
        ],
        ["signal-with-start", "--signal-name", "other", "--signal-input", "{"],
    ],
)
def test_messages_with_a_start_in_json_are_the_official_ones(worked_address: str, words: list[str]) -> None:
    line = ["workflow", *words, "-w", "started-by-message", *SUM]
    assert ours(worked_address, *line) == theirs(worked_address, *line)


def test_metadata_names_the_messages_that_a_workflow_takes(worked_address: str) -> None:
    begin(worked_address, "m1")
    shown = run(worked_address, "metadata", "-w", "m1").stdout
    assert "Query Definitions:\n" in shown
    assert "\n    state  Says how much it is by now.\n" in shown
    assert "\n    add" in shown
    line = ["workflow", "metadata", "-w", "m1"]
    assert ours(worked_address, *line) == theirs(worked_address, *line)


def test_a_trace_shows_the_tree_when_the_workflow_has_closed(worked_address: str) -> None:
    run(worked_address, "start", "-w", "tree", "--type", "Family", "-t", "worked", "-i", "2")
    shown = run(worked_address, "trace", "-w", "tree", "--no-fold")
    assert shown.exit_code == 0, shown.output
    lines = shown.stdout.split("Progress:\n")[1].splitlines()
    titles = [line.split(" (")[0] for line in lines if not line.lstrip().startswith("wfId")]
    family = ["⧖ Timer", "✓ double", "✓ Family"]
    below = [f"{'  ' * depth}{title}" for depth in (1, 2, 3) for title in family]
    assert titles == ["✓ Family", *below[:-1]]


def test_a_trace_folds_what_has_completed_and_stops_at_a_depth(worked_address: str) -> None:
    run(worked_address, "execute", "-w", "folded", "--type", "Family", "-t", "worked", "-i", "2")
    assert "↳ execution folded" in run(worked_address, "trace", "-w", "folded").stdout
    shallow = run(worked_address, "trace", "-w", "folded", "--no-fold", "--depth", "1").stdout
    assert shallow.count("✓ double") == 2
    assert shallow.count("✓ Family") == 3


def test_a_trace_as_json_has_the_same_steps(worked_address: str) -> None:
    run(worked_address, "execute", "-w", "in-json", "--type", "Family", "-t", "worked", "-i", "1")
    found = json.loads(run(worked_address, "trace", "-w", "in-json", "--no-fold", "-o", "json").stdout)
    assert (found["workflowId"], found["kind"], found["status"]) == ("in-json", "workflow", "Completed")
    steps = [("timer", "Fired"), ("activity", "Completed"), ("workflow", "Completed")]
    assert [(step["kind"], step["status"]) for step in found["steps"]] == steps
    assert [step["kind"] for step in found["steps"][2]["steps"]] == ["timer", "activity"]
    folded = json.loads(run(worked_address, "trace", "-w", "in-json", "-o", "json").stdout)
    assert "steps" not in folded["steps"][2]
    assert found["startTime"] < found["steps"][0]["startTime"] < found["steps"][0]["closeTime"] < found["closeTime"]


def test_json_of_an_update_has_a_result_even_if_it_is_nothing(worked_address: str) -> None:
    begin(worked_address, "u5")
    done = update(worked_address, "execute", "u5", "--name", "add", "-i", "2", "-o", "json")
    assert json.loads(done.stdout)["result"] == {"total": 3}
