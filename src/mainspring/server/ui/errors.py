"""Pages for what went wrong: the words of the error as the service gave them, under a status that fits."""

from __future__ import annotations

from http import HTTPStatus
from typing import Final

import msgspec

from mainspring.server.ui.page import Page
from mainspring.server.ui.service import Refused

INVALID_ARGUMENT: Final = 3
DEADLINE_EXCEEDED: Final = 4
NOT_FOUND: Final = 5
PERMISSION_DENIED: Final = 7
UNIMPLEMENTED: Final = 12

# By gRPC status code: the name, and the status of HTTP.
_CODES: Final = {
    1: ("Canceled", 499),
    INVALID_ARGUMENT: ("Invalid argument", 400),
    DEADLINE_EXCEEDED: ("Deadline exceeded", 504),
    NOT_FOUND: ("Not found", 404),
    6: ("Already exists", 409),
    PERMISSION_DENIED: ("Permission denied", 403),
    8: ("Resource exhausted", 429),
    9: ("Failed precondition", 400),
    10: ("Aborted", 409),
    UNIMPLEMENTED: ("Not served", 501),
    14: ("Unavailable", 503),
    16: ("Not authenticated", 401),
}


class ErrorPage(msgspec.Struct, frozen=True, kw_only=True):
    """What went wrong."""

    status: int
    headline: str
    message: str


def code_name(code: int) -> str:
    """A gRPC status code in words."""
    return _CODES.get(code, ("Internal error", 500))[0]


def error_page(refused: Refused) -> Page:
    """The page for an error of the service."""
    headline, status = _CODES.get(refused.code, ("Internal error", 500))
    return _page(ErrorPage(status=status, headline=headline, message=refused.message))


def page_of_status(status: int, detail: str) -> Page:
    """The page for an error of HTTP; `detail` may be empty."""
    headline = HTTPStatus(status).phrase
    if status == HTTPStatus.NOT_FOUND:
        detail = "There is no page at this address."
    elif status == HTTPStatus.INTERNAL_SERVER_ERROR:
        detail = "The page could not be made. The server's log says why."
    return _page(ErrorPage(status=status, headline=headline, message="" if detail == headline else detail))


def _page(model: ErrorPage) -> Page:
    return Page("error.html", model, title=model.headline, status=model.status)
