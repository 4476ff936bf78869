"""A tracer provider for code that runs in workflows too: a replay makes the same spans again and reports none.

    create_tracer_provider()  ->  ReplaySafeTracerProvider, for `opentelemetry.trace.set_tracer_provider`
      ids       the run's own random numbers, so that what hangs on a span finds it after a replay
      ending    left out in a replay, so that each span is exported once

Outside of workflows it is the provider of OpenTelemetry's SDK.
"""

from __future__ import annotations

import random
from collections.abc import Iterator, Mapping
from typing import Any

import opentelemetry.sdk.trace as sdk
from opentelemetry.context import Context
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import ConcurrentMultiSpanProcessor, SpanLimits, SynchronousMultiSpanProcessor, sampling
from opentelemetry.sdk.trace.id_generator import IdGenerator, RandomIdGenerator
from opentelemetry.trace import (
    Span,
    SpanContext,
    SpanKind,
    Status,
    StatusCode,
    Tracer,
    TracerProvider,
    use_span,
)
from opentelemetry.util._decorator import _agnosticcontextmanager
from opentelemetry.util.types import AnyValue, Attributes
from typing_extensions import override

from mainspring import workflow
from mainspring.workflow._runtime import Runtime

_RANDOM = "__mainspring_opentelemetry_random"


def is_replaying() -> bool:
    """Whether the calling code runs in a workflow that does again what it did; never in a query, whose caller waits."""
    return workflow.in_workflow() and workflow.unsafe.is_replaying_history_events()


class TemporalIdGenerator(IdGenerator):
    """Ids that are the same in every replay where a workflow asks, and those of another generator elsewhere."""

    def __init__(self, id_generator: IdGenerator) -> None:
        self._id_generator = id_generator

    @override
    def generate_span_id(self) -> int:
        generator = _random_of_run()
        return self._id_generator.generate_span_id() if generator is None else _not_zero(generator, 64)

    @override
    def generate_trace_id(self) -> int:
        generator = _random_of_run()
        return self._id_generator.generate_trace_id() if generator is None else _not_zero(generator, 128)


def _random_of_run() -> random.Random | None:
    """The generator of the running workflow; None outside, and in queries and validators, which no replay repeats."""
    runtime = Runtime.maybe_current()
    if runtime is None or runtime.workflow_is_read_only():
        return None
    generator: random.Random | None = getattr(runtime, _RANDOM, None)
    if generator is None:
        generator = workflow.new_random("opentelemetry")
        setattr(runtime, _RANDOM, generator)
    return generator


def _not_zero(generator: random.Random, bits: int) -> int:
    """A random number; 0 is no id."""
    return generator.getrandbits(bits) or _not_zero(generator, bits)


class _ReplaySafeSpan(Span):
    """A span that is ended once, however often the code that ends it runs."""

    def __init__(self, span: Span) -> None:
        self._span = span
        self._exception: BaseException | None = None

    def __getattr__(self, name: str) -> Any:
        return getattr(self._span, name)

    @override
    def end(self, end_time: int | None = None) -> None:
        """End the span; not in a replay, nor if a failed workflow task ended it, which is tried again."""
        if workflow.in_workflow():
            error = self._exception
            if is_replaying() or (error is not None and not workflow.is_failure_exception(error)):
                return
        with workflow.unsafe.sandbox_unrestricted():
            self._span.end(end_time)

    @override
    def get_span_context(self) -> SpanContext:
        return self._span.get_span_context()

    @override
    def set_attributes(self, attributes: Mapping[str, AnyValue]) -> None:
        self._span.set_attributes(attributes)

    @override
    def set_attribute(self, key: str, value: AnyValue) -> None:
        self._span.set_attribute(key, value)

    @override
    def add_event(self, name: str, attributes: Attributes = None, timestamp: int | None = None) -> None:
        self._span.add_event(name, attributes, timestamp)

    @override
    def add_link(self, context: SpanContext, attributes: Attributes = None) -> None:
        self._span.add_link(context, attributes)

    @override
    def update_name(self, name: str) -> None:
        self._span.update_name(name)

    @override
    def is_recording(self) -> bool:
        return self._span.is_recording()

    @override
    def set_status(self, status: Status | StatusCode, description: str | None = None) -> None:
        self._span.set_status(status, description)

    @override
    def record_exception(
        self,
        exception: BaseException,
        attributes: Attributes = None,
        timestamp: int | None = None,
        escaped: bool = False,
    ) -> None:
        self._exception = exception
        self._span.record_exception(exception, attributes, timestamp, escaped)


