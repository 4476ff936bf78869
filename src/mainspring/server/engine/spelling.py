"""Names of the API in the spellings in which they occur: `GetSystemInfo`, `get_system_info`, `GET_SYSTEM_INFO`."""

from __future__ import annotations

import re
from functools import cache

_WORD_START = re.compile(r"(?<!^)(?=[A-Z])")


@cache
def snake_case(name: str) -> str:
    """`GetSystemInfo` -> `get_system_info`. Kept: names are the API's own, never a caller's."""
    return _WORD_START.sub("_", name).lower()


def camel_case(name: str) -> str:
    """`GET_SYSTEM_INFO` -> `GetSystemInfo`."""
    return "".join(word.capitalize() for word in name.split("_"))
