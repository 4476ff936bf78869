"""External storage: what is stored, what stands in its place, and what comes back; beside the official SDK's."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Any, Self

import pytest
import temporalio.converter
from temporalio.api.common.v1 import Payload
from temporalio.api.failure.v1 import Failure
from temporalio.api.sdk.v1 import ExternalStorageReference

from mainspring.converter import (
    DataConverter,
    ExternalStorage,
    PayloadCodec,
    PayloadConverter,
    SerializationContext,
    StorageDriver,
    StorageDriverClaim,
    StorageDriverRetrieveContext,
    StorageDriverSelectContext,
    StorageDriverStoreContext,
    StorageDriverWorkflowInfo,
    WithSerializationContext,
    WorkflowSerializationContext,
)
from mainspring.exceptions import ApplicationError
from tests.memory_driver import MemoryDriver, stored_by

MARK = "__temporal_external_storage_reference"
LARGE = "x" * 1000


class Reverse(PayloadCodec):
    """Data turned round, and a metadata that says so."""

    async def encode(self, payloads: Sequence[Payload]) -> list[Payload]:
        return [
            Payload(metadata={"encoding": b"reversed"}, data=one.SerializeToString(deterministic=True)[::-1])
            for one in payloads
        ]

    async def decode(self, payloads: Sequence[Payload]) -> list[Payload]:
        assert all(one.metadata == {"encoding": b"reversed"} for one in payloads)
        return [Payload.FromString(one.data[::-1]) for one in payloads]


def official(driver: StorageDriver, threshold: int = 0, **parts: Any) -> temporalio.converter.DataConverter:
    """The official SDK's converter, with a driver of ours."""
    storage = temporalio.converter.ExternalStorage(drivers=[driver], payload_size_threshold=threshold)  # type: ignore[list-item] # has the same methods
    return temporalio.converter.DataConverter(external_storage=storage, **parts)


def reference(payload: Payload) -> ExternalStorageReference:
    read = PayloadConverter.default.from_payload(payload)
    assert isinstance(read, ExternalStorageReference)
    return read


async def test_a_large_value_is_stored_and_a_reference_takes_its_place() -> None:
    driver = MemoryDriver()
    converter = stored_by(driver, threshold=500)

    small, large = await converter.encode(["small", LARGE])

    [plain] = PayloadConverter.default.to_payloads([LARGE])
    assert list(driver.stored.values()) == [plain]
    assert small == PayloadConverter.default.to_payload("small")
    assert reference(large) == ExternalStorageReference(
        driver_name="memory", claim_data={"key": next(iter(driver.stored))}
    )
    assert [one.size_bytes for one in large.external_payloads] == [plain.ByteSize()]
    assert await converter.decode([small, large], [str, str]) == ["small", LARGE]


async def test_the_threshold_is_the_least_size_that_is_stored() -> None:
    size = PayloadConverter.default.to_payload(LARGE).ByteSize()
    for threshold, is_stored in ((size, True), (size + 1, False)):
        driver = MemoryDriver()
        await stored_by(driver, threshold=threshold).encode([LARGE])
        assert bool(driver.stored) is is_stored


async def test_what_both_sdks_write_is_the_same_and_read_by_both() -> None:
    driver = MemoryDriver()
    theirs = await official(driver).encode([LARGE, 5])
    ours = await stored_by(driver).encode([LARGE, 5])
    assert ours == theirs
    assert await official(driver).decode(ours, [str, int]) == [LARGE, 5]
    assert await stored_by(driver).decode(theirs, [str, int]) == [LARGE, 5]


async def test_drivers_get_encoded_payloads_and_references_are_not_encoded() -> None:
    driver = MemoryDriver()
    converter = stored_by(driver, payload_codec=Reverse())
    [payload] = await converter.encode([LARGE])
    assert [one.metadata["encoding"] for one in driver.stored.values()] == [b"reversed"]
    assert reference(payload).driver_name == "memory"
    assert await converter.decode([payload], [str]) == [LARGE]


async def test_failures_are_stored_and_fetched() -> None:
    driver = MemoryDriver()
    converter, failure = stored_by(driver, threshold=500), Failure()
    await converter.encode_failure(ApplicationError("m", LARGE, 1), failure)
    assert reference(failure.application_failure_info.details.payloads[0]).driver_name == "memory"
    error = await converter.decode_failure(failure)
    assert isinstance(error, ApplicationError)
    assert list(error.details) == [LARGE, 1]


async def test_a_selector_chooses_by_target_and_payload() -> None:
    seen: list[StorageDriverSelectContext] = []
    first, second = MemoryDriver("first"), MemoryDriver("second")

    def choose(context: StorageDriverSelectContext, payload: Payload) -> StorageDriver | None:
        seen.append(context)
        return {b"1": first, b"2": second}.get(payload.data)

    storage = ExternalStorage([first, second], choose, payload_size_threshold=0)
    target = StorageDriverWorkflowInfo(namespace="default", id="w")
    converter = DataConverter(external_storage=storage)._with_store_context(StorageDriverStoreContext(target))

    payloads = await converter.encode([1, 2, 3, 1])

    assert seen == [StorageDriverSelectContext(target)] * 4
    assert [reference(one).driver_name for one in (payloads[0], payloads[1], payloads[3])] == [
        "first",
        "second",
        "first",
    ]
    assert payloads[2] == PayloadConverter.default.to_payload(3)
    assert len(first.targets) == 2
    assert await converter.decode(payloads, [int] * 4) == [1, 2, 3, 1]


