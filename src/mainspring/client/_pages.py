"""Results that come in pages: fetched one after the other as they are iterated over."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Sequence
from typing import Generic, Self, TypeVar

T = TypeVar("T")


class Pages(Generic[T]):
    """An asynchronous iterator over all items of all pages, at most `limit` of them."""

    def __init__(self, *, page_size: int, next_page_token: bytes | None, limit: int | None = None) -> None:
        self._page_size = page_size
        self._next_page_token = next_page_token
        self._limit = limit
        self._yielded_count = 0
        self._current_page: Sequence[T] | None = None
        self._current_page_index = 0

    @property
    def current_page_index(self) -> int:
        """Place in the current page of the item that comes next."""
        return self._current_page_index

    @property
    def current_page(self) -> Sequence[T] | None:
        """The page that is being iterated over; None before the first one."""
        return self._current_page

    @property
    def next_page_token(self) -> bytes | None:
        """What asks for the next page; None if there is none, or none was fetched yet."""
        return self._next_page_token

    async def fetch_next_page(self, *, page_size: int | None = None) -> None:
        """Make the next page the current one, with another size than the iterator was made for if one is given."""
        size = page_size or self._page_size
        if self._limit is not None:
            size = min(size, self._limit - self._yielded_count)
        items, token = await self._fetch(size, self._next_page_token or b"")
        self._current_page = items
        self._current_page_index = 0
        self._next_page_token = token or None

    @abstractmethod
    async def _fetch(self, page_size: int, token: bytes) -> tuple[Sequence[T], bytes]:
        """A page and the token of the one after it; an empty token asks for the first, and says there is no other."""

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> T:
        if self._limit is not None and self._yielded_count >= self._limit:
            raise StopAsyncIteration
        while self._current_page is None or self._current_page_index >= len(self._current_page):
            if self._current_page is not None and self._next_page_token is None:
                raise StopAsyncIteration
            await self.fetch_next_page()
        item = self._current_page[self._current_page_index]
        self._current_page_index += 1
        self._yielded_count += 1
        return item
