"""One RPC as gRPC carries it: bytes in, bytes or a status out.

    request bytes -> size -> client version -> parse -> method -> serialise -> reply bytes
         every error on the way -> ServiceError -> status, message, `grpc-status-details-bin`, headers

grpcio's own limits, deserialisers and error texts are not used: SDKs look at the texts of the real server, for example
to fail a task with a message that is too large instead of sending it for ever. Nothing leaves as UNKNOWN, which clients
retry.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable, Iterable
from typing import Final, NoReturn, Protocol, cast

import grpc
import msgspec
from google.protobuf.message import DecodeError
from temporalio.api.enums.v1 import ResourceExhaustedCause, ResourceExhaustedScope

from mainspring.server.engine.errors import (
    Internal,
    ResourceExhausted,
    ServiceError,
    StatusCode,
    StoreError,
    Unavailable,
)
from mainspring.server.engine.limits import Limits
from mainspring.server.engine.spelling import camel_case
from mainspring.server.frontend.call import Call, RawReply
from mainspring.server.process.binding import Method
from mainspring.server.process.calls import Calls, stopping
from mainspring.server.process.client_versions import ClientVersions
from mainspring.server.process.statistics import Statistics

log = logging.getLogger(__name__)

Metadata = Iterable[tuple[str, str | bytes]]


class Context(Protocol):
    """The part of grpcio's servicer context that is used; its own stubs are older than it."""

    def invocation_metadata(self) -> Metadata: ...

    def time_remaining(self) -> float | None: ...

    async def abort(self, code: grpc.StatusCode, details: str = "", trailing_metadata: Metadata = ()) -> NoReturn: ...


UnaryHandler = Callable[[bytes, Context], Awaitable[bytes]]

_GRPC_CODES: Final[dict[int, grpc.StatusCode]] = {code.value[0]: code for code in grpc.StatusCode}
_TRUNCATED: Final = "... <truncated>"


class Door(msgspec.Struct, frozen=True):
    """What every RPC is checked against before its method sees it."""

    versions: ClientVersions
    limits: Limits
    statistics: Statistics
    calls: Calls = msgspec.field(default_factory=Calls)


def unary(method: Method, door: Door) -> UnaryHandler:
    """The coroutine that grpcio calls for each call of `method`."""
    parse = method.request_type.FromString
    handler = method.handler
    check_versions = door.versions.check_metadata
    size_limit_bytes = door.limits.request_size_bytes
    calls = door.calls
    ended = door.statistics.ended
    seen = door.statistics.method("grpc", method.path)
    now = time.monotonic

    async def serve(body: bytes, context: Context) -> bytes:
        began_s = now()
        try:
            task = calls.begin()
        except Unavailable as error:
            await refuse(context, error, door.limits.service_error_message_bytes)
        try:
            if len(body) > size_limit_bytes:
                raise too_large(len(body), size_limit_bytes)
            metadata = cast("dict[str, str]", dict(context.invocation_metadata()))
            check_versions(metadata)
            remaining_s = context.time_remaining()
            deadline_s = None if remaining_s is None else now() + remaining_s
            reply = await handler(parse(body), Call(deadline_s=deadline_s, metadata=metadata))
            return reply.serialize() if isinstance(reply, RawReply) else reply.SerializeToString()
        except asyncio.CancelledError:
            if not calls.was_interrupted(task):
                seen.failed(None)
                raise
            await fail(context, stopping())
        except Exception as error:  # noqa: BLE001 - the door: `as_service_error` logs what nobody expected
            await fail(context, as_service_error(error, method.path))
        finally:
            calls.end(task)
            ended(seen, began_s)

    async def fail(context: Context, error: ServiceError) -> NoReturn:
        seen.failed(error)
        await refuse(context, error, door.limits.service_error_message_bytes)

    return serve


def as_service_error(error: Exception, path: str) -> ServiceError:
    """The answer to whatever a method raised; what should not have been raised is logged."""
    match error:
        case ServiceError():
            return error
        case DecodeError():
            return Internal(f"grpc: error unmarshalling request: {error}")
        case StoreError():
            log.warning("store refused: rpc=%s error=%s", path, error)
            return Unavailable("the store could not be reached or is busy, try again")
        case _:
            log.error("unexpected error: rpc=%s", path, exc_info=error)
            return Internal("internal error, see the server's log")


async def refuse(context: Context, error: ServiceError, message_limit_bytes: int) -> NoReturn:
    """End the call with the error's status, and with its details where it has any."""
    message = shortened(error.message, message_limit_bytes)
    await context.abort(_GRPC_CODES[error.code], message, trailers(error, message))


def trailers(error: ServiceError, message: str) -> tuple[tuple[str, str | bytes], ...]:
    """What goes with the status of `error`, besides its code and `message`."""
    found: list[tuple[str, str | bytes]] = []
    if error.details:
        status = error.status()
        status.message = message
        found.append(("grpc-status-details-bin", status.SerializeToString()))
    if isinstance(error, ResourceExhausted):
        cause = ResourceExhaustedCause.Name(error.cause).removeprefix("RESOURCE_EXHAUSTED_CAUSE_")
        scope = ResourceExhaustedScope.Name(error.scope).removeprefix("RESOURCE_EXHAUSTED_SCOPE_")
        found.append(("x-resource-exhausted-cause", camel_case(cause)))
        found.append(("x-resource-exhausted-scope", camel_case(scope)))
    return tuple(found)


def shortened(message: str, limit_bytes: int) -> str:
    """Cut to `limit_bytes` of UTF-8 with a mark, never inside a character."""
    encoded = message.encode(errors="replace")
    if len(encoded) <= limit_bytes:
        return message
    return encoded[: limit_bytes - len(_TRUNCATED)].decode(errors="ignore") + _TRUNCATED


class MessageTooLarge(ServiceError):
    """Not `ResourceExhausted`: the real server answers it from below the service, without details or headers."""

    code = StatusCode.RESOURCE_EXHAUSTED


def too_large(size_bytes: int, limit_bytes: int) -> ServiceError:
    """The refusal of a request by its size, in the words by which SDKs know it."""
    return MessageTooLarge(f"grpc: received message larger than max ({size_bytes} vs. {limit_bytes})")
