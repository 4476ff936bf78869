"""What `TracingInterceptor` does in workflows: points in time on the trace of whoever started the run.

    StartWorkflow:W                     the client's
      RunWorkflow:W                     so are all of these: what follows does not hang on what was before
      StartActivity:create_vm
        RunActivity:create_vm
      HandleSignal:hurry                linked to the trace of whoever sent it
      CompleteWorkflow:W

A replay makes none of them, but for queries, whose caller waits. The spans themselves are made outside of workflow
code's restrictions, by the function that the interceptor hands in as `COMPLETED_SPAN`.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Mapping
from contextlib import contextmanager
from typing import Any, NoReturn, cast

import msgspec
import opentelemetry.context
from opentelemetry import trace
from opentelemetry.context import Context
from opentelemetry.propagators.textmap import TextMapPropagator
from opentelemetry.trace import SpanKind
from opentelemetry.util.types import AnyValue, Attributes
from typing_extensions import override

from mainspring import workflow
from mainspring.contrib.opentelemetry._propagation import (
    HEADER_KEY,
    Carrier,
    HasHeaders,
    Headers,
    Propagation,
    attached,
    default_text_map_propagator,
)
from mainspring.converter import PayloadConverter
from mainspring.exceptions import FailureError
from mainspring.worker import (
    ContinueAsNewInput,
    ExecuteWorkflowInput,
    HandleQueryInput,
    HandleSignalInput,
    HandleUpdateInput,
    SignalChildWorkflowInput,
    SignalExternalWorkflowInput,
    StartActivityInput,
    StartChildWorkflowInput,
    StartLocalActivityInput,
    StartNexusOperationInput,
    WorkflowInboundInterceptor,
    WorkflowOutboundInterceptor,
)
from mainspring.workflow import ActivityHandle, ChildWorkflowHandle

COMPLETED_SPAN = "__temporal_opentelemetry_completed_span"
_INTERCEPTOR_KEY = opentelemetry.context.create_key("__temporal_opentelemetry_workflow_interceptor")


class CompletedSpan(msgspec.Struct, frozen=True):
    """A span that a workflow wants."""

    name: str
    kind: SpanKind
    attributes: Attributes
    time_ns: int
    parent: Carrier
    is_parent_missing: bool
    linked: Carrier | None
    exception: Exception | None


class TracingWorkflowInboundInterceptor(WorkflowInboundInterceptor):
    """Makes spans for what comes to a run, see the module. Derive from it as `TracingInterceptor` says."""

    @staticmethod
    def _from_context() -> TracingWorkflowInboundInterceptor | None:
        """The interceptor of the run whose code is running."""
        found = opentelemetry.context.get_value(_INTERCEPTOR_KEY)
        return found if isinstance(found, TracingWorkflowInboundInterceptor) else None

    def __init__(self, next: WorkflowInboundInterceptor) -> None:
        super().__init__(next)
        self.header_key: str = HEADER_KEY
        self.text_map_propagator: TextMapPropagator = default_text_map_propagator
        self.payload_converter = PayloadConverter.default
        functions = cast("Mapping[str, Callable[[CompletedSpan], Carrier | None]]", workflow.extern_functions())
        self._make_span = functions[COMPLETED_SPAN]
        self._carrier_of_start: Carrier | None = None

    @override
    def init(self, outbound: WorkflowOutboundInterceptor) -> None:
        super().init(_TracingWorkflowOutboundInterceptor(outbound, self))

    @override
    async def execute_workflow(self, input: ExecuteWorkflowInput) -> Any:
        with self._in_trace_of_start(success_is_complete=True):
            self._completed_span(f"RunWorkflow:{workflow.info().workflow_type}", kind=SpanKind.SERVER)
            return await super().execute_workflow(input)

    @override
    async def handle_signal(self, input: HandleSignalInput) -> None:
        with self._handling(f"HandleSignal:{input.signal}", input.headers):
            await super().handle_signal(input)

    @override
    async def handle_query(self, input: HandleQueryInput) -> Any:
        """What a query does belongs to the query's trace, and without one to none."""
        carrier = self._propagation.read(input.headers)
        linked = self._start_carrier() if carrier else None
        with attached(self._marked(self._propagation.context(carrier))):
            self._completed_span(f"HandleQuery:{input.query}", kind=SpanKind.SERVER, linked=linked, even_on_replay=True)
            return await super().handle_query(input)

    @override
    def handle_update_validator(self, input: HandleUpdateInput) -> None:
        with self._handling(f"ValidateUpdate:{input.update}", input.headers):
            super().handle_update_validator(input)

    @override
    async def handle_update_handler(self, input: HandleUpdateInput) -> Any:
        with self._handling(f"HandleUpdate:{input.update}", input.headers):
            return await super().handle_update_handler(input)

    @contextmanager
    def _handling(self, name: str, headers: Headers) -> Generator[None]:
        """A message's span is in the trace of the run, with a link to the sender's."""
        linked = self._propagation.read(headers)
        with self._in_trace_of_start(success_is_complete=False):
            self._completed_span(name, kind=SpanKind.SERVER, linked=linked)
            yield

    @contextmanager
    def _in_trace_of_start(self, *, success_is_complete: bool) -> Generator[None]:
        """Run a block in the trace of whoever started the run. A failure that ends the block is on a span."""
        error: FailureError | None = None
        with attached(self._marked(self._propagation.context(self._start_carrier()))):
            try:
                yield
            except FailureError as caught:
                error = caught
                raise
            except BaseException:
                success_is_complete = False
                raise
            finally:
                if error is not None or success_is_complete:
                    self._completed_span(f"CompleteWorkflow:{workflow.info().workflow_type}", exception=error)

    @property
    def _propagation(self) -> Propagation:
        return Propagation(self.header_key, self.text_map_propagator, self.payload_converter)

    def _start_carrier(self) -> Carrier | None:
        if self._carrier_of_start is None:
            self._carrier_of_start = self._propagation.read(workflow.info().headers)
        return self._carrier_of_start

    def _marked(self, context: Context) -> Context:
        return opentelemetry.context.set_value(_INTERCEPTOR_KEY, self, context)

    def _completed_span(
        self,
        name: str,
        *,
        kind: SpanKind = SpanKind.INTERNAL,
        linked: Carrier | None = None,
        even_on_replay: bool = False,
        exception: Exception | None = None,
        additional_attributes: Attributes = None,
    ) -> Carrier | None:
        """A span under the current one. Returns: the context after it; None if no span was made."""
        if workflow.unsafe.is_replaying() and not even_on_replay:
            return None
        info = workflow.info()
        attributes: dict[str, AnyValue] = {"temporalWorkflowID": info.workflow_id, "temporalRunID": info.run_id}
        attributes.update(additional_attributes or {})
        return self._make_span(
            CompletedSpan(
                name=name,
                kind=kind,
                attributes=attributes,
                time_ns=workflow.time_ns(),
                parent=self._propagation.carrier(),
                is_parent_missing=trace.get_current_span() is trace.INVALID_SPAN,
                linked=linked,
                exception=exception,
            )
        )

    def _sent(self, name: str, input: HasHeaders, kind: SpanKind = SpanKind.CLIENT) -> None:
        """A span for what the run sends, which whatever it causes belongs to."""
        self._propagation.add(self._completed_span(name, kind=kind), input)


