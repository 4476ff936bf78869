"""`/metrics` for Prometheus: the server's numbers in its text format.

    Statistics, Store, Matching --(on the loop)--> Snapshot --(in a thread)--> text

Numbers are kept where they arise and written out only when somebody asks, so a server that nobody asks pays for
counting alone. Names and meanings are a contract: docs/reference/server-metrics.md is made from `FAMILIES`.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Iterator, Mapping
from typing import Final, Literal

import msgspec
from prometheus_client import CollectorRegistry, ProcessCollector, generate_latest
from prometheus_client.metrics_core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily, Metric
from prometheus_client.registry import Collector

from mainspring import __version__
from mainspring.server.engine.changes import TaskKind
from mainspring.server.engine.errors import StatusCode
from mainspring.server.matching.records import MatchingStatistics, Waiting
from mainspring.server.persistence.durations import BOUNDS_S, Durations
from mainspring.server.persistence.store import StoreSize, StoreStatistics, VisibilityFilter
from mainspring.server.process.assembly import Assembly

_RUNNING: Final = "status = 1"
_NO_LABELS: Final[tuple[str, ...]] = ()


class Family(msgspec.Struct, frozen=True):
    """One metric."""

    name: str  # without `_total`, which counters get
    kind: Literal["counter", "gauge", "histogram"]
    meaning: str
    labels: tuple[str, ...] = ()


_CALL: Final = ("door", "service", "method")

BUILD: Final = Family("mainspring_build_info", "gauge", "Always 1; the label says which version runs.", ("version",))
CALLS: Final = Family(
    "mainspring_rpc_requests", "counter", "Calls that have ended, by door: gRPC, the HTTP API, the web UI.", _CALL
)
ERRORS: Final = Family(
    "mainspring_rpc_errors",
    "counter",
    "Calls that ended with an error, by its gRPC code; Cancelled: the client had gone.",
    (*_CALL, "code"),
)
CALL_TIME: Final = Family(
    "mainspring_rpc_duration_seconds", "histogram", "How long calls took. Polls take as long as they wait.", _CALL
)
OPEN_CALLS: Final = Family("mainspring_rpc_in_progress", "gauge", "Calls under way, waiting polls among them.")
BACKLOG: Final = Family("mainspring_tasks_waiting", "gauge", "Tasks that wait for a poller.", ("kind",))
POLLS: Final = Family("mainspring_polls_waiting", "gauge", "Polls that wait for a task.", ("kind",))
QUEUES: Final = Family("mainspring_task_queues", "gauge", "Task queues in memory, sticky ones too.")
QUERIES: Final = Family("mainspring_queries_waiting", "gauge", "Queries that were asked and not answered.")
ADDED: Final = Family("mainspring_tasks_added", "counter", "Tasks that became ready.")
MATCHED: Final = Family("mainspring_tasks_matched", "counter", "Tasks that were handed to a poller.")
AT_ONCE: Final = Family("mainspring_tasks_matched_at_once", "counter", "Of these, to a poller that was waiting.")
RUNNING: Final = Family("mainspring_workflows_running", "gauge", "Workflows that have not closed.", ("namespace",))
COMMITS: Final = Family(
    "mainspring_store_commit_duration_seconds",
    "histogram",
    "How long a commit took, from its first statement until it was durable.",
)
WRITES: Final = Family("mainspring_store_writes", "counter", "Writes; several share a commit.")
SIZE: Final = Family("mainspring_store_size_bytes", "gauge", "Size of the database.")
FREE: Final = Family("mainspring_store_free_bytes", "gauge", "Of these, without content.")
WAL: Final = Family(
    "mainspring_store_wal_bytes", "gauge", "Size of the file of the write-ahead log, with the room made in it."
)

FAMILIES: Final = (
    *(BUILD, CALLS, ERRORS, CALL_TIME, OPEN_CALLS),
    *(BACKLOG, POLLS, QUEUES, QUERIES, ADDED, MATCHED, AT_ONCE),
    *(RUNNING, COMMITS, WRITES, SIZE, FREE, WAL),
)


class Calls(msgspec.Struct, frozen=True):
    """The calls of one method through one door."""

    labels: tuple[str, str, str]
    durations: Durations
    errors: Mapping[int, int]


class Snapshot(msgspec.Struct, frozen=True, kw_only=True):
    """All numbers of one moment."""

    calls: tuple[Calls, ...]
    open_call_count: int
    waiting: Mapping[TaskKind, Waiting]
    matching: MatchingStatistics
    running: Mapping[str, int]  # by namespace
    store: StoreStatistics
    size: StoreSize


async def exposition(assembly: Assembly) -> bytes:
    """What `/metrics` answers.

    Raises: StoreError: the store does not answer.
    """
    return await asyncio.to_thread(text_of, await snapshot(assembly))


async def snapshot(assembly: Assembly) -> Snapshot:
    """The numbers of now. Asks the store for its size, and for the running workflows of each namespace."""
    running = {
        namespace.name: await assembly.store.count_executions(VisibilityFilter(namespace.id, _RUNNING))
        for namespace in assembly.registry.all()
    }
    size = await assembly.store.size()
    called = sorted(assembly.door.statistics.called().items())
    return Snapshot(
        calls=tuple(
            Calls(_call_labels(door, path), method.durations.copy(), dict(method.errors))
            for (door, path), method in called
        ),
        open_call_count=len(assembly.door.calls),
        waiting=assembly.matching.waiting(),
        matching=assembly.matching.statistics(),
        running=running,
        store=assembly.store.statistics(),
        size=size,
    )


def text_of(numbers: Snapshot) -> bytes:
    """The numbers, and those of this process, in the text format."""
    registry = CollectorRegistry(auto_describe=False)
    registry.register(_Once(_families(numbers)))
    ProcessCollector(registry=registry)
    return generate_latest(registry)


class _Once(Collector):
    """Gives prometheus_client the families of one snapshot."""

    def __init__(self, families: Iterable[Metric]) -> None:
        self._families = families

    def collect(self) -> Iterable[Metric]:
        return self._families


def _families(numbers: Snapshot) -> Iterator[Metric]:
    calls, matching = numbers.calls, numbers.matching
    yield _plain(BUILD, {(__version__,): 1})
    yield _plain(CALLS, {each.labels: each.durations.count for each in calls})
    yield _plain(
        ERRORS,
        {(*each.labels, _code_name(code)): count for each in calls for code, count in sorted(each.errors.items())},
    )
    yield _histogram(CALL_TIME, {each.labels: each.durations for each in calls})
    yield _plain(OPEN_CALLS, {_NO_LABELS: numbers.open_call_count})
    yield _plain(BACKLOG, {(kind.name.lower(),): each.task_count for kind, each in numbers.waiting.items()})
    yield _plain(POLLS, {(kind.name.lower(),): each.poll_count for kind, each in numbers.waiting.items()})
    yield _plain(QUEUES, {_NO_LABELS: matching.queue_count})
    yield _plain(QUERIES, {_NO_LABELS: matching.waiting_query_count})
    yield _plain(ADDED, {_NO_LABELS: matching.added_count})
    yield _plain(MATCHED, {_NO_LABELS: matching.matched_count})
    yield _plain(AT_ONCE, {_NO_LABELS: matching.sync_matched_count})
    yield _plain(RUNNING, {(namespace,): count for namespace, count in numbers.running.items()})
    yield _histogram(COMMITS, {_NO_LABELS: numbers.store.commits})
    yield _plain(WRITES, {_NO_LABELS: numbers.store.write_count})
    yield _plain(SIZE, {_NO_LABELS: numbers.size.database_bytes})
    yield _plain(FREE, {_NO_LABELS: numbers.size.free_bytes})
    yield _plain(WAL, {_NO_LABELS: numbers.size.wal_bytes})


def _plain(family: Family, values: Mapping[tuple[str, ...], float]) -> Metric:
    kind = CounterMetricFamily if family.kind == "counter" else GaugeMetricFamily
    made = kind(family.name, family.meaning, labels=family.labels)
    for labels, value in values.items():
        made.add_metric(labels, value)
    return made


def _histogram(family: Family, values: Mapping[tuple[str, ...], Durations]) -> Metric:
    made = HistogramMetricFamily(family.name, family.meaning, labels=family.labels)
    for labels, durations in values.items():
        made.add_metric(labels, _buckets(durations), durations.total_s)
    return made


def _buckets(durations: Durations) -> list[tuple[str, float]]:
    """Cumulative, as Prometheus wants them."""
    count = 0
    found: list[tuple[str, float]] = []
    for bound, inside in zip([*map(str, BOUNDS_S), "+Inf"], durations.counts, strict=True):
        count += inside
        found.append((bound, count))
    return found


def _call_labels(door: str, path: str) -> tuple[str, str, str]:
    service, _, method = path.rpartition("/")
    return door, service.rpartition(".")[2], method


def _code_name(code: int) -> str:
    return "".join(part.capitalize() for part in StatusCode(code).name.split("_"))
