"""`mainspring operator ...` and `mainspring task-queue ...`: text, JSON, exit status."""

from __future__ import annotations

import json
import uuid

import pytest

from tests.cli.command_line import mainspring, ours, theirs


@pytest.mark.parametrize(
    "words",
    [
        ["cluster", "health"],
        ["cluster", "system"],
        ["cluster", "describe"],
        ["cluster", "list"],
        ["namespace", "describe"],
        ["namespace", "describe", "-n", "nobody"],
        ["namespace", "describe", "-n", "x", "--namespace-id", "y"],
        ["namespace", "list"],
        ["namespace", "delete", "-n", "nobody"],
        ["namespace", "delete", "-n", "nobody", "-y"],
        ["search-attribute", "list"],
        ["nexus", "endpoint", "list"],
        ["nexus", "endpoint", "get", "--name", "nobody"],
    ],
)
@pytest.mark.parametrize("server", ["address", "real_address"])
def test_the_json_of_operators_is_the_official_one(
    request: pytest.FixtureRequest, server: str, words: list[str]
) -> None:
    at: str = request.getfixturevalue(server)
    official, mine = theirs(at, "operator", *words), ours(at, "operator", *words)
    assert mine.output == official.output
    assert bool(mine.status) == bool(official.status)


def test_a_namespace_lives(address: str) -> None:
    name = f"n-{uuid.uuid4()}"

    def run(verb: str, *words: str, answer: str = "") -> str:
        done = mainspring(address, "operator", "namespace", verb, "-n", name, *words, answer=answer)
        assert done.exit_code == 0, done.output
        return done.stdout

    made = run("create", "--description", "d", "--email", "e", "--retention", "24h", "--data", "a=b")
    assert made == f"Namespace {name} successfully registered.\n"
    shown = run("describe")
    assert "NamespaceInfo.Description             d\n" in shown
    assert "Config.WorkflowExecutionRetentionTtl  24h0m0s\n" in shown
    run("update", "--description", "other")
    found = json.loads(run("describe", "-o", "json"))
    assert found["namespaceInfo"]["description"] == "other"
    assert found["namespaceInfo"]["ownerEmail"] == "e"
    assert found["config"]["workflowExecutionRetentionTtl"] == "86400s"
    assert "has been deleted." in run("delete", answer=f"{name}\n")


def test_a_namespace_is_not_deleted_if_its_name_is_mistyped(address: str) -> None:
    refused = mainspring(address, "operator", "namespace", "delete", "-n", "default", answer="defautl\n")
    assert refused.exit_code == 1
    assert "mistyped" in refused.stderr


def test_the_namespace_may_be_an_argument_as_of_old(address: str) -> None:
    done = mainspring(address, "operator", "namespace", "describe", "default")
    assert done.exit_code == 0
    assert "deprecated" in done.stderr


def test_search_attributes_are_added_and_removed(address: str) -> None:
    def run(*words: str, answer: str = "") -> tuple[int, str]:
        done = mainspring(address, "operator", "search-attribute", *words, answer=answer)
        return done.exit_code, done.stdout + done.stderr

    assert run("create", "--name", "A", "--type", "Int", "--name", "B", "--type", "keyword") == (
        0,
        "Search attributes have been added\n",
    )
    assert "has different type Int" in run("create", "--name", "A", "--type", "Text")[1]
    assert run("create", "--name", "A", "--name", "C", "--type", "Int")[0] == 2
    rows = [line.split() for line in run("list")[1].splitlines()]
    assert ["A", "Int"] in rows
    assert ["WorkflowId", "Keyword"] in rows
    status, said = run("remove", "--name", "A", "--name", "B", answer="y\n")
    assert status == 0
    assert said.startswith("You are about to remove search attribute A, B? y/N ")


def test_nexus_endpoints_are_looked_after(real_address: str) -> None:
    name = f"e-{uuid.uuid4()}"

    def run(verb: str, *words: str) -> tuple[int, str]:
        done = mainspring(real_address, "operator", "nexus", "endpoint", verb, "--name", name, *words)
        return done.exit_code, done.stdout + done.stderr

    target = ("--target-namespace", "default", "--target-task-queue", "q")
    assert "are required" in run("create")[1]
    assert "provided both" in run("create", *target, "--target-url", "http://x")[1]
    assert run("create", *target, "--description", "first") == (0, f"Endpoint {name} successfully created.\n")
    line = ["operator", "nexus", "endpoint", "get", "--name", name]
    assert ours(real_address, *line) == theirs(real_address, *line)
    assert run("update", "--target-task-queue", "r")[0] == 0
    shown = run("get")[1]
    assert "Target.Worker.TaskQueue  r\n" in shown
    assert 'Description              "first"\n' in shown
    assert run("update", "--target-url", "https://elsewhere.example", "--unset-description")[0] == 0
    assert "are required" in run("update", "--target-task-queue", "r")[1]
    assert run("delete")[0] == 0


