"""What a call to the service may end with, besides its reply: `RPCError`, with the status that the server gave."""

from __future__ import annotations

from enum import IntEnum

from temporalio.api.common.v1 import GrpcStatus

from mainspring.exceptions import TemporalError


class RPCStatusCode(IntEnum):
    """The status codes of gRPC."""

    OK = 0
    CANCELLED = 1
    UNKNOWN = 2
    INVALID_ARGUMENT = 3
    DEADLINE_EXCEEDED = 4
    NOT_FOUND = 5
    ALREADY_EXISTS = 6
    PERMISSION_DENIED = 7
    RESOURCE_EXHAUSTED = 8
    FAILED_PRECONDITION = 9
    ABORTED = 10
    OUT_OF_RANGE = 11
    UNIMPLEMENTED = 12
    INTERNAL = 13
    UNAVAILABLE = 14
    DATA_LOSS = 15
    UNAUTHENTICATED = 16


class RPCError(TemporalError):
    """A call to the service failed, at the server or on the way to it."""

    def __init__(self, message: str, status: RPCStatusCode, raw_grpc_status: bytes) -> None:
        """`raw_grpc_status` is a serialized `GrpcStatus`; empty where the server sent no details."""
        super().__init__(message)
        self._message = message
        self._status = status
        self._raw_grpc_status = raw_grpc_status
        self._grpc_status: GrpcStatus | None = None

    @property
    def message(self) -> str:
        """What the server said."""
        return self._message

    @property
    def status(self) -> RPCStatusCode:
        """The status code."""
        return self._status

    @property
    def raw_grpc_status(self) -> bytes:
        """The status as the server serialized it; empty where it sent no details."""
        return self._raw_grpc_status

    @property
    def grpc_status(self) -> GrpcStatus:
        """The status with its details, parsed when it is first asked for."""
        if self._grpc_status is None:
            self._grpc_status = GrpcStatus.FromString(self._raw_grpc_status)
        return self._grpc_status
