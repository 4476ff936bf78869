"""A small HTTP server and client for services on this machine. Bodies are JSON, or empty.

Nothing but the standard library, since every agent pays for what is imported here when it boots.
"""

import http.client
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import NamedTuple
from urllib.parse import urlsplit

TIMEOUT_S = 2.0


class Request(NamedTuple):
    method: str
    path: str
    body: bytes


class Reply(NamedTuple):
    status: int
    body: bytes = b""


def server(port: int, answer: Callable[[Request], Reply]) -> ThreadingHTTPServer:
    """Bind to a port of 127.0.0.1, 0 for any. `serve_forever()` calls `answer` on a thread for each request."""

    class Handler(BaseHTTPRequestHandler):
        def answer_request(self) -> None:
            length = int(self.headers.get("Content-Length") or 0)
            reply = answer(Request(self.command, self.path, self.rfile.read(length)))
            self.send_response(reply.status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(reply.body)))
            self.end_headers()
            self.wfile.write(reply.body)

        do_GET = do_PUT = do_POST = do_DELETE = answer_request  # noqa: N815  # so named by http.server

        def log_request(self, code: int | str = "-", size: int | str = "-") -> None:
            """Not a line per request: health is asked for ten times a second."""

    return ThreadingHTTPServer(("127.0.0.1", port), Handler)


def send(method: str, url: str, body: bytes = b"") -> Reply:
    """Send one request, whatever proxy the environment names.

    Raises:
        OSError: nobody answered in time. The request may have been carried out.
    """
    address = urlsplit(url)
    connection = http.client.HTTPConnection(address.hostname or "", address.port, timeout=TIMEOUT_S)
    try:
        connection.request(method, address.path, body)
        response = connection.getresponse()
        return Reply(response.status, response.read())
    except http.client.HTTPException as error:
        raise ConnectionError(f"{method} {url}: {error}") from error
    finally:
        connection.close()
