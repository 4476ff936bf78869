"""Runs the official Python SDK's own tests on a server and says how many of the required ones pass.

    git clone https://github.com/temporalio/sdk-python CLONE && git -C CLONE checkout 3a464f9b
    python3 -m venv VENV && VENV/bin/pip install -r tests/conformance/sdk_python_requirements.txt
    python -m tests.conformance.sdk_python CLONE VENV/bin/python --server-command "mainspring server start-dev"
    python -m tests.conformance.sdk_python CLONE VENV/bin/python --address 127.0.0.1:7233 --levels L0,L1

Run from the root of this repository, in its own environment. The suite is no part of this repository: only the ids of
the tests that pass on the real server are, with the level each belongs to and the RPCs and commands it was seen to use
(`sdk_python_tests.tsv`). A server of your own needs the settings below and an empty store; `--server-command` takes any
command with the official dev server's flags, `temporal server start-dev` too, and adds them itself.
Only the clone's `tests` are used: the SDK under them is the installed one. What fails is run again, twice.
"""

from __future__ import annotations

import argparse
import contextlib
import os
import shlex
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Generator, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path

from tests.conformance.sdk_python_report import (
    JunitKey,
    Occasion,
    Outcome,
    RequiredTest,
    console_report,
    junit_key,
    markdown_report,
    outcomes,
    put_into,
    reaches,
    required_tests,
    verdicts,
)

TABLE = Path(__file__).with_name("sdk_python_tests.tsv")
SETTINGS = [  # what the tests assume of a server, beyond its defaults
    "limit.historyCount.suggestContinueAsNew=50",
    "system.forceSearchAttributesCacheRefreshOnRead=true",
    "frontend.enableCancelWorkerPollsOnShutdown=true",
    "frontend.workerVersioningDataAPIs=true",
    "frontend.workerVersioningWorkflowAPIs=true",
]
SERVER_READY_S = 15
SESSION_END_S = 20  # what an interrupted pytest gets to write its report


class Options(argparse.Namespace):
    """The command line."""

    clone: Path
    python: Path
    address: str | None
    server_command: str | None
    levels: str | None
    processes: int
    reruns: int
    timeout_s: int
    minutes: float
    missing_percent: float
    tests: list[str]  # only of `swapped_suite.py`
    write: Path | None
    server_name: str | None


def main(arguments: Sequence[str] | None = None) -> int:
    """Exit status 0: at most `--missing-percent` of the required tests fail."""
    options = _parser().parse_args(arguments, namespace=Options())
    tests = required_tests(TABLE.read_text("utf-8"), options.levels.split(",") if options.levels else None)
    started = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="sdk-python-") as folder, server(options, Path(folder)) as address:
        suite = _copy_tests(options.clone, Path(folder) / "suite")
        rounds = _run_rounds(tests, suite, address, options)
    all_verdicts = verdicts(tests, rounds)
    print(console_report(all_verdicts))
    if options.write is not None:
        page = options.write.read_text("utf-8") if options.write.exists() else ""
        report = markdown_report(all_verdicts, _occasion(options, time.monotonic() - started))
        options.write.write_text(put_into(page, report), "utf-8")
    return 0 if reaches(all_verdicts, missing_percent=options.missing_percent) else 1


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m tests.conformance.sdk_python", description=__doc__)
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    parser.add_argument("clone", type=Path, help="a clone of the official Python SDK")
    parser.add_argument("python", type=Path, help="a Python that has sdk_python_requirements.txt")
    server = parser.add_mutually_exclusive_group(required=True)
    server.add_argument("--address", help="host:port of a server that runs")
    server.add_argument("--server-command", help="starts a dev server; its flags are added")
    parser.add_argument("--levels", help="for example L0,L1; all by default")
    parser.add_argument("--processes", type=int, default=2, help="pytest processes (2)")
    parser.add_argument("--reruns", type=int, default=2, help="how often what failed is run again (2)")
    parser.add_argument("--timeout-s", type=int, default=60, help="of one test (60)")
    parser.add_argument("--minutes", type=float, default=45.0, help="after which a round is ended (45)")
    parser.add_argument("--missing-percent", type=float, default=2.0, help="of required tests that may fail (2)")
    parser.add_argument("--write", type=Path, metavar="PAGE", help="put the result into this markdown page")
    parser.add_argument("--server-name", help="what the page calls the server")
    return parser


def _occasion(options: Options, seconds: float) -> Occasion:
    program, *rest = shlex.split(options.server_command or "a running server")
    name = options.server_name or " ".join([Path(program).name, *rest])
    command = ["git", "-C", str(options.clone), "rev-parse", "--short=10", "HEAD"]
    commit = subprocess.run(command, capture_output=True, text=True, check=False).stdout.strip()
    clone = f"sdk-python at {commit}" if commit else "sdk-python"
    return Occasion(datetime.now(tz=UTC).date().isoformat(), name, clone, seconds)


