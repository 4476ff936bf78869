"""What views take and give.

async def show(visit: Visit) -> Page:
    reply = await visit.service.call(ListNamespacesRequest(), ListNamespacesResponse)
    return Page("namespaces.html", Namespaces(...), title="Namespaces", section="namespaces")
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from urllib.parse import quote, urlencode

import msgspec

from mainspring.server.ui.service import Codec, Service

Nanos = int  # since the epoch


class Page(msgspec.Struct, frozen=True):
    """One page: a template, and the frozen struct that it shows under the name `page`."""

    template: str
    model: object
    title: str
    section: str = ""  # the entry of the navigation that it belongs to
    status: int = 200


class Redirect(msgspec.Struct, frozen=True):
    """Go and see another page, after a form was taken. `cookie`: one to set, its name and value."""

    url: str
    cookie: tuple[str, str] | None = None


class Data(msgspec.Struct, frozen=True):
    """JSON for the script."""

    content: object


class Download(msgspec.Struct, frozen=True):
    """A file, sent part by part. A part that fails ends the connection, so that no half of it passes for all."""

    file_name: str  # ASCII, without quotes
    media_type: str
    parts: AsyncIterator[bytes]


class Fields:
    """Fields of a query string or a form, in order; a name may stand several times."""

    def __init__(self, items: Sequence[tuple[str, str]]) -> None:
        self._items = tuple(items)

    def one(self, name: str, default: str = "") -> str:
        """The first value of that name."""
        return next((value for key, value in self._items if key == name), default)

    def all(self, name: str) -> list[str]:
        """Every value of that name."""
        return [value for key, value in self._items if key == name]

    def items(self) -> tuple[tuple[str, str], ...]:
        return self._items


class Visit(msgspec.Struct, frozen=True, kw_only=True):
    """One request of a browser, as views see it. `form` is empty unless it is a POST."""

    service: Service
    namespace: str
    query: Fields
    form: Fields
    now: Nanos
    codec: Codec | None = None
    is_read_only: bool = False

    def link(self, path: str, **fields: str | int | Sequence[str]) -> str:
        """An address of ours in this namespace."""
        return url(path, namespace=self.namespace, **fields)


View = Callable[[Visit], Awaitable[Page | Redirect | Data | Download]]


def url(path: str, **fields: str | int | Sequence[str]) -> str:
    """An address with these fields in its query string; those that are empty are left out."""
    given = [(name, value) for name, value in fields.items() if value not in ("", ())]
    return f"{path}?{urlencode(given, doseq=True, quote_via=quote, safe='')}" if given else path
