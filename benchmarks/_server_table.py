"""The table of `server.py`: its rows, their goals, and how medians over rounds become them."""

from __future__ import annotations

import statistics
from collections.abc import Callable, Sequence

import msgspec

from benchmarks._report import Row, Table, number, verdict
from benchmarks._server_round import GO, PYTHON, Driven, Round, Sizes

LEAST_RATIO = 8.0
MOST_P50_MS = 10.0
MOST_MEMORY_MB = 150.0
MOST_IDLE_MEMORY_MB = 90.0
MOST_IDLE_CPU_PERCENT = 0.5
MOST_READY_S = 1.0

Read = Callable[[Round], float | None]


class Figure(msgspec.Struct, kw_only=True):
    """One number of a round, and the goal for it, if any."""

    name: str
    read: Read
    digits: int = 1
    is_rate: bool = False  # more is better; else less is
    most: float | None = None
    least_ratio: float | None = None


def compare(measured: dict[str, list[Round]], sizes: Sizes) -> Table:
    """One row per figure, Mainspring first; the ratio says how many times better Mainspring is."""
    figures = [*sdk_figures(PYTHON), *sdk_figures(GO), *raw_figures(), *resource_figures(sizes)]
    rows = [row(figure, measured["mainspring"], measured["real"]) for figure in figures]
    return Table("One server, one file, full durability", ["Mainspring", "real dev server", "ratio"], rows)


def skipped(measured: dict[str, list[Round]]) -> str:
    """What the table has no figures of, in a sentence; empty if it has all."""
    drove = {sdk for rounds in measured.values() for round_ in rounds for sdk in round_.by_sdk}
    return "" if GO in drove else "\nThe rows of the Go SDK are skipped: its driver was not built.\n"


def sdk_figures(sdk: str) -> list[Figure]:
    """The same rows for each SDK, with the same goals."""

    def of(read: Callable[[Driven], float]) -> Read:
        return lambda round_: read(round_.by_sdk[sdk]) if sdk in round_.by_sdk else None

    rate, one = f"workflows/s, {sdk} SDK, 50 in flight", f"one at a time, {sdk} SDK"
    return [
        Figure(name=rate, read=of(lambda d: d.workflows_per_s), is_rate=True, least_ratio=LEAST_RATIO),
        Figure(name="… p50, ms", read=of(lambda d: d.in_flight_p50_ms)),
        Figure(name="… p99, ms", read=of(lambda d: d.in_flight_p99_ms)),
        Figure(name="… driver CPU per workflow, ms", read=of(lambda d: d.driver_cpu_ms), digits=2),
        Figure(name=f"{one}, p50, ms", read=of(lambda d: d.p50_ms), most=MOST_P50_MS),
        Figure(name=f"{one}, p99, ms", read=of(lambda d: d.p99_ms)),
    ]


def raw_figures() -> list[Figure]:
    return [
        Figure(name="workflows/s, raw RPCs, 50 in flight", read=lambda r: r.lean_workflows_per_s, is_rate=True),
        Figure(name="… server CPU per workflow, ms", read=lambda r: r.cpu_ms_per_workflow, digits=2),
    ]


def resource_figures(sizes: Sizes) -> list[Figure]:
    memory = f"memory after {sizes.memory_count:,} workflows, MB"
    return [
        Figure(name=memory, read=lambda r: r.memory_mb, most=MOST_MEMORY_MB),
        Figure(name="memory idle, MB", read=lambda r: r.idle_memory_mb, most=MOST_IDLE_MEMORY_MB),
        Figure(name="CPU idle, % of a core", read=lambda r: r.idle_cpu_percent, digits=2, most=MOST_IDLE_CPU_PERCENT),
        Figure(name="time to ready, s", read=lambda r: r.ready_s, digits=2, most=MOST_READY_S),
    ]


def row(figure: Figure, ours: Sequence[Round], theirs: Sequence[Round]) -> Row:
    our, their = median(ours, figure.read), median(theirs, figure.read)
    ratio = None
    if our and their:
        ratio = our / their if figure.is_rate else their / our
    values = [number(our, figure.digits), number(their, figure.digits), number(ratio)]
    return Row(figure.name, values, *goal(figure, our, ratio))


def goal(figure: Figure, our: float | None, ratio: float | None) -> tuple[str, str]:
    """The target as text, and whether it was met; both empty where there is none."""
    if figure.least_ratio is not None:
        is_met = None if ratio is None else ratio >= figure.least_ratio
        return f"ratio ≥ {figure.least_ratio:g}", verdict(is_met=is_met)
    if figure.most is not None:
        return f"≤ {figure.most:g}", verdict(is_met=None if our is None else our <= figure.most)
    return "", ""


def median(rounds: Sequence[Round], read: Read) -> float | None:
    values = [value for value in map(read, rounds) if value is not None]
    return statistics.median(values) if values else None
