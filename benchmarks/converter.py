"""Values to payloads and back, by this SDK's converter and by the official one, in the same process by turns.

Each row is one value; a column is the official converter's time over ours, so 2.0 means twice as fast. Times of a round
are the least of several, so that what else the machine does counts little.

    python -m benchmarks.converter [--write]        ITERATIONS=1 only shows that nothing has rotted
"""

from __future__ import annotations

import argparse
import os
import sys
import timeit
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import UUID

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))  # so that the script also runs by its path
sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "src"))

import temporalio.contrib.pydantic
import temporalio.converter
from pydantic import BaseModel

from benchmarks._report import Row, Table, number, verdict, write
from mainspring.converter import PayloadConverter

ROUNDS = int(os.environ.get("ITERATIONS", "9"))
CALLS = 2_000 if ROUNDS > 1 else 20
DECODE_TARGET = 2.0  # times as fast as the official converter, for a small dataclass


@dataclass
class Disk:
    name: str
    size_gib: int
    is_fast: bool = True


@dataclass
class Machine:
    id: UUID
    made_at: datetime
    disks: list[Disk]
    labels: dict[str, str]
    parent: Machine | None = None


class Model(BaseModel):
    name: str
    size: int


MACHINE = Machine(
    UUID(int=5),
    datetime(2026, 11, 25, tzinfo=UTC),
    [Disk(f"disk-{number}", number) for number in range(10)],
    {"zone": "a", "rack": "7"},
)
VALUES: dict[str, tuple[Any, Any]] = {
    "a small dataclass": (Disk, Disk("a", 1)),
    "a nested dataclass": (Machine, MACHINE),
    "a list of 1,000 numbers": (list[int], list(range(1_000))),
    "a dict without a hint": (None, {"a": [1, "b"], "c": None}),
    "a text": (str, "node-17"),
    "a pydantic model": (Model, Model(name="a", size=1)),
}


def seconds(call: Callable[[], object], calls: int) -> float:
    return timeit.timeit(call, number=calls) / calls


def rival(name: str) -> Any:
    """The official converter that is meant for the value."""
    if "pydantic" in name:
        return temporalio.contrib.pydantic.pydantic_data_converter.payload_converter
    return temporalio.converter.DataConverter.default.payload_converter


def measure(name: str) -> Row:
    hint, value = VALUES[name]
    ours, theirs = PayloadConverter.default, rival(name)
    payload = ours.to_payload(value)
    calls = max(1, CALLS // 100) if "1,000" in name else CALLS
    pairs = {
        "write": (lambda: ours.to_payload(value), lambda: theirs.to_payload(value)),
        "read": (lambda: ours.from_payload(payload, hint), lambda: theirs.from_payload(payload, hint)),
    }
    least = {way: (float("inf"), float("inf")) for way in pairs}
    for _ in range(ROUNDS):
        for way, (own, other) in pairs.items():
            least[way] = min(least[way][0], seconds(own, calls)), min(least[way][1], seconds(other, calls))
    ratios = {way: other / own for way, (own, other) in least.items()}
    values = [number(ratios["write"], 2), number(ratios["read"], 2), number(least["read"][0] * 1e6)]
    if name != "a small dataclass":
        return Row(name, values)
    return Row(name, values, f"read {DECODE_TARGET}", verdict(is_met=ratios["read"] >= DECODE_TARGET))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--write", action="store_true", help="keep the table in benchmarks/results/")
    options = parser.parse_args()
    columns = ["write: official / ours", "read: official / ours", "read, us"]
    table = Table("Payload converters", columns, [measure(name) for name in VALUES]).markdown()
    print(table)
    if options.write:
        print(write("converter", table))


if __name__ == "__main__":
    main()
