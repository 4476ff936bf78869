"""Runs the official Python SDK's own tests on Mainspring's SDK: the tests with `mainspring` written for `temporalio`.

    python -m tests.conformance.swapped_suite CLONE PYTHON --server-command "mainspring server start-dev"
    python -m tests.conformance.swapped_suite CLONE PYTHON --address 127.0.0.1:7233 tests/worker/test_activity.py

Run from the root of this repository. PYTHON is one that has `sdk_python_requirements.txt` and what Mainspring requires;
Mainspring itself comes from this checkout. The copy lives in a temporary folder and is never part of the repository.
`temporalio.api` stays, since Mainspring speaks the same protobufs. `swapped_plugin.py` says what of the official SDK is
absent, `swapped_leave_outs.tsv` which tests are not run and why. What fails is run again, by itself.
"""

from __future__ import annotations

import argparse
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path

from tests.conformance.sdk_python import Options, server, session_environment, wait_or_end
from tests.conformance.sdk_python_report import JunitKey, Outcome, junit_key, outcomes

HERE = Path(__file__).parent
SOURCE = HERE.parent.parent / "src"
PLUGIN = [HERE / "swapped_plugin.py", HERE / "swapped_leave_outs.tsv"]
FILES = [
    "tests/worker/test_workflow.py",
    "tests/worker/test_activity.py",
    "tests/worker/test_worker.py",
    "tests/worker/test_interceptor.py",
    "tests/worker/test_replayer.py",
    "tests/test_converter.py",
    "tests/test_client.py",
]
OFFICIAL = re.compile(r"\btemporalio\b(?!\.api\b|/)")


def main(arguments: Sequence[str] | None = None) -> int:
    """Exit status 0: every file has at most `--missing-percent` failures."""
    options = _parser().parse_intermixed_args(arguments, namespace=Options())
    with tempfile.TemporaryDirectory(prefix="swapped-") as folder, server(options, Path(folder)) as address:
        suite = copy_swapped(options.clone, Path(folder) / "suite")
        passing = True
        for file in options.tests or FILES:
            found = _run_rounds(file, suite, address, options)
            failed = [(key, outcome) for key, outcome in found.items() if not outcome.passed]
            print(f"{file}: {len(found) - len(failed)} of {len(found)} passed", flush=True)
            for key, outcome in failed:
                print(f"    {key[1]}: {outcome.first_error_line}", flush=True)
            passing = passing and len(failed) * 100 <= options.missing_percent * len(found)
    return 0 if passing else 1


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m tests.conformance.swapped_suite", description=__doc__)
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    parser.add_argument("clone", type=Path, help="a clone of the official Python SDK")
    parser.add_argument("python", type=Path, help="a Python that has sdk_python_requirements.txt")
    parser.add_argument("tests", nargs="*", help="files or node ids, by default the files of the SDK's core")
    of_server = parser.add_mutually_exclusive_group(required=True)
    of_server.add_argument("--address", help="host:port of a server that runs")
    of_server.add_argument("--server-command", help="starts a dev server; its flags are added")
    parser.add_argument("--reruns", type=int, default=2, help="how often what failed is run again (2)")
    parser.add_argument("--timeout-s", type=int, default=60, help="of one test (60)")
    parser.add_argument("--minutes", type=float, default=20.0, help="after which a file's round is ended (20)")
    parser.add_argument("--missing-percent", type=float, default=10.0, help="of a file's tests that may fail (10)")
    return parser


def copy_swapped(clone: Path, suite: Path) -> Path:
    """The clone's tests on Mainspring's names, with the plugin that they are run with."""
    if not (clone / "tests" / "conftest.py").exists():
        raise SystemExit(f"expected a clone of the official Python SDK, got {clone}")
    shutil.copytree(clone / "tests", suite / "tests", ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(clone / "pyproject.toml", suite)
    for path in [suite / "pyproject.toml", *(suite / "tests").rglob("*.py")]:
        path.write_text(swapped(path.read_text("utf-8")), "utf-8")
    for path in PLUGIN:
        shutil.copy(path, suite)
    return suite


def swapped(source: str) -> str:
    """Text on Mainspring's names; the API's protobufs stay where they are."""
    return OFFICIAL.sub("mainspring", source).replace("from mainspring import api", "from temporalio import api")


def _run_rounds(file: str, suite: Path, address: str, options: Options) -> Mapping[JunitKey, Outcome]:
    """A file's tests once, less those that skip themselves; then, up to `reruns` times, those that failed."""
    ran = _run_pytest([file], suite, address, options)
    found = {key: outcome for key, outcome in ran.items() if not outcome.first_error_line.startswith("skipped:")}
    for _ in range(options.reruns):
        failed = {key for key, outcome in found.items() if not outcome.passed}
        if not failed:
            break
        again = [name for name in _collected(file, suite, address, options) if junit_key(name) in failed]
        for name in again:
            found |= _run_pytest([name], suite, address, options)
    return found


def _collected(file: str, suite: Path, address: str, options: Options) -> list[str]:
    command = [*_command(address, options), "--collect-only", "-q", file]
    listed = subprocess.run(
        command, cwd=suite, env=_environment(suite), capture_output=True, text=True, check=False
    ).stdout
    return [line for line in listed.splitlines() if "::" in line]


def _run_pytest(node_ids: Sequence[str], suite: Path, address: str, options: Options) -> Mapping[JunitKey, Outcome]:
    report = suite / "junit.xml"
    report.unlink(missing_ok=True)
    command = [*_command(address, options), f"--junitxml={report}", *node_ids]
    log_path = suite / "pytest.log"
    with log_path.open("wb") as log:
        process = subprocess.Popen(
            command, cwd=suite, env=_environment(suite), stdout=log, stderr=log, start_new_session=True
        )
        wait_or_end(process, options.minutes * 60)
    if not report.exists():
        tail = log_path.read_text("utf-8", errors="replace")[-3000:]
        raise SystemExit(f"pytest wrote no report (status {process.returncode}):\n{tail}")
    return outcomes(report.read_text("utf-8"))


def _command(address: str, options: Options) -> list[str]:
    return [
        *(str(options.python.absolute()), "-m", "pytest", "-p", "swapped_plugin", "-p", "no:cacheprovider"),
        *("-q", "-E", address, "--timeout", str(options.timeout_s)),
    ]


def _environment(suite: Path) -> dict[str, str]:
    return {**session_environment(), "PYTHONPATH": f"{suite}:{SOURCE}"}


if __name__ == "__main__":
    sys.exit(main())
