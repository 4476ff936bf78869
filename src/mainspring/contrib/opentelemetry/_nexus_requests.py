"""Spans around requests to handlers of Nexus operations, in the trace of whoever sent them.

headers of the request -> span -> handler
"""

from __future__ import annotations

from collections.abc import Generator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from opentelemetry.trace import SpanKind
from typing_extensions import override

from mainspring.contrib.opentelemetry._calls import Spans
from mainspring.contrib.opentelemetry._propagation import attached
from mainspring.worker import (
    ExecuteNexusOperationCancelInput,
    ExecuteNexusOperationStartInput,
    NexusOperationInboundInterceptor,
)

if TYPE_CHECKING:
    from nexusrpc.handler import OperationContext, StartOperationResultAsync, StartOperationResultSync


class NexusRequests(NexusOperationInboundInterceptor):
    """See the module."""

    def __init__(self, next: NexusOperationInboundInterceptor, spans: Spans) -> None:
        super().__init__(next)
        self._spans = spans

    @contextmanager
    def _handled(self, what: str, ctx: OperationContext) -> Generator[None]:
        context = self._spans.propagation.context(dict(ctx.headers))  # these headers are text, as a carrier is
        name = f"Run{what}NexusOperationHandler:{ctx.service}/{ctx.operation}"
        with attached(context), self._spans.span(name, {}, SpanKind.SERVER):
            yield

    @override
    async def execute_nexus_operation_start(
        self, input: ExecuteNexusOperationStartInput
    ) -> StartOperationResultSync[Any] | StartOperationResultAsync:
        with self._handled("Start", input.ctx):
            return await super().execute_nexus_operation_start(input)

    @override
    async def execute_nexus_operation_cancel(self, input: ExecuteNexusOperationCancelInput) -> None:
        with self._handled("Cancel", input.ctx):
            await super().execute_nexus_operation_cancel(input)
