"""What a scenario saw: every reply and every error, in the order in which the RPCs were begun.

    Exchange   one RPC: its name, what it was about, and the reply or the refusal
    Refused    a server's error, as status code, text and typed details

A long poll that runs beside other RPCs takes its place when it begins, so the order does not hang on who is faster.
"""

from __future__ import annotations

from typing import cast

import grpc
import grpc.aio
import msgspec
from google.protobuf.any_pb2 import Any as AnyMessage
from google.protobuf.message import Message
from google.rpc.status_pb2 import Status

DETAILS_KEY = "grpc-status-details-bin"


class Refused(Exception):
    """The server answered with an error."""

    def __init__(self, code: str, text: str, details: list[AnyMessage]) -> None:
        super().__init__(f"{code}: {text}")
        self.code = code
        self.text = text
        self.details = details


class Exchange(msgspec.Struct):
    """One RPC; `outcome` is None while no answer has come."""

    rpc: str
    about: str
    outcome: Message | Refused | None = None


class Transcript:
    """All exchanges of one scenario on one server, with remarks of the scenario between them."""

    def __init__(self) -> None:
        self.entries: list[Exchange | str] = []

    def begin(self, rpc: str, about: str) -> Exchange:
        exchange = Exchange(rpc, about)
        self.entries.append(exchange)
        return exchange

    def forget(self, exchange: Exchange) -> None:
        self.entries.remove(exchange)

    def remark(self, text: str) -> None:
        self.entries.append(text)


def refusal(error: grpc.aio.AioRpcError) -> Refused:
    """The error that a server sent, taken apart."""
    details: list[AnyMessage] = []
    for key, value in cast("list[tuple[str, str | bytes]]", error.trailing_metadata() or []):
        if key == DETAILS_KEY and isinstance(value, bytes):
            details.extend(Status.FromString(value).details)
    return Refused(error.code().name, error.details() or "", details)
