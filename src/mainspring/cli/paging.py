"""Lists that come page by page: a page is printed when it has come, so that a pager shows it at once.

await show_list(output, pages(call, request, "executions"), COLUMNS, row, limit=10)
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from typing import Any, Protocol, TypeVar

from google.protobuf.message import Message

from mainspring.cli.output import Output, Value

M = TypeVar("M", bound=Message)


class PagedCall(Protocol):
    """An RPC whose request and reply have a `next_page_token`."""

    def __call__(self, req: Any, /, *, retry: bool) -> Awaitable[Any]: ...


async def pages(call: PagedCall, request: Any, field: str) -> AsyncIterator[Sequence[Any]]:
    """The reply's field of each page. A server that restarts meanwhile is waited for."""
    is_first = True
    while is_first or request.next_page_token:
        reply = await call(request, retry=not is_first)
        yield getattr(reply, field)
        request.next_page_token = reply.next_page_token
        is_first = False


async def show_list(
    output: Output,
    found: AsyncIterator[Sequence[M]],
    columns: Sequence[str],
    row: Callable[[M], Sequence[Value]],
    *,
    limit: int = 0,
) -> None:
    """Print messages as one JSON list, or a line each in JSONL, or as a table; 0 is no limit."""
    shown = 0
    with output.listing():
        async for page in found:
            part = page[: limit - shown] if limit else page
            for message in part:
                output.message(message)
            if part:
                output.table(columns, [row(message) for message in part], header=not shown)
            output.flush()
            shown += len(part)
            if limit and shown >= limit:
                return
