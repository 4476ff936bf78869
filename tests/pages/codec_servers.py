"""A codec server for tests: it turns the bytes of payloads round, or misbehaves in one way.

with codec_server() as codec:
    codec.endpoint, codec.asked
"""

from __future__ import annotations

import time
from collections.abc import Generator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Final

import msgspec
from google.protobuf import json_format
from temporalio.api.common.v1 import Payload, Payloads

ENCRYPTED: Final = b"binary/encrypted"
WRONG: Final = {
    "status": b"HTTP/1.1 500 Oh no\r\ncontent-length: 13\r\n\r\n<b>no key</b>",
    "moved": b"HTTP/1.1 302 Found\r\nlocation: http://127.0.0.1:1/decode\r\ncontent-length: 0\r\n\r\n",
    "no JSON": b"HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\n<b>hi",
    "deep": b"HTTP/1.1 200 OK\r\n\r\n" + b"[" * 200_000,
    "no payloads": b"HTTP/1.1 200 OK\r\ncontent-length: 4\r\n\r\nnull",
    "too few": b'HTTP/1.1 200 OK\r\ncontent-length: 15\r\n\r\n{"payloads":[]}',
    "no UTF-8": b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n\xff\xfe",
    "no HTTP": b"\x00\x01 hello\r\n\r\n",
    "closed": b"",
}


class Asked(msgspec.Struct, frozen=True):
    """One request that it was sent."""

    path: str
    namespace: str
    payloads: list[Payload]


class CodecStub:
    """Where it is, and what it was asked."""

    def __init__(self, endpoint: str) -> None:
        self.endpoint = endpoint
        self.asked: list[Asked] = []


def encrypted(data: bytes, encoding: bytes = b"json/plain") -> Payload:
    return Payload(metadata={"encoding": ENCRYPTED, "was": encoding}, data=data[::-1])


@contextmanager
def codec_server(wrong: str = "") -> Generator[CodecStub]:
    """A codec server on a free port. `wrong`: a key of `WRONG`, `slow` or `endless`."""
    stub = CodecStub("")

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:  # the library's name
            body = self.rfile.read(int(self.headers["content-length"]))
            payloads = json_format.Parse(body, Payloads()).payloads
            stub.asked.append(Asked(self.path, self.headers["x-namespace"], list(payloads)))
            if wrong:
                self.close_connection = True
                self.misbehave()
                return
            made = [(_decoded if self.path.endswith("/decode") else _encoded)(each) for each in payloads]
            answer = json_format.MessageToJson(Payloads(payloads=made)).encode()
            self.send_response(200)
            self.send_header("content-length", str(len(answer)))
            self.end_headers()
            self.wfile.write(answer)

        def misbehave(self) -> None:
            if wrong == "slow":
                self.wfile.write(b"HTTP/1.1 200 OK\r\n\r\n")
                for _ in range(40):
                    self.wfile.write(b" ")
                    time.sleep(0.05)
            elif wrong == "endless":
                self.wfile.write(b"HTTP/1.1 200 OK\r\n\r\n" + b" " * 200_000)
            else:
                self.wfile.write(WRONG[wrong])

        def handle_one_request(self) -> None:
            try:
                super().handle_one_request()
            except ConnectionError:  # who asked has hung up
                self.close_connection = True

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002  # the library's names
            """Say nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        server.daemon_threads = True
        stub.endpoint = f"http://127.0.0.1:{server.server_port}"
        thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            yield stub
        finally:
            server.shutdown()
            thread.join()


def _decoded(payload: Payload) -> Payload:
    if payload.metadata["encoding"] != ENCRYPTED:
        return payload
    return Payload(metadata={"encoding": payload.metadata["was"]}, data=payload.data[::-1])


def _encoded(payload: Payload) -> Payload:
    return encrypted(payload.data, payload.metadata["encoding"])
