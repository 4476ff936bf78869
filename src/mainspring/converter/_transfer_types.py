"""Transfer types: classes that travel as a value of another type, usually a protobuf message.

@transfer_type_convertible(MoneyConverter)      Money <-> google.type.Money, whatever the payload converter
class Money: ...
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import Any, Generic, TypeVar

ValueT = TypeVar("ValueT")
TransferTypeT = TypeVar("TransferTypeT")

ATTRIBUTE = "__temporal_transfer_type_converter"
UNMARKED = frozenset({bool, int, float, str, bytes, list, dict, tuple})  # since they take no attributes


class TransferTypeConverter(ABC, Generic[ValueT, TransferTypeT]):
    """Converts between a class of the user's and the type that its values travel as."""

    transfer_type: type[TransferTypeT] | None = None
    """The type to decode payloads as; None leaves it to the payload."""

    @abstractmethod
    def to_transfer_type(self, value: ValueT) -> TransferTypeT:
        """The value as it travels."""

    @abstractmethod
    def from_transfer_type(self, value: TransferTypeT, type_hint: type[ValueT]) -> ValueT:
        """The user's value again; `type_hint` has its generic arguments."""


class _Mark(Generic[ValueT, TransferTypeT]):
    """The decorator; a class, so that what it takes is known before the class that it marks is."""

    def __init__(self, converter_type: type[TransferTypeConverter[ValueT, TransferTypeT]]) -> None:
        self._converter_type = converter_type

    def __call__(self, cls: type[ValueT]) -> type[ValueT]:
        if hasattr(cls, ATTRIBUTE):
            raise TypeError("class already has a transfer type converter")
        setattr(cls, ATTRIBUTE, self._converter_type())
        return cls


def transfer_type_convertible(
    converter_type: type[TransferTypeConverter[ValueT, TransferTypeT]],
) -> _Mark[ValueT, TransferTypeT]:
    """Mark a class as one whose values travel as another type.

    Raises: TypeError: the class has such a converter, or inherits one.
    """
    return _Mark(converter_type)


def transfer_type_converter(value_type: object) -> TransferTypeConverter[Any, Any] | None:
    """The converter that a class, or an alias of it with arguments, was marked with."""
    if type(value_type) is type and value_type in UNMARKED:
        return None
    found: TransferTypeConverter[Any, Any] | None = getattr(value_type, ATTRIBUTE, None)
    return found
