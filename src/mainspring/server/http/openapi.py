"""The OpenAPI document of the HTTP API: made from the API's descriptors, so it says what this server takes and answers.

    bindings -> paths: parameters of path and query, body, answers       messages -> components (`schemas`)

A place in a path that the API calls `{execution.workflow_id}` is `{workflowId}` in the document: many programs cannot
read names with dots, and paths that differ in nothing but names must be one.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Final, cast

from google.protobuf.descriptor import Descriptor, FieldDescriptor
from google.protobuf.message import Message
from google.rpc.code_pb2 import DESCRIPTOR as CODES_FILE
from google.rpc.status_pb2 import Status

from mainspring.server.http.bindings import Binding, is_value
from mainspring.server.http.payload_json import Object
from mainspring.server.http.schemas import Schemas
from mainspring.server.http.statuses import HUNG_UP, STATUSES
from mainspring.server.http.text_values import is_named_by_text

_VERSION: Final = "3.0.3"
_JSON: Final = "application/json"
_MISDIRECTED: Final = "421"
_UNHEARD: Final = frozenset({HUNG_UP, 401})  # the latter: there is nothing to authenticate by
_DESCRIPTION: Final = """\
The service of Temporal's API, as JSON over HTTP. JSON is protobuf's: 64-bit numbers are strings, bytes are base64.
Payloads stand by their values where these are JSON; with `application/json+no-payload-shorthand` as `Accept` or
`Content-Type` they are whole, with metadata and data. More is read than is described: numbers for 64-bit numbers and
for values of enums, names of fields in snake_case, null for a field that is not there."""

_CODES: Final = CODES_FILE.enum_types_by_name["Code"]

_ANYWHERE: Final[Mapping[str, Object]] = {
    "pretty": {
        "name": "pretty",
        "in": "query",
        "description": "Whether the answer has its lines broken: it has if the name is there, whatever its value.",
        "allowEmptyValue": True,
        "schema": {"type": "string"},
    },
    "Grpc-Timeout": {
        "name": "Grpc-Timeout",
        "in": "header",
        "description": "How long the call may take: hours, minutes, seconds, milli-, micro- or nanoseconds.",
        "schema": {"type": "string", "pattern": "^[0-9]{1,8}[HMSmun]$"},
        "example": "10S",
    },
}


def document(bindings: Iterable[Binding], version: str) -> Object:
    """The document of these bindings. `version` is the server's."""
    ordered = sorted(bindings, key=lambda each: (each.segments[:2] != ("api", "v1"), each.segments, each.method))
    names = _names_in_paths(ordered)
    schemas = Schemas()
    bodies = {each.rpc: schemas.of(_descriptor(each.request_type), is_sent=True) for each in ordered if each.has_body}
    paths: dict[str, Object] = {}
    ids: dict[str, int] = {}
    for each in ordered:
        path = _described_path(each, names)
        operation = _operation(each, schemas, names, bodies.get(each.rpc))
        paths.setdefault(path, {})[each.method.lower()] = {**_id(each, ids), **operation}
    error = schemas.of(_descriptor(Status), is_sent=False)
    return {
        "openapi": _VERSION,
        "info": {"title": "Mainspring", "version": version, "description": _DESCRIPTION},
        "paths": paths,
        "components": {
            "schemas": {name: schemas.made[name] for name in sorted(schemas.made)},
            "parameters": dict(_ANYWHERE),
            "responses": _refusals(error),
        },
    }


def _operation(binding: Binding, schemas: Schemas, names: Mapping[str, str], body: Object | None) -> Object:
    parameters = [*_of_path(binding, schemas, names)]
    if body is None:
        parameters += _of_query(binding, schemas)
    parameters += [{"$ref": f"#/components/parameters/{name}"} for name in _ANYWHERE]
    answered = schemas.of(_descriptor(binding.reply_type), is_sent=False)
    operation: Object = {
        "tags": [_service(binding).rpartition(".")[2]],
        "description": f"The RPC {_rpc(binding)} of {_service(binding)}.",
        "parameters": parameters,
    }
    if body is not None:
        operation["requestBody"] = {"content": {_JSON: {"schema": body}}}
    refused = {status: {"$ref": f"#/components/responses/{status}"} for status in _codes()}
    operation["responses"] = {"200": _content("What the RPC answers.", answered), **refused}
    return operation


