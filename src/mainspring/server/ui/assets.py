"""Static files, each under an address that holds the hash of its content, so that browsers may keep it for ever.

asset("app.css")  ->  /static/app.3f9c2ab41d07.css
"""

from __future__ import annotations

import hashlib
from importlib.resources import files
from typing import Final

import msgspec
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response

_TYPES: Final = {".css": "text/css", ".js": "text/javascript", ".svg": "image/svg+xml"}
_HASH_LENGTH: Final = 12
_FOR_EVER: Final = "public, max-age=31536000, immutable"


class _Asset(msgspec.Struct, frozen=True):
    path: str
    body: bytes
    media_type: str


def _load() -> dict[str, _Asset]:
    found: dict[str, _Asset] = {}
    for file in files("mainspring.server.ui").joinpath("static").iterdir():
        stem, dot, ending = file.name.rpartition(".")
        media_type = _TYPES.get(dot + ending)
        if media_type is not None:
            body = file.read_bytes()
            digest = hashlib.sha256(body).hexdigest()[:_HASH_LENGTH]
            found[file.name] = _Asset(f"/static/{stem}.{digest}.{ending}", body, media_type)
    return found


_BY_NAME: Final = _load()
_BY_PATH: Final = {each.path: each for each in _BY_NAME.values()}


def asset(name: str) -> str:
    """The address of a static file."""
    return _BY_NAME[name].path


async def serve(request: Request) -> Response:
    """A static file. An address from before the file changed is not found, as no page names it any more."""
    found = _BY_PATH.get(request.url.path)
    if found is None:
        return PlainTextResponse("not found", status_code=404)
    return Response(found.body, media_type=found.media_type, headers={"cache-control": _FOR_EVER})
