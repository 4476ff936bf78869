"""For workflow code: spans of its own within a trace of `TracingInterceptor`."""

from __future__ import annotations

import warnings

from opentelemetry.trace import get_tracer
from opentelemetry.util.types import Attributes

from mainspring.contrib.opentelemetry._workflow_tracing import TracingWorkflowInboundInterceptor

__all__ = ["completed_span"]


def completed_span(name: str, *, attributes: Attributes = None, exception: Exception | None = None) -> None:
    """Make a span at the workflow's time, without duration; none in a replay, nor outside of a trace.

    With `OpenTelemetryPlugin` use a tracer itself, whose spans have a duration.

    Args:
        name: Of the span.
        attributes: Besides the workflow's id and run id.
        exception: Recorded on the span.
    """
    interceptor = TracingWorkflowInboundInterceptor._from_context()
    if interceptor is not None:
        interceptor._completed_span(name, additional_attributes=attributes, exception=exception)
        return
    warnings.warn(
        "with OpenTelemetryPlugin, use opentelemetry itself in place of completed_span",
        DeprecationWarning,
        stacklevel=2,
    )
    span = get_tracer("mainspring.contrib.opentelemetry").start_span(name, attributes=attributes)
    if exception:
        span.record_exception(exception)
    span.end()
