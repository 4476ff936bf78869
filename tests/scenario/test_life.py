"""A server process from its first line to its last: quick to stop, short of words, alone on its file and its port."""

from __future__ import annotations

import asyncio
import os
import subprocess
import time
from pathlib import Path

import grpc
import grpc.aio
import pytest
from temporalio.api.workflowservice import v1 as api

from benchmarks import lean
from tests.server_process import CHECKOUT, ServerProcess, mainspring_command

MOST_LOG_LINES = 10
STOPS_WITHIN_S = 5.0


@pytest.fixture
def server(tmp_path: Path) -> ServerProcess:
    return ServerProcess(tmp_path)


def test_a_clean_start_and_stop_say_little(tmp_path: Path) -> None:
    with ServerProcess(tmp_path, arguments=["--log-level", "info"]) as server:
        asyncio.run(lean.drive(server.address, workflow_count=3, in_flight=1))
        server.stop()
    lines = server.log_path.read_text().splitlines()
    assert 2 <= len(lines) < MOST_LOG_LINES, lines
    assert "started" in lines[0]
    assert "stopped" in lines[-1]


def test_calls_that_wait_are_ended_so_that_clients_try_again(server: ServerProcess) -> None:
    async def ask_while_it_stops() -> tuple[grpc.StatusCode, api.PollWorkflowTaskQueueResponse, float]:
        async with lean.connected(server.address) as service:
            started = await service.start_workflow(lean.start_request("waits", "nobody-polls"))
            waiting = asyncio.ensure_future(service.wait_closed("waits", started.run_id))
            polling = asyncio.ensure_future(service.poll_workflow_task(lean.workflow_poll("other"), timeout=30))
            await asyncio.sleep(0.3)
            began = time.monotonic()
            await asyncio.to_thread(server.stop)
            took_s = time.monotonic() - began
            with pytest.raises(grpc.aio.AioRpcError) as refused:
                await waiting
            return refused.value.code(), await polling, took_s

    with server:
        code, poll, took_s = asyncio.run(ask_while_it_stops())
    assert code == grpc.StatusCode.UNAVAILABLE
    assert poll == api.PollWorkflowTaskQueueResponse()
    assert took_s < STOPS_WITHIN_S


def start_beside(*arguments: str) -> subprocess.CompletedProcess[str]:
    command = [*mainspring_command(), "server", "start-dev", "--headless", *arguments]
    environment = os.environ | {"PYTHONPATH": str(CHECKOUT / "src")}
    return subprocess.run(command, capture_output=True, text=True, timeout=20, check=False, env=environment)


def test_a_second_server_on_the_file_is_refused(server: ServerProcess) -> None:
    with server:
        second = start_beside("--port", "0", "--db-filename", str(server.db_path))
    assert second.returncode != 0
    assert "another" in second.stdout + second.stderr
    assert "Traceback" not in second.stdout + second.stderr


@pytest.mark.parametrize("ip", ["127.0.0.1", "localhost", "0.0.0.0"])
def test_a_second_server_on_the_port_is_refused(server: ServerProcess, ip: str) -> None:
    """Also by a name that stands for another address besides, which is free: clients would find the first server."""
    with server:
        second = start_beside("--ip", ip, "--port", str(server.port))
    assert second.returncode != 0
    assert str(server.port) in second.stdout + second.stderr
    assert "Traceback" not in second.stdout + second.stderr
