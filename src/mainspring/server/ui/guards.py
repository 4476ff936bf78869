"""What stands before every page: headers of each answer, and the refusal of forms that another site sent.

A POST must come from this origin (`Origin`, else `Referer`, else `Sec-Fetch-Site`), and its field `csrf` must hold what
the visitor's cookie holds, which no other site can read. The origin alone would do in today's browsers; the token is
there for a mistake in one of them. `Referrer-Policy: same-origin` and not stricter: under `no-referrer` browsers send
`Origin: null` with our own forms.
"""

from __future__ import annotations

import hmac
import secrets
from collections.abc import Mapping
from typing import Final
from urllib.parse import parse_qsl, urlsplit

from starlette.datastructures import MutableHeaders
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send

COOKIE: Final = "mainspring_csrf"
FIELD: Final = "csrf"
_TOKEN_BYTES: Final = 24
_TOKEN_LENGTH: Final = 32  # of as many bytes, in URL-safe base64
FORM_SIZE_BYTES: Final = (
    12 * 1024 * 1024
)  # as large an input as a call may have, of characters that forms write as three
_FIELD_COUNT: Final = 2_000

POLICY: Final = "; ".join(
    [
        "default-src 'none'",
        *(f"{kind} 'self'" for kind in ("script-src", "style-src", "img-src", "connect-src", "form-action")),
        "base-uri 'none'",
        "frame-ancestors 'none'",
    ]
)
HEADERS: Final[Mapping[str, str]] = {
    "content-security-policy": POLICY,
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
    "permissions-policy": "camera=(), geolocation=(), microphone=()",
    "referrer-policy": "same-origin",
    "x-content-type-options": "nosniff",
    "x-frame-options": "DENY",
}


class Headers:
    """Puts the headers on every answer. Pages are not kept by caches: they show payloads."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                headers.update(HEADERS)
                headers.setdefault("cache-control", "no-store")
            await send(message)

        await self._app(scope, receive, send_with_headers)


def token_of(request: Request) -> str:
    """The visitor's token; empty if the visitor has none of ours yet."""
    token = request.cookies.get(COOKIE, "")
    return token if len(token) == _TOKEN_LENGTH and token.isascii() else ""


def new_token() -> str:
    """A token for a new visitor."""
    return secrets.token_urlsafe(_TOKEN_BYTES)


async def form_of(request: Request) -> list[tuple[str, str]]:
    """The fields of a form that was sent from one of our own pages.

    Raises:
        HTTPException: It comes from elsewhere, lacks the token, is malformed, or too large.
    """
    _check_origin(request)
    fields = _parsed(await _body(request))
    sent = next((value for name, value in fields if name == FIELD), "")
    token = token_of(request)
    if not token or not hmac.compare_digest(sent.encode(), token.encode()):
        raise HTTPException(403, "This form has expired. Go back, reload the page and send it again.")
    return fields


def _check_origin(request: Request) -> None:
    if not _is_own(request):
        raise HTTPException(403, "This form was sent from another site, so nothing was done.")


def _is_own(request: Request) -> bool:
    headers = request.headers
    origin = headers.get("origin") or headers.get("referer")
    if origin and origin != "null":
        return _host(origin) == headers.get("host", "")
    return not origin and headers.get("sec-fetch-site") == "same-origin"


def _host(url: str) -> str | None:
    """Host with port; None if it is no URL. Not the scheme: a proxy may speak TLS for us."""
    try:
        return urlsplit(url).netloc
    except ValueError:
        return None


async def _body(request: Request) -> bytes:
    if not request.headers.get("content-type", "").startswith("application/x-www-form-urlencoded"):
        raise HTTPException(415, "Expected a form.")
    parts: list[bytes] = []
    size = 0
    async for part in request.stream():
        size += len(part)
        if size > FORM_SIZE_BYTES:
            raise HTTPException(413, f"The form is larger than {FORM_SIZE_BYTES} bytes.")
        parts.append(part)
    return b"".join(parts)


def _parsed(body: bytes) -> list[tuple[str, str]]:
    try:
        return parse_qsl(
            body.decode("ascii"),
            keep_blank_values=True,
            strict_parsing=False,
            errors="strict",
            max_num_fields=_FIELD_COUNT,
        )
    except ValueError as error:
        raise HTTPException(400, "The form cannot be read.") from error
