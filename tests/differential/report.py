"""How many scenarios pass, feature by feature:

    python -m tests.differential.report [pytest's arguments]

Runs the differential tests and prints one line a feature, the total, and every difference that is meant.
"""

from __future__ import annotations

import sys
from collections import defaultdict
from pathlib import Path

import msgspec
import pytest

from tests.differential.differences import MEANT

HERE = Path(__file__).parent


class Count(msgspec.Struct):
    """Scenarios of one feature."""

    passed: int = 0
    failed: int = 0
    skipped: int = 0


class Counter:
    """A pytest plugin that counts by test file."""

    def __init__(self) -> None:
        self.features: defaultdict[str, Count] = defaultdict(Count)

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        name = Path(report.location[0]).stem.removeprefix("test_")
        if name == "rig":  # tests of the rig itself compare no servers
            return
        feature = self.features[name]
        if report.failed:
            feature.failed += 1
        elif report.skipped:
            feature.skipped += 1
        elif report.when == "call":
            feature.passed += 1


def table(features: dict[str, Count]) -> list[str]:
    """Lines of the form `timers  12 of 13 pass`, then the total."""
    counts = sorted(features.items())
    total = Count(
        passed=sum(count.passed for _, count in counts),
        failed=sum(count.failed for _, count in counts),
        skipped=sum(count.skipped for _, count in counts),
    )
    return [line(name, count) for name, count in [*counts, ("total", total)]]


def line(name: str, count: Count) -> str:
    skipped = f", {count.skipped} skipped" if count.skipped else ""
    return f"{name:<24}{count.passed:>5} of {count.passed + count.failed} pass{skipped}"


def main(arguments: list[str]) -> int:
    counter = Counter()
    code = pytest.main([str(HERE), "-q", "-p", "no:cacheprovider", "--tb=no", "-r", "N", *arguments], plugins=[counter])
    print("\n".join(["", *table(counter.features)]))
    for difference in MEANT:
        print(f"meant: {difference.scenarios}: {difference.reason}")
    return int(code)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
