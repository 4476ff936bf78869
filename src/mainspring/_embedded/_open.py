"""`mainspring.embedded`: an engine, a worker and a client in this process, for as long as a block runs.

    async with mainspring.embedded("nodes.db", workflows=[add_node], activities=[create_vm]) as client:
        await client.execute_workflow(add_node, AddNodeInput("n1"), id="n1")

open the file -> start the worker, which goes on with what is unfinished -> the block -> stop the worker -> close

The engine, the worker and the client are loaded when the first block is entered, in a thread, since that takes about a
second in which the loop may have others to serve. So nothing here imports them at its top.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Callable, Generator, Sequence
from concurrent.futures import Executor, ThreadPoolExecutor
from contextlib import asynccontextmanager, contextmanager
from os import PathLike, fspath
from typing import TYPE_CHECKING, Any, Unpack

if TYPE_CHECKING:
    from mainspring._embedded._engine import EmbeddedEngine
    from mainspring.client import Client
    from mainspring.client import Interceptor as ClientInterceptor
    from mainspring.client import Plugin as ClientPlugin
    from mainspring.converter import DataConverter
    from mainspring.worker import WorkerOptions

DEFAULT_TASK_QUEUE = "default"
DEFAULT_THREADS = 100  # as many as a worker carries out activities at a time, if nothing else is said


@asynccontextmanager
async def embedded(
    path: str | PathLike[str] | None = None,
    *,
    workflows: Sequence[Callable[..., Any] | type] = (),
    activities: Sequence[Callable[..., Any]] = (),
    namespace: str = "default",
    task_queue: str = DEFAULT_TASK_QUEUE,
    data_converter: DataConverter | None = None,
    interceptors: Sequence[ClientInterceptor] = (),
    **worker_options: Unpack[WorkerOptions],
) -> AsyncGenerator[Client]:
    """Run workflows in this process, durably.

    What was unfinished when the file was last open, however that ended, goes on at once; an activity that was cut off
    has missed its heartbeat by that, and is tried again as its retry policy says. The client starts workflows on
    `task_queue` unless told another. Without workflows and activities there is no worker: the block only starts and
    watches.

    Args:
        path: The file of the engine; None keeps all in memory, to be gone with the block. One process at a time can
            have a file open.
        workflows: Workflow classes and functions that run here.
        activities: Activities that run here; those that are not `async` on threads, unless `activity_executor` says
            where.
        namespace: Made if it is not there.
        task_queue: Of the worker, and of workflows that the client starts.
        data_converter: For arguments and results, of client and worker; None is `DataConverter.default`.
        interceptors: Of the client; those that are a worker's too work for both.
        worker_options: All other options of `worker.Worker`; plugins that are a client's too work for both.

    Raises:
        StoreError: The file cannot be opened, or another process has it.
    """
    await asyncio.to_thread(_load)
    from mainspring._embedded._engine import open_engine
    from mainspring.worker import Worker

    async with open_engine(None if path is None else fspath(path), namespace=namespace) as engine:
        client = _client(engine, namespace, data_converter, interceptors, _take_client_plugins(worker_options))
        client.default_task_queue = task_queue
        if not workflows and not activities:
            yield client
            return
        with _threads(worker_options) as executor:
            worker_options["activity_executor"] = executor
            poll_in_this_process(worker_options)
            worker = Worker(client, task_queue=task_queue, workflows=workflows, activities=activities, **worker_options)
            async with worker:
                yield client


def _load() -> None:
    import mainspring._embedded._engine  # pyright: ignore[reportUnusedImport]  # used from elsewhere
    import mainspring.client  # pyright: ignore[reportUnusedImport]  # used from elsewhere
    import mainspring.worker  # noqa: F401 # pyright: ignore[reportUnusedImport]  # used from elsewhere


def _client(
    engine: EmbeddedEngine,
    namespace: str,
    data_converter: DataConverter | None,
    interceptors: Sequence[ClientInterceptor],
    plugins: Sequence[ClientPlugin],
) -> Client:
    from mainspring.client import Client
    from mainspring.converter import DataConverter
    from mainspring.service import ConnectConfig, DirectServiceClient

    return Client(
        DirectServiceClient(ConnectConfig(target_host="in-process"), engine),
        namespace=namespace,
        data_converter=data_converter or DataConverter.default,
        interceptors=interceptors,
        plugins=plugins,
    )


def _take_client_plugins(worker_options: WorkerOptions) -> list[ClientPlugin]:
    """Those of a worker's plugins that are for clients too. A worker has its client's, so they are not its own."""
    from mainspring.client import Plugin as ClientPlugin

    plugins = worker_options.get("plugins", ())
    worker_options["plugins"] = [plugin for plugin in plugins if not isinstance(plugin, ClientPlugin)]
    return [plugin for plugin in plugins if isinstance(plugin, ClientPlugin)]


def poll_in_this_process(worker_options: WorkerOptions) -> None:
    """Poll for workflow tasks with half of the slots, if nothing else is said; elsewhere a worker has five polls.

    A poll that waits costs next to nothing here, and a workflow task that finds one starts in the transition that makes
    it (decision 0017).
    """
    from mainspring.worker import PollerBehaviorSimpleMaximum
    from mainspring.worker._tuning import DEFAULT_SLOTS
    from mainspring.worker._worker import FIVE_POLLS

    if worker_options.get("max_concurrent_workflow_task_polls") or worker_options.get("tuner"):
        return
    slots = worker_options.get("max_concurrent_workflow_tasks") or DEFAULT_SLOTS
    if slots > 2 * FIVE_POLLS.maximum:
        worker_options.setdefault("workflow_task_poller_behavior", PollerBehaviorSimpleMaximum(slots // 2))


@contextmanager
def _threads(worker_options: WorkerOptions) -> Generator[Executor]:
    """Where activities that are not `async` run: what the options say, or threads, made when they are needed.

    The worker has waited for what ran there, or given it up, by the time that the threads are let go.
    """
    given = worker_options.get("activity_executor")
    if given is not None:
        yield given
        return
    most = worker_options.get("max_concurrent_activities") or DEFAULT_THREADS
    own = ThreadPoolExecutor(most, thread_name_prefix="activity")
    try:
        yield own
    finally:
        own.shutdown(wait=False, cancel_futures=True)
