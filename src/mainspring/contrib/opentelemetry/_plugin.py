"""The plugin that makes OpenTelemetry work in clients, workers and workflows at once."""

from __future__ import annotations

from mainspring.contrib.opentelemetry._open_telemetry_interceptor import OpenTelemetryInterceptor
from mainspring.plugin import SimplePlugin


class OpenTelemetryPlugin(SimplePlugin):
    """Hands traces on, so that code in workflows and activities makes spans with OpenTelemetry's own functions.

    Before a worker is made, a provider of `create_tracer_provider` has to be the global one.
    """

    def __init__(self, *, add_temporal_spans: bool = False) -> None:
        """`add_temporal_spans`: also make spans for calls, runs, activities and messages."""
        super().__init__("OpenTelemetryPlugin", interceptors=[OpenTelemetryInterceptor(add_temporal_spans)])
