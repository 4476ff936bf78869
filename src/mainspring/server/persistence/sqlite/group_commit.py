"""Many jobs, one database transaction: group commit. Whoever calls this owns the connection meanwhile.

commit_group(db, jobs)          begin, do all, commit
do_and_commit(db, jobs)         the same in a transaction that has begun already
"""

from __future__ import annotations

import contextlib
import logging
import sqlite3
from collections.abc import Sequence
from sqlite3 import Connection

from mainspring.server.engine.errors import CurrentRunConflict, MainspringError, StoreUnavailable, VersionConflict
from mainspring.server.persistence.sqlite.jobs import Job, explained
from mainspring.server.persistence.sqlite.rows import Rows
from mainspring.server.persistence.sqlite.transitions import is_update

log = logging.getLogger(__name__)


def commit_group(db: Connection, group: Sequence[Job]) -> None:
    """Commit all jobs in one transaction; each gets its outcome or its failure."""
    try:
        begin(db)
    except sqlite3.Error as error:
        _fail(group, error)
    else:
        do_and_commit(db, group)


def begin(db: Connection) -> None:
    """Begin a transaction that writes. Raises: sqlite3.Error: another process writes, or the file cannot be had."""
    db.execute("BEGIN IMMEDIATE")


def do_and_commit(db: Connection, group: Sequence[Job]) -> None:
    """Do all jobs in the transaction that has begun, and commit it; each gets its outcome or its failure.

    A conflict of a job's work undoes that job only. Any other failure is not expected, so no savepoint was paid for:
    everything is rolled back, and each job gets a transaction of its own. If COMMIT fails, all of them fail; so they
    do when this thread is interrupted (Ctrl-C), which goes on to whoever called.
    """
    try:
        if _do_all(db, group):
            _commit(db, group)
    except BaseException:
        _roll_back(db)
        for job in group:
            job.failure = StoreUnavailable("interrupted while it was written")
        raise


def _do_all(db: Connection, group: Sequence[Job]) -> bool:
    """Returns: whether there is something to commit."""
    rows = Rows(db)
    try:
        for job in group:
            _do(db, job, rows, is_alone=len(group) == 1)
        rows.write()
    except Exception as error:
        _roll_back(db)
        if not isinstance(error, MainspringError):
            log.exception("store_write_failed", extra={"jobs": len(group)})
        _do_one_by_one(db, group, error)
        return False
    return db.in_transaction  # not if the only job had a conflict


def _do_one_by_one(db: Connection, group: Sequence[Job], error: Exception) -> None:
    if len(group) == 1:
        group[0].failure = explained(error)
        return
    for job in group:
        job.outcome = job.failure = None
        commit_group(db, [job])


def _do(db: Connection, job: Job, rows: Rows, *, is_alone: bool) -> None:
    if is_update(job.changes):  # what its work would do is done with that of the others
        rows.update_run(job.changes[0])
    else:  # it may see or take away what was written before it; but with changes of its own it sees runs only
        (rows.write_runs if job.changes else rows.write)()
        _attempt(db, job, is_alone=is_alone)
    if job.failure is None:
        for changes in job.changes:
            rows.add(changes)


def _attempt(db: Connection, job: Job, *, is_alone: bool) -> None:
    needs_savepoint = job.can_fail_late and not is_alone
    if needs_savepoint:
        db.execute("SAVEPOINT job")
    try:
        job.outcome = job.work(db)
    except (VersionConflict, CurrentRunConflict) as conflict:
        job.failure = conflict
        if needs_savepoint:
            db.execute("ROLLBACK TO job")
        elif is_alone:
            db.execute("ROLLBACK")
    if needs_savepoint:
        db.execute("RELEASE job")


def _commit(db: Connection, group: Sequence[Job]) -> None:
    try:
        db.execute("COMMIT")
    except sqlite3.Error as error:
        _roll_back(db)
        _fail(group, error)


def _roll_back(db: Connection) -> None:
    # If even this fails, BEGIN fails from now on, and says so to everyone who asks.
    with contextlib.suppress(sqlite3.Error):
        if db.in_transaction:
            db.execute("ROLLBACK")


def _fail(group: Sequence[Job], error: sqlite3.Error) -> None:
    log.error("store_write_failed", exc_info=error, extra={"jobs": len(group)})
    for job in group:
        job.failure = explained(error)
