"""Waiters: whoever waits is woken, and whoever waits no longer leaves nothing behind, whatever became of the run."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager

import pytest
from google.protobuf.message import Message
from temporalio.api.common.v1 import WorkflowExecution
from temporalio.api.enums.v1 import HistoryEventFilterType, UpdateWorkflowExecutionLifecycleStage
from temporalio.api.update.v1 import Input, Meta, Request, UpdateRef, WaitPolicy
from temporalio.api.workflowservice import v1 as api

from benchmarks import lean
from mainspring.server.engine import close, update
from mainspring.server.engine.errors import NotFound
from mainspring.server.engine.limits import Limits
from mainspring.server.persistence.sqlite import open_sqlite
from mainspring.server.process.assembly import Assembly
from mainspring.server.process.config import Config
from tests.assembled import assembled, call

PATIENT = Config()
IMPATIENT = Config(limits=Limits(history_poll_s=0.001))
STEPS = 1_000  # of the loop; a call that is going to wait needs far fewer
RUN = WorkflowExecution(workflow_id="workflow")
NO_RUN = WorkflowExecution(workflow_id="workflow", run_id="00000000-0000-4000-8000-000000000000")
COMPLETED = WaitPolicy(
    lifecycle_stage=UpdateWorkflowExecutionLifecycleStage.UPDATE_WORKFLOW_EXECUTION_LIFECYCLE_STAGE_COMPLETED
)
POLL = api.PollWorkflowExecutionUpdateRequest
READ = api.GetWorkflowExecutionHistoryRequest
SIGNAL = api.SignalWorkflowExecutionRequest(namespace=lean.NAMESPACE, workflow_execution=RUN, signal_name="signal")
TERMINATE = api.TerminateWorkflowExecutionRequest(namespace=lean.NAMESPACE, workflow_execution=RUN)


@asynccontextmanager
async def a_server(config: Config) -> AsyncGenerator[Assembly]:
    """With one open run that no worker knows of."""
    async with assembled(await open_sqlite(None), config) as server:
        await call(server, "StartWorkflowExecution", lean.start_request(RUN.workflow_id, "queue"))
        yield server


def the_end() -> api.GetWorkflowExecutionHistoryRequest:
    return READ(
        namespace=lean.NAMESPACE,
        execution=RUN,
        wait_new_event=True,
        history_event_filter_type=HistoryEventFilterType.HISTORY_EVENT_FILTER_TYPE_CLOSE_EVENT,
    )


async def the_next_event(server: Assembly) -> api.GetWorkflowExecutionHistoryRequest:
    request = READ(namespace=lean.NAMESPACE, execution=RUN, wait_new_event=True)
    page = await call(server, "GetWorkflowExecutionHistory", request)
    assert isinstance(page, api.GetWorkflowExecutionHistoryResponse)
    request.next_page_token = page.next_page_token
    return request


def an_update() -> api.UpdateWorkflowExecutionRequest:
    request = Request(meta=Meta(update_id="update"), input=Input(name="update"))
    return api.UpdateWorkflowExecutionRequest(
        namespace=lean.NAMESPACE, workflow_execution=RUN, wait_policy=COMPLETED, request=request
    )


def outcome_of(execution: WorkflowExecution, update_id: str) -> api.PollWorkflowExecutionUpdateRequest:
    ref = UpdateRef(workflow_execution=execution, update_id=update_id)
    return POLL(namespace=lean.NAMESPACE, update_ref=ref, wait_policy=COMPLETED)


async def begun(server: Assembly, name: str, request: Message) -> asyncio.Task[Message]:
    """A call that has come so far that it waits."""
    waiting = server.history.waiting
    before = len(waiting)
    task = asyncio.create_task(call(server, name, request))
    for _ in range(STEPS):
        await asyncio.sleep(0)
        if len(waiting) > before:
            return task
    raise AssertionError(f"{name} does not wait")


async def test_who_waited_in_vain_leaves_nothing() -> None:
    async with a_server(IMPATIENT) as server:
        await call(server, "GetWorkflowExecutionHistory", the_end())
        await call(server, "GetWorkflowExecutionHistory", await the_next_event(server))
        await call(server, "UpdateWorkflowExecution", an_update())
        await call(server, "PollWorkflowExecutionUpdate", outcome_of(RUN, "update"))
        assert len(server.history.waiting) == 0


@pytest.mark.parametrize("execution", [RUN, NO_RUN], ids=["a run", "no run"])
@pytest.mark.parametrize("is_closed", [False, True], ids=["open", "closed"])
async def test_who_asks_for_an_update_that_is_not_there_leaves_nothing(
    execution: WorkflowExecution, is_closed: bool
) -> None:
    async with a_server(IMPATIENT) as server:
        if is_closed:
            await call(server, "TerminateWorkflowExecution", TERMINATE)
        with pytest.raises(NotFound):
            await call(server, "PollWorkflowExecutionUpdate", outcome_of(execution, "nothing"))
        assert len(server.history.waiting) == 0


async def test_who_goes_away_leaves_nothing_and_the_others_are_woken() -> None:
    async with a_server(PATIENT) as server:
        leaving = await begun(server, "GetWorkflowExecutionHistory", the_end())
        staying = await begun(server, "GetWorkflowExecutionHistory", the_end())
        leaving.cancel()
        await asyncio.wait([leaving])
        assert len(server.history.waiting) == 1
        await call(server, "TerminateWorkflowExecution", TERMINATE)
        page = await staying
        assert isinstance(page, api.GetWorkflowExecutionHistoryResponse)
        assert page.history.events
        assert len(server.history.waiting) == 0


async def test_a_commit_wakes_who_waits_for_the_next_event_and_not_who_waits_for_the_end() -> None:
    async with a_server(PATIENT) as server:
        end = await begun(server, "GetWorkflowExecutionHistory", the_end())
        event = await begun(server, "GetWorkflowExecutionHistory", await the_next_event(server))
        await call(server, "SignalWorkflowExecution", SIGNAL)
        page = await event
        assert isinstance(page, api.GetWorkflowExecutionHistoryResponse)
        assert [event.event_id for event in page.history.events] == [3]
        assert not end.done()
        end.cancel()


async def test_who_waits_for_an_update_hears_how_it_ended_even_while_about_to_look() -> None:
    async with a_server(PATIENT) as server:
        runs = server.history.runs
        sent = await begun(server, "UpdateWorkflowExecution", an_update())
        key = await runs.resolve(server.registry.served(lean.NAMESPACE).id, RUN.workflow_id, "")
        async with runs.locks.hold((key.namespace_id, key.workflow_id)):
            asked = await begun(server, "PollWorkflowExecutionUpdate", outcome_of(RUN, "update"))
            await runs.change_held(key, lambda run: close.terminate(run, reason="", details=None, identity=""))
        for waiting in (sent, asked):
            with pytest.raises(NotFound, match=update.ABORTED_BY_CLOSE):
                await waiting
