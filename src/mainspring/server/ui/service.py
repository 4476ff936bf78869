"""What the UI needs of others.

Service   calls of the API, by their request, and how the server itself is doing
Codec     what makes payloads readable, if a codec server is set
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol, TypeVar

import msgspec
from google.protobuf.message import Message
from temporalio.api.common.v1 import Payload

Reply = TypeVar("Reply", bound=Message)

CALL_TIMEOUT_S = 10.0


class Refused(Exception):
    """The service answered with an error. `code` is the gRPC status code by number."""

    def __init__(self, code: int, message: str) -> None:
        super().__init__(message)
        self.code = code
        self.message = message


class Speed(msgspec.Struct, frozen=True, kw_only=True):
    """How often something happened in the last minute or so, and how long it took; None if it did not."""

    per_s: float
    median_s: float | None
    slowest_s: float | None  # 99 of 100 took at most so long


class MethodSpeed(msgspec.Struct, frozen=True, kw_only=True):
    """One method of the API. The time of a long poll is mostly waiting."""

    name: str
    speed: Speed


class ServerStatistics(msgspec.Struct, frozen=True, kw_only=True):
    """The server in numbers. Calls are those of clients, not of this UI."""

    uptime_s: float
    methods: tuple[MethodSpeed, ...]  # the most frequent first
    calls_per_s: float
    commits: Speed
    database_bytes: int
    wal_bytes: int
    resident_bytes: int | None  # None where the system does not tell


class Service(Protocol):
    """The services of the API."""

    async def call(self, request: Message, reply_type: type[Reply], timeout_s: float = CALL_TIMEOUT_S) -> Reply:
        """What the RPC of this request answers.

        Raises:
            Refused: it answered with an error, or not in time.
        """
        ...

    def serves(self, rpc: str) -> bool:
        """Whether the RPC of that name, such as `CreateSchedule`, does anything but refuse."""
        ...

    async def statistics(self) -> ServerStatistics:
        """How the server itself is doing.

        Raises:
            Refused: the store does not answer.
        """
        ...


class CodecFailed(Exception):
    """The codec server did not answer as it should. The message goes on after its name."""


class Codec(Protocol):
    """A codec server: what makes payloads readable for people, and takes what they write."""

    @property
    def host(self) -> str:
        """Where it is, for people."""
        ...

    async def decode(self, namespace: str, payloads: Sequence[Payload]) -> list[Payload]:
        """As many payloads as were given, decoded.

        Raises:
            CodecFailed: It did not answer, not in time, or not as it should.
        """
        ...

    async def encode(self, namespace: str, payloads: Sequence[Payload]) -> list[Payload]:
        """As many payloads as were given, encoded.

        Raises:
            CodecFailed: As for `decode`.
        """
        ...
