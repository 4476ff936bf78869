"""What the list of workflows shows: the query that the reader wrote, and quick filters, joined to one query.

    ?query=Customer="A" OR Vip=true & status=Failed & status=TimedOut & type=Order & since=1h
        ->  (Customer="A" OR Vip=true) AND ExecutionStatus IN ("Failed", "TimedOut") AND WorkflowType = "Order"
            AND StartTime >= "2026-11-26T05:45:00Z"

`since` moves with the clock. A page of a list must not, so links to further pages carry `from`, the fixed instant.
"""

from __future__ import annotations

import re
from typing import Final

import msgspec

from mainspring.server.ui import times
from mainspring.server.ui.page import Fields, Nanos

STATUSES: Final = ("Running", "Completed", "Failed", "Canceled", "Terminated", "ContinuedAsNew", "TimedOut", "Paused")
OPEN: Final = ("Running", "Paused")
MINUTE: Final = 60_000_000_000
SINCE: Final = {
    "15m": 15 * MINUTE,
    "1h": 60 * MINUTE,
    "24h": 1_440 * MINUTE,
    "7d": 10_080 * MINUTE,
    "30d": 43_200 * MINUTE,
}

_POSITION: Final = re.compile(r"at position (\d+)")
_BEFORE_QUERY: Final = len("select * from table1 where ")
_SORTED_FIRST: Final = ("order by", "group by")


class Filter(msgspec.Struct, frozen=True, kw_only=True):
    """What the reader asked for."""

    query: str = ""
    statuses: tuple[str, ...] = ()
    workflow_type: str = ""
    since: str = ""  # a key of SINCE
    start_from: str = ""  # an instant of RFC 3339, in place of `since`
    is_stuck: bool = False  # only open runs that will not go on by themselves, or fail: no query of the API finds them

    def fixed(self, now: Nanos) -> Filter:
        """The same with an instant in place of `since`, on the full minute, so that it changes seldom."""
        if not self.since:
            return self
        start_from = times.iso((now - SINCE[self.since]) // MINUTE * MINUTE)
        return msgspec.structs.replace(self, since="", start_from=start_from)

    def text(self, *, with_status: bool = True) -> str:
        """One query of the API. Fix the filter before."""
        parts: list[str] = []
        if with_status and self.statuses:
            parts.append(_one_of("ExecutionStatus", self.statuses))
        if with_status and self.is_stuck:
            parts.append(_one_of("ExecutionStatus", OPEN))
        if self.workflow_type:
            parts.append(_one_of("WorkflowType", (self.workflow_type,)))
        if self.start_from:
            parts.append(f"StartTime >= {quoted(self.start_from)}")
        own = self.query.strip()
        if not parts or not own:
            return own or " AND ".join(parts)
        end = "\n" if "--" in own else ""  # a comment ends with its line
        return " AND ".join([f"({own}{end})", *parts])

    def fields(self) -> dict[str, str | tuple[str, ...]]:
        """As fields of a query string."""
        return {
            "query": self.query,
            "status": self.statuses,
            "type": self.workflow_type,
            "since": self.since,
            "from": self.start_from,
            "stuck": "1" if self.is_stuck else "",
        }

    @property
    def is_empty(self) -> bool:
        return self == Filter()

    def mistake(self, message: str) -> Mistake | None:
        """Where in the reader's own query the service found an error of syntax; None if its message says no place."""
        found = _POSITION.search(message)
        own = self.query.strip()
        if found is None or not own:
            return None
        is_joined = self.text() != own
        before = _BEFORE_QUERY + is_joined
        if not is_joined and own[:8].lower() in _SORTED_FIRST:
            before -= len("where ")
        end_bytes = int(found[1]) - 1 - before
        end = min(len(own), max(0, len(own.encode()[: max(0, end_bytes)].decode(errors="ignore"))))
        start = max(0, end - 1)
        while start > 0 and own[start - 1].isalnum() and own[start:end].isalnum():
            start -= 1
        return Mistake(own[:start], own[start:end], own[end:])


class Mistake(msgspec.Struct, frozen=True):
    """A query in three parts; `wrong` is where reading ended."""

    before: str
    wrong: str
    after: str


def filter_of(fields: Fields) -> Filter:
    """What the query string asks for; unknown statuses and spans are dropped."""
    since = fields.one("since")
    return Filter(
        query=fields.one("query"),
        statuses=tuple(name for name in STATUSES if name in fields.all("status")),
        workflow_type=fields.one("type"),
        since=since if since in SINCE else "",
        start_from=fields.one("from") if since not in SINCE else "",
        is_stuck=fields.one("stuck") == "1",
    )


def toggled(given: Filter, status: str) -> Filter:
    """The same filter with this status added, or taken away if it was there. Stuck runs are open: not only those."""
    chosen = set(given.statuses) ^ {status}
    return msgspec.structs.replace(given, statuses=tuple(name for name in STATUSES if name in chosen), is_stuck=False)


def quoted(text: str) -> str:
    """A string literal of the query language."""
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'


def _one_of(name: str, values: tuple[str, ...]) -> str:
    if len(values) == 1:
        return f"{name} = {quoted(values[0])}"
    return f"{name} IN ({', '.join(quoted(value) for value in values)})"
