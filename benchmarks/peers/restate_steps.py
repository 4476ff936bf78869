"""Restate, for the SDK's benchmark: the load of `benchmarks/_steps_load.py`, handlers and client in one process, by a
Python that has its SDK.

PYTHON -m benchmarks.peers.restate_steps INGRESS_URL ADMIN_URL WORKFLOWS STEPS IN_FLIGHT [PID ...]
"""

from __future__ import annotations

import asyncio
import socket
import sys
import uuid

import httpx
import restate
import uvloop
from hypercorn.asyncio import serve
from hypercorn.config import Config

from benchmarks._steps_load import Load, measure

TIMEOUT_S = 120.0
workflow = restate.Workflow("Steps")


async def add(number: int) -> int:
    return number + 1


@workflow.main()
async def run(ctx: restate.WorkflowContext, count: int) -> int:
    total = 0
    for _ in range(count):
        total = await ctx.run_typed("add", add, number=total)
    return total


async def load_of(ingress: str, admin: str, load: Load) -> str:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        port = listener.getsockname()[1]
    config = Config()
    config.bind, config.errorlog, config.h2_max_concurrent_streams = [f"127.0.0.1:{port}"], None, 1_000
    over = asyncio.Event()
    serving = asyncio.create_task(serve(restate.app(services=[workflow]), config, shutdown_trigger=over.wait))
    limits = httpx.Limits(max_connections=load.in_flight, max_keepalive_connections=load.in_flight)
    async with httpx.AsyncClient(timeout=TIMEOUT_S, limits=limits) as http:
        await register(http, admin, port)

        async def one(step_count: int) -> None:
            reply = await http.post(f"{ingress}/Steps/{uuid.uuid4().hex}/run", json=step_count)
            assert reply.json() == step_count, reply.text

        said = await measure(one, load)
    over.set()
    await serving
    return said


async def register(http: httpx.AsyncClient, admin: str, port: int) -> None:
    """Tell the server where the handlers are; it asks them at once."""
    for left in reversed(range(50)):
        reply = await http.post(f"{admin}/deployments", json={"uri": f"http://127.0.0.1:{port}"})
        if reply.is_success:
            return
        if not left:
            sys.exit(f"the handlers could not be registered: {reply.text}")
        await asyncio.sleep(0.1)


def main() -> None:
    ingress, admin, *words = sys.argv[1:]
    print(uvloop.run(load_of(ingress, admin, Load.from_words(words))))


if __name__ == "__main__":
    main()
