"""Spans around a client's calls and around attempts of activities. The two interceptors differ in how they make spans.

client call -> span -> its context into the headers -> RPC         headers -> span -> attempt of an activity
"""

from __future__ import annotations

from collections.abc import Generator
from contextlib import AbstractContextManager, contextmanager
from typing import Any, Protocol

from opentelemetry.trace import SpanKind
from opentelemetry.util.types import Attributes
from typing_extensions import override

from mainspring import activity
from mainspring.client import (
    ActivityHandle,
    OutboundInterceptor,
    QueryWorkflowInput,
    SignalWorkflowInput,
    StartActivityInput,
    StartWorkflowInput,
    StartWorkflowUpdateInput,
    StartWorkflowUpdateWithStartInput,
    WorkflowHandle,
    WorkflowUpdateHandle,
)
from mainspring.contrib.opentelemetry._propagation import HasHeaders, Propagation, attached
from mainspring.worker import ActivityInboundInterceptor, ExecuteActivityInput


class Spans(Protocol):
    """What an interceptor makes of calls."""

    @property
    def propagation(self) -> Propagation: ...

    def span(self, name: str, attributes: Attributes, kind: SpanKind) -> AbstractContextManager[None]:
        """A current span for a block, or none."""
        ...


class ClientCalls(OutboundInterceptor):
    """See the module."""

    def __init__(self, next: OutboundInterceptor, spans: Spans) -> None:
        super().__init__(next)
        self._spans = spans

    @contextmanager
    def _call(self, name: str, attributes: Attributes, *inputs: HasHeaders) -> Generator[None]:
        with self._spans.span(name, attributes, SpanKind.CLIENT):
            propagation = self._spans.propagation
            propagation.add(propagation.carrier(), *inputs)
            yield

    @override
    async def start_workflow(self, input: StartWorkflowInput) -> WorkflowHandle[Any, Any]:
        prefix = "SignalWithStartWorkflow" if input.start_signal else "StartWorkflow"
        with self._call(f"{prefix}:{input.workflow}", {"temporalWorkflowID": input.id}, input):
            return await super().start_workflow(input)

    @override
    async def query_workflow(self, input: QueryWorkflowInput) -> Any:
        with self._call(f"QueryWorkflow:{input.query}", {"temporalWorkflowID": input.id}, input):
            return await super().query_workflow(input)

    @override
    async def signal_workflow(self, input: SignalWorkflowInput) -> None:
        with self._call(f"SignalWorkflow:{input.signal}", {"temporalWorkflowID": input.id}, input):
            await super().signal_workflow(input)

    @override
    async def start_workflow_update(self, input: StartWorkflowUpdateInput) -> WorkflowUpdateHandle[Any]:
        with self._call(f"StartWorkflowUpdate:{input.update}", {"temporalWorkflowID": input.id}, input):
            return await super().start_workflow_update(input)

    @override
    async def start_update_with_start_workflow(
        self, input: StartWorkflowUpdateWithStartInput
    ) -> WorkflowUpdateHandle[Any]:
        start, update = input.start_workflow_input, input.update_workflow_input
        attributes = {"temporalWorkflowID": start.id}
        if update.update_id is not None:
            attributes["temporalUpdateID"] = update.update_id
        with self._call(f"StartUpdateWithStartWorkflow:{start.workflow}", attributes, start, update):
            return await super().start_update_with_start_workflow(input)

    @override
    async def start_activity(self, input: StartActivityInput) -> ActivityHandle[Any]:
        attributes = {"temporalActivityID": input.id, "temporalActivityType": input.activity_type}
        with self._call(f"StartActivity:{input.activity_type}", attributes, input):
            return await super().start_activity(input)


class ActivityAttempts(ActivityInboundInterceptor):
    """See the module."""

    def __init__(self, next: ActivityInboundInterceptor, spans: Spans) -> None:
        super().__init__(next)
        self._spans = spans

    @override
    async def execute_activity(self, input: ExecuteActivityInput) -> Any:
        info = activity.info()
        attributes = {"temporalActivityID": info.activity_id}
        if info.workflow_id:
            attributes["temporalWorkflowID"] = info.workflow_id
        if info.workflow_run_id:
            attributes["temporalRunID"] = info.workflow_run_id
        propagation = self._spans.propagation
        # Without a header it is a trace of its own, not part of the one in which the worker was made.
        context = propagation.context(propagation.read(input.headers))
        with attached(context), self._spans.span(f"RunActivity:{info.activity_type}", attributes, SpanKind.SERVER):
            return await super().execute_activity(input)
