"""A type hint taken apart, as the makers of readers get it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple, Protocol

Decode = Callable[[Any], Any]
"""Reads a value that came from JSON as one type. Raises: TypeError: it is not of that type."""


class Types(Protocol):
    """Where the readers of parts come from."""

    def decoder(self, hint: Any) -> Decode: ...

    def key_decoder(self, hint: Any) -> Decode: ...


class Hint(NamedTuple):
    """`dict[str, int]`: whole, its origin `dict`, its arguments; wrappers such as NewType are off."""

    whole: Any
    origin: Any
    arguments: tuple[Any, ...]
    types: Types

    @property
    def parts(self) -> list[Decode]:
        """The readers of the arguments."""
        return [self.types.decoder(argument) for argument in self.arguments]

    def part(self, index: int) -> Decode | None:
        """The reader of one argument; None if the hint says nothing of it."""
        return self.types.decoder(self.arguments[index]) if index < len(self.arguments) else None

    def is_a(self, *bases: Any) -> bool:
        """Whether the origin is a class derived from one of these."""
        return isinstance(self.origin, type) and issubclass(self.origin, bases)
