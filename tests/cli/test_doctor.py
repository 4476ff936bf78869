"""`mainspring doctor`: how runs are grouped, and what it says of a server's runs."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from datetime import timedelta

import msgspec
import pytest
from click.testing import CliRunner, Result
from temporalio.api.common.v1 import WorkflowExecution, WorkflowType
from temporalio.api.failure.v1 import ApplicationFailureInfo, Failure
from temporalio.api.workflow.v1 import WorkflowExecutionInfo

from mainspring import activity, workflow
from mainspring.cli.doctor.grouping import OFTEN_HEALED, grouped, needs_somebody
from mainspring.cli.main import main
from mainspring.cli.open_runs import Answer
from mainspring.client import Client
from mainspring.explain.failure_text import failure_text
from mainspring.explain.reasons import Kind, Reason
from mainspring.testing import WorkflowEnvironment
from mainspring.worker import Worker


def answer(name: str, kind: Kind, *, subject: str = "", error: str = "", at: int = 1) -> Answer:
    failure = Failure(message=error, application_failure_info=ApplicationFailureInfo(type="ValueError"))
    return Answer(
        WorkflowExecutionInfo(
            execution=WorkflowExecution(workflow_id=name, run_id=name), type=WorkflowType(name="Order")
        ),
        Reason(
            kind=kind,
            sentence="",
            subject=subject,
            is_bad=list(Kind).index(kind) <= list(Kind).index(Kind.NEXUS_FAILING),
            since_at=at,
            attempt=OFTEN_HEALED + 1,
            failure=failure_text(failure) if error else None,
        ),
    )


def test_what_needs_somebody_comes_first_and_then_what_stops_runs_most() -> None:
    groups = grouped(
        [
            answer("a", Kind.TIMER),
            answer("b", Kind.ACTIVITY_FAILING, subject="pay", error="no"),
            answer("c", Kind.NO_WORKER, subject="vms", at=9),
            answer("d", Kind.TIMER),
            answer("e", Kind.NO_WORKER, subject="vms", at=3),
        ]
    )
    assert [(group.title, group.count) for group in groups] == [
        ("no worker polls task queue vms", 2),
        ("activity pay fails: ValueError: no", 1),
        ("waits for a timer", 2),
    ]
    assert groups[0].oldest.info.execution.workflow_id == "e"
    assert groups[0].since_at == 3


@pytest.mark.parametrize("kind", [Kind.ACTIVITY_FAILING, Kind.NEXUS_FAILING])
def test_what_is_tried_again_needs_somebody_once_it_has_failed_five_times(kind: Kind) -> None:
    failing = answer("a", kind, subject="pay", error="no").reason
    attempts = [msgspec.structs.replace(failing, attempt=attempt) for attempt in (2, 5, 6)]
    assert [needs_somebody(reason) for reason in attempts] == [False, False, True]


def test_errors_that_differ_by_numbers_are_one_group() -> None:
    texts = ["order 17 of 2 at 10.0.2.0/24 is late", "order 4 of 30 at 00ab is late"]
    groups = grouped(answer(text, Kind.ACTIVITY_FAILING, subject="pay", error=text) for text in texts)
    assert [group.title for group in groups] == ["activity pay fails: ValueError: order … of … at … is late"]


def test_every_kind_has_a_title() -> None:
    assert len(grouped(answer(kind, kind) for kind in Kind)) == len(Kind)


@activity.defn
async def refuse() -> None:
    raise ValueError("no room in hall 3")


@workflow.defn
class Refused:
    @workflow.run
    async def run(self) -> None:
        await workflow.execute_activity(refuse, start_to_close_timeout=timedelta(seconds=5))


@workflow.defn
class Sleeper:
    @workflow.run
    async def run(self) -> None:
        await workflow.sleep(3_600)


@pytest.fixture
async def client() -> AsyncIterator[Client]:
    async with await WorkflowEnvironment.start_local() as environment:
        yield environment.client


async def doctor(client: Client, *arguments: str) -> Result:
    address = client.service_client.config.target_host
    line = ["doctor", "--address", address, "--disable-config-file", "--disable-config-env", *arguments]
    return await asyncio.to_thread(CliRunner().invoke, main, line)


@pytest.mark.slow
async def test_a_servers_runs_are_told_by_what_they_wait_for(client: Client) -> None:
    failed = asyncio.Event()

    async with Worker(client, task_queue="here", workflows=[Refused, Sleeper], activities=[refuse]):
        refused = await client.start_workflow("Refused", id="refused", task_queue="here")
        await client.start_workflow("Sleeper", id="sleeper", task_queue="here")
        while not failed.is_set():
            described = await refused.describe()
            pending = described.raw_description.pending_activities
            timers = await client.get_workflow_handle("sleeper").fetch_history()
            if pending and pending[0].HasField("last_failure") and len(timers.events) >= 5:
                failed.set()
            await asyncio.sleep(0)
        for number in range(3):
            await client.start_workflow("Lost", id=f"lost-{number}", task_queue="nobody-polls")
        result = await doctor(client, "-o", "json")
        text = await doctor(client)
    found = json.loads(result.stdout)
    assert (result.exit_code, found["openCount"], found["lookedAtCount"]) == (1, 5, 5)
    assert [(group["reason"], group["count"], group["needsSomebody"]) for group in found["groups"]] == [
        ("no worker polls task queue nobody-polls", 3, True),
        ("activity refuse fails: ValueError: no room in hall …", 1, False),
        ("waits for a timer", 1, False),
    ]
    assert found["groups"][0]["oldestRuns"][0]["workflowId"] == "lost-0"
    assert "no room in hall 3" in found["groups"][1]["oldestRuns"][0]["sentence"]
    titles = [line for line in text.stdout.splitlines() if not line.startswith(" ")]
    assert titles == ["Needs somebody", "", "Goes on by itself", "", "Looked at all 5 open runs."]


async def test_the_query_narrows_and_the_limit_is_said(client: Client) -> None:
    nothing = await doctor(client)
    assert (nothing.exit_code, nothing.stdout) == (0, "No run is open.\n")
    for number in range(3):
        await client.start_workflow("Lost", id=f"lost-{number}", task_queue="nobody-polls")
    cut = await doctor(client, "--limit", "2")
    assert cut.exit_code == 1
    assert cut.stdout.endswith(
        "Looked at the 2 open runs started last, not at 1 before them: see --limit and --query.\n"
    )
    one = json.loads((await doctor(client, "-q", "WorkflowId='lost-1'", "-o", "json")).stdout)
    assert [run["workflowId"] for group in one["groups"] for run in group["oldestRuns"]] == ["lost-1"]
    wrong = await doctor(client, "-q", "Nothing ==")
    assert (wrong.exit_code, wrong.stdout) == (1, "")
    assert wrong.stderr.startswith("Error: failed looking at workflows: ")
