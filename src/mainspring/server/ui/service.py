"""What the UI needs of others: calls of the API, by their request, and of a codec server if one is set."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol, TypeVar

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
