"""The data converter: what a client or a worker is given to turn values into payloads on the wire and back.

    values --payload converter--> payloads --codec--> payloads --external storage--> payloads on the wire
    values <--payload converter-- payloads <--codec-- payloads <--external storage-- payloads on the wire

Failures likewise, by the failure converter. Converters are synchronous and run in workflows; codecs and storage are
asynchronous and run around them.
"""

from __future__ import annotations

import copy
import dataclasses
import functools
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, Self

from temporalio.api.common.v1 import Memo, Payload, Payloads
from temporalio.api.failure.v1 import Failure

from mainspring.common import _arg_unset
from mainspring.converter._external_storage import ExternalStorage
from mainspring.converter._failure_converter import DefaultFailureConverter, FailureConverter
from mainspring.converter._json_converter import DefaultPayloadConverter
from mainspring.converter._payload_codec import PayloadCodec, _apply_to_failure_payloads, replace_payloads
from mainspring.converter._payload_converter import (
    PayloadConverter,
    _TemporalTransferTypePayloadConverter,
    takes_context,
)
from mainspring.converter._serialization_context import SerializationContext, WithSerializationContext
from mainspring.converter._storage_driver import StorageDriverStoreContext
from mainspring.converter._storage_references import NOT_CONFIGURED, decode_references, stands_for_another


@dataclass(frozen=True)
class DataConverter(WithSerializationContext):
    """Payload converter, codec, failure converter and external storage in one."""

    payload_converter_class: type[PayloadConverter] = DefaultPayloadConverter
    payload_codec: PayloadCodec | None = None
    failure_converter_class: type[FailureConverter] = DefaultFailureConverter
    payload_converter: PayloadConverter = dataclasses.field(init=False)
    """Made from its class; wrapped, so that transfer types work with it."""
    failure_converter: FailureConverter = dataclasses.field(init=False)
    """Made from its class."""
    external_storage: ExternalStorage | None = None
    """Where large payloads are kept; None: where all others are."""

    default: ClassVar[DataConverter]
    """What is used where no other is given."""

    def __post_init__(self) -> None:
        object.__setattr__(self, "payload_converter", self._new_payload_converter())
        object.__setattr__(self, "failure_converter", self.failure_converter_class())

    def _new_payload_converter(self) -> _TemporalTransferTypePayloadConverter:
        return _TemporalTransferTypePayloadConverter.wrap(self.payload_converter_class())

    async def encode(self, values: Sequence[Any]) -> list[Payload]:
        """The values converted, then encoded, then stored if they are large.

        Raises: TypeError: a value cannot be converted; says which argument, and which part of it.
        """
        payloads = self.payload_converter.to_payloads(values)
        if self.payload_codec is not None:
            payloads = await self._encode_payload_sequence(payloads)
        if self.external_storage is not None:
            payloads = await self._external_store_payload_sequence(payloads)
        return payloads

    async def decode(self, payloads: Sequence[Payload], type_hints: list[type] | None = None) -> list[Any]:
        """The payloads fetched from where they are stored, then decoded, then converted, each by the hint in its place.

        Raises: RuntimeError: one is stored elsewhere, and there is no external storage.
        """
        given = list(payloads)
        if any(map(stands_for_another, given)):
            given = await self._external_retrieve_payload_sequence(given)
        if self.payload_codec is not None:
            given = await self._decode_payload_sequence(given)
        return self.payload_converter.from_payloads(given, type_hints)

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
        return self._with_made_context(lambda: context)

    def _with_made_context(self, make_context: Callable[[], SerializationContext]) -> Self:
        """As `with_context`, but the context is only made if somebody wants it."""
        converter = self.payload_converter
        if not self._takes_context and isinstance(converter, _TemporalTransferTypePayloadConverter):
            return self._with_parts({"payload_converter": converter.with_subject(make_context)})
        context = make_context()
        parts: dict[str, object] = {}
        for name in ("payload_converter", "payload_codec", "failure_converter", "external_storage"):
            part = getattr(self, name)
            told = part.with_context(context) if isinstance(part, WithSerializationContext) else part
            if told is not part:
                parts[name] = told
        return self._with_parts(parts) if parts else self

    def _with_parts(self, parts: Mapping[str, object]) -> Self:
        if type(self) is DataConverter:
            clone = object.__new__(type(self))
            vars(clone).update(vars(self))
        else:  # which may have more than its attributes, and takes ten times as long
            clone = copy.copy(self)
        vars(clone).update(parts)
        return clone

    @functools.cached_property
    def _takes_context(self) -> bool:
        """Whether any part of it, beside what names the subject of an error, is to be told contexts."""
        others = (self.payload_codec, self.failure_converter, self.external_storage)
        return takes_context(self.payload_converter) or any(isinstance(one, WithSerializationContext) for one in others)

    def _with_store_context(self, context: StorageDriverStoreContext) -> Self:
        """A data converter whose storage knows for whom it stores; itself if there is none."""
        if self.external_storage is None:
            return self
        return self._with_parts({"external_storage": self.external_storage._with_store_context(context)})

    def _with_contexts(self, context: SerializationContext, store_context: StorageDriverStoreContext) -> Self:
        return self.with_context(context)._with_store_context(store_context)

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
        encoded = await self._encode_payload_sequence([payload])
        return (await self._external_store_payload_sequence(encoded))[0]

    async def _transform_outbound_payloads(self, payloads: Payloads) -> None:
        if self.payload_codec:
            await self.payload_codec.encode_wrapper(payloads)
        if self.external_storage:
            replace_payloads(payloads, await self._external_store_payload_sequence(payloads.payloads))

    async def _transform_inbound_payload(self, payload: Payload) -> Payload:
        retrieved = await self._external_retrieve_payload_sequence([payload])
        return (await self._decode_payload_sequence(retrieved))[0]

    async def _transform_inbound_payloads(self, payloads: Payloads) -> None:
        replace_payloads(payloads, await self._external_retrieve_payload_sequence(payloads.payloads))
        if self.payload_codec:
            await self.payload_codec.decode_wrapper(payloads)

    async def _encode_payload_sequence(self, payloads: Sequence[Payload]) -> list[Payload]:
        """Codec only."""
        return await self.payload_codec.encode(list(payloads)) if self.payload_codec else list(payloads)

    async def _decode_payload_sequence(self, payloads: Sequence[Payload]) -> list[Payload]:
        """Codec only."""
        return await self.payload_codec.decode(list(payloads)) if self.payload_codec else list(payloads)

    async def _external_store_payload_sequence(self, payloads: Sequence[Payload]) -> list[Payload]:
        """Storage only."""
        if self.external_storage is None:
            return list(payloads)
        return await self.external_storage._store_payload_sequence(payloads)

    async def _external_retrieve_payload_sequence(self, payloads: Sequence[Payload]) -> list[Payload]:
        """Storage only; references that went through the codec are decoded for it."""
        if not any(map(stands_for_another, payloads)):
            return list(payloads)
        if self.external_storage is None:
            raise RuntimeError(NOT_CONFIGURED)
        references = await decode_references(payloads, self.payload_codec)
        return await self.external_storage._retrieve_payload_sequence(references)

    @property
    def _decode_payload_has_effect(self) -> bool:
        """Whether decoding changes payloads at all."""
        return self.payload_codec is not None or self.external_storage is not None


def default() -> DataConverter:
    """The default data converter; `DataConverter.default` is the newer way."""
    return DataConverter.default
