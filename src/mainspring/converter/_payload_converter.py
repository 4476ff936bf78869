"""Payload converters: values <-> payloads, without I/O.

    PayloadConverter                     several values at once; what users replace
    └── CompositePayloadConverter        one EncodingPayloadConverter per encoding; the first to take a value writes it
    EncodingPayloadConverter             one value, one encoding: `binary/null`, `json/plain`, ...

What a data converter holds is wrapped, so that transfer types work with any converter and errors name their subject.
"""

from __future__ import annotations

import functools
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from itertools import repeat
from typing import Any, ClassVar, Self, TypeVar, cast, overload

from temporalio.api.common.v1 import Payload, Payloads

from mainspring.common import RawValue
from mainspring.converter._kinds import class_of
from mainspring.converter._placed_errors import PlacedError, raise_of_argument
from mainspring.converter._serialization_context import SerializationContext, WithSerializationContext, subject_of
from mainspring.converter._transfer_types import transfer_type_converter

AnyType = TypeVar("AnyType")
PLAIN = frozenset({bool, int, float, str, list, dict, tuple})  # what JSON has, and nobody can mark or derive anew


class PayloadConverter(ABC):
    """Converts values to payloads and back."""

    default: ClassVar[PayloadConverter]
    """The payload converter of the default data converter."""

    @abstractmethod
    def to_payloads(self, values: Sequence[Any]) -> list[Payload]:
        """The payloads of the values: at least one, at most as many as values. A `RawValue` is its payload."""

    @abstractmethod
    def from_payloads(self, payloads: Sequence[Payload], type_hints: list[type] | None = None) -> list[Any]:
        """The values of the payloads, each by the hint in its place; a hint `RawValue` takes the payload as it is."""

    def to_payloads_wrapper(self, values: Sequence[Any]) -> Payloads:
        """`to_payloads`, in the message that the API has for several."""
        return Payloads(payloads=self.to_payloads(values))

    def from_payloads_wrapper(self, payloads: Payloads | None) -> list[Any]:
        """`from_payloads`, of the message that the API has for several; none are an empty list."""
        return self.from_payloads(payloads.payloads) if payloads and payloads.payloads else []

    def to_payload(self, value: Any) -> Payload:
        """The payload of one value."""
        return self.to_payloads([value])[0]

    @overload
    def from_payload(self, payload: Payload) -> Any: ...

    @overload
    def from_payload(self, payload: Payload, type_hint: type[AnyType]) -> AnyType: ...

    def from_payload(self, payload: Payload, type_hint: type | None = None) -> Any:
        """The value of one payload."""
        return self.from_payloads([payload], [type_hint] if type_hint else None)[0]


class EncodingPayloadConverter(ABC):
    """Converts one value to a payload of one encoding, and back."""

    _never_takes_plain: ClassVar[bool] = False
    """Takes no value of a class in `PLAIN`, so it need not be asked. Of this very class: a derived one may take any."""

    @property
    @abstractmethod
    def encoding(self) -> str:
        """What the payload's metadata says as its `encoding`."""

    @abstractmethod
    def to_payload(self, value: Any) -> Payload | None:
        """The payload, or None if the value is for another converter.

        Raises: TypeError, ValueError: the value is for this one, but cannot be written.
        """

    @abstractmethod
    def from_payload(self, payload: Payload, type_hint: type | None = None) -> Any:
        """The value of a payload of this encoding.

        Raises: RuntimeError: the payload is malformed. TypeError: its value is not of the hint's type.
        """


class CompositePayloadConverter(PayloadConverter, WithSerializationContext):
    """Asks its converters in order; the payload's encoding says which of them reads it."""

    converters: Mapping[bytes, EncodingPayloadConverter]
    """By encoding, in order."""

    def __init__(self, *converters: EncodingPayloadConverter) -> None:
        self._set_converters(*converters)

    def _set_converters(self, *converters: EncodingPayloadConverter) -> None:
        self.converters = {converter.encoding.encode(): converter for converter in converters}

    def to_payloads(self, values: Sequence[Any]) -> list[Payload]:
        """One payload per value.

        Raises: RuntimeError: no converter takes a value; else what the converters raise.
        """
        payloads: list[Payload] = []
        for index, value in enumerate(values):
            try:
                payload = value.payload if isinstance(value, RawValue) else self._first_payload(value)
            except PlacedError as error:
                raise_of_argument(index, len(values), error)
            if payload is None:
                raise RuntimeError(f"Value at index {index} of type {type(value)} has no known converter")
            payloads.append(payload)
        return payloads

    def _first_payload(self, value: Any) -> Payload | None:
        for converter in self._takers_of_plain if type(value) in PLAIN else self.converters.values():
            payload = converter.to_payload(value)
            if payload is not None:
                return payload
        return None

    @functools.cached_property
    def _takers_of_plain(self) -> list[EncodingPayloadConverter]:
        """Those that are to be asked of a value of `PLAIN`."""
        return [one for one in self.converters.values() if not vars(type(one)).get("_never_takes_plain")]

    def from_payloads(self, payloads: Sequence[Payload], type_hints: list[type] | None = None) -> list[Any]:
        """One value per payload. Hints may be fewer or more: each payload has the hint in its place, if there is one.

        Raises: KeyError: no converter for an encoding; else what the converters raise.
        """
        values: list[Any] = []
        hints = _hints_for(payloads, type_hints)
        for index, payload in enumerate(payloads):
            hint = hints[index]
            try:
                values.append(RawValue(payload) if hint is RawValue else self._value(payload, hint))
            except PlacedError as error:
                raise_of_argument(index, len(payloads), error)
            except RuntimeError as error:
                encoding = payload.metadata["encoding"].decode()
                message = f"Payload at index {index} with encoding {encoding} could not be converted"
                raise RuntimeError(message) from error
        return values

    def _value(self, payload: Payload, hint: type | None) -> Any:
        encoding = payload.metadata.get("encoding", b"<unknown>")
        converter = self.converters.get(encoding)
        if converter is None:
            raise KeyError(f"Unknown payload encoding {encoding.decode()}")
        return converter.from_payload(payload, hint)

    def with_context(self, context: SerializationContext) -> Self:
        """A composite of converters that know the context; itself if none of them cares. Needs a nullary `__init__`."""
        converters = self.get_converters_with_context(context)
        if converters is None:
            return self
        told = type(self)()
        told._set_converters(*converters)
        return told

    def get_converters_with_context(self, context: SerializationContext) -> list[EncodingPayloadConverter] | None:
        """The converters, told the context; None if it makes no difference to any."""
        if not self._any_converter_takes_context:
            return None
        own = list(self.converters.values())
        told = [
            converter.with_context(context) if isinstance(converter, WithSerializationContext) else converter
            for converter in own
        ]
        return told if any(new is not old for new, old in zip(told, own, strict=True)) else None

    @classmethod
    def _has_own_with_context(cls) -> bool:
        """Whether a derived class has a way of its own to be told contexts."""
        base = CompositePayloadConverter
        return (cls.with_context, cls.get_converters_with_context) != (
            base.with_context,
            base.get_converters_with_context,
        )

    @functools.cached_property
    def _any_converter_takes_context(self) -> bool:
        return any(isinstance(converter, WithSerializationContext) for converter in self.converters.values())


