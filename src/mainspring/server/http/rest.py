"""The services over HTTP, as the API's own annotations say: `GET /api/v1/namespaces/{namespace}` and so on.

    method, path -> binding -> path, query, body -> request message -> Service -> JSON
    every error  -> {"code", "message", "details"} with the HTTP status of its code

JSON is protobuf's, with payloads by their values (`payload_json`) unless a content type asks otherwise:
`application/json+no-payload-shorthand`, `application/json+pretty`, `application/json+pretty+no-payload-shorthand`.

A page of another site can make a browser send a request, without reading the answer: what comes with the `Origin` of
another host is refused, unless it is a named one (`cors`).
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable, Collection, Coroutine, Mapping, Sequence
from typing import Final, Protocol, cast
from urllib.parse import parse_qsl, unquote

import msgspec
from google.protobuf.descriptor import Descriptor
from google.protobuf.json_format import MessageToDict, ParseError
from google.protobuf.message import Message
from starlette.datastructures import URLPath
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Match, NoMatchFound
from starlette.types import Receive, Scope, Send

from mainspring.server.engine.errors import InvalidArgument, ServiceError
from mainspring.server.http.bindings import Binding, Table
from mainspring.server.http.cors import check_origin
from mainspring.server.http.payload_json import shortened
from mainspring.server.http.requests import request_message
from mainspring.server.http.statuses import HUNG_UP, STATUSES

_NOT_KEPT: Final = {"cache-control": "no-store", "x-content-type-options": "nosniff"}
_FORWARDED: Final = ("client-name", "client-version", "supported-server-versions", "temporal-namespace")
_UNITS_S: Final[Mapping[str, float]] = {"H": 3_600, "M": 60, "S": 1, "m": 1e-3, "u": 1e-6, "n": 1e-9}
_MOST_DIGITS: Final = 8
_MOST_NAMES: Final = 1_000


class Service(Protocol):
    """The methods behind every door."""

    def call(
        self, path: str, request: Message, metadata: Mapping[str, str], timeout_s: float | None
    ) -> Coroutine[object, object, Message]:
        """What the RPC of that path answers, in that time if one is given.

        Raises:
            ServiceError: It refused.
        """
        ...


class _Form(msgspec.Struct, frozen=True):
    """What JSON looks like."""

    is_short: bool
    is_pretty: bool

    def encode(self, tree: object) -> bytes:
        text = json.dumps(tree, indent=2) if self.is_pretty else json.dumps(tree, separators=(",", ":"))
        return text.encode()


def api_routes(
    service: Service, table: Table, largest_body_bytes: int, origins: Collection[str] = ()
) -> Sequence[BaseRoute]:
    """Everything below `/`. Pages of `origins` may call it, see `cors`."""

    async def serve(request: Request) -> Response:
        form = _form_of(request)
        try:
            check_origin(request.headers, origins)
            return await _served(request, form)
        except ServiceError as error:
            return _refusal(error, form)
        except ClientDisconnect:
            return Response(status_code=HUNG_UP)  # nobody reads it

    async def _served(request: Request, form: _Form) -> Response:
        found, is_path_known = table.find(request.method, _segments(request))
        if found is None:
            code, text = (12, "Method Not Allowed") if is_path_known else (5, "Not Found")
            return _answer({"code": code, "message": text}, STATUSES[code], form)
        binding, values = found
        message = await _read(request, form, binding, values)
        metadata = {name: request.headers[name] for name in _FORWARDED if name in request.headers}
        reply = await _while_connected(
            request.receive, service.call(binding.rpc, message, metadata, _timeout_s(request))
        )
        tree: object = MessageToDict(reply)
        return _answer(shortened(cast("Descriptor", reply.DESCRIPTOR), tree) if form.is_short else tree, 200, form)

    async def _read(request: Request, form: _Form, binding: Binding, values: Mapping[str, str]) -> Message:
        body = await _body(request, largest_body_bytes)
        try:
            return request_message(binding, values, _query(request), body, is_short=form.is_short)
        except (ParseError, ValueError, RecursionError) as error:
            raise InvalidArgument(str(error) or "the request cannot be read") from error

    return [_EveryPath(serve)]


class _EveryPath(BaseRoute):
    """Takes any path and method. Patterns of Starlette stop at a line break, which ids may have."""

    def __init__(self, endpoint: Callable[[Request], Awaitable[Response]]) -> None:
        self._endpoint = endpoint

    def matches(self, scope: Scope) -> tuple[Match, Scope]:
        return (Match.FULL if scope["type"] == "http" else Match.NONE), {}

    def url_path_for(self, name: str, /, **path_params: object) -> URLPath:
        raise NoMatchFound(name, path_params)

    async def handle(self, scope: Scope, receive: Receive, send: Send) -> None:
        answer = await self._endpoint(Request(scope, receive))
        await answer(scope, receive, send)


def _form_of(request: Request) -> _Form:
    """`Accept` says it for the answer, else `Content-Type`, for the request too."""
    asked = request.headers.get("accept", "") + request.headers.get("content-type", "")
    return _Form(
        is_short="no-payload-shorthand" not in asked, is_pretty="+pretty" in asked or "pretty" in request.query_params
    )


def _segments(request: Request) -> tuple[str, ...]:
    """Of the path as it came, so that `%2F` is part of a value.

    Raises: InvalidArgument: it is not in UTF-8.
    """
    path = cast("bytes", request.scope.get("raw_path") or request.scope["path"].encode()).partition(b"?")[0]
    try:
        return tuple(unquote(each, errors="strict") for each in path.decode("latin-1").split("/")[1:])
    except UnicodeDecodeError as error:
        raise InvalidArgument("the path is not in UTF-8") from error


def _query(request: Request) -> Sequence[tuple[str, str]]:
    """Raises: ValueError: it is not in UTF-8, or too long."""
    text = cast("bytes", request.scope["query_string"]).decode("latin-1")
    return parse_qsl(text, keep_blank_values=True, errors="strict", max_num_fields=_MOST_NAMES)


def _timeout_s(request: Request) -> float | None:
    """What the header `Grpc-Timeout` allows, such as `10S` or `500m`.

    Raises: InvalidArgument: it is none.
    """
    text = request.headers.get("grpc-timeout")
    if not text:
        return None
    number, unit = text[:-1], text[-1:]
    if unit not in _UNITS_S or not (number.isascii() and number.isdigit() and len(number) <= _MOST_DIGITS):
        raise InvalidArgument(f"invalid grpc-timeout: {text[:50]}")
    return int(number) * _UNITS_S[unit]


async def _body(request: Request, largest_bytes: int) -> bytes:
    parts: list[bytes] = []
    size = 0
    async for part in request.stream():
        size += len(part)
        if size > largest_bytes:
            raise InvalidArgument(f"expected a body of at most {largest_bytes} bytes")
        parts.append(part)
    return b"".join(parts)


async def _while_connected(receive: Receive, call: Coroutine[object, object, Message]) -> Message:
    """What the call answers; nobody waits for it once the client has hung up."""
    calling = asyncio.create_task(call)
    watching = asyncio.create_task(_hung_up(receive))
    both: set[asyncio.Task[Message] | asyncio.Task[None]] = {calling, watching}
    try:
        await asyncio.wait(both, return_when=asyncio.FIRST_COMPLETED)
        if not calling.done():
            raise ClientDisconnect
        return calling.result()
    finally:
        calling.cancel()
        watching.cancel()


async def _hung_up(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass


def _answer(tree: object, status: int, form: _Form) -> Response:
    return Response(form.encode(tree), status_code=status, media_type="application/json", headers=_NOT_KEPT)


def _refusal(error: ServiceError, form: _Form) -> Response:
    tree = cast("dict[str, object]", MessageToDict(error.status()))
    return _answer(tree, STATUSES.get(int(error.code), 500), form)