def test_a_remote_cluster_that_is_not_there_is_an_error(real_address: str) -> None:
    upsert = mainspring(real_address, "operator", "cluster", "upsert", "--frontend-address", "127.0.0.1:1")
    assert upsert.exit_code == 1
    assert upsert.stderr.startswith("Error: unable to upsert cluster: ")
    remove = mainspring(real_address, "operator", "cluster", "remove", "--name", "none")
    assert remove.stderr.startswith("Error: failed removing cluster: ")


def test_clusters_are_shown_as_text(address: str) -> None:
    assert mainspring(address, "operator", "cluster", "health").stdout == "  SERVING\n"
    assert "ServerVersion" in mainspring(address, "operator", "cluster", "system").stdout
    assert "ClusterName" in mainspring(address, "operator", "cluster", "describe", "--detail").stdout


def sorted_rows(output: dict[str, list[dict[str, str]] | None]) -> object:
    """Rows come in the random order of a Go map; ages and rates are never the same twice."""
    changing = {"approximateBacklogAge", "backlogIncreaseRate", "tasksAddRate", "tasksDispatchRate"}
    return {
        name: sorted(json.dumps({key: row[key] for key in row if key not in changing}) for row in rows or [])
        for name, rows in output.items()
    }


@pytest.mark.parametrize("words", [[], ["--report-reachability"], ["--disable-stats", "--task-queue-type", "activity"]])
def test_a_task_queue_is_described_as_officially(worked_address: str, words: list[str]) -> None:
    line = ["task-queue", "describe", "-t", "worked", *words]
    official, mine = theirs(worked_address, *line), ours(worked_address, *line)
    assert mine.status == official.status
    assert sorted_rows(mine.output) == sorted_rows(official.output)


def test_pollers_are_shown_as_text(worked_address: str) -> None:
    shown = mainspring(worked_address, "task-queue", "describe", "-t", "worked").stdout
    assert "Task Queue Statistics:\n" in shown
    assert "\n  UNVERSIONED  workflow" in shown
    legacy = mainspring(worked_address, "task-queue", "describe", "-t", "worked", "--legacy-mode")
    assert legacy.stdout.startswith("Pollers:\n  Identity")
    assert "Versioning Info:" not in legacy.stdout, "a heading of nothing"
    found = json.loads(
        mainspring(worked_address, "task-queue", "describe", "-t", "worked", "--legacy-mode", "-o=json").stdout
    )
    assert [status["partition"] for status in found["taskQueues"]] == [0]


@pytest.mark.parametrize(
    "words",
    [
        ["config", "get", "--task-queue-type", "activity"],
        ["config", "set", "--task-queue-type", "activity", "--queue-rps-limit", "x"],
        ["config", "set", "--task-queue-type", "workflow", "--queue-rps-limit", "5"],
        ["config", "set", "--task-queue-type", "activity", "--fairness-key-weight", "a=0"],
        ["config", "set", "--task-queue-type", "activity"],
        ["list-partition"],
    ],
)
def test_limits_of_task_queues_in_json_are_the_official_ones(real_address: str, words: list[str]) -> None:
    line = ["task-queue", *words, "-t", "fresh"]
    official, mine = theirs(real_address, *line), ours(real_address, *line)
    assert mine.output == official.output
    assert bool(mine.status) == bool(official.status)


def test_limits_of_a_task_queue_are_set_and_taken_away(real_address: str) -> None:
    def run(verb: str, *words: str) -> str:
        line = ["task-queue", "config", verb, "-t", "limited", "--task-queue-type", "activity", *words]
        done = mainspring(real_address, *line)
        assert done.exit_code == 0, done.output
        return done.stdout

    limited = run("set", "--queue-rps-limit", "5", "--queue-rps-limit-reason", "busy", "--fairness-key-weight", "a=2")
    assert "Queue Rate Limit  5.00 rps  busy" in limited
    assert "Weight of a       2" in run("get")
    line = ["task-queue", "config", "get", "-t", "limited", "--task-queue-type", "activity"]
    assert ours(real_address, *line) == theirs(real_address, *line)
    run("set", "--queue-rps-limit", "default", "--fairness-key-weight-clear-all")
    assert "Weight of a" not in run("get")
