"""Which RPC an HTTP method and path stand for, from the annotations `google.api.http` of the API.

Table(services).find("GET", ("api", "v1", "namespaces", "default")) -> (Binding, {"namespace": "default"}), True
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import cast

import msgspec
from google.api import annotations_pb2  # type: ignore[import-untyped] # pyright: ignore[reportMissingTypeStubs] - there are none
from google.api.http_pb2 import HttpRule  # type: ignore[import-untyped] # pyright: ignore[reportMissingTypeStubs] - as above
from google.protobuf.descriptor import MethodDescriptor, ServiceDescriptor
from google.protobuf.message import Message
from google.protobuf.message_factory import GetMessageClass

Values = Mapping[str, str]


class Binding(msgspec.Struct, frozen=True, kw_only=True):
    """One way to call one RPC."""

    rpc: str  # "/package.Service/Method"
    request_type: type[Message]
    reply_type: type[Message]
    method: str
    segments: tuple[str, ...]  # of the path; `{a.b}` is the value of a field
    has_body: bool


class Table:
    """Finds bindings. Names in a path come before values."""

    def __init__(self, services: Iterable[ServiceDescriptor]) -> None:
        self._by_length: dict[int, list[Binding]] = {}
        for service in services:
            for rpc in service.methods:
                for binding in _bindings(service, rpc):
                    self._by_length.setdefault(len(binding.segments), []).append(binding)
        for bindings in self._by_length.values():
            bindings.sort(key=lambda binding: [is_value(segment) for segment in binding.segments])

    def __iter__(self) -> Iterator[Binding]:
        return (binding for bindings in self._by_length.values() for binding in bindings)

    def find(self, method: str, segments: tuple[str, ...]) -> tuple[tuple[Binding, Values] | None, bool]:
        """The binding with the values of its path, if there is one; and whether the path is known at all."""
        is_known = False
        for binding in self._by_length.get(len(segments), []):
            values = _match(binding.segments, segments)
            if values is not None:
                if binding.method == method:
                    return (binding, values), True
                is_known = True
        return None, is_known


def _bindings(service: ServiceDescriptor, rpc: MethodDescriptor) -> Iterator[Binding]:
    rule = cast("HttpRule", rpc.GetOptions().Extensions[annotations_pb2.http])  # pyright: ignore[reportArgumentType] - untyped
    for each in (rule, *rule.additional_bindings):
        method = cast("str | None", each.WhichOneof("pattern"))
        if method is not None:
            yield _binding(service, rpc, each, method)


def _binding(service: ServiceDescriptor, rpc: MethodDescriptor, rule: HttpRule, method: str) -> Binding:
    return Binding(
        rpc=f"/{service.full_name}/{rpc.name}",
        request_type=GetMessageClass(rpc.input_type),
        reply_type=GetMessageClass(rpc.output_type),
        method=method.upper(),
        segments=tuple(str(getattr(rule, method)).split("/")[1:]),
        has_body=bool(rule.body),
    )


def _match(pattern: tuple[str, ...], segments: tuple[str, ...]) -> Values | None:
    values: dict[str, str] = {}
    for expected, segment in zip(pattern, segments, strict=True):
        if is_value(expected):
            values[expected[1:-1]] = segment
        elif expected != segment:
            return None
    return values


def is_value(segment: str) -> bool:
    """Whether a segment of a binding stands for the value of a field."""
    return segment.startswith("{")
