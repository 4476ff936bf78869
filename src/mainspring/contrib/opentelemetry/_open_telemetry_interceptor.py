"""The interceptor that hands traces on and leaves spans to the program, also in workflows.

With a provider of `create_tracer_provider` workflow code uses OpenTelemetry as any other code does. The interceptor's
own spans, which are off unless asked for, have a duration in workflows too.
"""

from __future__ import annotations

from collections.abc import Generator
from contextlib import AbstractContextManager, contextmanager
from typing import Any, ClassVar, NoReturn

from opentelemetry.trace import SpanKind, get_tracer, get_tracer_provider
from opentelemetry.util.types import Attributes
from typing_extensions import override

import mainspring.client
import mainspring.worker
from mainspring import workflow
from mainspring.client import OutboundInterceptor
from mainspring.contrib.opentelemetry._calls import ActivityAttempts, ClientCalls
from mainspring.contrib.opentelemetry._nexus_requests import NexusRequests
from mainspring.contrib.opentelemetry._propagation import HasHeaders, Propagation, attached, error_status
from mainspring.contrib.opentelemetry._replay_safe_traces import ReplaySafeTracerProvider
from mainspring.contrib.opentelemetry._workflow_tracing import text_headers
from mainspring.worker import (
    ActivityInboundInterceptor,
    ContinueAsNewInput,
    ExecuteWorkflowInput,
    HandleQueryInput,
    HandleSignalInput,
    HandleUpdateInput,
    NexusOperationInboundInterceptor,
    SignalChildWorkflowInput,
    SignalExternalWorkflowInput,
    StartActivityInput,
    StartChildWorkflowInput,
    StartLocalActivityInput,
    StartNexusOperationInput,
    WorkflowInboundInterceptor,
    WorkflowInterceptorClassInput,
    WorkflowOutboundInterceptor,
)
from mainspring.workflow import ActivityHandle, ChildWorkflowHandle


class TemporalSpans:
    """The spans that `add_temporal_spans` asks for, made by the global provider; without it there are none."""

    def __init__(self, *, are_added: bool) -> None:
        self._are_added = are_added
        self.propagation = Propagation()

    @contextmanager
    def span(self, name: str, attributes: Attributes, kind: SpanKind) -> Generator[None]:
        """A current span for a block. An exception that ends the block is on it."""
        if not self._are_added:
            yield
            return
        tracer = get_tracer("mainspring.contrib.opentelemetry")
        with tracer.start_as_current_span(
            name, kind=kind, attributes=attributes, set_status_on_exception=False
        ) as span:
            try:
                yield
            except Exception as error:
                status = error_status(error)
                if status is not None:
                    span.set_status(status)
                raise

    def workflow_span(self, name: str, kind: SpanKind = SpanKind.SERVER) -> AbstractContextManager[None]:
        """A current span of the running workflow."""
        info = workflow.info()
        return self.span(name, {"temporalWorkflowID": info.workflow_id, "temporalRunID": info.run_id}, kind)


class OpenTelemetryInterceptor(mainspring.client.Interceptor, mainspring.worker.Interceptor):
    """See the module. `OpenTelemetryPlugin` has one."""

    def __init__(self, add_temporal_spans: bool = False) -> None:
        """`add_temporal_spans`: also make spans for calls, runs, activities and messages."""
        self._spans = TemporalSpans(are_added=add_temporal_spans)

    @override
    def intercept_client(self, next: OutboundInterceptor) -> OutboundInterceptor:
        return ClientCalls(next, self._spans)

    @override
    def intercept_activity(self, next: ActivityInboundInterceptor) -> ActivityInboundInterceptor:
        return ActivityAttempts(next, self._spans)

    @override
    def intercept_nexus_operation(self, next: NexusOperationInboundInterceptor) -> NexusOperationInboundInterceptor:
        return NexusRequests(next, self._spans)

    @override
    def workflow_interceptor_class(self, input: WorkflowInterceptorClassInput) -> type[WorkflowInboundInterceptor]:
        """Raises: ValueError: The global tracer provider is none that a replay is safe with."""
        if not isinstance(get_tracer_provider(), ReplaySafeTracerProvider):
            raise ValueError(
                "the global tracer provider must be a ReplaySafeTracerProvider: make it by create_tracer_provider and "
                "set it by opentelemetry.trace.set_tracer_provider before the worker is made"
            )

        class WithSpans(RunsInTraces):
            spans = self._spans

        return WithSpans


