"""Care for the write-ahead log, in time, so that no commit has to wait for it.

    care = WalCare(path)    if care.is_needed(): care.give(db)    after commits    care.close()

Room: a commit that makes the log's file longer waits half as long again for the disk, since the system must make the
new length durable too. So whenever a commit has done so, the file is made twice as long at once, up to the length at
which SQLite writes it from its beginning again. The room is zeros: no frame of a log, which ends at the first that is
none (sqlite.org/walformat.html).

A checkpoint copies the log into the database: part of the commit that makes the log CHECKPOINT_PAGES long, if none is
made before that. So one is, once for each log.
"""

from __future__ import annotations

import logging
import os
import sqlite3
from io import FileIO
from pathlib import Path
from sqlite3 import Connection

from mainspring.server.persistence.sqlite.connections import CHECKPOINT_PAGES

log = logging.getLogger(__name__)

PAGE_BYTES = 4_096
FRAME_BYTES = PAGE_BYTES + 24  # a page and its header
WHOLE_BYTES = CHECKPOINT_PAGES * FRAME_BYTES
LEAST_BYTES = 64 * FRAME_BYTES
EARLY_PAGES = CHECKPOINT_PAGES * 3 // 4
LOG_SALT_AT = 16  # in the header of the log, which has 32 bytes
EARLY_SALT_AT = 32 + (EARLY_PAGES - 1) * FRAME_BYTES + 8


class WalCare:
    """Care for the log of one database file. It is only for speed: where none can be given, nothing is lost."""

    def __init__(self, database: Path) -> None:
        self._path = Path(f"{database}-wal")
        self._file: FileIO | None = None
        self._made_bytes = 0  # the length when room was made last
        self._done_with = b""  # the salt of the log that had its checkpoint: a reader that stays may hold up the rest
        self._has_failed = False

    def is_needed(self) -> bool:
        """Whether to give some now. Costs two or three short system calls."""
        if self._has_failed:
            return False
        if self._file is None:
            return True
        return self._is_longer(self._file) or self._wants_checkpoint(self._file)

    def give(self, db: Connection) -> None:
        """Make room, and a checkpoint if it is time. `db`: outside of any transaction."""
        try:
            if self._file is None:
                self._file = FileIO(self._path, "r+")
            if self._is_longer(self._file):
                self._make_room(self._file, db)
            if self._wants_checkpoint(self._file):
                db.execute("PRAGMA wal_checkpoint(PASSIVE)").fetchall()
                self._done_with = _salt_at(self._file, LOG_SALT_AT)
        except (OSError, sqlite3.Error) as error:  # if it is the disk, commits will say so
            log.warning("store_wal_care_failed: %s", error)
            self._has_failed = True

    def close(self) -> None:
        """Let the file go."""
        self._has_failed = True
        if self._file is not None:
            self._file.close()
            self._file = None

    def _is_longer(self, file: FileIO) -> bool:
        """Than when room was made; one that is long enough is of no interest."""
        return self._made_bytes < WHOLE_BYTES and os.fstat(file.fileno()).st_size > self._made_bytes

    def _wants_checkpoint(self, file: FileIO) -> bool:
        """Whether the log has come to its `EARLY_PAGES`th frame: a frame of an older log has another salt."""
        salt = _salt_at(file, LOG_SALT_AT)
        return salt not in (b"", self._done_with) and _salt_at(file, EARLY_SALT_AT) == salt

    def _make_room(self, file: FileIO, db: Connection) -> None:
        db.execute("BEGIN IMMEDIATE")  # so that nobody, not even another process, makes it longer meanwhile
        try:
            self._made_bytes = _lengthened(file)
        finally:
            db.execute("ROLLBACK")


def _lengthened(file: FileIO) -> int:
    length = file.seek(0, os.SEEK_END)
    wanted = min(max(2 * length, LEAST_BYTES), WHOLE_BYTES)
    if wanted > length:
        file.write(bytes(wanted - length))
    return max(wanted, length)


def _salt_at(file: FileIO, offset: int) -> bytes:
    return os.pread(file.fileno(), 8, offset)
