"""Nothing of ours may block an event loop: the guard of `conftest.py` is on, and bites only us."""

from __future__ import annotations

import gc
import sys
import time
from pathlib import Path

import grpc.aio
import pytest
from blockbuster import BlockingError

import mainspring

pytestmark = pytest.mark.house

OURS = Path(mainspring.__file__).with_name("sample.py")


async def test_a_blocking_call_of_ours_is_an_error() -> None:
    code = compile("time.sleep(0.001)", str(OURS), "eval")
    with pytest.raises(BlockingError, match="sleep"):
        eval(code, {"time": time})


async def test_others_may_block() -> None:
    eval(compile("time.sleep(0.001)", __file__, "eval"), {"time": time})


def test_we_may_block_where_no_loop_runs() -> None:
    eval(compile("time.sleep(0.001)", str(OURS), "eval"), {"time": time})


async def test_the_collector_may_end_a_channel_while_our_code_runs(monkeypatch: pytest.MonkeyPatch) -> None:
    """The process's last channel would join gRPC's thread, and leave sockets open where that is refused."""
    gc.collect()
    unraisable: list[object] = []
    monkeypatch.setattr(sys, "unraisablehook", unraisable.append)
    channel = grpc.aio.insecure_channel("127.0.0.1:1")
    cycle: list[object] = [channel]
    cycle.append(cycle)
    await channel.close(None)
    del channel, cycle

    eval(compile("gc.collect()", str(OURS), "eval"), {"gc": gc})

    assert unraisable == []