@contextlib.contextmanager
def server(options: Options, folder: Path) -> Generator[str]:
    """The address to test: the given one, or that of a server which lives as long as this context."""
    if options.address is not None:
        yield options.address
        return
    assert options.server_command is not None
    port, http_port = _free_ports(2)
    flags = ["--ip", "127.0.0.1", "--port", str(port), "--http-port", str(http_port), "--headless"]
    flags += ["--namespace", "default", "--log-level", "warn"]
    flags += [part for setting in SETTINGS for part in ("--dynamic-config-value", setting)]
    log_path = folder / "server.log"
    with log_path.open("wb") as log:
        command = [*shlex.split(options.server_command), *flags]
        process = subprocess.Popen(command, stdout=log, stderr=log, start_new_session=True)
    try:
        _wait_until_ready(port, process, log_path)
        yield f"127.0.0.1:{port}"
        if process.poll() is not None:
            print(f"the server ended by itself with status {process.returncode}:\n{_tail(log_path)}")
    finally:
        _kill(process)


def _free_ports(count: int) -> list[int]:
    with contextlib.ExitStack() as stack:
        sockets = [stack.enter_context(socket.socket()) for _ in range(count)]
        for each in sockets:
            each.bind(("127.0.0.1", 0))
        return [int(each.getsockname()[1]) for each in sockets]


def _wait_until_ready(port: int, process: subprocess.Popen[bytes], log_path: Path) -> None:
    give_up_at = time.monotonic() + SERVER_READY_S
    while process.poll() is None and time.monotonic() < give_up_at:
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=1):
            return
        time.sleep(0.1)
    state = f"no server on port {port} within {SERVER_READY_S} s"
    if process.returncode is not None:
        state = f"the server command ended at once, with status {process.returncode}"
    raise SystemExit(f"{state}:\n{_tail(log_path)}")


def _tail(path: Path) -> str:
    return path.read_text("utf-8", errors="replace")[-3000:]


def _copy_tests(clone: Path, suite: Path) -> Path:
    """The tests without the SDK's source beside them, which Python would import in place of the installed SDK."""
    if not (clone / "tests" / "conftest.py").exists():
        raise SystemExit(f"expected a clone of the official Python SDK, got {clone}")
    shutil.copytree(clone / "tests", suite / "tests", ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(clone / "pyproject.toml", suite)
    return suite


def _run_rounds(
    tests: Sequence[RequiredTest], suite: Path, address: str, options: Options
) -> list[Mapping[JunitKey, Outcome]]:
    """All tests once, then up to `reruns` times those that have not passed yet."""
    rounds: list[Mapping[JunitKey, Outcome]] = []
    left = list(tests)
    for number in range(1 + options.reruns):
        print(f"round {number + 1}: {len(left)} tests on {address}", flush=True)
        found = _run_pytest([test.node_id for test in left], suite, address, options)
        rounds.append(found)
        left = [test for test in left if not found.get(junit_key(test.node_id), Outcome(passed=False)).passed]
        if not left:
            break
    return rounds


def _run_pytest(node_ids: Sequence[str], suite: Path, address: str, options: Options) -> Mapping[JunitKey, Outcome]:
    (suite / "ids.txt").write_text("\n".join(node_ids), "utf-8")
    report = suite / "junit.xml"
    report.unlink(missing_ok=True)
    command = [
        str(options.python.absolute()),
        "-m",
        "pytest",
        "@ids.txt",
        "-E",
        address,
        "-q",
        "-p",
        "no:cacheprovider",
    ]
    command += ["--timeout", str(options.timeout_s), "-n", str(options.processes), "--dist", "worksteal"]
    command += [f"--junitxml={report}"]
    log_path = suite / "pytest.log"
    with log_path.open("wb") as log:
        process = subprocess.Popen(
            command, cwd=suite, env=session_environment(), stdout=log, stderr=log, start_new_session=True
        )
        wait_or_end(process, options.minutes * 60)
    if not report.exists():
        raise SystemExit(f"pytest wrote no report (status {process.returncode}):\n{_tail(log_path)}")
    return outcomes(report.read_text("utf-8"))


def session_environment() -> dict[str, str]:
    """Ours, less what would change which SDK is imported or which server it talks to."""
    return {name: value for name, value in os.environ.items() if name != "PYTHONPATH" and "TEMPORAL" not in name}


def wait_or_end(process: subprocess.Popen[bytes], seconds: float) -> None:
    """Wait for a session; past its time interrupt it, so that it still reports what it has, and then kill it."""
    try:
        process.wait(seconds)
    except subprocess.TimeoutExpired:
        print(f"ending the session after {seconds / 60:.0f} minutes", flush=True)
        os.killpg(process.pid, signal.SIGINT)
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(SESSION_END_S)
    finally:
        _kill(process)


def _kill(process: subprocess.Popen[bytes]) -> None:
    """End a session's first process and all that it started."""
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()


if __name__ == "__main__":
    sys.exit(main())
