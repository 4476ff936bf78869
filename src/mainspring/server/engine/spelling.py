"""Names of the API in the spellings in which they occur: `GetSystemInfo`, `get_system_info`, `GET_SYSTEM_INFO`."""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import cache
from typing import Protocol

_WORD_START = re.compile(r"(?<!^)(?=[A-Z])")


@cache
def snake_case(name: str) -> str:
    """`GetSystemInfo` -> `get_system_info`. Kept: names are the API's own, never a caller's."""
    return _WORD_START.sub("_", name).lower()


class Enum(Protocol):
    """An enum of the API, such as `CommandType`."""

    def keys(self) -> Sequence[str]: ...
    def values(self) -> Sequence[int]: ...


def value_name(enum: Enum, number: int, prefix: str) -> str:
    """The name of an enum's value without what all names begin with; of a number that has no name, the number.

    Callers send what they like in an enum field.
    """
    names = dict(zip(enum.values(), enum.keys(), strict=True))
    return names.get(number, str(number)).removeprefix(prefix)


def camel_case(name: str) -> str:
    """`GET_SYSTEM_INFO` -> `GetSystemInfo`."""
    return "".join(word.capitalize() for word in name.split("_"))
