"""External storage: large payloads are kept by a driver, and small ones that refer to them go over the wire.

    payloads --threshold, selector--> store, all of a driver at once, drivers side by side --> references
    references --driver by its name--> retrieve, likewise --> payloads

It stands between the codec and the wire, so what drivers get is encoded, and what the server gets says where it is.
"""

from __future__ import annotations

import asyncio
import copy
import dataclasses
from collections.abc import Callable, Coroutine, Iterable, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

from temporalio.api.common.v1 import Payload

from mainspring.converter._storage_driver import (
    StorageDriver,
    StorageDriverClaim,
    StorageDriverRetrieveContext,
    StorageDriverSelectContext,
    StorageDriverStoreContext,
)
from mainspring.converter._storage_references import read_reference, reference_to

DEFAULT_THRESHOLD_BYTES = 256 * 1024

T = TypeVar("T")


@dataclass(frozen=True)
class ExternalStorage:
    """Which payloads are kept elsewhere, and by whom.

    Raises: ValueError: there is no driver, two have one name, there are several and no selector, or the threshold is
        negative.
    """

    drivers: Sequence[StorageDriver]
    """All that histories may refer to, each with a name of its own."""

    driver_selector: Callable[[StorageDriverSelectContext, Payload], StorageDriver | None] | None = None
    """Which of the drivers takes a payload; None leaves it where it is. Needed if there are several."""

    payload_size_threshold: int = DEFAULT_THRESHOLD_BYTES
    """In bytes. Smaller payloads stay where they are."""

    _driver_map: dict[str, StorageDriver] = dataclasses.field(init=False, repr=False, compare=False)
    _store_context: StorageDriverStoreContext = dataclasses.field(
        default=StorageDriverStoreContext(), init=False, repr=False, compare=False
    )

    def __post_init__(self) -> None:
        if not self.drivers:
            raise ValueError("ExternalStorage.drivers must contain at least one driver.")
        if self.payload_size_threshold < 0:
            raise ValueError("ExternalStorage.payload_size_threshold must be greater than or equal to zero.")
        if len(self.drivers) > 1 and self.driver_selector is None:
            raise ValueError("ExternalStorage.driver_selector must be specified if multiple drivers are registered.")
        object.__setattr__(self, "_driver_map", _by_name(self.drivers))

    def _with_store_context(self, context: StorageDriverStoreContext) -> ExternalStorage:
        """The same, telling drivers for whom they store."""
        clone = copy.copy(self)
        object.__setattr__(clone, "_store_context", context)
        return clone

    async def _store_payload_sequence(self, payloads: Sequence[Payload]) -> list[Payload]:
        """The payloads, with references in place of those that drivers took.

        Raises: ValueError: the selector gave a driver that is not among `drivers`, or a driver gave too few or too many
            claims. What a driver raises is raised, and the others are cancelled.
        """
        results = list(payloads)
        shares = _shares(self._select_driver(payload) for payload in payloads)

        async def store(driver: StorageDriver, places: list[int]) -> None:
            claims = await driver.store(self._store_context, [payloads[place] for place in places])
            _check_count(driver, claims, "claims", len(places))
            for place, claim in zip(places, claims, strict=True):
                results[place] = reference_to(payloads[place], driver.name(), claim)

        await all_or_none([store(driver, places) for driver, places in shares])
        return results

    async def _retrieve_payload_sequence(self, payloads: Sequence[Payload]) -> list[Payload]:
        """The payloads, with what they stand for in place of references.

        Raises:
            ValueError: there is no driver of that name, or a driver gave too few or too many payloads.
            RuntimeError: a reference cannot be read.
        """
        results = list(payloads)
        references = [read_reference(payload) for payload in payloads]
        shares = _shares(self._driver_named(one.driver_name) if one is not None else None for one in references)

        async def retrieve(driver: StorageDriver, places: list[int]) -> None:
            meant = [reference for place in places if (reference := references[place]) is not None]
            claims = [StorageDriverClaim(dict(reference.claim_data)) for reference in meant]
            stored = await driver.retrieve(StorageDriverRetrieveContext(), claims)
            _check_count(driver, stored, "payloads", len(places))
            for place, payload in zip(places, stored, strict=True):
                results[place] = payload

        await all_or_none([retrieve(driver, places) for driver, places in shares])
        return results

    def _select_driver(self, payload: Payload) -> StorageDriver | None:
        """Who takes a payload; None if it stays where it is."""
        if payload.ByteSize() < self.payload_size_threshold:
            return None
        if self.driver_selector is None:
            return self.drivers[0]
        driver = self.driver_selector(StorageDriverSelectContext(self._store_context.target), payload)
        if driver is not None and self._driver_map.get(driver.name()) is not driver:
            raise ValueError(
                f"Driver '{driver.name()}' returned by driver_selector is not registered in ExternalStorage.drivers"
            )
        return driver

    def _driver_named(self, name: str) -> StorageDriver:
        driver = self._driver_map.get(name)
        if driver is None:
            raise ValueError(f"No driver found with name '{name}'")
        return driver


async def all_or_none(works: Sequence[Coroutine[Any, Any, T]]) -> list[T]:
    """Do all side by side. The first that fails ends the others, and its error is raised once they have ended."""
    if len(works) <= 1:
        return [await work for work in works]
    tasks = [asyncio.create_task(work) for work in works]
    try:
        return await asyncio.gather(*tasks)
    except BaseException:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        raise


def _by_name(drivers: Sequence[StorageDriver]) -> dict[str, StorageDriver]:
    named: dict[str, StorageDriver] = {}
    for driver in drivers:
        name = driver.name()
        if name in named:
            raise ValueError(
                f"ExternalStorage.drivers contains multiple drivers with name '{name}'. "
                "Each driver must have a unique name."
            )
        named[name] = driver
    return named


def _shares(drivers: Iterable[StorageDriver | None]) -> list[tuple[StorageDriver, list[int]]]:
    """Each driver with the places that are its, in the order in which they first come."""
    shares: dict[str, tuple[StorageDriver, list[int]]] = {}
    for place, driver in enumerate(drivers):
        if driver is not None:
            shares.setdefault(driver.name(), (driver, []))[1].append(place)
    return list(shares.values())


def _check_count(driver: StorageDriver, found: Sequence[object], what: str, expected: int) -> None:
    if len(found) != expected:
        raise ValueError(f"Driver '{driver.name()}' returned {len(found)} {what}, expected {expected}")
