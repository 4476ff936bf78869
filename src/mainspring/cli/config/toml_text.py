"""Tables as TOML. Reading is the standard library's; comments of a file that is written anew are lost."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from typing import Final, TypeGuard

_BARE: Final = re.compile(r"[A-Za-z0-9_-]+")


def toml_text(table: Mapping[str, object]) -> str:
    """The table with all below it.

    Raises: ValueError: a value is one that is not written here: a date, or a list of tables.
    """
    return "\n".join(lines(table, ())) + "\n"


def lines(table: Mapping[str, object], path: tuple[str, ...]) -> Iterator[str]:
    """Plain values first: after a table's heading all belongs to that table."""
    inner = {key: value for key, value in table.items() if is_table(value)}
    plain = {key: value for key, value in table.items() if key not in inner}
    if path and (plain or not inner):
        yield f"[{'.'.join(map(key_text, path))}]"
    for key, value in plain.items():
        yield f"{key_text(key)} = {value_text(key, value)}"
    for key, value in inner.items():
        yield from lines(value, (*path, key))


def is_table(value: object) -> TypeGuard[dict[str, object]]:
    return isinstance(value, dict)


def key_text(key: str) -> str:
    return key if _BARE.fullmatch(key) else string_text(key)


def value_text(key: str, value: object) -> str:
    if isinstance(value, str):
        return string_text(value)
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int | float):
        return repr(value)
    raise ValueError(f"{key}: cannot write {type(value).__name__}")


def string_text(text: str) -> str:
    """A string as JSON has it is one of TOML too, but for one control character."""
    return json.dumps(text, ensure_ascii=False).replace("\x7f", "\\u007f")
