"""Room in the write-ahead log: a commit that makes its file longer waits half as long again for the disk.

    room = WalRoom(path)    room.make(db)    after commits, on the thread that writes    room.close()

The system must make the new length durable too, beside what was written. So whenever a commit has made the log longer,
it is made twice as long at once, up to the length at which SQLite writes it from its beginning again. The room is
zeros: no frame of a log, which ends at the first that is none (sqlite.org/walformat.html).
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


class WalRoom:
    """The room in the log of one database file. It is only for speed: where it cannot be made, nothing is lost."""

    def __init__(self, database: Path) -> None:
        self._path = Path(f"{database}-wal")
        self._file: FileIO | None = None
        self._made_bytes = 0  # the length when room was made last
        self._is_enough = False

    def make(self, db: Connection) -> None:
        """See to it that the next commits need not make the log longer. `db`: outside of any transaction."""
        if self._is_enough:
            return
        try:
            self._make(db)
        except (OSError, sqlite3.Error) as error:  # if it is the disk, commits will say so
            log.warning("store_wal_room_failed: %s", error)
            self._is_enough = True

    def close(self) -> None:
        """Let the file go."""
        self._is_enough = True
        if self._file is not None:
            self._file.close()
            self._file = None

    def _make(self, db: Connection) -> None:
        if self._file is None:
            self._file = FileIO(self._path, "r+")
        length = os.fstat(self._file.fileno()).st_size
        if length > self._made_bytes:
            db.execute("BEGIN IMMEDIATE")  # so that nobody, not even another process, makes it longer meanwhile
            try:
                self._made_bytes = self._lengthened(self._file)
            finally:
                db.execute("ROLLBACK")
        self._is_enough = self._made_bytes >= WHOLE_BYTES

    @staticmethod
    def _lengthened(file: FileIO) -> int:
        length = file.seek(0, os.SEEK_END)
        wanted = min(max(2 * length, LEAST_BYTES), WHOLE_BYTES)
        if wanted > length:
            file.write(bytes(wanted - length))
        return max(wanted, length)
