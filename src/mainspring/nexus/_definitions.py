"""Decorated start methods as operations of `nexusrpc`: their names, and the types that their annotations tell.

    async def start(self, ctx: WorkflowRunOperationContext, input: In) -> WorkflowHandle[Out]  ->  Operation[In, Out]

Annotations that say nothing or something else are worth a warning: the types may stand in a service definition.
"""

from __future__ import annotations

import typing
import warnings
from collections.abc import Callable, Sequence
from typing import Any

import msgspec
import nexusrpc
from nexusrpc.handler import OperationHandler

FACTORY = "__nexus_operation_factory__"  # by this `nexusrpc` finds what makes the handler


class Shape(msgspec.Struct, frozen=True):
    """What a start method gets before its input, and what its result is wrapped into."""

    contexts: Sequence[type]
    wrapper: type


def define(
    start: Callable[..., Any], make_handler: Callable[[Any], OperationHandler[Any, Any]], name: str | None, shape: Shape
) -> None:
    """Make a start method an operation, whose handlers are made by a function of the service's object.

    Raises:
        TypeError: It has no name.
    """
    method_name = getattr(start, "__name__", None) or type(start).__name__
    input_type, output_type = types_of(start, shape)
    operation: nexusrpc.Operation[Any, Any] = nexusrpc.Operation(
        name=name or method_name, input_type=input_type, output_type=output_type
    )
    operation.method_name = method_name
    nexusrpc.set_operation(make_handler, operation)
    setattr(start, FACTORY, make_handler)


def types_of(start: Callable[..., Any], shape: Shape) -> tuple[Any, Any]:
    """The types of input and output, as far as annotations tell them."""
    try:
        annotations = typing.get_type_hints(start)
    except TypeError:
        warnings.warn(f"Expected decorated start method {start} to have type annotations", stacklevel=4)
        return None, None
    returned = annotations.pop("return", None)
    return _input_type(start, annotations, shape), _output_type(start, returned, shape)


def _input_type(start: Callable[..., Any], annotations: dict[str, Any], shape: Shape) -> Any:
    count = len(shape.contexts) + 1
    if len(annotations) != count:
        warnings.warn(
            f"Expected decorated start method {start} to have exactly {count} type-annotated parameters, "
            f"but it has {len(annotations)}: {annotations}",
            stacklevel=5,
        )
        return None
    *contexts, input_type = annotations.values()
    for number, (given, expected) in enumerate(zip(contexts, shape.contexts, strict=True), start=1):
        if not issubclass(expected, given):
            warnings.warn(
                f"Expected parameter {number} of {start} to be an instance of {expected.__name__}, but is {given}.",
                stacklevel=5,
            )
            return None
    return input_type


def _output_type(start: Callable[..., Any], returned: Any, shape: Shape) -> Any:
    origin, arguments = typing.get_origin(returned), typing.get_args(returned)
    if origin is None:
        return None
    if not (isinstance(origin, type) and issubclass(origin, shape.wrapper)) or len(arguments) != 1:
        warnings.warn(
            f"Expected return type of {start} to be {shape.wrapper.__name__} with one type parameter, "
            f"but is {returned}",
            stacklevel=5,
        )
        return None
    return arguments[0]
