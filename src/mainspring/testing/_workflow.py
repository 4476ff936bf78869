"""`WorkflowEnvironment`: a server, a client of it, and its time, for tests of workflows.

    from_client           a server that there is, on its own time
    start_local           LocalEnvironment, in _local.py: an engine in this process
    start_time_skipping   TimeSkippingEnvironment, in _time_skipping.py: the same, on a time that skips

Names and parameters are the official SDK's. Engines are loaded when one is opened, in a thread: it takes
a moment, in which the loop goes on.
"""

from __future__ import annotations

import asyncio
from collections.abc import Generator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, Self

from temporalio.api.nexus.v1 import Endpoint, EndpointSpec, EndpointTarget
from temporalio.api.operatorservice.v1 import CreateNexusEndpointRequest, DeleteNexusEndpointRequest

from mainspring.client import Client
from mainspring.converter import DataConverter
from mainspring.testing._assertions import failing_on_assertions

if TYPE_CHECKING:
    from mainspring.client import Interceptor, Plugin, RetryConfig, TLSConfig, WorkflowHandle
    from mainspring.common import QueryRejectCondition, SearchAttributeKey

NO_INTERCEPTORS: Sequence[Interceptor] = []
NO_PLUGINS: Sequence[Plugin] = []
NO_METADATA: Mapping[str, str | bytes] = {}
NO_ARGUMENTS: Sequence[str] = []


