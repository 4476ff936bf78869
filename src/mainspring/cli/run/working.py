"""Workers of what was found, until a signal.

the first SIGTERM or Ctrl-C    no more tasks are taken, activities may end within the grace, exit status 0
the second                     the process ends at once
the lifeline closes            as the first: the process that watches the files is gone
"""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from collections.abc import AsyncGenerator, Callable, Generator
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager, contextmanager
from dataclasses import replace
from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import Any, Final

import click
import msgspec

from mainspring.cli.connection import connect_config, profile_of
from mainspring.cli.output import Output
from mainspring.cli.run.finding import Found
from mainspring.client import Client
from mainspring.converter import DataConverter
from mainspring.envconfig._loading import Profile
from mainspring.service import ConnectConfig, RPCError, ServiceClient
from mainspring.worker import Worker

UI_ABOVE: Final = 1_000
"""The web UI's port, from that of an embedded server."""


class Wishes(msgspec.Struct, frozen=True):
    """What a worker is to be like."""

    queues: tuple[str, ...]
    embedded: Path | None
    grace: timedelta
    thread_count: int
    converter: DataConverter
    lifeline: int | None
    """A file descriptor; when its other end closes, the worker stops."""


async def work(found: Found, wishes: Wishes, given: dict[str, Any], output: Output) -> None:
    """Work until a signal.

    Raises: click.ClickException: no connection, or a worker failed.
    """
    profile = profile_of(given, os.environ)
    config = connect_config(profile, given)
    metadata = {name: value for name, value in config.rpc_metadata.items() if name != "caller-type"}
    config = replace(config, identity=given.get("identity") or "", rpc_metadata=metadata)
    try:
        async with engine(wishes.embedded, profile, config) as config, connected(config) as service:
            namespace = profile.namespace or ""
            client = Client(service, namespace=namespace, data_converter=wishes.converter)
            with threads(wishes.thread_count) as executor:
                workers = [worker(client, found, wishes, queue, executor) for queue in wishes.queues]
                show_started(output, found, wishes, client)
                with stop_signals(wishes.lifeline) as stopped:
                    await run_until(stopped, workers, output)
    except (RPCError, RuntimeError, ValueError, TypeError) as error:
        raise click.ClickException(f"{config.target_host}: {error}" if is_of_server(error) else str(error)) from error


def is_of_server(error: Exception) -> bool:
    return isinstance(error, RPCError) or str(error).startswith(("Failed client connect", "Worker validation failed"))


@asynccontextmanager
async def engine(file: Path | None, profile: Profile, config: ConnectConfig) -> AsyncGenerator[ConnectConfig]:
    """Where to connect: to the server as it is named, or to one in this process, which listens at that address.

    Raises: click.ClickException: it cannot listen there, or the file cannot be opened.
    """
    if file is None:
        yield config
        return
    from mainspring.server.engine.errors import StoreError
    from mainspring.server.process.config import Config, GrpcConfig, NamespaceConfig, StoreConfig, UiConfig
    from mainspring.server.process.server import serving

    host, port = host_and_port(config.target_host)
    settings = Config(
        grpc=GrpcConfig(ip=host, port=port),
        ui=UiConfig(enabled=True, ip=host, port=port + UI_ABOVE if port else 0),
        store=StoreConfig(path=str(file)),
        namespaces=NamespaceConfig(create=(profile.namespace or "default",)),
    )
    try:
        async with serving(settings) as server:
            yield replace(config, target_host=f"{host}:{server.port}", tls=None, api_key=None)
    except (OSError, StoreError) as error:
        raise click.ClickException(str(error)) from error


def host_and_port(address: str) -> tuple[str, int]:
    host, _, port = address.rpartition(":")
    if not host or not port.isdecimal() or int(port) > 65_535 - UI_ABOVE:
        raise click.ClickException(f"--address: expected HOST:PORT to listen on, got {address}")
    return host, int(port)


@asynccontextmanager
async def connected(config: ConnectConfig) -> AsyncGenerator[ServiceClient]:
    service = await ServiceClient.connect(replace(config, lazy=False))
    try:
        yield service
    finally:
        await service.close()


def worker(client: Client, found: Found, wishes: Wishes, queue: str, executor: ThreadPoolExecutor) -> Worker:
    return Worker(
        client,
        task_queue=queue,
        workflows=found.workflows,
        activities=found.activities,
        activity_executor=executor,
        max_concurrent_activities=wishes.thread_count,
        graceful_shutdown_timeout=wishes.grace,
    )


def show_started(output: Output, found: Found, wishes: Wishes, client: Client) -> None:
    address = client.service_client.config.target_host
    output.line(f"Polling {', '.join(wishes.queues)} on {address}, namespace {client.namespace}; Ctrl-C ends it.")
    if output.is_json:
        output.record(
            {
                "workflows": found.workflow_names,
                "activities": found.activity_names,
                "taskQueues": wishes.queues,
                "address": address,
                "namespace": client.namespace,
            }
        )
    output.flush()


async def run_until(stopped: asyncio.Event, workers: list[Worker], output: Output) -> None:
    """Run the workers until the event, or until one fails: then this fails with it."""
    runs = [asyncio.create_task(one.run()) for one in workers]
    waiting = asyncio.create_task(stopped.wait())
    await asyncio.wait([waiting, *runs], return_when=asyncio.FIRST_COMPLETED)
    if stopped.is_set():
        output.line("Stopping: no more tasks are taken.")
        output.flush()
    waiting.cancel()
    for one in workers:
        await one.shutdown()
    for outcome in await asyncio.gather(*runs, return_exceptions=True):
        if isinstance(outcome, BaseException):
            raise outcome


@contextmanager
def threads(count: int) -> Generator[ThreadPoolExecutor]:
    """Where activities that are not `async` run; those that ignore that they were cancelled are not waited for."""
    executor = ThreadPoolExecutor(count, thread_name_prefix="activity")
    try:
        yield executor
    finally:
        executor.shutdown(wait=False, cancel_futures=True)


@contextmanager
def stop_signals(lifeline: int | None) -> Generator[asyncio.Event]:
    """Set at the first signal to end, or when the lifeline closes; a second signal ends the process."""
    stopped = asyncio.Event()
    loop = asyncio.get_running_loop()
    undo: list[Callable[[], object]] = []
    if sys.platform == "win32":
        for each in (signal.SIGTERM, signal.SIGINT):
            signal.signal(each, lambda _number, _frame: loop.call_soon_threadsafe(stopped.set))
    else:

        def stop(received: signal.Signals) -> None:
            stopped.set()
            loop.remove_signal_handler(received)

        for each in (signal.SIGTERM, signal.SIGINT) if lifeline is None else (signal.SIGTERM,):
            loop.add_signal_handler(each, stop, each)
            undo.append(partial(loop.remove_signal_handler, each))
        if lifeline is not None:
            loop.add_reader(lifeline, stopped.set)
            undo.append(partial(loop.remove_reader, lifeline))
    try:
        yield stopped
    finally:
        for step in undo:
            step()
