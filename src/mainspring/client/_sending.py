"""Values on their way out: converted, and refused here with their name if they cannot be converted or are too large.

    encode_args -> request -> check_sizes(client, rpc, ("input", size), ...) -> RPC

What is too large is the namespace's own limit. It is asked for once per client, when a field is so large that it may
matter; a server that does not tell it, or a namespace that the client may not describe, gets the request and decides.
"""

from __future__ import annotations

import inspect
import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Any, Final

from google.protobuf.message import Message
from temporalio.api.common.v1 import Payload
from temporalio.api.workflowservice.v1 import DescribeNamespaceRequest

from mainspring.converter import DataConverter, UnserializableValue
from mainspring.service import RPCError, RPCStatusCode

if TYPE_CHECKING:
    from mainspring.client._client import Client

log = logging.getLogger(__name__)

_MAY_BE_TOO_LARGE_BYTES: Final = 512 * 1024
"""Smaller fields are within any limit that a server is likely to have; a stricter one refuses them itself."""
_ASK_WITHIN: Final = timedelta(seconds=5)


class PayloadTooLargeError(RPCError):
    """A field is larger than the namespace allows, so nothing was sent. The status is what the server would say."""

    def __init__(self, what: str, size_bytes: int, limit_bytes: int) -> None:
        super().__init__(
            f"[TMPRL1103] {what} is too large: {size_bytes} bytes, the limit is {limit_bytes} bytes",
            RPCStatusCode.INVALID_ARGUMENT,
            b"",
        )
        self.size_bytes = size_bytes
        self.limit_bytes = limit_bytes


async def encode_args(converter: DataConverter, args: Sequence[Any], what: str) -> Sequence[Payload]:
    """Payloads of the arguments of `what`.

    Raises: UnserializableValue: one cannot be converted. What a converter of the user's own raises gets a note.
    """
    try:
        return await converter.encode(args)
    except UnserializableValue as error:
        error.subject = what
        raise
    except Exception as error:
        index = _culprit(converter, args)
        if index is not None:
            error.add_note(f"argument {index + 1} of {what}")
        raise


async def encode_named(converter: DataConverter, value: Any, what: str) -> Payload:
    """The payload of one value that has a name of its own.

    Raises: UnserializableValue: it cannot be converted.
    """
    return (await encode_args(converter, [value], what))[0]


def name_argument(error: UnserializableValue, callee: str | Callable[..., Any], subject: str) -> None:
    """Say by its name which argument of the callee it is, if it is one of the arguments of `subject`."""
    if error.subject != subject or not callable(callee):
        return
    names = [name for name in inspect.signature(callee).parameters if name != "self"]
    index = max(error.argument, 1) - 1
    if index < len(names):
        error.argument = 0
        error.subject = f"parameter {names[index]!r} of {subject}"


def _culprit(converter: DataConverter, args: Sequence[Any]) -> int | None:
    """Which of the arguments cannot be converted by itself."""
    for index, value in enumerate(args):
        try:
            converter.payload_converter.to_payloads([value])
        except Exception:  # noqa: BLE001 # the first try raised it already; this one finds where
            return index
    return None


@dataclass
class NamespaceLimits:
    """What a namespace allows, in bytes; 0 is not known. Asked for once."""

    blob_bytes: int = 0
    memo_bytes: int = 0
    is_known: bool = False

    async def ask(self, client: Client) -> None:
        """Learn them from the server, if it tells."""
        if self.is_known:
            return
        self.is_known = True
        request = DescribeNamespaceRequest(namespace=client.namespace)
        try:
            reply = await client.workflow_service.describe_namespace(request, timeout=_ASK_WITHIN)
        except RPCError as error:
            log.debug("limits unknown: namespace=%s error=%s", client.namespace, error)
            return
        limits = reply.namespace_info.limits
        self.blob_bytes = limits.blob_size_limit_error
        self.memo_bytes = limits.memo_size_limit_error


async def check_sizes(client: Client, what: str, *fields: tuple[str, Message]) -> None:
    """Refuse or warn of the fields of a request that are large. The one called `memo` has limits of its own.

    Raises: PayloadTooLargeError: the namespace does not allow it.
    """
    warn = client.service_client.config.payload_limits
    for name, message in fields:
        size = message.ByteSize()
        is_memo = name == "memo"
        warn_bytes = warn.memo_warn_size if is_memo else warn.payloads_warn_size
        if size <= (min(warn_bytes, _MAY_BE_TOO_LARGE_BYTES) if warn_bytes else _MAY_BE_TOO_LARGE_BYTES):
            continue
        limits = client._limits  # pyright: ignore[reportPrivateUsage] # kept with the client that they are for
        if size > _MAY_BE_TOO_LARGE_BYTES:
            await limits.ask(client)
            limit = limits.memo_bytes if is_memo else limits.blob_bytes
            if 0 < limit < size:
                raise PayloadTooLargeError(f"{name} of {what}", size, limit)
        if 0 < warn_bytes < size:
            log.warning(
                "[TMPRL1103] Attempted to upload %s with size that exceeded the warning limit. "
                "field=%s of=%s size=%s limit=%s",
                "memo" if is_memo else "payloads",
                name,
                what,
                size,
                warn_bytes,
            )
