"""The data converter: what a client or a worker is given to turn values into payloads on the wire and back.

    values --payload converter--> payloads --codec--> payloads on the wire
    values <--payload converter-- payloads <--codec-- payloads on the wire

Failures likewise, by the failure converter. Converters are synchronous and run in workflows; codecs are
asynchronous and run around them.
"""

from __future__ import annotations

import copy
import dataclasses
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, Self

from temporalio.api.common.v1 import Memo, Payload, Payloads
from temporalio.api.failure.v1 import Failure

from mainspring.common import _arg_unset
from mainspring.converter._failure_converter import DefaultFailureConverter, FailureConverter
from mainspring.converter._json_converter import DefaultPayloadConverter
from mainspring.converter._payload_codec import PayloadCodec, _apply_to_failure_payloads
from mainspring.converter._payload_converter import PayloadConverter, _TemporalTransferTypePayloadConverter
from mainspring.converter._serialization_context import SerializationContext, WithSerializationContext

EXTERNAL_MARKER = "__temporal_external_storage_reference"
EXTERNAL_ENCODING = b"json/external-storage-reference"
EXTERNAL_MESSAGE = b"temporal.api.sdk.v1.ExternalStorageReference"


@dataclass(frozen=True)
class DataConverter(WithSerializationContext):
    """Payload converter, codec and failure converter in one."""

    payload_converter_class: type[PayloadConverter] = DefaultPayloadConverter
    payload_codec: PayloadCodec | None = None
    failure_converter_class: type[FailureConverter] = DefaultFailureConverter
    payload_converter: PayloadConverter = dataclasses.field(init=False)
    """Made from its class; wrapped, so that transfer types work with it."""
    failure_converter: FailureConverter = dataclasses.field(init=False)
    """Made from its class."""

    default: ClassVar[DataConverter]
    """What is used where no other is given."""

    def __post_init__(self) -> None:
        object.__setattr__(self, "payload_converter", self._new_payload_converter())
        object.__setattr__(self, "failure_converter", self.failure_converter_class())

    def _new_payload_converter(self) -> PayloadConverter:
        return _TemporalTransferTypePayloadConverter.wrap(self.payload_converter_class())

    async def encode(self, values: Sequence[Any]) -> list[Payload]:
        """The values converted, then encoded.

        Raises: TypeError: a value cannot be converted; says which argument, and which part of it.
        """
        return await self._encode_payload_sequence(self.payload_converter.to_payloads(values))

    async def decode(self, payloads: Sequence[Payload], type_hints: list[type] | None = None) -> list[Any]:
        """The payloads decoded, then converted, each by the hint in its place."""
        return self.payload_converter.from_payloads(await self._decode_payload_sequence(payloads), type_hints)

    async def encode_wrapper(self, values: Sequence[Any]) -> Payloads:
        """`encode`, in the message that the API has for several."""
        return Payloads(payloads=await self.encode(values))

    async def decode_wrapper(self, payloads: Payloads | None, type_hints: list[type] | None = None) -> list[Any]:
        """`decode`, of the message that the API has for several; none are an empty list."""
        if not payloads or not payloads.payloads:
            return []
        return await self.decode(payloads.payloads, type_hints)

    async def encode_failure(self, exception: BaseException, failure: Failure) -> None:
        """Write the exception into the failure and encode its payloads."""
        self.failure_converter.to_failure(exception, self.payload_converter, failure)
        await _apply_to_failure_payloads(failure, self._transform_outbound_payloads)

    async def decode_failure(self, failure: Failure) -> BaseException:
        """The exception of a failure, whose payloads are decoded in their place."""
        await _apply_to_failure_payloads(failure, self._transform_inbound_payloads)
        return self.failure_converter.from_failure(failure, self.payload_converter)

    def with_context(self, context: SerializationContext) -> Self:
        """A data converter whose parts know the context; itself if that makes no difference to any."""
        parts: dict[str, object] = {}
        for name in ("payload_converter", "payload_codec", "failure_converter"):
            part = getattr(self, name)
            told = part.with_context(context) if isinstance(part, WithSerializationContext) else part
            if told is not part:
                parts[name] = told
        if not parts:
            return self
        clone = copy.copy(self)
        for name, told in parts.items():
            object.__setattr__(clone, name, told)
        return clone

    async def _decode_memo(self, source: Memo) -> Mapping[str, Any]:
        return {key: (await self.decode([payload]))[0] for key, payload in source.fields.items()}

    async def _decode_memo_field(self, source: Memo, key: str, default: Any, type_hint: type | None) -> Any:
        """One value of a memo, or the default. Raises: KeyError: no such value, and the default is `_arg_unset`."""
        if key in source.fields:
            return (await self.decode([source.fields[key]], [type_hint] if type_hint else None))[0]
        if default is _arg_unset:
            raise KeyError(f"Memo does not have a value for key {key}")
        return default

    async def _encode_memo(self, source: Mapping[str, Any]) -> Memo:
        memo = Memo()
        await self._encode_memo_existing(source, memo)
        return memo

    async def _encode_memo_existing(self, source: Mapping[str, Any], memo: Memo) -> None:
        """Add values to a memo; payloads among them are taken as they are."""
        for key, value in source.items():
            payload = value if isinstance(value, Payload) else (await self.encode([value]))[0]
            memo.fields[key].CopyFrom(payload)

    async def _transform_outbound_payload(self, payload: Payload) -> Payload:
        return (await self._encode_payload_sequence([payload]))[0]

    async def _transform_outbound_payloads(self, payloads: Payloads) -> None:
        if self.payload_codec:
            await self.payload_codec.encode_wrapper(payloads)

    async def _transform_inbound_payload(self, payload: Payload) -> Payload:
        return (await self._decode_payload_sequence([payload]))[0]

    async def _transform_inbound_payloads(self, payloads: Payloads) -> None:
        _refuse_external(payloads.payloads)
        if self.payload_codec:
            await self.payload_codec.decode_wrapper(payloads)

    async def _encode_payload_sequence(self, payloads: Sequence[Payload]) -> list[Payload]:
        return await self.payload_codec.encode(list(payloads)) if self.payload_codec else list(payloads)

    async def _decode_payload_sequence(self, payloads: Sequence[Payload]) -> list[Payload]:
        _refuse_external(payloads)
        return await self.payload_codec.decode(list(payloads)) if self.payload_codec else list(payloads)

    @property
    def _decode_payload_has_effect(self) -> bool:
        """Whether decoding changes payloads at all."""
        return self.payload_codec is not None


def _refuse_external(payloads: Sequence[Payload]) -> None:
    """Payloads whose data the official SDK has put elsewhere cannot be read here."""
    if any(map(_is_external, payloads)):
        raise RuntimeError("[TMPRL1105] Detected externally stored payload(s) but external storage is not configured.")


def _is_external(payload: Payload) -> bool:
    metadata = payload.metadata
    encoding = metadata.get("encoding")
    return (
        encoding == EXTERNAL_ENCODING
        or (encoding == b"json/protobuf" and metadata.get("messageType") == EXTERNAL_MESSAGE)
        or metadata.get(EXTERNAL_MARKER) == b"true"
    )


def default() -> DataConverter:
    """The default data converter; `DataConverter.default` is the newer way."""
    return DataConverter.default
