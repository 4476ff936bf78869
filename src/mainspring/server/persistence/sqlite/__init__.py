"""The store on one SQLite file: see the room's page, `persistence/__init__.py`."""

from mainspring.server.persistence.sqlite.backup import backup, verify
from mainspring.server.persistence.sqlite.contents import verify_contents
from mainspring.server.persistence.sqlite.store import SqliteStore, open_sqlite
from mainspring.server.persistence.sqlite.upgrading import Upgrade, plan_upgrade, upgrade

__all__ = ["SqliteStore", "Upgrade", "backup", "open_sqlite", "plan_upgrade", "upgrade", "verify", "verify_contents"]