class _ReplaySafeTracer(Tracer):
    def __init__(self, tracer: Tracer) -> None:
        self._tracer = tracer

    @override
    def start_span(
        self,
        name: str,
        context: Context | None = None,
        kind: SpanKind = SpanKind.INTERNAL,
        attributes: Attributes = None,
        links: Any = None,
        start_time: int | None = None,
        record_exception: bool = True,
        set_status_on_exception: bool = True,
    ) -> Span:
        if start_time is None and is_replaying():
            start_time = workflow.time_ns()
        with workflow.unsafe.sandbox_unrestricted():
            span = self._tracer.start_span(
                name,
                *(context, kind, attributes, links, start_time),
                record_exception=record_exception,
                set_status_on_exception=set_status_on_exception,
            )
        return _ReplaySafeSpan(span)

    @override
    @_agnosticcontextmanager
    def start_as_current_span(
        self,
        name: str,
        context: Context | None = None,
        kind: SpanKind = SpanKind.INTERNAL,
        attributes: Attributes = None,
        links: Any = None,
        start_time: int | None = None,
        record_exception: bool = True,
        set_status_on_exception: bool = True,
        end_on_exit: bool = True,
    ) -> Iterator[Span]:
        span = self.start_span(name, context, kind, attributes, links, start_time)
        with use_span(
            span,
            end_on_exit=end_on_exit,
            record_exception=record_exception,
            set_status_on_exception=set_status_on_exception,
        ):
            yield span


class ReplaySafeTracerProvider(TracerProvider):
    """See the module. `create_tracer_provider` makes one."""

    def __init__(self, tracer_provider: sdk.TracerProvider, id_generator: TemporalIdGenerator) -> None:
        """`id_generator`: the one that `tracer_provider` has.

        Raises: ValueError: The provider has a generator of another kind.
        """
        if not isinstance(tracer_provider.id_generator, TemporalIdGenerator):
            raise ValueError(
                "ReplaySafeTracerProvider needs a TracerProvider with a TemporalIdGenerator, or replays would make "
                "other ids: use create_tracer_provider"
            )
        self._id_generator = id_generator
        self._tracer_provider = tracer_provider

    def add_span_processor(self, span_processor: sdk.SpanProcessor) -> None:
        """Have spans processed by it too."""
        self._tracer_provider.add_span_processor(span_processor)

    def shutdown(self) -> None:
        """Shut down all processors; what they hold is exported first."""
        self._tracer_provider.shutdown()

    def force_flush(self, timeout_millis: int = 30000) -> bool:
        """Export what the processors hold. Returns: whether that was done in time."""
        return self._tracer_provider.force_flush(timeout_millis)

    @override
    def get_tracer(
        self,
        instrumenting_module_name: str,
        instrumenting_library_version: str | None = None,
        schema_url: str | None = None,
        attributes: Attributes = None,
    ) -> Tracer:
        return _ReplaySafeTracer(
            self._tracer_provider.get_tracer(
                instrumenting_module_name, instrumenting_library_version, schema_url, attributes
            )
        )

    def id_generator(self) -> TemporalIdGenerator:
        """What makes ids."""
        return self._id_generator


def create_tracer_provider(
    sampler: sampling.Sampler | None = None,
    resource: Resource | None = None,
    shutdown_on_exit: bool = True,
    active_span_processor: SynchronousMultiSpanProcessor | ConcurrentMultiSpanProcessor | None = None,
    id_generator: IdGenerator | None = None,
    span_limits: SpanLimits | None = None,
) -> ReplaySafeTracerProvider:
    """Make a provider, see the module. The parameters are those of OpenTelemetry's `TracerProvider`.

    `id_generator`: for spans outside of workflows.
    """
    generator = TemporalIdGenerator(id_generator or RandomIdGenerator())
    provider = sdk.TracerProvider(
        sampler=sampler,
        resource=resource,
        shutdown_on_exit=shutdown_on_exit,
        active_span_processor=active_span_processor,
        id_generator=generator,
        span_limits=span_limits,
    )
    return ReplaySafeTracerProvider(provider, generator)
