"""Names of the API's enums as words."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol


class Enum(Protocol):
    """An enum of the API."""

    def items(self) -> Sequence[tuple[str, int]]:
        """Its names and their numbers."""
        ...


def enum_words(enum: Enum, value: int, prefix: str) -> str:
    """`RETRY_STATE_MAXIMUM_ATTEMPTS_REACHED` as `maximum attempts reached`; a value of a later API as its number."""
    name = next((name for name, number in enum.items() if number == value), str(value))
    return name.removeprefix(prefix).lower().replace("_", " ")
