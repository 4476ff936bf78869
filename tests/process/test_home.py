from __future__ import annotations

import subprocess
import sys
import threading

from mainspring.server.process.home import Home

FORKED = """
import os
from mainspring.server.process.home import Home
home = Home()
if child := os.fork():
    os.waitpid(child, 0)
    print(home.is_here(), flush=True)
else:
    print(home.is_here(), flush=True)
    os._exit(0)
"""


def test_home_is_the_thread_that_made_it() -> None:
    home = Home()
    seen: list[bool] = []
    thread = threading.Thread(target=lambda: seen.append(home.is_here()))
    thread.start()
    thread.join()
    assert (home.is_here(), seen) == (True, [False])


def test_a_forked_process_is_another_place() -> None:
    said = subprocess.run([sys.executable, "-c", FORKED], check=True, capture_output=True, text=True).stdout
    assert said.split() == ["False", "True"]
