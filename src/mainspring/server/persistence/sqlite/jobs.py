"""Work on a connection, and the futures that wait for it.

Job(work, future)   --the thread or the loop does the work-->   settle(jobs), on the loop
"""

from __future__ import annotations

import asyncio
import contextlib
import sqlite3
from collections.abc import Callable, Sequence
from sqlite3 import Connection
from typing import TypeVar, TypeVarTuple

import msgspec

from mainspring.server.engine.changes import Changes
from mainspring.server.engine.errors import InvariantError, MainspringError, StoreUnavailable

T = TypeVar("T")
Ts = TypeVarTuple("Ts")


class WriteFuture(asyncio.Future[T]):
    """Does not let itself be cancelled: a task that is cancelled while it waits is so when the write has ended."""

    def cancel(self, msg: object = None) -> bool:  # noqa: ARG002 - the signature of asyncio
        """Refuse."""
        return False


class Job(msgspec.Struct, eq=False):
    """Some work on a connection, and the future that waits for it. `changes` are written after it, if it succeeds."""

    work: Callable[[Connection], object]
    future: asyncio.Future[object]
    changes: Sequence[Changes] = ()
    can_fail_late: bool = False  # a conflict may show after something was written
    is_soon: bool = False
    outcome: object = None
    failure: Exception | None = None


def settle(jobs: Sequence[Job]) -> None:
    """Tell those who wait; on the loop."""
    for job in jobs:
        if job.future.done():  # its coroutine was cancelled
            continue
        if job.failure is not None:
            job.future.set_exception(job.failure)
        else:
            job.future.set_result(job.outcome)


def tell(loop: asyncio.AbstractEventLoop, settle_all: Callable[[*Ts], None], *args: *Ts) -> None:
    """Have jobs settled on the loop, from another thread."""
    with contextlib.suppress(RuntimeError):  # a loop that is closed has nobody left who waits
        loop.call_soon_threadsafe(settle_all, *args)


def explained(error: Exception) -> Exception:
    """What a failure on a connection means to the rooms above."""
    if isinstance(error, MainspringError):
        return error
    is_ours = isinstance(
        error, sqlite3.IntegrityError | sqlite3.DataError | sqlite3.ProgrammingError | sqlite3.InterfaceError
    )
    if isinstance(error, sqlite3.Error) and not is_ours:
        failure: MainspringError = StoreUnavailable(f"the database does not answer: {error}")
    else:
        failure = InvariantError(f"cannot be stored or read: {error!r}")
    failure.__cause__ = error
    return failure
