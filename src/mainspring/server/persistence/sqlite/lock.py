"""The lock on a database file: one server at a time.

    FileLock("/data/main.db")  ->  /data/main.db.lock, locked by the operating system, holds the server's pid

The system lets the lock go when the process ends, however it ends; the file itself is only its handle. It is removed on
release, so whoever has locked it looks whether the name still means the file that he locked.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path

from mainspring.server.engine.errors import StoreUnavailable

if sys.platform == "win32":
    import msvcrt

    _FAR_OFF = 1 << 30  # other processes cannot read a locked byte, and the pid stands at the beginning

    def _try_lock(descriptor: int) -> None:
        os.lseek(descriptor, _FAR_OFF, os.SEEK_SET)
        msvcrt.locking(descriptor, msvcrt.LK_NBLCK, 1)
        os.lseek(descriptor, 0, os.SEEK_SET)
else:
    import fcntl

    def _try_lock(descriptor: int) -> None:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)


class FileLock:
    """Holds `<path>.lock` from construction to `release`.

    Raises: StoreUnavailable: another process has it, or the file cannot be made.
    """

    def __init__(self, path: Path) -> None:
        self._path = Path(f"{path}.lock")
        try:
            self._descriptor = self._lock(path)
        except OSError as error:
            raise StoreUnavailable(f"cannot lock {path}: {error}") from error

    def _lock(self, path: Path) -> int:
        while True:
            descriptor = os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
            try:
                _try_lock(descriptor)
            except (BlockingIOError, PermissionError):
                pid = os.read(descriptor, 20).decode("ascii", "replace").strip() or "unknown"
                os.close(descriptor)
                raise StoreUnavailable(
                    f"{path} is in use by another server (pid {pid}): stop that one, or use another file"
                ) from None
            if self._is_ours(descriptor):
                os.ftruncate(descriptor, 0)
                os.write(descriptor, f"{os.getpid()}\n".encode("ascii"))
                return descriptor
            os.close(descriptor)

    def _is_ours(self, descriptor: int) -> bool:
        """Whether the name still means the file that is locked: its former holder may have removed it meanwhile."""
        try:
            return os.path.samestat(os.fstat(descriptor), self._path.stat())
        except FileNotFoundError:
            return False

    def release(self) -> None:
        """Let go; the file is removed while it is still locked."""
        if sys.platform != "win32":
            self._path.unlink(missing_ok=True)
        os.close(self._descriptor)
