"""The two servers of a differential test, and namespaces that no scenario has used before.

    Pair    specification: the real dev server      candidate: Mainspring, or with
            `MAINSPRING_DIFFERENTIAL_PEER=real` the real server once more, which shows whether a scenario is fit:
            two runs on the same server must have equal normal forms.

Both get the same flags and the same namespace names, so a scenario may use constants for all its ids. Namespaces are
registered many at a time, ahead of use, because the real server takes seconds until a new one is known everywhere.
It reads all of them again five times a second, so both servers are started anew before they are too many.
"""

from __future__ import annotations

import contextlib
import os
import time
from collections.abc import Callable, Generator, Sequence
from contextlib import contextmanager
from pathlib import Path

import grpc
import msgspec
from google.protobuf.duration_pb2 import Duration
from temporalio.api.enums.v1 import TaskQueueType
from temporalio.api.taskqueue.v1 import TaskQueue
from temporalio.api.workflowservice import v1 as api

from tests.server_process import ServerProcess, free_port, mainspring_command, real_server_command

PEER_VARIABLE = "MAINSPRING_DIFFERENTIAL_PEER"
HTTP_FLAG = "--http-port"
BATCH = 40  # namespaces registered together
MOST_NAMESPACES = 5 * BATCH  # then the servers are new; with 700, the real one takes most of a core for its copies
RETENTION_S = 86_400
USABLE_WITHIN_S = 15.0
UPDATES_IN_FLIGHT = 10  # the default
# Lower than the defaults, which no short scenario reaches.
UPDATES_IN_ALL = 20
UPDATES_IN_FLIGHT_BYTES = 2_200_000
BUFFERED_QUERIES = 2  # more than the default, so that several can be compared
DYNAMIC_CONFIG = {
    "history.timerProcessorMaxTimeShift": '"20ms"',  # the real server fires timers up to this much late; 1 s by default
    "matching.numTaskqueueReadPartitions": "1",  # in four, tasks and pollers meet by chance
    "matching.numTaskqueueWritePartitions": "1",
    "system.namespaceCacheRefreshInterval": '"200ms"',
    "system.forceSearchAttributesCacheRefreshOnRead": "true",
    "frontend.rps.namespaceReplicationInducingAPIs": "1000",  # a namespace for each scenario, at once
    "history.maxTotalUpdates": str(UPDATES_IN_ALL),
    "history.maxInFlightUpdatePayloads": str(UPDATES_IN_FLIGHT_BYTES),
    "history.MaxBufferedQueryCount": str(BUFFERED_QUERIES),
}


class Pair(msgspec.Struct, frozen=True):
    """Where one scenario runs: two addresses, one namespace that is new on both."""

    scenario: str  # "timers::a_timer_fires"
    namespace: str
    specification: str
    candidate: str
    candidate_is_mainspring: bool
    another_namespace: Callable[[], str] | None = None  # for a second try
    specification_http: str = ""  # where each speaks HTTP
    candidate_http: str = ""


class Namespaces:
    """Hands out namespaces that are ready on both servers."""

    def __init__(self, addresses: list[str]) -> None:
        self._addresses = addresses
        self._ready: list[str] = []
        self.count = 0

    @property
    def is_out(self) -> bool:
        """The next one will not be ready at once."""
        return not self._ready

    def take(self) -> str:
        if not self._ready:
            self._register_batch()
        return self._ready.pop(0)

    def _register_batch(self) -> None:
        names = [f"scenario-{self.count + number:04}" for number in range(BATCH)]
        self.count += BATCH
        for address in self._addresses:
            with grpc.insecure_channel(address) as channel:
                service = api.WorkflowServiceStub(channel)
                for name in names:
                    retention = Duration(seconds=RETENTION_S)
                    request = api.RegisterNamespaceRequest(
                        namespace=name, workflow_execution_retention_period=retention
                    )
                    service.RegisterNamespace(request, timeout=10)
                wait_until_usable(service, names[-1])
        self._ready = names


def wait_until_usable(service: api.WorkflowServiceStub, namespace: str) -> None:
    """Until the parts of the server that keep a copy of the namespaces know this one."""
    deadline = time.monotonic() + USABLE_WITHIN_S
    request = api.DescribeTaskQueueRequest(
        namespace=namespace, task_queue=TaskQueue(name="any"), task_queue_type=TaskQueueType.TASK_QUEUE_TYPE_WORKFLOW
    )
    while True:
        try:
            service.DescribeTaskQueue(request, timeout=5)
        except grpc.RpcError:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.05)
        else:
            return


def peer_is_mainspring() -> bool:
    peer = os.environ.get(PEER_VARIABLE, "mainspring")
    if peer not in {"real", "mainspring"}:
        raise ValueError(f"{PEER_VARIABLE}: expected real or mainspring, got {peer!r}")
    return peer == "mainspring"


class Servers:
    """Both servers, running: others from time to time. `running` stops them."""

    def __init__(self, directory: Path, real: Sequence[str], running: contextlib.ExitStack) -> None:
        self._directory = directory
        self._commands = {"specification": real, "candidate": mainspring_command() if peer_is_mainspring() else real}
        self._start_count = 0
        self._running = running
        self._start()

    def pair(self, scenario: str) -> Pair:
        if self._namespaces.count >= MOST_NAMESPACES and self._namespaces.is_out:
            self._running.close()
            self._start()
        return Pair(
            scenario=scenario,
            namespace=self._namespaces.take(),
            specification=self._specification.address,
            candidate=self._candidate.address,
            candidate_is_mainspring=self._candidate.is_mainspring,
            another_namespace=self._namespaces.take,
            specification_http=http_url(self._specification),
            candidate_http=http_url(self._candidate),
        )

    def _start(self) -> None:
        self._start_count += 1
        self._specification, self._candidate = [self._started(name) for name in self._commands]
        self._namespaces = Namespaces([self._specification.address, self._candidate.address])

    def _started(self, name: str) -> ServerProcess:
        directory = self._directory / f"{name}-{self._start_count}"
        directory.mkdir()
        flags = [word for key, value in DYNAMIC_CONFIG.items() for word in ("--dynamic-config-value", f"{key}={value}")]
        server = ServerProcess(directory, command=self._commands[name], arguments=[*flags, *http_flag()])
        return self._running.enter_context(server)


def http_flag() -> tuple[str, str]:
    return HTTP_FLAG, str(free_port())


def http_url(server: ServerProcess) -> str:
    return f"http://127.0.0.1:{server.arguments[server.arguments.index(HTTP_FLAG) + 1]}"


@contextmanager
def both_servers(directory: Path) -> Generator[Servers | None]:
    """Start both, each on a file of its own; None where the real server is not installed."""
    real = real_server_command()
    if real is None:
        yield None
        return
    with contextlib.ExitStack() as running:
        yield Servers(directory, real, running)
