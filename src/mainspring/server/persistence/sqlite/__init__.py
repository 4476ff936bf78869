"""The store on one SQLite file: see the room's page, `persistence/__init__.py`."""

from mainspring.server.persistence.sqlite.backup import backup, verify
from mainspring.server.persistence.sqlite.store import SqliteStore, open_sqlite

__all__ = ["SqliteStore", "backup", "open_sqlite", "verify"]