class WorkflowEnvironment:
    """Where workflows are tested. Make one by `start_time_skipping`, `start_local` or `from_client`.

    Use it by `async with`, or call `shutdown` in the end. In workflows of its workers a failing `assert` fails the
    workflow, rather than being tried again.
    """

    @classmethod
    def from_client(cls, client: Client) -> WorkflowEnvironment:
        """An environment over a server that there is. Its time is the machine's, and `shutdown` leaves it alone."""
        return WorkflowEnvironment(failing_on_assertions(client))

    @classmethod
    async def start_local(
        cls,
        *,
        namespace: str = "default",
        data_converter: DataConverter = DataConverter.default,
        interceptors: Sequence[Interceptor] = NO_INTERCEPTORS,
        plugins: Sequence[Plugin] = NO_PLUGINS,
        default_workflow_query_reject_condition: QueryRejectCondition | None = None,
        retry_config: RetryConfig | None = None,
        rpc_metadata: Mapping[str, str | bytes] = NO_METADATA,
        identity: str | None = None,
        tls: bool | TLSConfig = False,
        ip: str = "127.0.0.1",
        port: int | None = None,
        download_dest_dir: str | None = None,
        ui: bool = False,
        runtime: object | None = None,
        search_attributes: Sequence[SearchAttributeKey[Any]] = (),
        dev_server_existing_path: str | None = None,
        dev_server_database_filename: str | None = None,
        dev_server_log_format: str = "pretty",
        dev_server_log_level: str | None = "warn",
        dev_server_download_version: str = "default",
        dev_server_extra_args: Sequence[str] = NO_ARGUMENTS,
        dev_server_download_ttl: timedelta | None = None,
        dev_server_startup_timeout: timedelta | None = None,
        ui_port: int | None = None,
    ) -> WorkflowEnvironment:
        """Open an engine in this process, in memory or on a file. Time is the machine's.

        `client` calls it by method calls. Other clients and workers, the command line among them, connect to
        `client.service_client.config.target_host`.

        The client has `namespace`, which has `search_attributes`, and the other options of `Client.connect`. The engine
        listens on `ip` and `port`, without one on a port that is free, and keeps everything in
        `dev_server_database_filename`, a file that one process at a time can have open. Of `dev_server_extra_args`,
        `--dynamic-config-value KEY=JSON` sets limits.

        Everything else is taken for programs written for the official SDK, and ignored: it says how to download, start
        and log a server, and here there is none.

        Raises:
            StoreError: The file cannot be opened, or another process has it.
            OSError: The port cannot be had.
        """
        await asyncio.to_thread(_load_engines)
        from mainspring.testing._local import ClientOptions, LocalOptions, start_local

        del download_dest_dir, ui, ui_port, dev_server_existing_path, dev_server_log_format, dev_server_log_level
        del dev_server_download_version, dev_server_download_ttl, dev_server_startup_timeout
        return await start_local(
            LocalOptions(
                path=dev_server_database_filename or "",
                ip=ip,
                port=port or 0,
                search_attributes=search_attributes,
                arguments=dev_server_extra_args,
            ),
            ClientOptions(
                namespace=namespace,
                data_converter=data_converter,
                interceptors=interceptors,
                plugins=plugins,
                default_workflow_query_reject_condition=default_workflow_query_reject_condition,
                retry_config=retry_config,
                rpc_metadata=rpc_metadata,
                identity=identity,
                tls=tls,
                runtime=runtime,
            ),
        )

    @classmethod
    async def start_time_skipping(
        cls,
        *,
        data_converter: DataConverter = DataConverter.default,
        interceptors: Sequence[Interceptor] = NO_INTERCEPTORS,
        plugins: Sequence[Plugin] = NO_PLUGINS,
        default_workflow_query_reject_condition: QueryRejectCondition | None = None,
        retry_config: RetryConfig | None = None,
        rpc_metadata: Mapping[str, str | bytes] = NO_METADATA,
        identity: str | None = None,
        port: int | None = None,
        download_dest_dir: str | None = None,
        runtime: object | None = None,
        test_server_existing_path: str | None = None,
        test_server_download_version: str = "default",
        test_server_extra_args: Sequence[str] = NO_ARGUMENTS,
        test_server_download_ttl: timedelta | None = None,
        test_server_startup_timeout: timedelta | None = None,
    ) -> WorkflowEnvironment:
        """Open an engine in this process, in memory, with a time of its own that skips what nobody would see.

        While somebody waits for the result of a workflow or of an update, or in `sleep`, and no worker has anything to
        do, time goes straight to the next timer, timeout or retry. Otherwise it passes as ever. The time is one for all
        workflows of the environment, and for no others: many may wait in it, and tests may run side by side in
        environments of their own.

        The client has the options of `Client.connect`. Other clients and workers can connect if there is a `port`, 0
        for one that is free. Everything else is ignored, as by `start_local`.

        Raises:
            OSError: The port cannot be had.
        """
        await asyncio.to_thread(_load_engines)
        from mainspring.testing._local import ClientOptions
        from mainspring.testing._time_skipping import start_time_skipping

        del download_dest_dir, test_server_existing_path, test_server_download_version, test_server_extra_args
        del test_server_download_ttl, test_server_startup_timeout
        return await start_time_skipping(
            port,
            ClientOptions(
                data_converter=data_converter,
                interceptors=interceptors,
                plugins=plugins,
                default_workflow_query_reject_condition=default_workflow_query_reject_condition,
                retry_config=retry_config,
                rpc_metadata=rpc_metadata,
                identity=identity,
                runtime=runtime,
            ),
        )

    def __init__(self, client: Client) -> None:
        """An environment over a client, as it is. Most want one of the class methods."""
        self._client = client

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self._client.service_client.config.target_host}>"

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *args: object) -> None:
        await self.shutdown()

    @property
    def client(self) -> Client:
        """The client of the environment."""
        return self._client

    async def connect_client(self, **kwargs: Any) -> Client:
        """Another client of the same server, over the network: with what this one has, but for what is given."""
        config = self._client.service_client.config
        defaults: dict[str, Any] = {
            "target_host": config.target_host,
            "namespace": self._client.namespace,
            "api_key": config.api_key,
            "tls": config.tls,
            "rpc_metadata": config.rpc_metadata,
            "runtime": config.runtime,
        }
        return await Client.connect(**{**defaults, **kwargs})

    async def shutdown(self) -> None:
        """End what the environment has started. Nothing may be called on it any more."""

    async def sleep(self, duration: timedelta | float) -> None:
        """Let time pass (seconds): where time skips, as fast as workflows and workers let it."""
        await asyncio.sleep(seconds_of(duration))

    async def get_current_time(self, handle: WorkflowHandle[Any, Any] | None = None) -> datetime:
        """The time in the environment, one for all workflows."""
        del handle
        return datetime.now(UTC)

    @property
    def supports_time_skipping_v1(self) -> bool:
        """Whether time skips, for the whole environment at once."""
        return False

    @property
    def supports_time_skipping_v2(self) -> bool:
        """Whether time skips for each workflow by itself."""
        return False

    @property
    def supports_time_skipping(self) -> bool:
        """Whether time skips."""
        return self.supports_time_skipping_v1 or self.supports_time_skipping_v2

    @contextmanager
    def auto_time_skipping_disabled(self) -> Generator[None]:
        """Within it, waiting for results lets no time skip; `sleep` does. No difference where time never skips."""
        yield

    async def create_nexus_endpoint(self, endpoint_name: str, task_queue: str) -> Endpoint:
        """Make a Nexus endpoint whose operations are served on a task queue."""
        worker = EndpointTarget.Worker(namespace=self._client.namespace, task_queue=task_queue)
        spec = EndpointSpec(name=endpoint_name, target=EndpointTarget(worker=worker))
        reply = await self._client.operator_service.create_nexus_endpoint(CreateNexusEndpointRequest(spec=spec))
        return reply.endpoint

    async def delete_nexus_endpoint(self, endpoint: Endpoint) -> None:
        """Delete a Nexus endpoint, unless it was changed meanwhile."""
        await self._client.operator_service.delete_nexus_endpoint(
            DeleteNexusEndpointRequest(id=endpoint.id, version=endpoint.version)
        )


def seconds_of(duration: timedelta | float) -> float:
    return duration.total_seconds() if isinstance(duration, timedelta) else duration


def _load_engines() -> None:
    import mainspring.testing._local  # pyright: ignore[reportUnusedImport]  # used from elsewhere
    import mainspring.testing._time_skipping  # noqa: F401 # pyright: ignore[reportUnusedImport]  # used from elsewhere
