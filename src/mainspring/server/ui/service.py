"""What the UI needs of the server: calls of the API, by their request."""

from __future__ import annotations

from typing import Protocol, TypeVar

from google.protobuf.message import Message

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
