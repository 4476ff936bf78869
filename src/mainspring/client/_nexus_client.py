"""Starting standalone Nexus operations: services of other teams, behind an endpoint that the server knows.

    prices = client.create_nexus_client(Prices, "shop")
    price = await prices.execute_operation(Prices.of, "disk", id="price-1")

Services and operations are those of the package `nexusrpc`; by their names they can be called without it.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Awaitable, Callable, Mapping
from datetime import timedelta
from typing import TYPE_CHECKING, Any, Generic, TypeVar, Unpack, overload

from mainspring.client._calls import outbound
from mainspring.client._nexus_handle import NexusOperationHandle
from mainspring.client._nexus_inputs import StartNexusOperationInput
from mainspring.client._options import NexusOperationOptions
from mainspring.common import (
    NexusOperationIDConflictPolicy,
    NexusOperationIDReusePolicy,
    TypedSearchAttributes,
)
from mainspring.common._nexus import operation_of
from mainspring.service._methods import NO_METADATA
from mainspring.types import NexusServiceType

if TYPE_CHECKING:
    import nexusrpc
    import nexusrpc.handler

    from mainspring.client._client import Client

InputT = TypeVar("InputT")
OutputT = TypeVar("OutputT")


class NexusClient(ABC, Generic[NexusServiceType]):
    """Starts the operations of one service at one endpoint. Made by `Client.create_nexus_client`."""

    @overload
    @abstractmethod
    async def start_operation(
        self,
        operation: nexusrpc.Operation[InputT, OutputT],
        arg: InputT,
        **options: Unpack[NexusOperationOptions],
    ) -> NexusOperationHandle[OutputT]: ...

    @overload
    @abstractmethod
    async def start_operation(
        self, operation: str, arg: Any, *, result_type: type[OutputT], **options: Unpack[NexusOperationOptions]
    ) -> NexusOperationHandle[OutputT]: ...

    @overload
    @abstractmethod
    async def start_operation(
        self, operation: str, arg: Any, *, result_type: None = None, **options: Unpack[NexusOperationOptions]
    ) -> NexusOperationHandle[Any]: ...

    @overload
    @abstractmethod
    async def start_operation(
        self,
        operation: Callable[[NexusServiceType, nexusrpc.handler.StartOperationContext, InputT], Awaitable[OutputT]],
        arg: InputT,
        **options: Unpack[NexusOperationOptions],
    ) -> NexusOperationHandle[OutputT]: ...

    @overload
    @abstractmethod
    async def start_operation(
        self,
        operation: Callable[[NexusServiceType, nexusrpc.handler.StartOperationContext, InputT], OutputT],
        arg: InputT,
        **options: Unpack[NexusOperationOptions],
    ) -> NexusOperationHandle[OutputT]: ...

    @overload
    @abstractmethod
    async def start_operation(
        self,
        operation: Callable[[NexusServiceType], nexusrpc.handler.OperationHandler[InputT, OutputT]],
        arg: InputT,
        **options: Unpack[NexusOperationOptions],
    ) -> NexusOperationHandle[OutputT]: ...

    @abstractmethod
    async def start_operation(
        self,
        operation: nexusrpc.Operation[Any, Any] | str | Callable[..., Any],
        arg: Any,
        *,
        id: str,
        id_reuse_policy: NexusOperationIDReusePolicy = NexusOperationIDReusePolicy.ALLOW_DUPLICATE,
        id_conflict_policy: NexusOperationIDConflictPolicy = NexusOperationIDConflictPolicy.FAIL,
        result_type: type | None = None,
        schedule_to_close_timeout: timedelta | None = None,
        schedule_to_start_timeout: timedelta | None = None,
        start_to_close_timeout: timedelta | None = None,
        search_attributes: TypedSearchAttributes | None = None,
        summary: str | None = None,
        headers: Mapping[str, str] | None = None,
        rpc_metadata: Mapping[str, str | bytes] = NO_METADATA,
        rpc_timeout: timedelta | None = None,
    ) -> NexusOperationHandle[Any]:
        """Start an operation, and give its handle.

        Args:
            operation: One of a service definition, the method of a handler, or its name.
            arg: What it is given.
            id: Unique in the namespace.
            id_reuse_policy: Whether it may be that of an operation that has ended.
            id_conflict_policy: What happens if an operation of this id runs.
            result_type: What to convert the result of an operation into that is given by its name.
            schedule_to_close_timeout: For all of it; as long as the server allows if None.
            schedule_to_start_timeout: Until its handler has started it.
            start_to_close_timeout: From then on, if it does not end at once.
            search_attributes: By which it can be found.
            summary: A line about it for people.
            headers: For the handler.
            rpc_metadata: Goes with the call.
            rpc_timeout: For each attempt of the call.

        Raises:
            NexusOperationAlreadyStartedError: the policies do not allow another run now.
            ValueError: there is no such operation.
        """

    @overload
    @abstractmethod
    async def execute_operation(
        self,
        operation: nexusrpc.Operation[InputT, OutputT],
        arg: InputT,
        **options: Unpack[NexusOperationOptions],
    ) -> OutputT: ...

    @overload
    @abstractmethod
    async def execute_operation(
        self, operation: str, arg: Any, *, result_type: type[OutputT], **options: Unpack[NexusOperationOptions]
    ) -> OutputT: ...

    @overload
    @abstractmethod
    async def execute_operation(
        self, operation: str, arg: Any, *, result_type: None = None, **options: Unpack[NexusOperationOptions]
    ) -> Any: ...

    @overload
    @abstractmethod
    async def execute_operation(
        self,
        operation: Callable[[NexusServiceType, nexusrpc.handler.StartOperationContext, InputT], Awaitable[OutputT]],
        arg: InputT,
        **options: Unpack[NexusOperationOptions],
    ) -> OutputT: ...

    @overload
    @abstractmethod
    async def execute_operation(
        self,
        operation: Callable[[NexusServiceType, nexusrpc.handler.StartOperationContext, InputT], OutputT],
        arg: InputT,
        **options: Unpack[NexusOperationOptions],
    ) -> OutputT: ...

    @overload
    @abstractmethod
    async def execute_operation(
        self,
        operation: Callable[[NexusServiceType], nexusrpc.handler.OperationHandler[InputT, OutputT]],
        arg: InputT,
        **options: Unpack[NexusOperationOptions],
    ) -> OutputT: ...

    @abstractmethod
    async def execute_operation(
        self,
        operation: nexusrpc.Operation[Any, Any] | str | Callable[..., Any],
        arg: Any,
        *,
        id: str,
        id_reuse_policy: NexusOperationIDReusePolicy = NexusOperationIDReusePolicy.ALLOW_DUPLICATE,
        id_conflict_policy: NexusOperationIDConflictPolicy = NexusOperationIDConflictPolicy.FAIL,
        result_type: type | None = None,
        schedule_to_close_timeout: timedelta | None = None,
        schedule_to_start_timeout: timedelta | None = None,
        start_to_close_timeout: timedelta | None = None,
        search_attributes: TypedSearchAttributes | None = None,
        summary: str | None = None,
        headers: Mapping[str, str] | None = None,
        rpc_metadata: Mapping[str, str | bytes] = NO_METADATA,
        rpc_timeout: timedelta | None = None,
    ) -> Any:
        """Start an operation and wait for its result.

        Raises: as `start_operation` and `NexusOperationHandle.result`.
        """


class ClientOfService(NexusClient[NexusServiceType]):
    """The one there is."""

    def __init__(self, client: Client, service: str, endpoint: str) -> None:
        self._client = client
        self._service = service
        self._endpoint = endpoint

    async def start_operation(self, operation: Any, arg: Any, **options: Any) -> NexusOperationHandle[Any]:
        completed: dict[str, Any] = {**DEFAULTS, **options, "headers": dict(options.get("headers") or {})}
        name = operation
        if not isinstance(operation, str):
            definition = operation_of(operation)
            name, completed["result_type"] = definition.name, definition.output_type
        return await outbound(self._client).start_nexus_operation(
            StartNexusOperationInput(
                operation=name, arg=arg, endpoint=self._endpoint, service=self._service, **completed
            )
        )

    async def execute_operation(self, operation: Any, arg: Any, **options: Any) -> Any:
        return await (await self.start_operation(operation, arg, **options)).result()


DEFAULTS: Mapping[str, Any] = {
    "id_reuse_policy": NexusOperationIDReusePolicy.ALLOW_DUPLICATE,
    "id_conflict_policy": NexusOperationIDConflictPolicy.FAIL,
    "rpc_metadata": NO_METADATA,
    **dict.fromkeys(
        (
            *("schedule_to_close_timeout", "schedule_to_start_timeout", "start_to_close_timeout"),
            *("result_type", "search_attributes", "summary", "rpc_timeout"),
        )
    ),
}
"""Options of an operation that were not given; those of the abstract methods."""
