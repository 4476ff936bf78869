"""Whether a database file that nobody has open is sound."""

from __future__ import annotations

import shutil
import sqlite3
from pathlib import Path


def assert_file_is_sound(db_path: Path, directory: Path) -> None:
    """SQLite's own check, on a copy, so that the server itself has to recover the file."""
    directory.mkdir()
    for part in db_path.parent.glob(db_path.name + "*"):
        if not part.name.endswith("-shm"):  # rebuilt from the log, as after a power cut
            shutil.copy(part, directory / part.name)
    db = sqlite3.connect(directory / db_path.name)
    try:
        assert db.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
    finally:
        db.close()
    shutil.rmtree(directory)
