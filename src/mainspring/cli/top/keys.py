"""Keys of a terminal, one by one."""

from __future__ import annotations

import asyncio
import os
import sys
from collections.abc import Generator
from contextlib import contextmanager
from typing import Final

QUITS: Final = b"qQ\x1b"


@contextmanager
def quit_key() -> Generator[asyncio.Event]:
    """Set when q or Escape is pressed, if standard input is a terminal; it is as it was afterwards."""
    pressed = asyncio.Event()
    if sys.platform == "win32" or not sys.stdin.isatty():
        yield pressed
        return
    import termios
    import tty

    number = sys.stdin.fileno()
    loop = asyncio.get_running_loop()

    def read() -> None:
        typed = os.read(number, 100)
        if not typed or any(key in QUITS for key in typed):
            pressed.set()

    before = termios.tcgetattr(number)
    tty.setcbreak(number)
    loop.add_reader(number, read)
    try:
        yield pressed
    finally:
        loop.remove_reader(number)
        termios.tcsetattr(number, termios.TCSADRAIN, before)
