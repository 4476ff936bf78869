"""From a service of the API to the coroutines that serve it, by reflection over its descriptor.

    ServiceDescriptor + [group, group, ...]  --bind-->  {"/temporal.api...WorkflowService/GetSystemInfo": Method, ...}

An RPC is served by the first group that has a method of its name in snake_case. Every RPC of the descriptor gets a
method: those that no group has, one that refuses.
"""

from __future__ import annotations

import inspect
from collections.abc import Awaitable, Callable, Sequence
from typing import cast

import msgspec
from google.protobuf.descriptor import ServiceDescriptor
from google.protobuf.message import Message
from google.protobuf.message_factory import GetMessageClass

from mainspring.server.engine.spelling import snake_case
from mainspring.server.frontend.call import Call, RawReply

Handler = Callable[[Message, Call], Awaitable[Message | RawReply]]


class Method(msgspec.Struct, frozen=True, kw_only=True):
    """One RPC, ready to be called."""

    path: str  # "/package.Service/Method"
    request_type: type[Message]
    handler: Handler
    is_served: bool = True  # False: the handler only refuses


def bind(service: ServiceDescriptor, groups: Sequence[object], refuse: Callable[[str], Handler]) -> dict[str, Method]:
    """All methods of `service` by their path.

    Raises:
        TypeError: a group's method is not a coroutine function, or a group has no RPC of the service at all: both are
            bugs of ours that must show at start.
    """
    methods: dict[str, Method] = {}
    useful: set[int] = set()
    for rpc in service.methods:
        handler, is_served = refuse(rpc.name), False
        for group in groups:
            found = getattr(group, snake_case(rpc.name), None)
            if found is not None:
                if not inspect.iscoroutinefunction(found):
                    raise TypeError(f"{type(group).__name__}.{snake_case(rpc.name)} is not a coroutine function")
                handler, is_served = cast("Handler", found), True
                useful.add(id(group))
                break
        path = f"/{service.full_name}/{rpc.name}"
        methods[path] = Method(
            path=path, request_type=GetMessageClass(rpc.input_type), handler=handler, is_served=is_served
        )
    for group in groups:
        if id(group) not in useful:
            raise TypeError(f"{type(group).__name__} serves no RPC of {service.full_name}")
    return methods
