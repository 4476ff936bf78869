"""How often Python looks for circles of references while an engine is open.

By default it looks after 700 or 2,000 new objects, which 50 workflows in flight make in a few steps: an eighth of their
CPU went into that. What an engine and its worker make is gone without it, nearly all.
"""

from __future__ import annotations

import gc
from collections.abc import Generator
from contextlib import contextmanager

DEFAULTS = {(700, 10, 10), (2000, 10, 10), (2000, 10, 0)}  # of the versions of Python
WHILE_OPEN = (20_000, 10, 10)


@contextmanager
def seldom_collected() -> Generator[None]:
    """Collect less often, unless the program has said how often; as it was afterwards, unless it says so meanwhile."""
    before = gc.get_threshold()
    if before not in DEFAULTS:
        yield
        return
    gc.set_threshold(*WHILE_OPEN)
    try:
        yield
    finally:
        if gc.get_threshold() == WHILE_OPEN:
            gc.set_threshold(*before)