def _id(binding: Binding, taken: dict[str, int]) -> Object:
    """The RPC's name, with a number from its second binding on: no two may be equal."""
    number = taken[binding.rpc] = taken.get(binding.rpc, 0) + 1
    return {"operationId": _rpc(binding) + (str(number) if number > 1 else "")}


def _of_path(binding: Binding, schemas: Schemas, names: Mapping[str, str]) -> Iterator[Object]:
    for position, segment in enumerate(binding.segments):
        if is_value(segment):
            field = _field(_descriptor(binding.request_type), segment[1:-1].split("."))
            schema = schemas.of_field(field, is_sent=True)
            yield {"name": names[_place(binding, position)], "in": "path", "required": True, "schema": schema}


def _of_query(binding: Binding, schemas: Schemas) -> Iterator[Object]:
    in_path = {segment[1:-1] for segment in binding.segments if is_value(segment)}
    for path in _paths_of_fields(_descriptor(binding.request_type), ()):
        if ".".join(field.name for field in path) not in in_path:
            schema = schemas.of_field(path[-1], is_sent=True)
            yield {"name": ".".join(field.json_name for field in path), "in": "query", "schema": schema}


def _paths_of_fields(kind: Descriptor, above: tuple[FieldDescriptor, ...]) -> Iterator[tuple[FieldDescriptor, ...]]:
    """Every field that the query can name, but for those of a message in itself."""
    for field in kind.fields:
        path = (*above, field)
        if is_named_by_text(field):
            yield path
        elif field.message_type is not None and not field.is_repeated and field not in above:
            yield from _paths_of_fields(field.message_type, path)


def _names_in_paths(bindings: Sequence[Binding]) -> dict[str, str]:
    """By its place in a path, what a value is called: the shortest, if the API calls it by several names."""
    names: dict[str, str] = {}
    for binding in bindings:
        for position, segment in enumerate(binding.segments):
            if is_value(segment):
                place = _place(binding, position)
                name = _field(_descriptor(binding.request_type), segment[1:-1].split(".")).json_name
                names[place] = min(names.get(place, name), name, key=lambda each: (len(each), each))
    return names


def _place(binding: Binding, position: int) -> str:
    return "/".join("{}" if is_value(each) else each for each in binding.segments) + f" {position}"


def _described_path(binding: Binding, names: Mapping[str, str]) -> str:
    parts = [
        f"{{{names[_place(binding, position)]}}}" if is_value(segment) else segment
        for position, segment in enumerate(binding.segments)
    ]
    return "/" + "/".join(parts)


def _field(kind: Descriptor, names: Sequence[str]) -> FieldDescriptor:
    field = kind.fields_by_name[names[0]]
    for name in names[1:]:
        assert field.message_type is not None
        field = field.message_type.fields_by_name[name]
    return field


def _refusals(error: Object) -> Object:
    refusals: Object = {status: _content(f"{', '.join(codes)}.", error) for status, codes in _codes().items()}
    refusals[_MISDIRECTED] = {
        "description": "The request's `Host` is none of this server's names.",
        "content": {"text/plain": {"schema": {"type": "string"}}},
    }
    return refusals


def _codes() -> dict[str, list[str]]:
    """Status to the names of its codes; 421 is the door's own."""
    found: dict[str, list[str]] = {_MISDIRECTED: []}
    for code, status in STATUSES.items():
        if status not in _UNHEARD:
            found.setdefault(str(status), []).append(_CODES.values_by_number[code].name)
    return dict(sorted(found.items()))


def _content(description: str, schema: Object) -> Object:
    return {"description": description, "content": {_JSON: {"schema": schema}}}


def _descriptor(kind: type[Message]) -> Descriptor:
    return cast("Descriptor", kind.DESCRIPTOR)


def _service(binding: Binding) -> str:
    return binding.rpc.split("/")[1]


def _rpc(binding: Binding) -> str:
    return binding.rpc.split("/")[2]
