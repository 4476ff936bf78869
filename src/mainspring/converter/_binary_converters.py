"""Encodings of None, bytes and protobuf messages.

The type of a message travels in the payload's metadata, so hints have no say here.
"""

from __future__ import annotations

import json
from typing import Any

from google.protobuf import json_format, symbol_database
from google.protobuf.message import DecodeError, Message
from temporalio.api.common.v1 import Payload

from mainspring.converter._payload_converter import EncodingPayloadConverter

SYMBOLS = symbol_database.Default()


class BinaryNullPayloadConverter(EncodingPayloadConverter):
    """`binary/null`: None."""

    _never_takes_plain = True

    @property
    def encoding(self) -> str:
        return "binary/null"

    def to_payload(self, value: Any) -> Payload | None:
        return Payload(metadata={"encoding": b"binary/null"}) if value is None else None

    def from_payload(self, payload: Payload, type_hint: type | None = None) -> Any:  # noqa: ARG002  # None has no types
        if payload.data:
            raise RuntimeError("Expected empty data set for binary/null")
        return None


class BinaryPlainPayloadConverter(EncodingPayloadConverter):
    """`binary/plain`: bytes as they are."""

    _never_takes_plain = True

    @property
    def encoding(self) -> str:
        return "binary/plain"

    def to_payload(self, value: Any) -> Payload | None:
        return Payload(metadata={"encoding": b"binary/plain"}, data=value) if isinstance(value, bytes) else None

    def from_payload(self, payload: Payload, type_hint: type | None = None) -> Any:  # noqa: ARG002  # always bytes
        return payload.data


class JSONProtoPayloadConverter(EncodingPayloadConverter):
    """`json/protobuf`: protobuf messages as compact JSON with sorted keys."""

    _never_takes_plain = True

    def __init__(self, ignore_unknown_fields: bool = False) -> None:
        """`ignore_unknown_fields`: read past fields that this process's message lacks, in place of an error."""
        self._ignore_unknown_fields = ignore_unknown_fields

    @property
    def encoding(self) -> str:
        return "json/protobuf"

    def to_payload(self, value: Any) -> Payload | None:
        if not isinstance(value, Message):
            return None
        text = json.dumps(json_format.MessageToDict(value), separators=(",", ":"), sort_keys=True)
        return _message_payload(b"json/protobuf", value, text.encode())

    def from_payload(self, payload: Payload, type_hint: type | None = None) -> Any:  # noqa: ARG002  # payload says
        try:
            return json_format.Parse(
                payload.data, _new_message(payload), ignore_unknown_fields=self._ignore_unknown_fields
            )
        except json_format.ParseError as error:
            raise RuntimeError("Failed parsing") from error


class BinaryProtoPayloadConverter(EncodingPayloadConverter):
    """`binary/protobuf`: protobuf messages in their wire format. The default converter reads these and writes JSON."""

    _never_takes_plain = True

    @property
    def encoding(self) -> str:
        return "binary/protobuf"

    def to_payload(self, value: Any) -> Payload | None:
        if not isinstance(value, Message):
            return None
        return _message_payload(b"binary/protobuf", value, value.SerializeToString())

    def from_payload(self, payload: Payload, type_hint: type | None = None) -> Any:  # noqa: ARG002  # payload says
        message = _new_message(payload)
        try:
            message.ParseFromString(payload.data)
        except DecodeError as error:
            raise RuntimeError("Failed parsing") from error
        return message


def _message_payload(encoding: bytes, message: Message, data: bytes) -> Payload:
    name = message.DESCRIPTOR.full_name.encode()
    return Payload(metadata={"encoding": encoding, "messageType": name}, data=data)


def _new_message(payload: Payload) -> Message:
    """An empty message of the payload's type, whose module this process must have imported."""
    name = payload.metadata.get("messageType", b"<unknown>").decode()
    try:
        return SYMBOLS.GetSymbol(name)()
    except KeyError as error:
        raise RuntimeError(f"Unknown Protobuf type {name}") from error
