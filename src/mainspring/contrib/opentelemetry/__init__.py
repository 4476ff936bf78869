"""Traces that go on from clients to workflows, activities and children; metrics and logs that no replay repeats.

    Client.connect(..., interceptors=[TracingInterceptor()])         spans for calls, runs and activities
    Client.connect(..., plugins=[OpenTelemetryPlugin()])             spans of your own, also inside of workflows

Both write the same header, which is the official SDKs': a trace that begins in a program of another language goes on
here, and the other way round. `TracingInterceptor` writes spans without duration in workflows, and needs nothing but a
tracer. The plugin wants a tracer provider of `create_tracer_provider`, whose spans in workflows have a duration, since
a replay makes them again under the same ids and does not report them.

`pip install mainspring[opentelemetry]` adds what this needs.
"""

from mainspring.contrib.opentelemetry._metrics_exporter import MetricsExporter
from mainspring.contrib.opentelemetry._open_telemetry_interceptor import OpenTelemetryInterceptor
from mainspring.contrib.opentelemetry._plugin import OpenTelemetryPlugin
from mainspring.contrib.opentelemetry._replay_safe_logs import ReplaySafeLoggerProvider
from mainspring.contrib.opentelemetry._replay_safe_metrics import ReplaySafeMeterProvider
from mainspring.contrib.opentelemetry._replay_safe_traces import ReplaySafeTracerProvider, create_tracer_provider
from mainspring.contrib.opentelemetry._tracing_interceptor import TracingInterceptor
from mainspring.contrib.opentelemetry._workflow_tracing import TracingWorkflowInboundInterceptor

__all__ = [
    "MetricsExporter",
    "OpenTelemetryInterceptor",
    "OpenTelemetryPlugin",
    "ReplaySafeLoggerProvider",
    "ReplaySafeMeterProvider",
    "ReplaySafeTracerProvider",
    "TracingInterceptor",
    "TracingWorkflowInboundInterceptor",
    "create_tracer_provider",
]
