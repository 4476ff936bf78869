"""Payload codecs: bytes to bytes, for encryption and compression; and the walk over the payloads of a failure."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Awaitable, Callable, Sequence

from temporalio.api.common.v1 import Payload, Payloads
from temporalio.api.failure.v1 import Failure


class PayloadCodec(ABC):
    """Encodes payloads before they leave the process, and decodes them when they come back."""

    @abstractmethod
    async def encode(self, payloads: Sequence[Payload]) -> list[Payload]:
        """The payloads encoded: at least one, at most as many. Those given are left as they are."""

    @abstractmethod
    async def decode(self, payloads: Sequence[Payload]) -> list[Payload]:
        """The payloads decoded: at least one, at most as many. Those given are left as they are."""

    async def encode_wrapper(self, payloads: Payloads) -> None:
        """Encode the payloads of the message in their place."""
        replace_payloads(payloads, await self.encode(payloads.payloads))

    async def decode_wrapper(self, payloads: Payloads) -> None:
        """Decode the payloads of the message in their place."""
        replace_payloads(payloads, await self.decode(payloads.payloads))

    async def encode_failure(self, failure: Failure) -> None:
        """Encode the payloads of a failure and of its causes in their place. Not for overriding."""
        await _apply_to_failure_payloads(failure, self.encode_wrapper)

    async def decode_failure(self, failure: Failure) -> None:
        """Decode the payloads of a failure and of its causes in their place. Not for overriding."""
        await _apply_to_failure_payloads(failure, self.decode_wrapper)


def replace_payloads(payloads: Payloads, new: Sequence[Payload]) -> None:
    del payloads.payloads[:]
    payloads.payloads.extend(new)


async def _apply_to_failure_payloads(failure: Failure, change: Callable[[Payloads], Awaitable[None]]) -> None:
    """Change, in their place, the encoded attributes and the details of a failure, then those of its causes."""
    if failure.HasField("encoded_attributes"):
        attributes = Payloads(payloads=[failure.encoded_attributes])
        await change(attributes)
        failure.encoded_attributes.CopyFrom(attributes.payloads[0])
    details = _details_of(failure)
    if details is not None:
        await change(details)
    if failure.HasField("cause"):
        await _apply_to_failure_payloads(failure.cause, change)


DETAILS = {
    "application_failure_info": "details",
    "timeout_failure_info": "last_heartbeat_details",
    "canceled_failure_info": "details",
    "reset_workflow_failure_info": "last_heartbeat_details",
}
"""Kind of failure -> the field that has payloads."""


def _details_of(failure: Failure) -> Payloads | None:
    kind = failure.WhichOneof("failure_info")
    if kind not in DETAILS:
        return None
    info = getattr(failure, kind)
    return getattr(info, DETAILS[kind]) if info.HasField(DETAILS[kind]) else None
