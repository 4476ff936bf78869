"""A storage driver on a directory: each payload is a file, and its name says what must be in it.

    directory/3f/3f2a...     a serialized payload; the name is its SHA-256
    directory/3f/.new-...    one that is being written, or that was when a process was killed

A claim is that hash and nothing else, so a reference leads to no other place, whoever wrote it. What is equal is stored
once. A file gets its name when its content is on disk, and a claim is given when its name is, so what a claim says is
there after a crash; what is read is checked against its hash.
"""

from __future__ import annotations

import asyncio
import hashlib
import os
import re
import stat
import tempfile
from collections.abc import Sequence
from pathlib import Path

from temporalio.api.common.v1 import Payload

from mainspring.converter._storage_driver import (
    StorageDriver,
    StorageDriverClaim,
    StorageDriverRetrieveContext,
    StorageDriverStoreContext,
)

DEFAULT_MAX_BYTES = 50 * 1024 * 1024
ALGORITHM = "sha256"
DIGEST = re.compile(r"[0-9a-f]{64}")
FOLDER_LETTERS = 2  # of the hash: 256 folders
NEW = ".new-"
# A link or a pipe in a file's place is not followed, nor waited for. Not every system has these.
READING = os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0)


class FileStorageDriver(StorageDriver):
    """Stores payloads as files of a directory, which all clients and workers of a namespace must reach.

    Nothing is ever removed: a file whose time of change is longer ago than the longest run with its retention is not
    needed any more, since storing a payload again renews it.
    """

    def __init__(
        self,
        directory: str | os.PathLike[str],
        *,
        name: str = "mainspring.file",
        max_payload_size: int = DEFAULT_MAX_BYTES,
    ) -> None:
        """A driver; the directory is made when something is stored.

        Args:
            directory: Its files may be read by whoever runs this process, and nobody else.
            name: By which histories refer to it.
            max_payload_size: In bytes, serialized. Larger ones are neither stored nor read.

        Raises: ValueError: there is no name, or the size is not positive.
        """
        if not name:
            raise ValueError("a storage driver needs a name")
        if max_payload_size <= 0:
            raise ValueError(f"max_payload_size must be positive, got {max_payload_size}")
        self._directory = Path(directory)
        self._name = name
        self._most_bytes = max_payload_size

    def __repr__(self) -> str:
        return f"FileStorageDriver({str(self._directory)!r}, name={self._name!r})"

    def name(self) -> str:
        return self._name

    def type(self) -> str:
        return "mainspring.file"

    async def store(self, context: StorageDriverStoreContext, payloads: Sequence[Payload]) -> list[StorageDriverClaim]:
        """Write payloads, in a thread. On return they are on disk.

        Raises:
            ValueError: one is too large; none is stored.
            OSError: the system could not write. What was written before stays.
        """
        del context  # equal payloads are one file, whoever they are for
        contents = [payload.SerializeToString(deterministic=True) for payload in payloads]
        for content in contents:
            if len(content) > self._most_bytes:
                raise ValueError(
                    f"a payload of {len(content)} bytes is more than the {self._most_bytes} that {self!r} stores"
                )
        digests = await asyncio.to_thread(self._write_all, contents)
        return [StorageDriverClaim({"hash_algorithm": ALGORITHM, "hash_value": digest}) for digest in digests]

    async def retrieve(
        self, context: StorageDriverRetrieveContext, claims: Sequence[StorageDriverClaim]
    ) -> list[Payload]:
        """Read payloads, in a thread.

        Raises:
            FileNotFoundError: one is not there. When it is put back, what needs it goes on.
            ValueError: a claim is none of this driver's, or a file is not what its name says, or is too large.
            OSError: the system could not read.
        """
        del context
        digests = [self._digest_of(claim) for claim in claims]
        contents = await asyncio.to_thread(lambda: [self._read(digest) for digest in digests])
        return [Payload.FromString(content) for content in contents]

    def _digest_of(self, claim: StorageDriverClaim) -> str:
        algorithm, digest = claim.claim_data.get("hash_algorithm", ""), claim.claim_data.get("hash_value", "")
        if algorithm != ALGORITHM or DIGEST.fullmatch(digest) is None:
            raise ValueError(f"expected a claim of {self!r} with a SHA-256, got {algorithm[:20]!r} and {digest[:80]!r}")
        return digest

    def _path_of(self, digest: str) -> Path:
        return self._directory / digest[:FOLDER_LETTERS] / digest

    # -- in a thread

    def _write_all(self, contents: Sequence[bytes]) -> list[str]:
        digests = [hashlib.sha256(content).hexdigest() for content in contents]
        paths = [self._path_of(digest) for digest in digests]
        for path, content in zip(paths, contents, strict=True):
            _make_folder(path.parent)
            if not _renew(path, content):
                _write(path, content)
        for folder in {path.parent for path in paths}:
            _sync(folder)  # also of what others wrote: they may not have come that far
        return digests

    def _read(self, digest: str) -> bytes:
        path = self._path_of(digest)
        try:
            content = _read_file(path, self._most_bytes)
        except FileNotFoundError:
            raise FileNotFoundError(f"payload {digest} is not in {self!r}: its file is gone, or elsewhere") from None
        if hashlib.sha256(content).hexdigest() != digest:
            raise ValueError(f"payload {digest} of {self!r} is damaged: its file holds something else")
        return content


def _make_folder(folder: Path) -> None:
    if folder.is_dir():
        return
    _make_folder(folder.parent)
    folder.mkdir(mode=0o700, exist_ok=True)
    _sync(folder.parent)


def _renew(path: Path, content: bytes) -> bool:
    """Whether the content is there already; then it is as young as if it were new. One that is damaged is not."""
    try:
        if _read_file(path, len(content)) != content:
            return False
        os.utime(path)
    except (OSError, ValueError):
        return False
    return True


def _write(path: Path, content: bytes) -> None:
    """Put a whole file in its place. It is on disk, and its name once the folder is synced."""
    descriptor, temporary = tempfile.mkstemp(prefix=NEW, dir=path.parent)
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(descriptor)
        Path(temporary).replace(path)
    except BaseException:
        Path(temporary).unlink()
        raise


def _read_file(path: Path, most_bytes: int) -> bytes:
    with os.fdopen(os.open(path, READING), "rb") as file:
        found = os.fstat(file.fileno())
        if not stat.S_ISREG(found.st_mode):
            raise ValueError(f"{path} is no file")
        if found.st_size > most_bytes:
            raise ValueError(f"{path} has {found.st_size} bytes, more than {most_bytes}")
        return file.read(most_bytes)


def _sync(folder: Path) -> None:
    """Make sure that names in a folder stay. Windows does that by itself, and lets nobody open a folder."""
    if os.name == "nt":
        return
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
