"""Engines for tests that answer all calls in one method, by the name of the RPC."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from functools import partial

from google.protobuf.message import Message

from mainspring.service._direct import Serve


class CalledByName:
    """A `service.Engine`, for those that have a `call`."""

    def bind(self, service: str, rpc: str) -> Serve:
        return partial(self.call, service, rpc)

    async def call(
        self, service: str, rpc: str, request: Message, metadata: Mapping[str, str | bytes], timeout: timedelta | None
    ) -> Message:
        raise NotImplementedError
