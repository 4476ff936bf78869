"""`mainspring replay`: histories of files and of a server, against code that changed or did not."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from mainspring._embedded import embedded
from mainspring.cli.main import main
from mainspring.cli.replay import history_of
from mainspring.client import Client, WorkflowHistory
from mainspring.testing import WorkflowEnvironment

BEFORE = """
from datetime import timedelta
from mainspring import workflow

@workflow.defn
class AddNode:
    @workflow.run
    async def run(self, name: str) -> str:
        await workflow.sleep(0.001)
        return name

@workflow.defn
async def remove_node(name: str) -> str:
    return name
"""
AFTER = BEFORE.replace("await workflow.sleep(0.001)", "workflow.upsert_memo({'name': name})")


@pytest.fixture(autouse=True)
def in_its_own_directory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def module(name: str, text: str) -> str:
    """A module of this test's own name in the working directory."""
    Path(f"{name}.py").write_text(text)
    return name


@pytest.fixture
def histories(tmp_path: Path) -> list[Path]:
    """A history of each workflow of `BEFORE`, as files."""
    namespace: dict[str, object] = {"__name__": "recorded_by"}
    exec(BEFORE, namespace)

    async def record() -> list[Path]:
        workflows = [namespace["AddNode"], namespace["remove_node"]]
        files: list[Path] = []
        async with embedded(workflows=workflows) as client:  # type: ignore[arg-type] # found by name
            for kind in ("AddNode", "remove_node"):
                handle = await client.start_workflow(kind, "n1", id=kind)
                await handle.result()
                text = (await handle.fetch_history()).to_json()
                file = tmp_path / f"{kind}.json"
                file.write_text(text)
                files.append(file)
        return files

    return asyncio.run(record())


def replay(*arguments: str | Path) -> Result:
    return CliRunner().invoke(main, ["replay", *map(str, arguments)])


def test_code_that_did_not_change_is_true_to_its_histories(histories: list[Path]) -> None:
    result = replay(*histories, "--workflows", module("same_code", BEFORE))
    assert result.exit_code == 0, result.output
    lines = result.stdout.splitlines()
    assert [line.split()[:2] for line in lines] == [["ok", str(file)] for file in histories]
    assert "(AddNode, run " in lines[0]
    assert result.stderr == "2 of 2 histories replayed\n"


def test_a_change_is_shown_with_both_sides_and_fails_the_check(histories: list[Path]) -> None:
    name = module("changed_code", AFTER)
    result = replay(*histories, "--workflows", f"{name}:AddNode", "--workflows", f"{name}:remove_node")
    assert result.exit_code == 1
    assert f"diverged   {histories[0]}" in result.stdout
    assert "5 TimerStarted '1'" in result.stdout
    assert "ModifyWorkflowProperties" in result.stdout
    assert f"ok         {histories[1]}" in result.stdout
    assert result.stderr == "1 of 2 histories replayed\n"


def test_json_has_one_object_a_line(histories: list[Path]) -> None:
    result = replay(*histories, "-o", "jsonl", "--workflows", module("changed_for_json", AFTER))
    first, second = map(json.loads, result.stdout.splitlines())
    assert (first["result"], first["workflowType"], first["history"]) == ("diverged", "AddNode", str(histories[0]))
    assert "TMPRL1100" in first["message"]
    assert (second["result"], "message" in second) == ("ok", False)


def test_a_history_without_its_workflow_or_without_events_fails_the_check(histories: list[Path]) -> None:
    empty = Path("empty.json")
    empty.write_text('{"events": []}')
    broken = Path("broken.json")
    broken.write_text("{")
    name = module("one_workflow", BEFORE)
    result = replay(histories[0], empty, broken, "--workflows", f"{name}:remove_node")
    assert result.exit_code == 1
    kinds = [line.split()[0] for line in result.stdout.splitlines() if not line.startswith(" ")]
    assert kinds == ["failed", "unreadable", "unreadable"]


@pytest.mark.parametrize(
    "arguments, complaint",
    [
        (["--workflows", "same_code"], "name files, or give --query"),
        (["--workflows", "nowhere_at_all", "--query", ""], "No module named 'nowhere_at_all'"),
        (["--workflows", "json:dumps", "--query", ""], "there is no workflow"),
        (["--workflows", "json:nothing", "--query", ""], "has no attribute 'nothing'"),
        (["--workflows", "one:AddNode", "--converter", "json:dumps", "--query", ""], "expected a DataConverter"),
    ],
)
def test_wrong_use_is_said(arguments: list[str], complaint: str) -> None:
    module("one", BEFORE)
    result = replay(*arguments)
    assert result.exit_code == 2
    assert complaint in result.stderr


def test_a_server_that_is_not_there_is_said() -> None:
    result = replay("--workflows", module("for_nobody", BEFORE), "--query", "", "--address", "127.0.0.1:1")
    assert result.exit_code == 1
    assert "127.0.0.1:1: " in result.stderr


async def test_histories_come_from_a_server() -> None:
    name = module("for_a_server", BEFORE)
    async with await WorkflowEnvironment.start_local() as environment:
        client: Client = environment.client
        for number in range(3):
            await client.start_workflow("AddNode", "n1", id=f"n{number}", task_queue="nobody-polls")
        address = client.service_client.config.target_host
        arguments = ["--address", address, "--workflows", name, "--query", 'WorkflowType="AddNode"', "--limit", "2"]
        result = await asyncio.to_thread(replay, *arguments)
    assert result.exit_code == 0, result.output
    assert [line.split()[0] for line in result.stdout.splitlines()] == ["ok", "ok"]


@pytest.mark.parametrize("said, workflow_id", [({"workflowId": "node-7"}, "node-7"), ({}, "exported")])
def test_a_history_says_of_which_workflow_it_is_and_without_that_its_file_does(
    said: dict[str, str], workflow_id: str
) -> None:
    """Ids of children may be made from it, so that a history by another name would diverge."""
    history = {"events": [{"eventId": "1", "workflowExecutionStartedEventAttributes": said}]}
    assert history_of(Path("exported.json"), json.dumps(history)).workflow_id == workflow_id


def test_text_of_older_tools_is_read(histories: list[Path]) -> None:
    text = histories[1].read_text().replace("EVENT_TYPE_WORKFLOW_EXECUTION_STARTED", "WorkflowExecutionStarted")
    assert WorkflowHistory.from_json("x", text).events
    histories[1].write_text(text)
    assert replay(histories[1], "--workflows", module("for_old_text", BEFORE)).exit_code == 0
