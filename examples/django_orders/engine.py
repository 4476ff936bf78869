"""The one connection of this process to the server, made when the first view needs it and closed at exit."""

from __future__ import annotations

import atexit
from contextlib import ExitStack
from functools import cache

from django.conf import settings

from mainspring.client import sync

TASK_QUEUE = "orders"


@cache
def engine() -> sync.Wait:
    """Any number of threads may use it at once."""
    open_until_exit = ExitStack()
    atexit.register(open_until_exit.close)
    return open_until_exit.enter_context(sync.connect(settings.TEMPORAL_ADDRESS))
