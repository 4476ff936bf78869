"""Ids that the server makes: UUIDs of version 7 (RFC 9562), as the real server's run ids are.

They begin with the time, so that rows of runs which were started together lie together in the store. They are unique,
not secret: the generator is seeded by the system once, since asking it for each id costs ten times as much.
"""

from __future__ import annotations

import random
import time

_VERSION = 7 << 76
_VARIANT = 2 << 62
_random = random.Random()  # noqa: S311 - see the module


def new_id() -> str:
    """A new id; unique, and greater than those of earlier milliseconds."""
    random_bits = _random.getrandbits(74)
    millisecond = time.time_ns() // 1_000_000
    value = millisecond << 80 | _VERSION | (random_bits >> 62) << 64 | _VARIANT | random_bits & (1 << 62) - 1
    text = f"{value:032x}"
    return f"{text[:8]}-{text[8:12]}-{text[12:16]}-{text[16:20]}-{text[20:]}"
