"""The HTTP API, called by its own OpenAPI document with what that allows and what it does not.

    MAINSPRING_FUZZ_S=600 python -m pytest -n 0 tests/bad_input/test_http.py      # ten minutes, with seeds of its own

A failure names the seed and a command of curl. Seeds are drawn anew in a long run; a short one has always the same.
"""

from __future__ import annotations

import json
import os
import random
import subprocess
import sys
import time
import urllib.request
from pathlib import Path

import pytest

from tests.bad_input.http_hooks import WORKFLOWS
from tests.server_process import CHECKOUT, ServerProcess, free_port, mainspring_command

VARIABLE = "MAINSPRING_FUZZ_S"
SHORT_S = 25
ROUND_S = 120  # of a long run: then another seed
SEED = 1
CHECKS = (
    *("not_a_server_error", "status_code_conformance", "content_type_conformance", "response_schema_conformance"),
    *("what_is_allowed_is_read", "what_is_read_is_allowed"),
)
SETTINGS = """
[checks.not_a_server_error]
expected-statuses = ["2xx", "3xx", "4xx", "501", "504"]  # 504: nobody answers what was asked of a worker
"""
LONGEST_S = float(os.environ.get(VARIABLE, "0")) + 2 * ROUND_S


@pytest.mark.slow
@pytest.mark.timeout(LONGEST_S)
def test_the_http_api_does_as_its_document_says(tmp_path: Path) -> None:
    port = free_port()
    arguments = ["--http-port", str(port)]
    with ServerProcess(tmp_path, command=mainspring_command(), arguments=arguments) as server:
        url = f"http://127.0.0.1:{port}"
        for workflow_id in WORKFLOWS:
            start(url, workflow_id)
        for seed, most_s in rounds(float(os.environ.get(VARIABLE, "0"))):
            done = fuzz(url, tmp_path, seed=seed, most_s=most_s)
            assert done.returncode == 0, f"seed {seed}\n{done.stdout[-20_000:]}"
            assert " generated, " in done.stdout, done.stdout
        log = server.log()
    assert "Traceback" not in log, log[-20_000:]


def rounds(wanted_s: float) -> list[tuple[int, int]]:
    """Seeds, and how long each has."""
    if wanted_s <= SHORT_S:
        return [(SEED, SHORT_S)]
    count = max(1, round(wanted_s / ROUND_S))
    return [(random.randrange(2**32), round(wanted_s / count)) for _ in range(count)]


def start(url: str, workflow_id: str) -> None:
    body = {"workflowType": {"name": "T"}, "taskQueue": {"name": "q"}}
    path = f"{url}/api/v1/namespaces/default/workflows/{workflow_id}"
    with urllib.request.urlopen(path, data=json.dumps(body).encode(), timeout=10) as answer:
        assert answer.status == 200


def fuzz(url: str, directory: Path, *, seed: int, most_s: int) -> subprocess.CompletedProcess[str]:
    """One run of schemathesis. Its phases of examples and coverage would take minutes, whatever their bounds."""
    began = time.monotonic()
    (directory / "schemathesis.toml").write_text(SETTINGS, "utf-8")
    done = subprocess.run(
        [
            *(sys.executable, "-m", "schemathesis.cli", "run", f"{url}/openapi.json", "--phases", "fuzzing"),
            *("--seed", str(seed), "--max-time", str(most_s), "--checks", ",".join(CHECKS), "--warnings", "off"),
            *("--request-timeout", "15", "--suppress-health-check", "all"),
        ],
        cwd=directory,
        env=os.environ
        | {"SCHEMATHESIS_HOOKS": "tests.bad_input.http_hooks", "PYTHONPATH": f"{CHECKOUT}/src:{CHECKOUT}"},
        capture_output=True,
        text=True,
        check=False,
        timeout=most_s + ROUND_S,
    )
    print(f"seed {seed}, {time.monotonic() - began:.0f} s\n{done.stdout[-1_500:]}")
    return done
