"""What the guards of workflow code cost: an activation, a call of a guarded function, and the check at registration.

    elsewhere             no workflow runs: the price that a program pays for having a worker
    while one runs        in another thread than the workflow's
    in workflow code      with the look at who calls

The peer is the same call in a process without guards. Times are of the processor, the least of several rounds.

    python -m benchmarks.guards
"""

from __future__ import annotations

import datetime as dt
import os
import random
import sys
import threading
import time
import uuid
from collections.abc import Callable
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))  # so that the script also runs by its path
sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "src"))

from benchmarks._report import Row, Table, number
from mainspring import workflow
from mainspring.determinism import check_module
from mainspring.determinism._guards import GUARDS
from tests.worker.driven import Driven, signal

ITERATIONS = int(os.environ.get("ITERATIONS", "20000"))
ROUNDS = 7
CALLS: dict[str, Callable[[], Any]] = {
    "time.time()": lambda: time.time(),  # noqa: PLW0108 - looked up at each call, as all of these
    "datetime.now(UTC)": lambda: dt.datetime.now(dt.UTC),
    "random.random()": lambda: random.random(),  # noqa: PLW0108 - as above
    "random.randint(1, 9)": lambda: random.randint(1, 9),
    "uuid.uuid4()": lambda: uuid.uuid4(),  # noqa: PLW0108 - as above
    "os.urandom(16)": lambda: os.urandom(16),
    "os.environ['PATH']": lambda: os.environ["PATH"],
    "open(os.devnull)": lambda: open(os.devnull).close(),  # noqa: PTH123 - this call is measured
    "threading.Thread.start": lambda: start_and_join(),  # noqa: PLW0108 - as above
}
ALLOWED = {
    "time.time()",
    "datetime.now(UTC)",
    "random.random()",
    "random.randint(1, 9)",
    "uuid.uuid4()",
    "os.urandom(16)",
}


def start_and_join() -> None:
    thread = threading.Thread(target=int)
    thread.start()
    thread.join()


def nanoseconds(call: Callable[[], object], divisor: int = 1) -> float:
    """Processor time of one call."""
    count = max(1, ITERATIONS // divisor)
    best = float("inf")
    for _ in range(ROUNDS):
        started = time.thread_time_ns()
        for _ in range(count):
            call()
        best = min(best, (time.thread_time_ns() - started) / count)
    return best


@workflow.defn
class Measures:
    """Measures in workflow code, whose own clocks stand still."""

    def __init__(self) -> None:
        self.signal_count = 0

    @workflow.run
    async def run(self) -> dict[str, float]:
        return {name: nanoseconds(CALLS[name], 10) for name in CALLS if name in ALLOWED}

    @workflow.signal
    def seen(self) -> None:
        self.signal_count += 1


@workflow.defn
class Sits:
    @workflow.run
    async def run(self) -> None:
        await workflow.wait_condition(lambda: False)

    @workflow.signal
    def seen(self) -> None:
        pass


def in_a_workflow() -> dict[str, float]:
    """The prices as workflow code pays them; `thread_time_ns` is not guarded."""
    run = Driven(Measures)
    (said,) = run.begin()
    measured: dict[str, float] = eval(said.removeprefix("complete "))
    return measured


def each() -> dict[str, float]:
    return {name: nanoseconds(call, 100 if "Thread" in name or "open" in name else 1) for name, call in CALLS.items()}


def activation() -> Table:
    sits = Driven(Sits)
    sits.begin()

    def guards() -> None:
        GUARDS.enter()
        GUARDS.leave()

    whole = nanoseconds(lambda: sits.tell(signal("seen")), 10)
    alone = nanoseconds(guards, 1)
    return Table(
        title="An activation of one signal",
        columns=["us"],
        rows=[
            Row(name="all of it", values=[number(whole / 1000)]),
            Row(name="entering and leaving the guards", values=[number(alone / 1000)]),
        ],
    )


def calls(before: dict[str, float]) -> Table:
    after = each()
    GUARDS.enter()
    meanwhile = each()
    GUARDS.leave()
    within = in_a_workflow()
    rows = [
        Row(
            name=name,
            values=[
                *(number(one[name], 0) for one in (before, after, meanwhile)),
                number(within.get(name), 0),
            ],
        )
        for name in CALLS
    ]
    return Table(
        title="A call, in ns",
        columns=["without guards", "elsewhere", "while one runs", "in workflow code"],
        rows=rows,
    )


def registration() -> Table:
    path = Path(__file__).resolve().parent.parent / "tests/worker/test_run_cases.py"
    lines = len(path.read_text("utf-8").splitlines())
    started = time.thread_time_ns()
    check_module(path)
    took_ms = (time.thread_time_ns() - started) / 1e6
    row = Row(name=f"a module of {lines} lines with many workflows", values=[number(took_ms)])
    return Table(title="The check at registration", columns=["ms"], rows=[row])


def main() -> None:
    before = each()  # nothing is guarded until the first activation
    for table in (calls(before), activation(), registration()):
        print(table.markdown())


if __name__ == "__main__":
    main()
