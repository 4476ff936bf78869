"""An exception from one thread in another, between two instructions of its code."""

from __future__ import annotations

import ctypes


def raise_in_thread(thread_id: int, kind: type[BaseException] | None) -> None:
    """Have the interpreter raise an exception in a thread; None takes back one that was not raised yet."""
    ctypes.pythonapi.PyThreadState_SetAsyncExc(ctypes.c_ulong(thread_id), ctypes.py_object(kind) if kind else None)
