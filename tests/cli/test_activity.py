"""`mainspring activity ...` and `batch ...`, on the official dev server where ours does not serve them yet."""

from __future__ import annotations

import json
import re
import time
import uuid

import pytest
from click.testing import Result

from tests.cli.command_line import mainspring, ours, same, theirs

START = ("--type", "double", "-t", "nobody", "--start-to-close-timeout", "1m")


def run(address: str, *words: str, answer: str = "") -> Result:
    return mainspring(address, "activity", *words, answer=answer)


def standalone(address: str) -> str:
    """An activity of its own. The real server, when it has much to do, is busy with a new one for a while."""
    name = f"alone-{uuid.uuid4()}"
    assert run(address, "start", "-a", name, *START).exit_code == 0
    give_up_s = time.monotonic() + 20
    while "busy" in (described := run(address, "describe", "-a", name)).stderr and time.monotonic() < give_up_s:
        time.sleep(0.2)
    assert described.exit_code == 0, described.stderr
    return name


@pytest.mark.parametrize(
    "words",
    [
        ["describe"],
        ["pause", "--reason", "r"],
        ["reset", "--keep-paused"],
        ["update-options", "--start-to-close-timeout", "2m", "--retry-maximum-attempts", "3", "--task-queue", "other"],
        ["cancel", "--reason", "r"],
        ["terminate"],
        ["complete", "--result", "1"],
        ["complete", "--result", "{"],
        ["fail", "--reason", "r", "--detail", "[1]"],
        ["unpause", "--reason", "not allowed"],
        ["start", *START, "--id-conflict-policy", "Fail"],
        ["start", *START, "--id-conflict-policy", "UseExisting", "-i", "2", "--search-attribute", "CustomKeyword=1"],
    ],
)
def test_verbs_of_one_activity_in_json_are_the_official_ones(real_address: str, words: list[str]) -> None:
    official = theirs(real_address, "activity", *words, "-a", standalone(real_address))
    mine = ours(real_address, "activity", *words, "-a", standalone(real_address))
    assert without_names(mine.output) == without_names(official.output)
    assert bool(mine.status) == bool(official.status)


def without_names(output: object) -> object:
    """Identities are of the command line that asks, their length is part of the size, and tokens are secrets."""
    text = json.dumps(output).replace("mainspring-cli:", "temporal-cli:")
    return json.loads(re.sub(r'"(stateSizeBytes|longPollToken)": "[^"]+"', r'"\1": ""', text))


@pytest.mark.parametrize(
    "words",
    [["list", "-q", "ActivityId='nobody'"], ["count"], ["result", "-a", "nobody"], ["describe", "-a", "nobody"]],
)
def test_lists_of_activities_in_json_are_the_official_ones(real_address: str, words: list[str]) -> None:
    same(real_address, "activity", *words)


@pytest.mark.parametrize("verb", ["cancel", "terminate", "delete", "unpause", "reset", "update-options"])
def test_activities_of_a_query_are_operated_on_as_a_batch(real_address: str, verb: str) -> None:
    line = ["activity", verb, "-q", "WorkflowId='nobody'", "-y"]
    official, mine = theirs(real_address, *line), ours(real_address, *line)
    assert mine == official
    assert mine.output == {"batchJobId": "<id>"}


def test_an_activity_that_stands_alone_is_executed(worked_real_address: str) -> None:
    line = ["-a", f"run-{uuid.uuid4()}", "--type", "double", "-t", "worked", "--start-to-close-timeout", "1m"]
    done = run(worked_real_address, "execute", *line, "-i", "21")
    assert done.exit_code == 0, done.output
    assert "Result  42" in done.stdout
    failed = run(worked_real_address, "execute", *line, "-i", '"x"', "--retry-maximum-attempts", "1", "-o", "json")
    assert failed.exit_code == 1
    assert json.loads(failed.stdout)["status"] == "FAILED"
    assert failed.stderr == "Error: activity failed\n"
    assert "Status  " in run(worked_real_address, "result", *line[:2]).stdout


def test_an_activity_is_paused_in_plain_words(real_address: str) -> None:
    name = standalone(real_address)
    assert run(real_address, "pause", "-a", name).stdout == "Activity paused\n"
    assert "ActivityId" in run(real_address, "describe", "-a", name).stdout
    assert run(real_address, "unpause", "-a", name).stdout == "Activity unpaused\n"
    assert run(real_address, "reset", "-a", name).stdout == "  KeepPaused  false\n"
    changed = run(real_address, "update-options", "-a", name, "--heartbeat-timeout", "5s").stdout
    assert "HeartbeatTimeout        5s" in changed


def test_nothing_is_deleted_without_a_yes(real_address: str) -> None:
    name = standalone(real_address)
    refused = run(real_address, "delete", "-a", name, answer="n\n")
    assert refused.exit_code == 1
    assert f'Delete Standalone Activity "{name}"? y/N' in refused.stdout
    assert run(real_address, "delete", "-a", name, answer="y\n").exit_code == 0


@pytest.mark.parametrize(
    "words, complaint",
    [
        (["cancel"], "must specify --activity-id"),
        (["cancel", "-a", "a", "-q", "b"], "cannot set activity id when query is set"),
        (["terminate", "-a", "a", "--yes"], "cannot set yes when activity ID is set"),
        (["update-options", "-a", "a", "-w", "b", "--start-delay", "1s"], "only supported for Standalone"),
    ],
)
def test_what_does_not_go_together_is_refused(address: str, words: list[str], complaint: str) -> None:
    refused = run(address, *words)
    assert refused.exit_code == 2
    assert complaint in refused.stderr


def test_what_our_server_does_not_serve_is_said(address: str) -> None:
    refused = run(address, "start", "-a", "a", *START)
    assert refused.exit_code == 1
    assert refused.stderr.startswith("Error: failed starting activity: ")


def test_batches_are_listed_described_and_stopped(real_address: str) -> None:
    begun = json.loads(
        mainspring(real_address, "workflow", "cancel", "-q", "WorkflowId='none'", "-y", "-o", "json").stdout
    )
    job = begun["batchJobId"]
    for words in (["batch", "list"], ["batch", "describe", "--job-id", job], ["batch", "describe", "--job-id", "x"]):
        same(real_address, *words)
    assert "CompletedCount" in mainspring(real_address, "batch", "describe", "--job-id", job).stdout
    assert job in mainspring(real_address, "batch", "list").stdout
    unknown = mainspring(real_address, "batch", "terminate", "--job-id", "x", "--reason", "r")
    assert (unknown.exit_code, unknown.stderr) == (1, "Error: could not find Batch Job 'x'\n")
