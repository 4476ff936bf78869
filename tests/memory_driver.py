"""A storage driver that keeps payloads in memory, and remembers for whom it stored them. It serves both SDKs.

The official SDK asks no more of a driver than its methods, so one object may stand on both sides of a test.
"""

from __future__ import annotations

import dataclasses
import hashlib
from collections.abc import Sequence
from typing import Any

from temporalio.api.common.v1 import Payload

from mainspring.converter import (
    DataConverter,
    ExternalStorage,
    StorageDriver,
    StorageDriverClaim,
    StorageDriverRetrieveContext,
    StorageDriverStoreContext,
)
from mainspring.exceptions import ApplicationError


class MemoryDriver(StorageDriver):
    """See the module. Claims are the digests of what was stored, so that equal payloads have equal references."""

    def __init__(self, name: str = "memory") -> None:
        self._name = name
        self.stored: dict[str, Payload] = {}
        self.targets: list[dict[str, str | None]] = []  # of each payload, in the order of stores
        self.store_error: Exception | None = None
        self.retrieve_error: Exception | None = None
        self.retrieved_count = 0

    def name(self) -> str:
        return self._name

    async def store(self, context: StorageDriverStoreContext, payloads: Sequence[Payload]) -> list[StorageDriverClaim]:
        if self.store_error is not None:
            raise self.store_error
        target = context.target
        told = {"kind": type(target).__name__, **(dataclasses.asdict(target) if target is not None else {})}
        self.targets += [told] * len(payloads)
        return [self._claim(payload) for payload in payloads]

    def _claim(self, payload: Payload) -> StorageDriverClaim:
        key = hashlib.sha256(payload.SerializeToString(deterministic=True)).hexdigest()
        self.stored[key] = Payload()
        self.stored[key].CopyFrom(payload)  # the caller writes the reference in its place
        return StorageDriverClaim({"key": key})

    async def retrieve(
        self, context: StorageDriverRetrieveContext, claims: Sequence[StorageDriverClaim]
    ) -> list[Payload]:
        del context
        if self.retrieve_error is not None:
            raise self.retrieve_error
        self.retrieved_count += len(claims)
        return [self._found(claim.claim_data["key"]) for claim in claims]

    def _found(self, key: str) -> Payload:
        if key not in self.stored:
            raise ApplicationError(f"no payload {key}", type="NotStored", non_retryable=True)
        return self.stored[key]


def stored_by(*drivers: StorageDriver, threshold: int = 0, **parts: Any) -> DataConverter:
    """A data converter that stores all that has `threshold` bytes or more with the first of the drivers."""
    storage = ExternalStorage(
        drivers=drivers, driver_selector=lambda _, __: drivers[0], payload_size_threshold=threshold
    )
    return DataConverter(external_storage=storage, **parts)
