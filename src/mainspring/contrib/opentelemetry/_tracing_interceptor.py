"""The interceptor whose spans in workflows have no duration: what a workflow did is a point in time.

TracingInterceptor         for a client, and so for its workers
  _calls                   spans around calls and activities
  _workflow_tracing        in workflows; asks `completed_workflow_span` for each span
"""

from __future__ import annotations

from collections.abc import Generator
from contextlib import contextmanager

from opentelemetry import trace
from opentelemetry.propagators.textmap import TextMapPropagator
from opentelemetry.trace import INVALID_SPAN, Link, SpanKind, Tracer
from opentelemetry.util.types import Attributes
from typing_extensions import override

import mainspring.client
import mainspring.worker
from mainspring import workflow
from mainspring.client import OutboundInterceptor
from mainspring.contrib.opentelemetry._calls import ActivityAttempts, ClientCalls
from mainspring.contrib.opentelemetry._nexus_requests import NexusRequests
from mainspring.contrib.opentelemetry._propagation import (
    HEADER_KEY,
    Carrier,
    Propagation,
    default_text_map_propagator,
    error_status,
)
from mainspring.contrib.opentelemetry._workflow_tracing import (
    COMPLETED_SPAN,
    CompletedSpan,
    TracingWorkflowInboundInterceptor,
)
from mainspring.converter import PayloadConverter
from mainspring.worker import (
    ActivityInboundInterceptor,
    NexusOperationInboundInterceptor,
    WorkflowInterceptorClassInput,
)


class TracingInterceptor(mainspring.client.Interceptor, mainspring.worker.Interceptor):
    """Makes spans for what a client, its workers and their workflows do, and hands traces on.

    For another header, propagator or payload converter, derive from this class and from
    `TracingWorkflowInboundInterceptor`, set the attributes in both, and return the second's class from
    `workflow_interceptor_class`.
    """

    def __init__(self, tracer: Tracer | None = None, *, always_create_workflow_spans: bool = False) -> None:
        """Make an interceptor.

        Args:
            tracer: Makes the spans; None takes the global provider's.
            always_create_workflow_spans: Also make spans in workflows that nobody started within a trace, as the
                command line or a schedule does. After a replay they belong to no parent.
        """
        self.tracer = tracer or trace.get_tracer("mainspring.contrib.opentelemetry")
        self.header_key: str = HEADER_KEY
        self.text_map_propagator: TextMapPropagator = default_text_map_propagator
        self.payload_converter = PayloadConverter.default
        self._always_create_workflow_spans = always_create_workflow_spans

    @override
    def intercept_client(self, next: OutboundInterceptor) -> OutboundInterceptor:
        return ClientCalls(next, self)

    @override
    def intercept_activity(self, next: ActivityInboundInterceptor) -> ActivityInboundInterceptor:
        return ActivityAttempts(next, self)

    @override
    def intercept_nexus_operation(self, next: NexusOperationInboundInterceptor) -> NexusOperationInboundInterceptor:
        return NexusRequests(next, self)

    @override
    def workflow_interceptor_class(
        self, input: WorkflowInterceptorClassInput
    ) -> type[TracingWorkflowInboundInterceptor]:
        input.unsafe_extern_functions[COMPLETED_SPAN] = self._completed_workflow_span
        return TracingWorkflowInboundInterceptor

    @property
    def propagation(self) -> Propagation:
        return Propagation(self.header_key, self.text_map_propagator, self.payload_converter)

    @contextmanager
    def span(self, name: str, attributes: Attributes, kind: SpanKind) -> Generator[None]:
        """A current span for a block. An exception that ends the block is on it."""
        with self.tracer.start_as_current_span(
            name, kind=kind, attributes=attributes, set_status_on_exception=False
        ) as span:
            try:
                yield
            except Exception as error:
                status = error_status(error)
                if status is not None:
                    span.set_status(status)
                raise

    def _completed_workflow_span(self, made: CompletedSpan) -> Carrier | None:
        """Begin and end a span at one time; a long one would be begun anew by each replay.

        Returns: The context in which what follows it belongs to it; None if no span was made.
        """
        if made.is_parent_missing and not self._always_create_workflow_spans:
            return None
        propagation = self.propagation
        context = propagation.context(made.parent)
        # Called from workflow code, where chance repeats itself: span ids must not.
        with workflow.unsafe.sandbox_unrestricted():
            span = self.tracer.start_span(
                made.name,
                context,
                kind=made.kind,
                attributes=made.attributes,
                links=self._links(propagation, made.linked),
                start_time=made.time_ns,
            )
            if made.exception is not None:
                span.record_exception(made.exception)
            span.end(end_time=made.time_ns)
        return propagation.carrier(trace.set_span_in_context(span, context))

    def _links(self, propagation: Propagation, carrier: Carrier | None) -> list[Link]:
        linked = trace.get_current_span(propagation.context(carrier))
        return [] if linked is INVALID_SPAN else [Link(linked.get_span_context())]
