"""`mainspring import-history`: histories of files become closed runs that can be looked at and replayed."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from mainspring import workflow
from mainspring._embedded import embedded
from mainspring.cli.main import main
from mainspring.client import Client, WorkflowExecutionStatus, WorkflowFailureError, WorkflowHistory
from mainspring.exceptions import ApplicationError
from mainspring.server.persistence.sqlite.lock import FileLock
from mainspring.worker import Replayer


@workflow.defn
class Greeting:
    def __init__(self) -> None:
        self._name = "nobody"

    @workflow.run
    async def run(self, name: str) -> str:
        self._name = name
        workflow.upsert_memo({"greeted": name})
        await workflow.sleep(0.001)
        if name == "bad":
            raise ApplicationError("no such name")
        return f"hello {name}"

    @workflow.query
    def name(self) -> str:
        return self._name


@pytest.fixture
def histories(tmp_path: Path) -> list[Path]:
    """A history of a run that completed, and one of a run that failed."""

    async def record() -> list[Path]:
        files: list[Path] = []
        async with embedded(workflows=[Greeting]) as client:
            for name in ("n1", "bad"):
                handle = await client.start_workflow(Greeting.run, name, id=f"greet-{name}", memo={"by": "test"})
                await asyncio.gather(handle.result(), return_exceptions=True)
                file = tmp_path / f"file-of-{name}.json"
                file.write_text((await handle.fetch_history()).to_json())
                files.append(file)
        return files

    return asyncio.run(record())


def load(file: Path, *arguments: str | Path) -> Result:
    return CliRunner().invoke(main, ["import-history", *map(str, arguments), "-f", str(file)])


def verify(file: Path) -> Result:
    return CliRunner().invoke(main, ["verify", "-f", str(file)])


def test_what_was_loaded_is_whole_and_is_looked_at_like_any_run(histories: list[Path], tmp_path: Path) -> None:
    file = tmp_path / "loaded.db"
    loaded = load(file, *histories, "-o", "json")
    assert loaded.exit_code == 0, loaded.stderr
    rows = json.loads(loaded.stdout)
    assert [(row["workflowId"], row["type"]) for row in rows] == [("greet-n1", "Greeting"), ("greet-bad", "Greeting")]
    assert verify(file).stdout == f"{file} is whole\n"

    async def look(client: Client) -> None:
        good, bad = client.get_workflow_handle("greet-n1"), client.get_workflow_handle("greet-bad")
        assert await good.result() == "hello n1"
        with pytest.raises(WorkflowFailureError):
            await bad.result()
        described = await good.describe()
        assert (described.status, described.run_id) == (WorkflowExecutionStatus.COMPLETED, rows[0]["runId"])
        assert await described.memo() == {"by": "test", "greeted": "n1"}
        history = await good.fetch_history()
        before = WorkflowHistory.from_json("greet-n1", histories[0].read_text())
        assert list(history.events) == list(before.events)
        await Replayer(workflows=[Greeting]).replay_workflow(history)
        assert await good.query("name") == "n1"
        listed = [run.id async for run in client.list_workflows("ExecutionStatus = 'Failed'")]
        assert listed == ["greet-bad"]

    async def open_file() -> None:
        async with embedded(file, workflows=[Greeting]) as client:
            await look(client)
            again = await client.execute_workflow(Greeting.run, "n2", id="greet-n1")  # the id is free
            assert again == "hello n2"

    asyncio.run(open_file())
    assert verify(file).exit_code == 0


def test_a_run_that_is_there_is_refused_and_nothing_is_loaded(histories: list[Path], tmp_path: Path) -> None:
    file = tmp_path / "loaded.db"
    assert load(file, histories[0]).exit_code == 0
    refused = load(file, histories[1], histories[0])
    assert (refused.exit_code, refused.stdout) == (1, "")
    assert "of greet-n1 is there already" in refused.stderr
    assert load(file, histories[1]).exit_code == 0
    twice = load(tmp_path / "other.db", histories[0], histories[0])
    assert "is in" in twice.stderr


def test_a_history_keeps_its_place_without_a_name_in_it(histories: list[Path], tmp_path: Path) -> None:
    tree = json.loads(histories[0].read_text())
    started = tree["events"][0]["workflowExecutionStartedEventAttributes"]
    started.pop("workflowId", None)
    histories[0].write_text(json.dumps(tree))
    assert "file-of-n1" in load(tmp_path / "a.db", histories[0]).stdout
    assert "named" in load(tmp_path / "b.db", histories[0], "-w", "named", "-n", "elsewhere").stdout
    assert load(tmp_path / "c.db", *histories, "-w", "named").exit_code == 2


def test_search_attributes_that_the_namespace_lacks_stay_in_the_history(histories: list[Path], tmp_path: Path) -> None:
    tree = json.loads(histories[0].read_text())
    started = tree["events"][0]["workflowExecutionStartedEventAttributes"]
    value = {"metadata": {"encoding": "anNvbi9wbGFpbg=="}, "data": "InYxIg=="}  # "v1"
    started["searchAttributes"] = {"indexedFields": {"Unknown": value, "BuildIds": value}}
    histories[0].write_text(json.dumps(tree))
    file = tmp_path / "loaded.db"
    assert load(file, histories[0]).exit_code == 0
    assert verify(file).exit_code == 0

    async def shown() -> list[str]:
        async with embedded(file) as client:
            history = await client.get_workflow_handle("greet-n1").fetch_history()
            assert "Unknown" in history.to_json()
            return [run.id async for run in client.list_workflows("WorkflowType = 'Greeting'")]

    assert asyncio.run(shown()) == ["greet-n1"]


@pytest.mark.parametrize(
    "lost, complaint",
    [
        (slice(None), "has no events"),
        (slice(-1, None), "its run is open, and goes on where it is from"),
        (slice(0, 1), "not with the start of its run"),
        (slice(2, 3), "has event 4 where event 3 should stand"),
    ],
)
def test_what_is_no_whole_history_of_a_closed_run_is_refused(
    lost: slice, complaint: str, histories: list[Path], tmp_path: Path
) -> None:
    events = json.loads(histories[0].read_text())["events"]
    del events[lost]
    histories[0].write_text(json.dumps({"events": events}))
    refused = load(tmp_path / "loaded.db", histories[0])
    assert refused.exit_code == 1
    assert f"{histories[0]}: " in refused.stderr
    assert complaint in refused.stderr
    assert not (tmp_path / "loaded.db").exists()


def test_what_is_no_json_and_a_file_in_use_are_refused(histories: list[Path], tmp_path: Path) -> None:
    lock = FileLock(tmp_path / "used.db")
    used = load(tmp_path / "used.db", histories[0])
    lock.release()
    assert "in use by another server" in used.stderr
    histories[0].write_text("{")
    broken = load(tmp_path / "loaded.db", histories[0])
    assert broken.exit_code == 1
    assert "no history can be read" in broken.stderr
