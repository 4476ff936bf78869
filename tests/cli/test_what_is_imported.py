"""What a command imports before it has anything to do: that, not seconds, is held here, since machines differ."""

from __future__ import annotations

import subprocess
import sys

import pytest

LOCAL = ["backup", "check", "import-history", "migrate", "run", "verify"]
REMOTE = ["doctor", "top"]
SERVER = ["mainspring.server", "sqlite3", "uvicorn", "starlette", "jinja2", "lark"]


def imported_by_help(command: str, *names: str) -> list[str]:
    code = (
        "import sys; from mainspring.cli.main import main\n"
        f"try: main([{command!r}, '--help'])\n"
        "except SystemExit: pass\n"
        f"print([name for name in {names!r} if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=20)
    found: list[str] = eval(done.stdout.splitlines()[-1])
    return found


@pytest.mark.parametrize("command", LOCAL)
def test_the_help_of_a_local_command_imports_neither_a_server_nor_a_client(command: str) -> None:
    assert imported_by_help(command, *SERVER, "grpc", "rich", "mainspring.worker", "mainspring.client") == []


@pytest.mark.parametrize("command", REMOTE)
def test_a_command_that_asks_a_server_imports_none(command: str) -> None:
    assert imported_by_help(command, *SERVER, "mainspring.worker", "rich") == []
