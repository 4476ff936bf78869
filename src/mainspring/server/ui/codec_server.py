"""Calls a codec server: the one address that the configuration names, never one that a page or a payload does.

POST <endpoint>/decode, <endpoint>/encode      {"payloads": [...]} as JSON, header X-Namespace; the same comes back

A call is bounded: no redirects, so many bytes, so many seconds, so many at a time. It runs in a pool of its own, so a
codec server that hangs holds up nothing else. What was decoded lately is kept, since a page that is live shows the
same payloads again and again.
"""

from __future__ import annotations

import asyncio
import http.client
import ssl
import time
from collections import OrderedDict
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Final
from urllib.parse import SplitResult, quote, urlsplit

from google.protobuf import json_format
from temporalio.api.common.v1 import Payload, Payloads

from mainspring.server.ui.service import CodecFailed

TIMEOUT_S: Final = 5.0
MOST_ANSWER_BYTES: Final = 32 * 1024 * 1024
MOST_KEPT_BYTES: Final = 8 * 1024 * 1024
_AT_A_TIME: Final = 4
_PART_BYTES: Final = 64 * 1024
_MOST_TOLD: Final = 200

_Key = tuple[str, bytes]


class CodecServer:
    """Implements `service.Codec`. `{namespace}` in the path of the endpoint stands for the namespace."""

    def __init__(self, endpoint: str) -> None:
        self._endpoint = endpoint.rstrip("/")
        self._threads = ThreadPoolExecutor(_AT_A_TIME, thread_name_prefix="codec")
        self._kept = _Kept()

    def __repr__(self) -> str:
        return f"<CodecServer {self.host}>"

    @property
    def host(self) -> str:
        return urlsplit(self._endpoint).netloc

    async def decode(self, namespace: str, payloads: Sequence[Payload]) -> list[Payload]:
        keys = [(namespace, payload.SerializeToString(deterministic=True)) for payload in payloads]
        found = [self._kept.get(key) for key in keys]
        missing = [number for number, payload in enumerate(found) if payload is None]
        if missing:
            made = await self._change("decode", namespace, [payloads[number] for number in missing])
            for number, payload in zip(missing, made, strict=True):
                self._kept.put(keys[number], payload)
                found[number] = payload
        return [payload for payload in found if payload is not None]

    async def encode(self, namespace: str, payloads: Sequence[Payload]) -> list[Payload]:
        return await self._change("encode", namespace, payloads)

    async def _change(self, verb: str, namespace: str, payloads: Sequence[Payload]) -> list[Payload]:
        url = urlsplit(f"{self._endpoint.replace('{namespace}', quote(namespace, safe=''))}/{verb}")
        loop = asyncio.get_running_loop()
        try:
            async with asyncio.timeout(TIMEOUT_S):
                return await loop.run_in_executor(self._threads, _exchange, url, namespace, payloads)
        except TimeoutError as error:
            raise CodecFailed(f"did not answer within {TIMEOUT_S:g} s") from error


class _Kept:
    """Payloads by what they were decoded from, those used last."""

    def __init__(self) -> None:
        self._by_key: OrderedDict[_Key, tuple[Payload, int]] = OrderedDict()
        self._size_bytes = 0

    def get(self, key: _Key) -> Payload | None:
        found = self._by_key.get(key)
        if found is None:
            return None
        self._by_key.move_to_end(key)
        return found[0]

    def put(self, key: _Key, payload: Payload) -> None:
        self._drop(key)
        size = len(key[1]) + payload.ByteSize()
        self._by_key[key] = (payload, size)
        self._size_bytes += size
        while self._size_bytes > MOST_KEPT_BYTES:
            self._drop(next(iter(self._by_key)))

    def _drop(self, key: _Key) -> None:
        _, size = self._by_key.pop(key, (None, 0))
        self._size_bytes -= size


def _exchange(url: SplitResult, namespace: str, payloads: Sequence[Payload]) -> list[Payload]:
    """Ask, and read the answer. Raises: CodecFailed."""
    deadline_s = time.monotonic() + TIMEOUT_S
    body = json_format.MessageToJson(Payloads(payloads=payloads), indent=None).encode()
    headers = {"content-type": "application/json", "x-namespace": namespace}
    try:
        connection = _connection(url)
        try:
            connection.request("POST", url.path, body, headers)
            text = _read(connection.getresponse(), deadline_s)
        finally:
            connection.close()
    except (OSError, http.client.HTTPException, ValueError) as error:
        raise CodecFailed(f"did not answer: {_short(str(error) or type(error).__name__)}") from error
    return _parsed(text, len(payloads))


def _connection(url: SplitResult) -> http.client.HTTPConnection:
    host = url.hostname or ""
    if url.scheme == "https":
        return http.client.HTTPSConnection(host, url.port, timeout=TIMEOUT_S, context=ssl.create_default_context())
    return http.client.HTTPConnection(host, url.port, timeout=TIMEOUT_S)


def _read(answer: http.client.HTTPResponse, deadline_s: float) -> bytes:
    parts: list[bytes] = []
    size = 0
    while part := answer.read1(_PART_BYTES):
        parts.append(part)
        size += len(part)
        if size > MOST_ANSWER_BYTES:
            raise CodecFailed(f"answered more than {MOST_ANSWER_BYTES:,} bytes")
        if time.monotonic() > deadline_s:
            raise CodecFailed(f"did not answer within {TIMEOUT_S:g} s")
    text = b"".join(parts)
    if answer.status != http.client.OK:
        told = _short(text.decode(errors="replace"))
        raise CodecFailed(f"answered {answer.status} {answer.reason}" + (f": {told}" if told else ""))
    return text


def _parsed(text: bytes, count: int) -> list[Payload]:
    try:
        found = list(json_format.Parse(text, Payloads(), ignore_unknown_fields=True).payloads)
    except (json_format.ParseError, ValueError, RecursionError) as error:
        raise CodecFailed(f"answered what is no list of payloads: {_short(str(error))}") from error
    if len(found) != count:
        raise CodecFailed(f"answered {len(found)} payloads for {count}")
    return found


def _short(text: str) -> str:
    line = " ".join(text.split())
    return line if len(line) <= _MOST_TOLD else f"{line[:_MOST_TOLD]}…"
