"""Makers of grpcio's method handlers, with types: those of grpcio's stubs are left open.

unary(behavior)   request bytes -> reply bytes; nothing is decoded before the method decides
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from typing import TYPE_CHECKING, Any, TypeVar, cast

import grpc
from google.protobuf.message import Message

from mainspring.server.process.grpc_methods import Context, UnaryHandler

if TYPE_CHECKING:  # not generic at run time
    RpcHandler = grpc.RpcMethodHandler[Any, Any]
else:
    RpcHandler = grpc.RpcMethodHandler
Request = TypeVar("Request", bound=Message)
Reply = TypeVar("Reply", bound=Message)


def raw_unary(behavior: UnaryHandler) -> RpcHandler:
    """One request, one reply, both as bytes."""
    maker = cast("Callable[..., RpcHandler]", grpc.unary_unary_rpc_method_handler)  # pyright: ignore[reportUnknownMemberType] - open in the stubs
    return maker(behavior)


def unary(request_type: type[Request], behavior: Callable[[Request, Context], Awaitable[Reply]]) -> RpcHandler:
    """One request, one reply."""
    maker = cast("Callable[..., RpcHandler]", grpc.unary_unary_rpc_method_handler)  # pyright: ignore[reportUnknownMemberType] - as above
    return maker(behavior, request_type.FromString, _serialized)


def unary_stream(
    request_type: type[Request], behavior: Callable[[Request, Context], AsyncIterator[Reply]]
) -> RpcHandler:
    """One request, any number of replies."""
    maker = cast("Callable[..., RpcHandler]", grpc.unary_stream_rpc_method_handler)  # pyright: ignore[reportUnknownMemberType] - as above
    return maker(behavior, request_type.FromString, _serialized)


def streams(
    request_type: type[Request], behavior: Callable[[AsyncIterator[Request], Context], AsyncIterator[Reply]]
) -> RpcHandler:
    """Any number of requests and replies."""
    maker = cast("Callable[..., RpcHandler]", grpc.stream_stream_rpc_method_handler)  # pyright: ignore[reportUnknownMemberType] - as above
    return maker(behavior, request_type.FromString, _serialized)


def _serialized(message: Message) -> bytes:
    return message.SerializeToString()
