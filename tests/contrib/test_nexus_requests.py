"""Spans around requests to handlers of Nexus operations: the caller's trace goes on in them."""

from __future__ import annotations

from typing import Any

import pytest
from nexusrpc import HandlerError, HandlerErrorType
from nexusrpc.handler import (
    CancelOperationContext,
    OperationHandler,
    StartOperationContext,
    StartOperationResultAsync,
    operation_handler,
    service_handler,
    sync_operation,
)
from opentelemetry import trace
from opentelemetry.propagate import inject
from typing_extensions import override

from mainspring.contrib.opentelemetry import OpenTelemetryInterceptor, TracingInterceptor
from mainspring.worker import Interceptor
from tests.contrib.spans import Recorder
from tests.worker.nexus_server import FakeNexusServer, Serving, a_cancellation, a_start


class Later(OperationHandler[str, str]):
    @override
    async def start(self, ctx: StartOperationContext, input: str) -> StartOperationResultAsync:
        return StartOperationResultAsync(input)

    @override
    async def cancel(self, ctx: CancelOperationContext, token: str) -> None:
        raise HandlerError("no", type=HandlerErrorType.NOT_FOUND)


@service_handler
class Words:
    @sync_operation
    async def trace(self, ctx: StartOperationContext, _: None) -> str:
        """Which trace the handler is in."""
        return trace.format_trace_id(trace.get_current_span().get_span_context().trace_id)

    @operation_handler
    def later(self) -> OperationHandler[str, str]:
        return Later()


async def answered(interceptor: Interceptor, *tasks: Any) -> list[Any]:
    server = FakeNexusServer()
    async with Serving(server, [Words()], interceptors=[interceptor]):
        for task in tasks:
            server.tasks.put_nowait(task)
        return [await server.answer() for _ in tasks]


async def test_a_request_is_a_span_in_the_trace_of_its_caller() -> None:
    recorder = Recorder()
    headers: dict[str, str] = {}
    with recorder.tracer.start_as_current_span("caller"):
        inject(headers)
    said = await answered(
        TracingInterceptor(recorder.tracer), a_start("trace", headers=headers), a_cancellation("later", "7")
    )
    assert [line.rstrip() for line in recorder.tree()] == [
        "RunCancelNexusOperationHandler:Words/later server ERROR(HandlerError: no) event=exception",
        "caller internal",
        "  RunStartNexusOperationHandler:Words/trace server",
    ]
    assert said[0].value == headers["traceparent"].split("-")[1]


@pytest.mark.parametrize("add_temporal_spans", [False, True])
async def test_without_spans_the_trace_goes_on_too(*, add_temporal_spans: bool) -> None:
    recorder = Recorder()
    headers: dict[str, str] = {}
    with recorder.tracer.start_as_current_span("caller"):
        inject(headers)
    said = await answered(OpenTelemetryInterceptor(add_temporal_spans), a_start("trace", headers=headers))
    assert said[0].value == headers["traceparent"].split("-")[1]
