"""The door for types of the user's own in JSON."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import Any, ClassVar, NewType

JSONTypeConverterUnhandled = NewType("JSONTypeConverterUnhandled", object)
"""Type of `JSONTypeConverter.Unhandled`."""


class JSONTypeConverter(ABC):
    """Reads JSON values as types of the user's own, at any depth of a value."""

    Unhandled: ClassVar[JSONTypeConverterUnhandled] = JSONTypeConverterUnhandled(object())
    """What `to_typed_value` returns for types that are not its own."""

    @abstractmethod
    def to_typed_value(self, hint: type, value: Any) -> Any | JSONTypeConverterUnhandled | None:
        """The JSON value (a scalar, list or dict) as the type, or `Unhandled`."""
