"""Completion callbacks of a start: who may be called when the run closes.

No address is allowed yet, as on a real server without `callback.allowedAddresses`; the server's own two are no
addresses, but say that the request came from within.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from urllib.parse import quote, urlsplit

from temporalio.api.common.v1 import Callback

from mainspring.server.engine.errors import InvalidArgument, Unimplemented
from mainspring.server.engine.limits import Limits

OWN_URLS = frozenset({"temporal://system", "temporal://internal"})


def check(callbacks: Sequence[Callback], limits: Limits) -> None:
    """All of them may be attached to a run.

    Raises: InvalidArgument, Unimplemented: in the real server's words.
    """
    for callback in callbacks:
        variant = callback.WhichOneof("variant")
        if variant is None:
            raise Unimplemented("unknown callback variant: <nil>")
        if variant == "internal":
            raise InvalidArgument("unsupported callback variant: *common.Callback_Internal_")
        if variant == "nexus":
            _check_url(callback.nexus.url, limits)
            _check_header(callback.nexus.header.items(), limits)
    if len(callbacks) > limits.callbacks_count:
        raise InvalidArgument(f"cannot attach more than {limits.callbacks_count} callbacks to an execution")


def _check_url(url: str, limits: Limits) -> None:
    if len(url.encode()) > limits.callback_url_bytes:
        raise InvalidArgument(f"invalid url: url length longer than max length allowed of {limits.callback_url_bytes}")
    if url in OWN_URLS:
        return
    try:
        parts = urlsplit(url)
    except ValueError as error:
        raise InvalidArgument(f"invalid callback url: {error}") from error
    if parts.scheme not in ("http", "https"):
        raise InvalidArgument(f"invalid url: unknown scheme: {quote(url, safe=':/?#[]@!$&()*+,;=%')}")
    if not parts.netloc:
        raise InvalidArgument("invalid url: missing host")
    raise InvalidArgument(f"invalid url: url does not match any configured callback address: {url}")


def _check_header(header: Iterable[tuple[str, str]], limits: Limits) -> None:
    if sum(len(key.encode()) + len(value.encode()) for key, value in header) > limits.callback_header_bytes:
        raise InvalidArgument(
            f"invalid header: header size longer than max allowed size of {limits.callback_header_bytes}"
        )
