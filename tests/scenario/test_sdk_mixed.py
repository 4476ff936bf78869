"""A run that begins on a worker of one SDK is finished by a worker of the other, and goes to and fro in between."""

from __future__ import annotations

import uuid
from collections.abc import AsyncGenerator, Iterator, Sequence
from contextlib import asynccontextmanager
from datetime import timedelta

import pytest
import temporalio.client
import temporalio.worker
from temporalio.api.enums.v1 import IndexedValueType
from temporalio.api.operatorservice.v1 import AddSearchAttributesRequest
from temporalio.client import WorkflowHistory as OfficialHistory
from temporalio.worker import Replayer as OfficialReplayer

from mainspring.client import Client, WorkflowHandle, WorkflowHistory
from mainspring.worker import Replayer, Worker
from tests.replay import both_sdks
from tests.replay.program import Plan
from tests.server_process import ServerProcess, mainspring_command, real_server_command, temporary_server

pytestmark = [pytest.mark.scenario, pytest.mark.timeout(60)]

OFFICIAL, OURS = "official", "ours"
STICKY_FOR = timedelta(seconds=1)
TASK_TIMEOUT = timedelta(seconds=2)  # an official worker that stops may lose the task that it polled last
COMMANDS = [
    pytest.param(mainspring_command(), id="mainspring"),
    pytest.param(
        real_server_command(),
        id="real",
        marks=pytest.mark.skipif(real_server_command() is None, reason="no real server is installed"),
    ),
]


@pytest.fixture(scope="module", params=COMMANDS)
def server(request: pytest.FixtureRequest) -> Iterator[ServerProcess]:
    command: Sequence[str] = request.param
    with temporary_server(command) as started:
        yield started


@pytest.fixture
async def client(server: ServerProcess) -> Client:
    return await client_of(server)


async def client_of(server: ServerProcess) -> Client:
    """A client of a server that knows the program's search attributes."""
    made = await Client.connect(server.address)
    kinds = {
        "Colour": IndexedValueType.INDEXED_VALUE_TYPE_KEYWORD,
        "Count": IndexedValueType.INDEXED_VALUE_TYPE_INT,
    }
    await made.operator_service.add_search_attributes(
        AddSearchAttributesRequest(namespace="default", search_attributes=kinds)
    )
    return made


@asynccontextmanager
async def worker(sdk: str, client: Client, queue: str, cached: int) -> AsyncGenerator[None]:
    """A worker of one SDK, for as long as the block runs."""
    if sdk == OURS:
        async with Worker(
            client,
            task_queue=queue,
            workflows=both_sdks.ours.WORKFLOWS,
            activities=both_sdks.ours.ACTIVITIES,
            max_cached_workflows=cached,
            sticky_queue_schedule_to_start_timeout=STICKY_FOR,
        ):
            yield
        return
    connected = await temporalio.client.Client.connect(client.service_client.config.target_host)
    async with temporalio.worker.Worker(
        connected,
        task_queue=queue,
        workflows=both_sdks.official.WORKFLOWS,
        activities=both_sdks.official.ACTIVITIES,
        workflow_runner=temporalio.worker.UnsandboxedWorkflowRunner(),
        max_cached_workflows=cached,
        sticky_queue_schedule_to_start_timeout=STICKY_FOR,
    ):
        yield


@pytest.mark.parametrize("cached", [0, 1000], ids=["uncached", "cached"])
@pytest.mark.parametrize("first, second", [(OFFICIAL, OURS), (OURS, OFFICIAL)])
async def test_a_run_goes_from_one_sdk_to_the_other_at_every_gate(
    client: Client, first: str, second: str, cached: int
) -> None:
    name = f"mixed-{uuid.uuid4()}"
    handle = await client.start_workflow(
        "Everything", Plan(log=[]), id=name, task_queue=name, task_timeout=TASK_TIMEOUT
    )
    log: list[str] = []
    for gate, sdk in enumerate([first, second, first], start=1):
        async with worker(sdk, client, name, cached):
            log = await past_gate(handle, gate, log)
    async with worker(second, client, name, cached):
        result: list[str] = await handle.result()
    assert result[: len(log)] == log
    assert any(line.startswith("second run") for line in result)
    await replay_with_both(client, name)


async def past_gate(handle: WorkflowHandle[object, object], gate: int, before: list[str]) -> list[str]:
    """Wait for a gate and open it. The worker may be a new one, to which all that was before is a replay."""
    log: list[str] = await handle.execute_update("until", gate)
    assert log[: len(before)] == before
    assert await handle.query("read") == log
    await handle.signal("go", args=[gate, f"gate {gate}"])
    return log


async def replay_with_both(client: Client, workflow_id: str) -> None:
    """Every run of the workflow, in both replayers."""
    ours = Replayer(workflows=both_sdks.ours.WORKFLOWS)
    official = OfficialReplayer(
        workflows=both_sdks.official.WORKFLOWS,
        workflow_runner=temporalio.worker.UnsandboxedWorkflowRunner(),
    )
    handle = client.get_workflow_handle(workflow_id)
    last = await handle.fetch_history()
    first_run_id = last.events[0].workflow_execution_started_event_attributes.first_execution_run_id
    first = await client.get_workflow_handle(workflow_id, run_id=first_run_id).fetch_history()
    for history in (first, last):
        again = WorkflowHistory.from_json(workflow_id, history.to_json())
        await ours.replay_workflow(again)
        await official.replay_workflow(OfficialHistory.from_json(workflow_id, history.to_json()))
