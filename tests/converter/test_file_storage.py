"""The file driver: what is on disk when, what a damaged directory or a hostile claim leads to."""

from __future__ import annotations

import hashlib
import os
import stat
import sys
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from temporalio.api.common.v1 import Payload

from mainspring.converter import (
    DataConverter,
    ExternalStorage,
    FileStorageDriver,
    StorageDriverClaim,
    StorageDriverRetrieveContext,
    StorageDriverStoreContext,
)

STORE, RETRIEVE = StorageDriverStoreContext(), StorageDriverRetrieveContext()
ONE, OTHER = Payload(data=b"one"), Payload(metadata={"b": b"2", "a": b"1"}, data=b"other")


def claim_of(payload: Payload) -> StorageDriverClaim:
    digest = hashlib.sha256(payload.SerializeToString(deterministic=True)).hexdigest()
    return StorageDriverClaim({"hash_algorithm": "sha256", "hash_value": digest})


def file_of(directory: Path, payload: Payload) -> Path:
    digest = claim_of(payload).claim_data["hash_value"]
    return directory / digest[:2] / digest


def files_in(directory: Path) -> list[Path]:
    return sorted(path for path in directory.rglob("*") if path.is_file())


async def test_payloads_come_back_from_files_named_by_their_hash(tmp_path: Path) -> None:
    directory = tmp_path / "not" / "there yet"
    driver = FileStorageDriver(directory)
    claims = await driver.store(STORE, [ONE, OTHER, ONE])
    assert claims == [claim_of(ONE), claim_of(OTHER), claim_of(ONE)]
    assert files_in(directory) == sorted([file_of(directory, ONE), file_of(directory, OTHER)])
    assert await FileStorageDriver(directory).retrieve(RETRIEVE, claims) == [ONE, OTHER, ONE]


async def test_it_serves_a_data_converter(tmp_path: Path) -> None:
    storage = ExternalStorage([FileStorageDriver(tmp_path, name="disk")], payload_size_threshold=100)
    converter = DataConverter(external_storage=storage)
    payloads = await converter.encode(["x" * 1000, 1])
    assert b'"disk"' in payloads[0].data
    assert await converter.decode(payloads, [str, int]) == ["x" * 1000, 1]


@pytest.mark.skipif(sys.platform == "win32", reason="permissions are others there")
async def test_only_the_owner_may_read(tmp_path: Path) -> None:
    directory = tmp_path / "payloads"
    await FileStorageDriver(directory).store(STORE, [ONE])
    file = file_of(directory, ONE)
    assert [path.stat().st_mode & 0o077 for path in (directory, file.parent, file)] == [0, 0, 0]


