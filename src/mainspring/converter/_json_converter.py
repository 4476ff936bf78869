"""`json/plain`: the encoding of almost everything; and the default payload converter, which has it last.

Writing is in _json_encoding, reading by hints in _type_decoder.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from functools import cached_property
from typing import Any, ClassVar

from temporalio.api.common.v1 import Payload

from mainspring.converter._binary_converters import (
    BinaryNullPayloadConverter,
    BinaryPlainPayloadConverter,
    BinaryProtoPayloadConverter,
    JSONProtoPayloadConverter,
)
from mainspring.converter._json_encoding import AdvancedJSONEncoder, JsonWriter
from mainspring.converter._json_type_converter import JSONTypeConverter
from mainspring.converter._kinds import class_of
from mainspring.converter._payload_converter import PLAIN, CompositePayloadConverter, EncodingPayloadConverter
from mainspring.converter._placed_errors import UnserializableValue
from mainspring.converter._pydantic_models import is_model, model_json
from mainspring.converter._type_decoder import TypeDecoder, decoder_with

READ = json.JSONDecoder().raw_decode
PAYLOAD_OF = Payload.FromString  # looked up once: a message's class is slow to tell what it has
MADE_WHEN_NEEDED = {"_types", "_writer", "_empty"}


class JSONPlainPayloadConverter(EncodingPayloadConverter):
    """JSON, compact, keys sorted; read back by type hints."""

    _encoder: type[json.JSONEncoder] | None
    _decoder: type[json.JSONDecoder] | None
    _encoding: str

    def __init__(
        self,
        *,
        encoder: type[json.JSONEncoder] | None = AdvancedJSONEncoder,
        decoder: type[json.JSONDecoder] | None = None,
        encoding: str = "json/plain",
        custom_type_converters: Sequence[JSONTypeConverter] = (),
    ) -> None:
        """`encoder` and `decoder` take the place of `json`'s; type converters are asked in order, before the hints."""
        self._encoder = encoder
        self._decoder = decoder
        self._encoding = encoding
        self._custom_type_converters = custom_type_converters

    @property
    def encoding(self) -> str:
        return self._encoding

    def to_payload(self, value: Any) -> Payload | None:
        """The payload.

        Raises: UnserializableValue, a TypeError: no JSON could be read back as the value; says which part of it.
        """
        cls = class_of(value)
        is_leaf = cls not in PLAIN and self._encoder is AdvancedJSONEncoder and is_model(cls)
        data = _model_data(value) if is_leaf else self._writer.text(value).encode()
        payload = PAYLOAD_OF(self._empty)
        payload.data = data
        return payload

    def from_payload(self, payload: Payload, type_hint: type | None = None) -> Any:
        reader = self._types.reader(type_hint) if type_hint else None
        if reader is not None and reader.read_json is not None and self._decoder is None:
            return reader.read_json(payload.data)
        try:
            value = _parsed(payload.data) if self._decoder is None else json.loads(payload.data, cls=self._decoder)
        except json.JSONDecodeError as error:
            raise RuntimeError("Failed parsing") from error
        return value if reader is None else reader.decode(value)

    @cached_property
    def _writer(self) -> JsonWriter:
        return JsonWriter((self._encoder or json.JSONEncoder)(separators=(",", ":"), sort_keys=True))

    @cached_property
    def _empty(self) -> bytes:
        """A payload of this encoding without its data: to read that is cheaper than to set its metadata."""
        return Payload(metadata={"encoding": self._encoding.encode()}).SerializeToString()

    @cached_property
    def _types(self) -> TypeDecoder:
        return decoder_with(self._custom_type_converters)

    def __getstate__(self) -> dict[str, object]:
        return {name: value for name, value in vars(self).items() if name not in MADE_WHEN_NEEDED}


def _parsed(data: bytes) -> Any:
    """As `json.loads`, which looks for UTF-16, UTF-32 and spaces around the value first: hardly anybody writes them."""
    try:
        text = data.decode("utf-8", "surrogatepass")
        value, end = READ(text)
    except ValueError:
        return json.loads(data)
    return value if end == len(text) else json.loads(data)


def _model_data(value: object) -> bytes:
    try:
        return model_json(value)
    except ValueError as error:
        raise UnserializableValue(f"{type(value).__name__}: {error}") from error


class DefaultPayloadConverter(CompositePayloadConverter):
    """None, bytes, protobuf messages, and as JSON everything else; understood by the SDKs of all languages."""

    default_encoding_payload_converters: ClassVar[tuple[EncodingPayloadConverter, ...]] = (
        BinaryNullPayloadConverter(),
        BinaryPlainPayloadConverter(),
        JSONProtoPayloadConverter(),
        BinaryProtoPayloadConverter(),
        JSONPlainPayloadConverter(),  # last: it takes every value
    )

    def __init__(self) -> None:
        super().__init__(*DefaultPayloadConverter.default_encoding_payload_converters)


def value_to_type(hint: type, value: Any, custom_converters: Sequence[JSONTypeConverter] = ()) -> Any:
    """A value that was read from JSON, as the type.

    Raises: TypeError: it is not of that type; says which part of it.
    """
    return decoder_with(custom_converters).decoder(hint)(value)
