"""JSON schemas of messages, as protobuf's JSON writes them: the components of the OpenAPI document.

    schemas = Schemas()
    schemas.of(request, is_sent=True)      -> {"$ref": "#/components/schemas/workflowservice.v1.QueryWorkflowRequest"}
    schemas.made                           that schema, and those of all that it refers to, by their names

What callers send is described to the letter: no unknown fields, one of a oneof. What is only answered is left open, so
that programs made from the document of one version can read the answers of the next. Read is more than is described:
numbers for 64-bit numbers and enums, names in snake_case, null for a field that is not there.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Final

from google.protobuf.descriptor import Descriptor, EnumDescriptor, FieldDescriptor, OneofDescriptor

from mainspring.server.http.payload_json import PAYLOAD, PAYLOADS, Object

_PREFIX: Final = "temporal.api."
_LARGEST_FLOAT: Final = 3.4028234e38  # the very largest is written in so few digits that it is not read again
_INT32: Final = 2**31

_PAYLOAD_SCHEMA: Final[Object] = {
    "description": "The value itself, if it is JSON. An object of nothing but `metadata` and `data`, in base64, is the "
    "payload as it is."
}

_WELL_KNOWN: Final[Mapping[str, Object]] = {
    "google.protobuf.Timestamp": {"type": "string", "format": "date-time"},
    "google.protobuf.Duration": {
        "type": "string",
        "format": "duration-in-seconds",
        "pattern": r"^-?([0-9]{1,11}|[12][0-9]{11}|30[0-9]{10})(\.[0-9]{1,9})?s$",  # nearly 10,000 years
        "example": "1.5s",
    },
    "google.protobuf.FieldMask": {"type": "string", "format": "field-mask", "example": "config.data,ownerEmail"},
    "google.protobuf.Any": {
        "type": "object",
        "properties": {"@type": {"type": "string"}},
        "required": ["@type"],
        "additionalProperties": True,
    },
    "google.protobuf.Empty": {"type": "object"},
    "google.protobuf.Struct": {"type": "object"},
    "google.protobuf.Value": {},
}

_SIGNED_64: Final[Object] = {
    "type": "string",
    "format": "int64",
    "pattern": "^(0|-?([1-9][0-9]{0,17}|[1-8][0-9]{18}|9[01][0-9]{17}))$",  # nearly all
}
_UNSIGNED_64: Final[Object] = {
    "type": "string",
    "format": "uint64",
    "pattern": "^(0|[1-9][0-9]{0,18}|1[0-7][0-9]{18})$",  # nearly all
}
_SIGNED_32: Final[Object] = {"type": "integer", "format": "int32", "minimum": -_INT32, "maximum": _INT32 - 1}
_UNSIGNED_32: Final[Object] = {"type": "integer", "format": "uint32", "minimum": 0, "maximum": 2 * _INT32 - 1}

_SCALARS: Final[Mapping[int, Object]] = {
    FieldDescriptor.TYPE_STRING: {"type": "string"},
    FieldDescriptor.TYPE_BYTES: {"type": "string", "format": "byte"},
    FieldDescriptor.TYPE_BOOL: {"type": "boolean"},
    FieldDescriptor.TYPE_DOUBLE: {"type": "number", "format": "double"},
    FieldDescriptor.TYPE_FLOAT: {
        "type": "number",
        "format": "float",
        "minimum": -_LARGEST_FLOAT,
        "maximum": _LARGEST_FLOAT,
    },
    FieldDescriptor.TYPE_INT32: _SIGNED_32,
    FieldDescriptor.TYPE_SINT32: _SIGNED_32,
    FieldDescriptor.TYPE_SFIXED32: _SIGNED_32,
    FieldDescriptor.TYPE_UINT32: _UNSIGNED_32,
    FieldDescriptor.TYPE_FIXED32: _UNSIGNED_32,
    FieldDescriptor.TYPE_INT64: _SIGNED_64,
    FieldDescriptor.TYPE_SINT64: _SIGNED_64,
    FieldDescriptor.TYPE_SFIXED64: _SIGNED_64,
    FieldDescriptor.TYPE_UINT64: _UNSIGNED_64,
    FieldDescriptor.TYPE_FIXED64: _UNSIGNED_64,
}


class Schemas:
    """Makes the schema of a message when something first refers to it. What is sent must be asked for first."""

    def __init__(self) -> None:
        self.made: dict[str, Object] = {}

    def of(self, kind: Descriptor, *, is_sent: bool) -> Object:
        """A schema of a message; `is_sent` says whether callers send it."""
        well_known = _WELL_KNOWN.get(kind.full_name)
        if well_known is not None:
            return well_known
        if kind.full_name == PAYLOAD:
            return self._ref(PAYLOAD, lambda: _PAYLOAD_SCHEMA)
        if kind.full_name == PAYLOADS:
            return self._ref(PAYLOADS, lambda: self._payloads(kind, is_sent=is_sent))
        return self._ref(kind.full_name, lambda: self._message(kind, is_sent=is_sent))

    def of_field(self, field: FieldDescriptor, *, is_sent: bool) -> Object:
        """A schema of what a field holds."""
        kind = field.message_type
        if kind is not None and kind.GetOptions().map_entry:
            held = self._held(kind.fields_by_name["value"], is_sent=is_sent)
            return {"type": "object", "additionalProperties": held}
        held = self._held(field, is_sent=is_sent)
        return {"type": "array", "items": held} if field.is_repeated else held

    def _held(self, field: FieldDescriptor, *, is_sent: bool) -> Object:
        if field.message_type is not None:
            return self.of(field.message_type, is_sent=is_sent)
        if field.enum_type is not None:
            enum = field.enum_type
            return self._ref(enum.full_name, lambda: _enum(enum))
        return _SCALARS[field.type]

    def _ref(self, full_name: str, make: Callable[[], Object]) -> Object:
        name = full_name.removeprefix(_PREFIX)
        if name not in self.made:
            self.made[name] = {}  # messages refer to themselves
            self.made[name] = make()
        return {"$ref": f"#/components/schemas/{name}"}

    def _payloads(self, kind: Descriptor, *, is_sent: bool) -> Object:
        listed = self.of_field(kind.fields_by_name["payloads"], is_sent=is_sent)
        in_object: Object = {"type": "object", "properties": {"payloads": listed}, "additionalProperties": False}
        return {"description": "A list, or the object if not all are values.", "anyOf": [listed, in_object]}

    def _message(self, kind: Descriptor, *, is_sent: bool) -> Object:
        schema: Object = {"type": "object"}
        if kind.fields:
            schema["properties"] = {
                field.json_name: _marked(field, self.of_field(field, is_sent=is_sent)) for field in kind.fields
            }
        if is_sent:
            schema["additionalProperties"] = False
            oneofs = [_at_most_one(oneof) for oneof in kind.oneofs if len(oneof.fields) > 1]
            if oneofs:
                schema["allOf"] = oneofs
        return schema


def _enum(enum: EnumDescriptor) -> Object:
    return {"type": "string", "enum": [value.name for value in enum.values]}


def _marked(field: FieldDescriptor, schema: Object) -> Object:
    if not field.GetOptions().deprecated:
        return schema
    return {"allOf": [schema], "deprecated": True} if "$ref" in schema else {**schema, "deprecated": True}


def _at_most_one(oneof: OneofDescriptor) -> Object:
    each: list[Object] = [{"required": [field.json_name]} for field in oneof.fields]
    return {"oneOf": [*each, {"not": {"anyOf": each}}]}
