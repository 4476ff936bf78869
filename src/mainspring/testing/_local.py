"""An engine in this process with an environment around it, ended by `shutdown`.

    open the engine -> connect a client, as its plugins want it -> LocalEnvironment

What was opened is closed again if a later step fails.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import msgspec

from mainspring._embedded._testing import TestEngine, TestEngineOptions, open_test_engine
from mainspring.client import Client, ConnectConfig, RetryConfig, TLSConfig
from mainspring.client._client_base import connect_through
from mainspring.converter import DataConverter
from mainspring.service import DirectServiceClient, Engine
from mainspring.testing._assertions import failing_on_assertions
from mainspring.testing._workflow import WorkflowEnvironment

if TYPE_CHECKING:
    from mainspring.client import Interceptor, Plugin
    from mainspring.common import QueryRejectCondition, SearchAttributeKey

DYNAMIC_CONFIG = "--dynamic-config-value"


@dataclass(frozen=True, kw_only=True)
class ClientOptions:
    """What the client of an environment is to be like."""

    namespace: str = "default"
    data_converter: DataConverter = DataConverter.default
    interceptors: Sequence[Interceptor] = ()
    plugins: Sequence[Plugin] = ()
    default_workflow_query_reject_condition: QueryRejectCondition | None = None
    retry_config: RetryConfig | None = None
    rpc_metadata: Mapping[str, str | bytes] = field(default_factory=dict[str, "str | bytes"])
    identity: str | None = None
    tls: bool | TLSConfig = False
    runtime: object | None = None


@dataclass(frozen=True, kw_only=True)
class LocalOptions:
    """What the engine is to be like."""

    path: str
    ip: str
    port: int
    search_attributes: Sequence[SearchAttributeKey[Any]]
    arguments: Sequence[str]  # of the official dev server


class LocalEnvironment(WorkflowEnvironment):
    """An environment whose engine ends with it."""

    def __init__(self, client: Client, opened: AsyncExitStack) -> None:
        super().__init__(client)
        self._opened = opened

    async def shutdown(self) -> None:
        """End the engine; what is in its file stays. It may be called twice."""
        await self._opened.aclose()


async def start_local(local: LocalOptions, options: ClientOptions) -> WorkflowEnvironment:
    """See `WorkflowEnvironment.start_local`."""
    engine_options = TestEngineOptions(
        path=local.path,
        namespace=options.namespace,
        search_attributes={key.name: key._metadata_type for key in local.search_attributes},
        dynamic_config=dict(_dynamic_config(local.arguments)),
        ip=local.ip,
        port=local.port,
    )
    async with AsyncExitStack() as opening:
        test = await opening.enter_async_context(open_test_engine(engine_options))
        client = await client_of(test, options, lambda: test.engine)
        return LocalEnvironment(client, opening.pop_all())


async def client_of(test: TestEngine, options: ClientOptions, engine: Callable[[], Engine]) -> Client:
    """A client of an engine in this process, connected as its plugins want it."""

    async def connect(config: ConnectConfig) -> DirectServiceClient:
        return DirectServiceClient(config, engine())

    config = ConnectConfig(
        target_host=test.address,
        retry_config=options.retry_config,
        rpc_metadata=options.rpc_metadata,
        identity=options.identity or "",
        tls=options.tls,
        runtime=options.runtime,
    )
    client = Client(
        await connect_through(options.plugins, config, connect),
        namespace=options.namespace,
        data_converter=options.data_converter,
        plugins=options.plugins,
        interceptors=options.interceptors,
        default_workflow_query_reject_condition=options.default_workflow_query_reject_condition,
    )
    return failing_on_assertions(client)


def _dynamic_config(arguments: Sequence[str]) -> Iterator[tuple[str, object]]:
    """The values of `--dynamic-config-value KEY=JSON` and `--dynamic-config-value=KEY=JSON`."""
    remaining = iter(arguments)
    for argument in remaining:
        flag, has_value, value = argument.partition("=")
        if flag == DYNAMIC_CONFIG:
            key, _, text = (value if has_value else next(remaining, "")).partition("=")
            yield key, msgspec.json.decode(text)
