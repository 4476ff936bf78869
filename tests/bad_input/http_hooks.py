"""What schemathesis is told about this server; it loads this module by the variable `SCHEMATHESIS_HOOKS`.

Cases are brought to where something happens: into a namespace that is there, to workflows that run, and what waits,
waits for a moment only. Two checks take the place of its own, which would take every refusal of a valid
request for a fault:

    what the document allows is read        what is read is, in protobuf's canonical JSON, what the document allows
"""

from __future__ import annotations

import zlib
from collections.abc import Callable, MutableMapping, Sequence
from functools import cache
from typing import Protocol, cast
from urllib.parse import parse_qsl, unquote, urlsplit

import requests
import schemathesis
from google.protobuf.descriptor import Descriptor
from google.protobuf.json_format import MessageToDict, ParseError
from google.protobuf.message import Message
from openapi_schema_validator import OAS30Validator
from schemathesis.generation.meta import CaseMetadata

from mainspring.server.http.bindings import Binding, Table, Values
from mainspring.server.http.openapi import document
from mainspring.server.http.payload_json import Object, shortened
from mainspring.server.http.requests import request_message
from mainspring.server.process.http_doors import api_table

hook = cast("Callable[[Callable[..., object]], object]", schemathesis.hook)  # pyright: ignore[reportUnknownMemberType] - untyped


class Case(Protocol):
    """The part of schemathesis' cases that is used."""

    @property
    def headers(self) -> MutableMapping[str, str]: ...
    @property
    def meta(self) -> CaseMetadata | None: ...


NAMESPACE = "default"
WORKFLOWS = ("open-1", "open-2", "open-3")
MOMENT = "200m"
NOT_MOVED = 4  # one case of so many is left where it was
OK = range(200, 300)
BAD = 400


@hook
def map_path_parameters(
    context: schemathesis.HookContext, path_parameters: dict[str, object] | None
) -> dict[str, object] | None:
    """Most cases are about what is there."""
    del context
    if not path_parameters:
        return path_parameters
    chance = zlib.crc32(repr(path_parameters).encode(errors="replace"))
    if chance % NOT_MOVED == 0:
        return path_parameters
    there = {"namespace": NAMESPACE, "workflowId": WORKFLOWS[chance % len(WORKFLOWS)]}
    return {name: there.get(name, value) for name, value in path_parameters.items()}


@hook
def before_call(context: schemathesis.HookContext, case: Case, kwargs: dict[str, object]) -> None:
    """Nothing waits for longer than a moment, unless a case has a time limit that is none."""
    del context, kwargs
    given = case.headers.get("Grpc-Timeout", MOMENT)
    if given[:-1].isdigit() and given[-1:] in "HMSmun":
        case.headers["Grpc-Timeout"] = MOMENT


@schemathesis.check
def what_is_allowed_is_read(context: schemathesis.CheckContext, response: schemathesis.Response, case: Case) -> None:
    del context
    meta = case.meta
    if meta is None or not meta.generation.mode.is_positive or response.status_code != BAD:
        return
    try:
        _message(response.request)
    except (ParseError, ValueError) as error:
        raise AssertionError(f"the document allows what cannot be read: {error}") from error


@schemathesis.check
def what_is_read_is_allowed(context: schemathesis.CheckContext, response: schemathesis.Response, case: Case) -> None:
    del context, case
    if response.status_code not in OK:
        return
    binding, message = _message(response.request)
    if binding.has_body:
        kind = cast("Descriptor", message.DESCRIPTOR)
        canonical = shortened(kind, MessageToDict(message))
        name = kind.full_name.removeprefix("temporal.api.")
        schema = {"$ref": f"#/components/schemas/{name}", "components": _document()["components"]}
        assert OAS30Validator(schema).is_valid(canonical), f"read as {canonical}, which the document does not allow"


def _message(request: requests.PreparedRequest) -> tuple[Binding, Message]:
    parts = urlsplit(cast("str", request.url))
    binding, values = _found(cast("str", request.method), parts.path)
    query: Sequence[tuple[str, str]] = parse_qsl(parts.query, keep_blank_values=True)
    body = request.body or b""
    assert isinstance(body, str | bytes)
    raw = body.encode() if isinstance(body, str) else body
    return binding, request_message(binding, values, query, raw, is_short=True)


def _found(method: str, path: str) -> tuple[Binding, Values]:
    found, _ = _table().find(method, tuple(unquote(each) for each in path.split("/")[1:]))
    assert found is not None, path
    return found


@cache
def _table() -> Table:
    return api_table()


@cache
def _document() -> Object:
    return document(_table(), "fuzzed")