class RunsInTraces(WorkflowInboundInterceptor):
    """What comes to a run belongs to the trace of whoever sent it."""

    spans: ClassVar[TemporalSpans]

    @override
    def init(self, outbound: WorkflowOutboundInterceptor) -> None:
        super().init(SendsTraces(outbound, self.spans))

    @contextmanager
    def _received(self, name: str, input: HasHeaders) -> Generator[None]:
        propagation = self.spans.propagation
        with attached(propagation.context(propagation.read(input.headers))), self.spans.workflow_span(name):
            yield

    @override
    async def execute_workflow(self, input: ExecuteWorkflowInput) -> Any:
        with self._received(f"RunWorkflow:{workflow.info().workflow_type}", input):
            return await super().execute_workflow(input)

    @override
    async def handle_signal(self, input: HandleSignalInput) -> None:
        with self._received(f"HandleSignal:{input.signal}", input):
            await super().handle_signal(input)

    @override
    async def handle_query(self, input: HandleQueryInput) -> Any:
        with self._received(f"HandleQuery:{input.query}", input):
            return await super().handle_query(input)

    @override
    def handle_update_validator(self, input: HandleUpdateInput) -> None:
        with self._received(f"ValidateUpdate:{input.update}", input):
            super().handle_update_validator(input)

    @override
    async def handle_update_handler(self, input: HandleUpdateInput) -> Any:
        with self._received(f"HandleUpdate:{input.update}", input):
            return await super().handle_update_handler(input)


class SendsTraces(WorkflowOutboundInterceptor):
    """What goes out of a run takes its trace along."""

    def __init__(self, next: WorkflowOutboundInterceptor, spans: TemporalSpans) -> None:
        super().__init__(next)
        self._spans = spans

    @contextmanager
    def _sent(self, name: str, input: HasHeaders, kind: SpanKind = SpanKind.CLIENT) -> Generator[None]:
        with self._spans.workflow_span(name, kind):
            propagation = self._spans.propagation
            propagation.add(propagation.carrier(), input)
            yield

    @override
    def continue_as_new(self, input: ContinueAsNewInput) -> NoReturn:
        propagation = self._spans.propagation
        propagation.add(propagation.carrier(), input)
        super().continue_as_new(input)

    @override
    async def signal_child_workflow(self, input: SignalChildWorkflowInput) -> None:
        with self._sent(f"SignalChildWorkflow:{input.signal}", input, SpanKind.SERVER):  # as the official SDK has it
            await super().signal_child_workflow(input)

    @override
    async def signal_external_workflow(self, input: SignalExternalWorkflowInput) -> None:
        with self._sent(f"SignalExternalWorkflow:{input.signal}", input):
            await super().signal_external_workflow(input)

    @override
    def start_activity(self, input: StartActivityInput) -> ActivityHandle[Any]:
        with self._sent(f"StartActivity:{input.activity}", input):
            return super().start_activity(input)

    @override
    async def start_child_workflow(self, input: StartChildWorkflowInput) -> ChildWorkflowHandle[Any, Any]:
        with self._sent(f"StartChildWorkflow:{input.workflow}", input):
            return await super().start_child_workflow(input)

    @override
    def start_local_activity(self, input: StartLocalActivityInput) -> ActivityHandle[Any]:
        with self._sent(f"StartActivity:{input.activity}", input):
            return super().start_local_activity(input)

    @override
    async def start_nexus_operation(self, input: StartNexusOperationInput[Any, Any]) -> Any:
        name = f"StartNexusOperation:{input.service}/{input.operation_name}"
        with self._spans.workflow_span(name, SpanKind.CLIENT):
            input.headers = {**(input.headers or {}), **text_headers(self._spans.propagation.carrier())}
            return await super().start_nexus_operation(input)