class _TracingWorkflowOutboundInterceptor(WorkflowOutboundInterceptor):
    """Makes spans for what goes out of a run."""

    def __init__(self, next: WorkflowOutboundInterceptor, root: TracingWorkflowInboundInterceptor) -> None:
        super().__init__(next)
        self._root = root

    @override
    def continue_as_new(self, input: ContinueAsNewInput) -> NoReturn:
        propagation = self._root._propagation
        propagation.add(propagation.carrier(), input)
        super().continue_as_new(input)

    @override
    async def signal_child_workflow(self, input: SignalChildWorkflowInput) -> None:
        self._root._sent(f"SignalChildWorkflow:{input.signal}", input, SpanKind.SERVER)  # as the official SDK has it
        await super().signal_child_workflow(input)

    @override
    async def signal_external_workflow(self, input: SignalExternalWorkflowInput) -> None:
        self._root._sent(f"SignalExternalWorkflow:{input.signal}", input)
        await super().signal_external_workflow(input)

    @override
    def start_activity(self, input: StartActivityInput) -> ActivityHandle[Any]:
        self._root._sent(f"StartActivity:{input.activity}", input)
        return super().start_activity(input)

    @override
    async def start_child_workflow(self, input: StartChildWorkflowInput) -> ChildWorkflowHandle[Any, Any]:
        self._root._sent(f"StartChildWorkflow:{input.workflow}", input)
        return await super().start_child_workflow(input)

    @override
    def start_local_activity(self, input: StartLocalActivityInput) -> ActivityHandle[Any]:
        self._root._sent(f"StartActivity:{input.activity}", input)
        return super().start_local_activity(input)

    @override
    async def start_nexus_operation(self, input: StartNexusOperationInput[Any, Any]) -> Any:
        name = f"StartNexusOperation:{input.service}/{input.operation_name}"
        carrier = self._root._completed_span(name, kind=SpanKind.CLIENT)
        if carrier:
            input.headers = {**(input.headers or {}), **text_headers(carrier)}
        return await super().start_nexus_operation(input)


def text_headers(carrier: Carrier) -> dict[str, str]:
    """A carrier as headers of Nexus, which are text."""
    return {key: value if isinstance(value, str) else ",".join(value) for key, value in carrier.items()}