class _TemporalTransferTypePayloadConverter(PayloadConverter, WithSerializationContext):
    """The payload converter as a data converter holds it: with transfer types, and errors that name the subject."""

    def __init__(
        self, inner_payload_converter: PayloadConverter, make_context: Callable[[], SerializationContext] | None = None
    ) -> None:
        self._inner_payload_converter = inner_payload_converter
        self._make_context = make_context  # for the words of an error

    @staticmethod
    def wrap(payload_converter: PayloadConverter) -> _TemporalTransferTypePayloadConverter:
        """The converter wrapped, once."""
        if isinstance(payload_converter, _TemporalTransferTypePayloadConverter):
            return payload_converter
        return _TemporalTransferTypePayloadConverter(payload_converter)

    def to_payloads(self, values: Sequence[Any]) -> list[Payload]:
        travelling = [value if type(value) in PLAIN else _as_it_travels(value) for value in values]
        try:
            return self._inner_payload_converter.to_payloads(travelling)
        except PlacedError as error:
            self._name_subject(error)
            raise

    def from_payloads(self, payloads: Sequence[Payload], type_hints: list[type] | None = None) -> list[Any]:
        try:
            if not type_hints or not any(map(transfer_type_converter, type_hints)):
                return self._inner_payload_converter.from_payloads(payloads, type_hints)
            return self._from_transfer_types(payloads, type_hints)
        except PlacedError as error:
            self._name_subject(error)
            raise

    def _from_transfer_types(self, payloads: Sequence[Payload], type_hints: list[type]) -> list[Any]:
        wanted = _hints_for(payloads, type_hints)
        converters = [transfer_type_converter(hint) for hint in wanted]
        inner = [
            hint if converter is None else converter.transfer_type
            for hint, converter in zip(wanted, converters, strict=True)
        ]
        values = self._inner_payload_converter.from_payloads(payloads, cast("list[type]", inner))
        return [
            value if converter is None else converter.from_transfer_type(value, cast("type", hint))
            for value, converter, hint in zip(values, converters, wanted, strict=False)
        ]

    def with_context(self, context: SerializationContext) -> Self:
        """A wrapper that knows the subject, around the inner converter told the context."""
        inner = self._inner_payload_converter
        if isinstance(inner, WithSerializationContext):
            inner = inner.with_context(context)
        return type(self)(inner, lambda: context)

    def with_subject(self, make_context: Callable[[], SerializationContext]) -> Self:
        """As `with_context`, for an inner converter that takes none: then few ask for it."""
        return type(self)(self._inner_payload_converter, make_context)

    def _name_subject(self, error: PlacedError) -> None:
        if not error.subject and self._make_context is not None:
            error.subject = subject_of(self._make_context())


def takes_context(converter: PayloadConverter) -> bool:
    """Whether a payload converter is another one for a context. A wrapper, which only names it in errors, is asked what
    it wraps; a composite is one for its converters' sake.
    """
    if isinstance(converter, _TemporalTransferTypePayloadConverter):
        converter = converter._inner_payload_converter
    if isinstance(converter, CompositePayloadConverter) and not converter._has_own_with_context():
        return converter._any_converter_takes_context
    return isinstance(converter, WithSerializationContext)


def _as_it_travels(value: Any) -> Any:
    converter = transfer_type_converter(class_of(value))
    return value if converter is None else converter.to_transfer_type(value)


def _hints_for(payloads: Sequence[Payload], type_hints: list[type] | None) -> Sequence[type | None]:
    """One hint per payload: those of parameters that were left out are dropped, arguments beyond them have none."""
    hints = type_hints or []
    if len(hints) == len(payloads):
        return hints
    return [*hints[: len(payloads)], *repeat(None, len(payloads) - len(hints))]