class Log:
    """What is asked of the system, in order."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.calls: list[str] = []
        sync, replace = os.fsync, Path.replace

        def logged_sync(descriptor: int) -> None:
            is_folder = stat.S_ISDIR(os.fstat(descriptor).st_mode)
            self.calls.append("sync folder" if is_folder else "sync file")
            sync(descriptor)

        def logged_replace(old: Path, new: Path) -> Path:
            self.calls.append("name")
            return replace(old, new)

        monkeypatch.setattr(os, "fsync", logged_sync)
        monkeypatch.setattr(Path, "replace", logged_replace)


@pytest.mark.skipif(sys.platform == "win32", reason="folders cannot be synced there")
async def test_content_is_on_disk_before_its_name_and_the_name_before_the_claim(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    driver = FileStorageDriver(tmp_path)
    log = Log(monkeypatch)
    await driver.store(STORE, [ONE])
    made_folder = ["sync folder"]
    assert log.calls == [*made_folder, "sync file", "name", "sync folder"]
    log.calls.clear()
    await driver.store(STORE, [ONE])
    assert log.calls == ["sync folder"]  # whoever wrote it may not have come that far


async def test_a_write_that_fails_leaves_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(_descriptor: int) -> None:
        raise OSError("disk full")

    monkeypatch.setattr(os, "fsync", full)
    (tmp_path / file_of(tmp_path, ONE).parent.name).mkdir()
    with pytest.raises(OSError, match="disk full"):
        await FileStorageDriver(tmp_path).store(STORE, [ONE])
    assert files_in(tmp_path) == []


async def test_storing_again_renews_a_file_and_mends_a_damaged_one(tmp_path: Path) -> None:
    driver = FileStorageDriver(tmp_path)
    claims = await driver.store(STORE, [ONE])
    file = file_of(tmp_path, ONE)
    os.utime(file, (1, 1))
    await driver.store(STORE, [ONE])
    assert file.stat().st_mtime > 1

    file.write_bytes(b"torn")
    await driver.store(STORE, [ONE])
    assert await driver.retrieve(RETRIEVE, claims) == [ONE]


async def test_a_payload_that_is_gone_is_named(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match=r"payload [0-9a-f]{64} is not in FileStorageDriver"):
        await FileStorageDriver(tmp_path).retrieve(RETRIEVE, [claim_of(ONE)])


async def test_a_file_with_other_content_is_refused(tmp_path: Path) -> None:
    driver = FileStorageDriver(tmp_path)
    claims = await driver.store(STORE, [ONE])
    file_of(tmp_path, ONE).write_bytes(OTHER.SerializeToString())
    with pytest.raises(ValueError, match="is damaged: its file holds something else"):
        await driver.retrieve(RETRIEVE, claims)


async def test_no_more_is_read_or_written_than_is_allowed(tmp_path: Path) -> None:
    large = Payload(data=b"x" * 100)
    claims = await FileStorageDriver(tmp_path).store(STORE, [large])
    driver = FileStorageDriver(tmp_path, max_payload_size=50)
    with pytest.raises(ValueError, match="has 102 bytes, more than 50"):
        await driver.retrieve(RETRIEVE, claims)
    with pytest.raises(ValueError, match="a payload of 102 bytes is more than the 50 that"):
        await driver.store(STORE, [ONE, large])
    assert files_in(tmp_path) == [file_of(tmp_path, large)]


HOSTILE = [
    {},
    {"hash_algorithm": "sha256"},
    {"hash_algorithm": "sha256", "hash_value": ""},
    {"hash_algorithm": "sha256", "hash_value": "../../../../etc/passwd"},
    {"hash_algorithm": "sha256", "hash_value": "/etc/passwd"},
    {"hash_algorithm": "sha256", "hash_value": "A" * 64},
    {"hash_algorithm": "sha256", "hash_value": "a" * 64 + "\n"},
    {"hash_algorithm": "sha256", "hash_value": "a" * 63 + "\0"},
    {"hash_algorithm": "sha256", "hash_value": "٣" * 64},
    {"hash_algorithm": "md5", "hash_value": "a" * 64},
    {"hash_algorithm": "x" * 1_000_000, "hash_value": "y" * 1_000_000},
]


@pytest.mark.parametrize("data", HOSTILE, ids=lambda data: repr(data)[:80])
async def test_a_claim_that_is_no_hash_leads_nowhere(data: dict[str, str], tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="expected a claim of FileStorageDriver") as refused:
        await FileStorageDriver(tmp_path).retrieve(RETRIEVE, [StorageDriverClaim(data)])
    assert len(str(refused.value)) < 1000


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(digest=st.from_regex(r"[0-9a-f]{64}", fullmatch=True))
def test_every_claim_leads_into_the_directory(digest: str, tmp_path: Path) -> None:
    path = FileStorageDriver(tmp_path)._path_of(digest)
    assert path.resolve().parent.parent == tmp_path.resolve()


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="there are no pipes")
async def test_links_and_pipes_are_not_followed(tmp_path: Path) -> None:
    secret = tmp_path / "secret"
    secret.write_bytes(ONE.SerializeToString())
    directory = tmp_path / "payloads"
    file = file_of(directory, ONE)
    file.parent.mkdir(parents=True)
    file.symlink_to(secret)
    with pytest.raises(OSError, match="symbolic link"):
        await FileStorageDriver(directory).retrieve(RETRIEVE, [claim_of(ONE)])
    file.unlink()
    os.mkfifo(file)
    with pytest.raises(ValueError, match="is no file"):
        await FileStorageDriver(directory).retrieve(RETRIEVE, [claim_of(ONE)])


def test_what_cannot_work_is_refused_at_once(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="needs a name"):
        FileStorageDriver(tmp_path, name="")
    with pytest.raises(ValueError, match="max_payload_size must be positive, got 0"):
        FileStorageDriver(tmp_path, max_payload_size=0)
