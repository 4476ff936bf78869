"""The trace that a call belongs to, in its headers.

    OpenTelemetry's current context  <->  carrier: text by text  <->  one payload under HEADER_KEY

The header, its encoding and the fields of W3C are the official SDKs', so that traces go on across languages.
"""

from __future__ import annotations

from collections.abc import Generator, Mapping
from contextlib import contextmanager
from contextvars import Token
from typing import Protocol, TypeAlias

import opentelemetry.context
from opentelemetry.baggage.propagation import W3CBaggagePropagator
from opentelemetry.context import Context
from opentelemetry.propagators.composite import CompositePropagator
from opentelemetry.propagators.textmap import CarrierValT, TextMapPropagator
from opentelemetry.trace import Status, StatusCode
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator
from temporalio.api.common.v1 import Payload

from mainspring.converter import PayloadConverter
from mainspring.exceptions import ApplicationError, ApplicationErrorCategory

HEADER_KEY = "_tracer-data"

Carrier: TypeAlias = dict[str, CarrierValT]
Headers: TypeAlias = Mapping[str, Payload]

default_text_map_propagator = CompositePropagator([TraceContextTextMapPropagator(), W3CBaggagePropagator()])


class HasHeaders(Protocol):
    """An interceptor's input that goes out with headers."""

    headers: Headers


class Propagation:
    """How contexts are written into headers and read from them."""

    def __init__(
        self,
        header_key: str = HEADER_KEY,
        propagator: TextMapPropagator = default_text_map_propagator,
        payload_converter: PayloadConverter = PayloadConverter.default,
    ) -> None:
        self.header_key = header_key
        self.propagator = propagator
        self.payload_converter = payload_converter

    def carrier(self, context: Context | None = None) -> Carrier:
        """A context, the current one if None; empty without a trace and baggage."""
        carrier: Carrier = {}
        self.propagator.inject(carrier, context)
        return carrier

    def context(self, carrier: Carrier | None) -> Context:
        """The context that a carrier has; an empty one without it."""
        return self.propagator.extract(carrier, Context()) if carrier else Context()

    def read(self, headers: Headers) -> Carrier | None:
        """The carrier in the headers, if there is one."""
        payload = headers.get(self.header_key)
        if payload is None:
            return None
        carrier: Carrier | None = self.payload_converter.from_payloads([payload])[0]
        return carrier

    def add(self, carrier: Carrier | None, *inputs: HasHeaders) -> None:
        """Write the carrier into what goes out, if there is anything in it."""
        if carrier:
            payload = self.payload_converter.to_payloads([carrier])[0]
            for one in inputs:
                one.headers = {**one.headers, self.header_key: payload}


@contextmanager
def attached(context: Context) -> Generator[None]:
    """Make a context the current one for a block.

    A run that a worker drops may end the block in another `contextvars.Context`, where the token means nothing and
    nothing has to be undone.
    """
    token = opentelemetry.context.attach(context)
    try:
        yield
    finally:
        _detach(context, token)


def _detach(context: Context, token: Token[Context]) -> bool:
    """Whether the context was still the current one, and the one before it is again."""
    if opentelemetry.context.get_current() is not context:
        return False
    try:
        token.var.reset(token)  # not `context.detach`, which logs an error where this gives False
    except ValueError:
        return False
    return True


def error_status(error: Exception) -> Status | None:
    """What a span says of the exception that ended it. Errors that were declared benign are none."""
    if isinstance(error, ApplicationError) and error.category == ApplicationErrorCategory.BENIGN:
        return None
    return Status(StatusCode.ERROR, f"{type(error).__name__}: {error}")
