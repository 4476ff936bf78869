"""What is loaded stays: leave it out of every later collection."""

from __future__ import annotations

import gc


def settle_memory() -> None:
    """Take all objects that exist for permanent, and let collections come seldom.

    Few objects of ours refer to each other in circles, so there is little to find.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(20_000, 20, 50)
