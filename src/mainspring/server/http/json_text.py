"""JSON as its standard has it: Python's reader takes `NaN`, and makes infinite what is too large for it."""

from __future__ import annotations

import json
import math
from typing import NoReturn


class NamedTwice(dict[str, object]):
    """An object in which a name stood twice; the last value counts, as it does in most languages."""


def strictly_parsed(text: str | bytes) -> object:
    """What a text in JSON says.

    Raises:
        ValueError: It is none, or holds a number that cannot be kept.
        RecursionError: It is nested too deeply.
    """
    unicode = text if isinstance(text, str) else text.decode()
    parsed: object = json.loads(
        unicode, object_pairs_hook=_object, parse_constant=_refuse_constant, parse_float=_finite
    )
    return parsed


def _object(pairs: list[tuple[str, object]]) -> dict[str, object]:
    made = dict(pairs)
    return made if len(made) == len(pairs) else NamedTwice(made)


def _finite(text: str) -> float:
    number = float(text)
    if math.isinf(number):
        raise ValueError(f"{text[:100]} is too large a number")
    return number


def _refuse_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is not JSON")
