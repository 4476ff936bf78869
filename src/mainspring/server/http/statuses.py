"""The HTTP status of each code of gRPC."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

HUNG_UP: Final = 499  # nobody reads an answer that has it

STATUSES: Final[Mapping[int, int]] = {
    1: HUNG_UP,
    2: 500,
    3: 400,
    4: 504,
    5: 404,
    6: 409,
    7: 403,
    8: 429,
    9: 400,
    10: 409,
    11: 400,
    12: 501,
    13: 500,
    14: 503,
    15: 500,
    16: 401,
}
