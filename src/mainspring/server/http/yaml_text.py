"""JSON as YAML that people can read: a line for each entry. All text stands in JSON's quotes, which are YAML's too."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Final, cast

_PLAIN_KEY: Final = re.compile(r"[A-Za-z_][A-Za-z0-9_.]*")
_WORDS_OF_YAML: Final = frozenset({"null", "true", "false", "yes", "no", "on", "off", "y", "n"})
_STEP: Final = "  "


def yaml_text(tree: object) -> str:
    """The YAML of what JSON can say."""
    return "\n".join(_lines(tree, "")) + "\n"


def _lines(tree: object, margin: str) -> Iterator[str]:
    if isinstance(tree, dict) and tree:
        for key, value in cast("Mapping[str, object]", tree).items():
            yield from _entry(f"{margin}{_key(key)}:", value, margin + _STEP)
    elif isinstance(tree, list) and tree:
        for each in cast("Sequence[object]", tree):
            first, *rest = _lines(each, margin + _STEP)
            yield f"{margin}- {first.removeprefix(margin + _STEP)}"
            yield from rest
    else:
        yield margin + json.dumps(tree)


def _entry(head: str, value: object, margin: str) -> Iterator[str]:
    if isinstance(value, dict | list) and value:
        yield head
        yield from _lines(cast("object", value), margin)
    else:
        yield f"{head} {json.dumps(value)}"


def _key(key: str) -> str:
    return key if _PLAIN_KEY.fullmatch(key) and key.lower() not in _WORDS_OF_YAML else json.dumps(key)