async def test_a_selector_may_only_choose_among_the_drivers() -> None:
    stranger = MemoryDriver("memory")
    storage = ExternalStorage([MemoryDriver("memory")], lambda _, __: stranger, payload_size_threshold=0)
    with pytest.raises(ValueError, match=r"^Driver 'memory' returned by driver_selector is not registered"):
        await DataConverter(external_storage=storage).encode([1])


async def test_a_reference_to_an_unknown_driver_is_refused() -> None:
    payloads = await stored_by(MemoryDriver("theirs")).encode([1])
    with pytest.raises(ValueError, match=r"^No driver found with name 'theirs'$"):
        await stored_by(MemoryDriver("ours")).decode(payloads)


class Careless(MemoryDriver):
    """Gives one claim and one payload too many."""

    async def store(self, context: StorageDriverStoreContext, payloads: Sequence[Payload]) -> list[StorageDriverClaim]:
        return [*await super().store(context, payloads), StorageDriverClaim({})]

    async def retrieve(
        self, context: StorageDriverRetrieveContext, claims: Sequence[StorageDriverClaim]
    ) -> list[Payload]:
        return [*await super().retrieve(context, claims), Payload()]


async def test_a_driver_must_give_as_many_as_it_gets() -> None:
    with pytest.raises(ValueError, match=r"^Driver 'memory' returned 2 claims, expected 1$"):
        await stored_by(Careless()).encode([1])
    careless, driver = Careless(), MemoryDriver()
    payloads = await stored_by(driver).encode([1, 2])
    careless.stored = driver.stored
    with pytest.raises(ValueError, match=r"^Driver 'memory' returned 3 payloads, expected 2$"):
        await stored_by(careless).decode(payloads)


class Meeting(MemoryDriver):
    """Works only while its partner does, so it would hang if drivers worked one after the other."""

    def __init__(self, name: str) -> None:
        super().__init__(name)
        self.is_there = asyncio.Event()
        self.partner: Meeting = self
        self.was_cancelled = False

    async def store(self, context: StorageDriverStoreContext, payloads: Sequence[Payload]) -> list[StorageDriverClaim]:
        self.is_there.set()
        try:
            await self.partner.is_there.wait()
            return await super().store(context, payloads)
        except asyncio.CancelledError:
            self.was_cancelled = True
            raise


def pair() -> tuple[Meeting, Meeting, DataConverter]:
    first, second = Meeting("first"), Meeting("second")
    first.partner, second.partner = second, first
    storage = ExternalStorage(
        [first, second], lambda _, payload: {b"1": first}.get(payload.data, second), payload_size_threshold=0
    )
    return first, second, DataConverter(external_storage=storage)


async def test_drivers_work_side_by_side() -> None:
    *_, converter = pair()
    assert len(await converter.encode([1, 2])) == 2


async def test_a_driver_that_fails_ends_the_others() -> None:
    first, second, converter = pair()
    second.partner, first.partner = second, Meeting("never there")
    second.store_error = OSError("disk full")
    with pytest.raises(OSError, match="disk full"):
        await converter.encode([1, 2])
    assert first.was_cancelled


LEGACY = Payload(
    metadata={"encoding": b"json/external-storage-reference"},
    data=b'{"driver_name":"memory","driver_claim":{"claim_data":{"key":"k"}}}',
)


async def test_references_of_the_first_official_releases_are_read() -> None:
    driver = MemoryDriver()
    driver.stored["k"] = PayloadConverter.default.to_payload(LARGE)
    assert await stored_by(driver).decode([LEGACY], [str]) == [LARGE]


class ReverseFor(Reverse, WithSerializationContext):
    def __init__(self, context: SerializationContext | None = None) -> None:
        self.context = context

    def with_context(self, context: SerializationContext) -> Self:
        return type(self)(context)

    async def decode(self, payloads: Sequence[Payload]) -> list[Payload]:
        assert self.context is not None
        return await super().decode(payloads)


async def test_references_that_went_through_the_codec_are_read_as_official_workers_will_write_them(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    driver, context = MemoryDriver(), WorkflowSerializationContext("default", "w")
    monkeypatch.setattr("temporalio.converter._extstore._ENCODE_STORAGE_REFERENCES", True)
    payloads = await official(driver, payload_codec=Reverse()).encode([LARGE])
    assert payloads[0].metadata == {"encoding": b"reversed", MARK: b"true"}

    ours = stored_by(driver, payload_codec=ReverseFor()).with_context(context)
    assert await ours.decode(payloads, [str]) == [LARGE]
    with pytest.raises(RuntimeError, match=r"^\[TMPRL1106\] Encountered an encoded external storage reference"):
        await stored_by(driver).decode(payloads, [str])


async def test_a_reference_that_cannot_be_parsed_is_an_error() -> None:
    [payload] = await stored_by(MemoryDriver()).encode([1])
    payload.data = b"{"
    with pytest.raises(RuntimeError, match="Failed parsing"):
        await stored_by(MemoryDriver()).decode([payload])


def test_what_cannot_work_is_refused_at_once() -> None:
    one, other = MemoryDriver("one"), MemoryDriver("one")
    with pytest.raises(ValueError, match="must contain at least one driver"):
        ExternalStorage([])
    with pytest.raises(ValueError, match="driver_selector must be specified if multiple"):
        ExternalStorage([one, MemoryDriver("other")])
    with pytest.raises(ValueError, match="multiple drivers with name 'one'"):
        ExternalStorage([one, other], lambda _, __: one)
    with pytest.raises(ValueError, match="greater than or equal to zero"):
        ExternalStorage([one], payload_size_threshold=-1)


def test_a_driver_is_of_the_type_that_its_class_is_named() -> None:
    assert MemoryDriver().type() == "MemoryDriver"
