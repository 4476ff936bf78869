"""A codec server between people and payloads: what is sent is encoded, what is shown is decoded.

POST <endpoint>/encode, <endpoint>/decode      {"payloads": [...]}, as all codec servers take it
"""

from __future__ import annotations

import asyncio
import functools
import threading
import urllib.error
import urllib.request
from collections.abc import Callable, Mapping, Sequence
from datetime import timedelta
from typing import Any, Final, TypeVar

import click
from google.protobuf.json_format import MessageToJson, Parse, ParseError
from google.protobuf.message import Message
from temporalio.api.common.v1 import Payload, Payloads

from mainspring.envconfig._loading import Profile
from mainspring.service import ServiceClient, ServiceResponse

ANSWER_WITHIN_S: Final = 30
MOST_ANSWER_BYTES: Final = 64 * 1024 * 1024

T = TypeVar("T")


def with_codec(client: ServiceClient, profile: Profile, given: Mapping[str, Any]) -> ServiceClient:
    """The client, or one around it whose payloads pass the codec server that was named.

    Raises: click.ClickException: the endpoint is no URL of HTTP.
    """
    endpoint = given.get("codec_endpoint") or (profile.codec.endpoint if profile.codec else None)
    if not endpoint:
        return client
    if not endpoint.startswith(("http://", "https://")):
        raise click.ClickException(f"--codec-endpoint: expected http:// or https://, got {endpoint!r}")
    namespace = profile.namespace or ""
    headers = {"Content-Type": "application/json", "X-Namespace": namespace, **dict(given.get("codec_header", ()))}
    auth = given.get("codec_auth") or (profile.codec.auth if profile.codec else None)
    if auth:
        headers["Authorization"] = auth
    return CodecClient(client, CodecServer(endpoint.replace("{namespace}", namespace).rstrip("/"), headers))


class CodecServer:
    """Where payloads are encoded and decoded."""

    def __init__(self, endpoint: str, headers: Mapping[str, str]) -> None:
        self._endpoint = endpoint
        self._headers = headers

    async def encode(self, payloads: Sequence[Payload]) -> list[Payload]:
        return await self._change("encode", payloads)

    async def decode(self, payloads: Sequence[Payload]) -> list[Payload]:
        return await self._change("decode", payloads)

    async def _change(self, verb: str, payloads: Sequence[Payload]) -> list[Payload]:
        if not payloads:
            return []
        return await in_thread(functools.partial(self._ask, verb, Payloads(payloads=payloads)))

    def _ask(self, verb: str, payloads: Payloads) -> list[Payload]:
        url = f"{self._endpoint}/{verb}"
        body = MessageToJson(payloads, indent=None).encode()
        request = urllib.request.Request(url, body, dict(self._headers))  # noqa: S310  # the scheme was checked
        try:
            with urllib.request.urlopen(request, timeout=ANSWER_WITHIN_S) as answer:  # noqa: S310  # as above
                return list(Parse(answer.read(MOST_ANSWER_BYTES), Payloads()).payloads)
        except (OSError, urllib.error.URLError, ParseError, UnicodeDecodeError) as error:
            raise click.ClickException(f"codec server {url}: {error}") from error


async def in_thread(call: Callable[[], T]) -> T:
    """What the call returns. It does not keep the program from ending, other than calls in the loop's own threads."""
    loop = asyncio.get_running_loop()
    done: asyncio.Future[T] = loop.create_future()

    def settle(result: T | None, error: BaseException | None) -> None:
        if done.cancelled():
            return
        if error is not None:
            done.set_exception(error)
        else:
            done.set_result(result)  # type: ignore[arg-type]  # there is one, if there was no error

    def run() -> None:
        try:
            result = call()
        except Exception as error:  # noqa: BLE001  # whoever waits gets it
            loop.call_soon_threadsafe(settle, None, error)
        else:
            loop.call_soon_threadsafe(settle, result, None)

    threading.Thread(target=run, name="codec server", daemon=True).start()
    return await done


class CodecClient(ServiceClient):
    """A client whose payloads pass a codec server on both ways."""

    def __init__(self, client: ServiceClient, codec: CodecServer) -> None:
        super().__init__(client.config)
        self._client = client
        self._codec = codec

    @property
    def worker_service_client(self) -> ServiceClient:
        return self._client

    def update_rpc_metadata(self, metadata: Mapping[str, str | bytes]) -> None:
        self._client.update_rpc_metadata(metadata)

    def update_api_key(self, api_key: str | None) -> None:
        self._client.update_api_key(api_key)

    async def close(self) -> None:
        await self._client.close()

    async def _rpc_call(
        self,
        rpc: str,
        req: Message,
        resp_type: type[ServiceResponse],  # noqa: ARG002  # the inner client knows
        *,
        service: str,
        retry: bool,
        metadata: Mapping[str, str | bytes],
        timeout: timedelta | None,
    ) -> ServiceResponse:
        from mainspring.worker._payload_walk import change_payloads

        sent = type(req)()
        sent.CopyFrom(req)
        await change_payloads(sent, self._codec.encode, headers=True)
        call = getattr(getattr(self._client, f"{service}_service"), rpc)
        reply: ServiceResponse = await call(sent, retry=retry, metadata=metadata, timeout=timeout)
        await change_payloads(reply, self._codec.decode, headers=True)
        return reply
