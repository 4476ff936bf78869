"""Traces in an engine of the same process: what the interceptor does where the official one cannot be asked."""

from __future__ import annotations

import random
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from datetime import timedelta

import pytest
from opentelemetry import trace
from opentelemetry.trace import SpanKind
from typing_extensions import override

import mainspring
from mainspring import activity, workflow
from mainspring._embedded import embedded
from mainspring.client import Client, WithStartWorkflowOperation
from mainspring.common import RetryPolicy, WorkflowIDConflictPolicy
from mainspring.contrib.opentelemetry import TracingInterceptor, TracingWorkflowInboundInterceptor
from mainspring.contrib.opentelemetry.workflow import completed_span
from mainspring.exceptions import ApplicationError, ApplicationErrorCategory
from mainspring.worker import Replayer, WorkflowInboundInterceptor, WorkflowInterceptorClassInput
from tests.contrib.spans import Recorder

pytestmark = pytest.mark.slow

ONCE = RetryPolicy(maximum_attempts=1)


@activity.defn(start_to_close_timeout=timedelta(seconds=20))
def inner_span(name: str) -> None:
    """In a thread: what it does hangs on its own span."""
    with trace.get_tracer("tests", tracer_provider=RECORDER.provider).start_as_current_span(name):
        return


@activity.defn(start_to_close_timeout=timedelta(seconds=20), retry_policy=ONCE)
async def benign() -> None:
    raise ApplicationError("well", category=ApplicationErrorCategory.BENIGN)


@workflow.defn
async def plain(name: str) -> None:
    """A function that calls activities plainly."""
    await inner_span.execute(name)
    try:
        await benign()
    except mainspring.exceptions.ActivityError:
        completed_span("caught")


@workflow.defn
async def draws() -> None:
    """Draws numbers after spans, which the next command shows."""
    await inner_span.execute("first")
    drawn = workflow.random().getrandbits(64) + random.getrandbits(64)
    await workflow.execute_activity(
        inner_span, "second", activity_id=f"drawn-{drawn}", start_to_close_timeout=timedelta(seconds=20)
    )


@workflow.defn
class Counter:
    def __init__(self) -> None:
        self.count = 0

    @workflow.run
    async def run(self) -> int:
        await workflow.wait_condition(lambda: self.count > 0)
        return self.count

    @workflow.update
    async def add(self, number: int) -> int:
        self.count += number
        return self.count


RECORDER = Recorder()


@pytest.fixture(autouse=True)
def recorder() -> Recorder:
    RECORDER.exporter.clear()
    return RECORDER


@asynccontextmanager
async def traced(interceptor: TracingInterceptor | None = None, cached: int = 1000) -> AsyncGenerator[Client]:
    async with embedded(
        workflows=[plain, Counter],
        activities=[inner_span, benign],
        interceptors=[interceptor or TracingInterceptor(RECORDER.tracer)],
        max_cached_workflows=cached,
    ) as client:
        yield client


PLAIN = """\
outside internal
  StartWorkflow:plain client
    CompleteWorkflow:plain internal
    RunWorkflow:plain server
    StartActivity:benign client
      RunActivity:benign server event=exception
    StartActivity:inner_span client
      RunActivity:inner_span server
        mine internal
    caught internal""".splitlines()


@pytest.mark.parametrize("cached", [0, 1000])
async def test_one_trace_goes_through_plain_calls_and_threads(recorder: Recorder, cached: int) -> None:
    async with traced(cached=cached) as client:
        with recorder.tracer.start_as_current_span("outside"):
            await client.execute_workflow(plain, "mine", id="w")

    assert [line.rpartition(" ")[0] if "temporal" in line else line.rstrip() for line in recorder.tree()] == PLAIN
    assert len({span.context.trace_id for span in recorder.spans if span.context}) == 1


async def test_spans_take_no_random_numbers_from_the_workflow(recorder: Recorder) -> None:
    """The id of an activity, which a replay compares, is drawn after spans: with spans or without, it is the same."""
    interceptor = TracingInterceptor(recorder.tracer, always_create_workflow_spans=True)
    for made_with in ([], [interceptor]):
        async with embedded(workflows=[draws], activities=[inner_span], interceptors=made_with) as client:
            handle = await client.start_workflow(draws, id="w")
            await handle.result()
            history = await handle.fetch_history()
        recorded = {span.name for span in recorder.spans}
        assert ("RunWorkflow:draws" in recorded) == bool(made_with)
        for replayed_with in ([], [interceptor]):
            await Replayer(workflows=[draws], interceptors=replayed_with).replay_workflow(history)


async def test_update_with_start_is_one_call_in_both_headers(recorder: Recorder) -> None:
    async with traced() as client:
        start = WithStartWorkflowOperation(
            Counter.run, id="w", task_queue="default", id_conflict_policy=WorkflowIDConflictPolicy.FAIL
        )
        await client.execute_update_with_start_workflow(Counter.add, 2, start_workflow_operation=start)
        assert await (await start.workflow_handle()).result() == 2

    spans = {span.name: span for span in recorder.spans}
    call = spans["StartUpdateWithStartWorkflow:Counter"]
    assert call.context is not None
    parent = spans["RunWorkflow:Counter"].parent
    assert parent is not None
    assert parent.span_id == call.context.span_id
    assert [link.context.span_id for link in spans["HandleUpdate:add"].links] == [call.context.span_id]


async def test_without_a_trace_there_are_no_workflow_spans_unless_asked_for(recorder: Recorder) -> None:
    names: list[set[str]] = []
    for interceptor in (
        TracingInterceptor(recorder.tracer),
        TracingInterceptor(recorder.tracer, always_create_workflow_spans=True),
    ):
        recorder.exporter.clear()
        async with traced(interceptor) as client:
            plain_client = Client(client.service_client)
            await plain_client.execute_workflow(plain, "mine", id="w", task_queue="default")
        names.append({span.name for span in recorder.spans if "Activity" not in span.name})

    assert names == [{"mine"}, {"mine", "RunWorkflow:plain", "CompleteWorkflow:plain", "caught"}]


class OtherHeader(TracingInterceptor):
    """As the documentation of the class says."""

    def __init__(self) -> None:
        super().__init__(RECORDER.tracer)
        self.header_key = "other"

    @override
    def workflow_interceptor_class(
        self, input: WorkflowInterceptorClassInput
    ) -> type[TracingWorkflowInboundInterceptor]:
        super().workflow_interceptor_class(input)
        return OtherHeaderInWorkflows


class OtherHeaderInWorkflows(TracingWorkflowInboundInterceptor):
    def __init__(self, next: WorkflowInboundInterceptor) -> None:  # noqa: A002 - the official name
        super().__init__(next)
        self.header_key = "other"


async def test_the_header_can_be_another(recorder: Recorder) -> None:
    async with traced(OtherHeader()) as client:
        handle = await client.start_workflow(plain, "mine", id="w")
        await handle.result()
        started = (await handle.fetch_history()).events[0].workflow_execution_started_event_attributes

    assert list(started.header.fields) == ["other"]
    assert [span.name for span in recorder.spans if span.parent is None] == ["StartWorkflow:plain"]
    assert {span.kind for span in recorder.spans} == {SpanKind.CLIENT, SpanKind.SERVER, SpanKind.INTERNAL}
