"""Ids that the server makes: UUIDs of version 7 (RFC 9562), as the real server's run ids are.

They begin with the time, so that rows of runs which were started together lie together in the store. They are unique,
not secret: the generator is seeded by the system once, since asking it for each id costs ten times as much.
"""

from __future__ import annotations

import random
import time

_VERSION = 7 << 12
_VARIANT = 2 << 14
_random = random.Random()  # noqa: S311 - see the module


def new_id() -> str:
    """A new id; unique, and greater than those of earlier milliseconds."""
    random_bits = _random.getrandbits(74)
    millisecond = time.time_ns() // 1_000_000
    return "%08x-%04x-%04x-%04x-%012x" % (  # noqa: UP031 - of the ways to write it the one that costs least
        millisecond >> 16,
        millisecond & 0xFFFF,
        _VERSION | random_bits >> 62,
        _VARIANT | random_bits >> 48 & 0x3FFF,
        random_bits & 0xFFFF_FFFF_FFFF,
    )
