"""The methods behind every door, as doors in this process call them: messages in, a message or a `ServiceError` out.

    Answering(methods, door, "http").answer(path, request, metadata, timeout_s)

gRPC's own way is `grpc_methods`, which has bytes on both sides.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Mapping
from typing import Final

from google.protobuf.message import Message

from mainspring.server.engine.errors import DeadlineExceeded, Unimplemented
from mainspring.server.frontend.call import Call, RawReply
from mainspring.server.process.binding import Method
from mainspring.server.process.calls import stopping
from mainspring.server.process.grpc_methods import Door, as_service_error
from mainspring.server.process.statistics import DoorName

_GRACE_S: Final = 1.0  # for methods that answer at their deadline in words of their own
_NONE: Final[Mapping[str, str]] = {}


class Answering:
    """One door's way to the methods, and where its calls are counted."""

    def __init__(self, methods: Mapping[str, Method], door: Door, name: DoorName) -> None:
        self._methods = methods
        self._door = door
        self._name: DoorName = name

    def serves(self, path: str) -> bool:
        """Whether a method does anything but refuse."""
        return path in self._methods and self._methods[path].is_served

    async def answer(
        self, path: str, request: Message, metadata: Mapping[str, str] = _NONE, timeout_s: float | None = None
    ) -> Message:
        """What the method of that path answers.

        Raises:
            ServiceError: It refused, or is not there, or did not answer in time, or the server is stopping.
        """
        method = self._methods.get(path)
        if method is None:
            raise Unimplemented(f"unknown method {path.rpartition('/')[2]}")
        calls, statistics = self._door.calls, self._door.statistics
        began_s = time.monotonic()
        seen = statistics.method(self._name, path)
        task = calls.begin()
        try:
            self._door.versions.check_metadata(metadata)
            deadline_s = None if timeout_s is None else began_s + timeout_s
            reply = await _in_time(method, request, Call(deadline_s=deadline_s, metadata=metadata), timeout_s)
        except asyncio.CancelledError:
            interruption = stopping() if calls.was_interrupted(task) else None
            seen.failed(interruption)
            if interruption is None:
                raise
            raise interruption from None
        except Exception as error:
            refusal = as_service_error(error, path)
            seen.failed(refusal)
            raise refusal from error
        finally:
            calls.end(task)
            statistics.ended(seen, began_s)
        return reply.to_message() if isinstance(reply, RawReply) else reply


async def _in_time(method: Method, request: Message, call: Call, timeout_s: float | None) -> Message | RawReply:
    """Raises: DeadlineExceeded: the method did not answer by itself before the deadline that it was told."""
    if timeout_s is None:
        return await method.handler(request, call)
    try:
        async with asyncio.timeout(timeout_s + _GRACE_S):
            return await method.handler(request, call)
    except TimeoutError as error:
        raise DeadlineExceeded("the server did not answer in time") from error
