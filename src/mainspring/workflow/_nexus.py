"""Calls of Nexus operations: services of other teams, behind an endpoint that the server knows.

    client = workflow.create_nexus_client(service=Prices, endpoint="prices")
    price = await client.execute_operation(Prices.of, "disk", schedule_to_close_timeout=timedelta(minutes=1))

Services and operations are those of the package `nexusrpc`; by their names they can be called without it.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Awaitable, Callable, Generator, Mapping, Sequence
from datetime import timedelta
from typing import TYPE_CHECKING, Any, Generic, TypedDict, TypeVar, Unpack, overload

from mainspring.common._nexus import service_name_of
from mainspring.types import NexusServiceType
from mainspring.workflow._options import NexusOperationCancellationType, complete, spelled_out
from mainspring.workflow._outbound import StartNexusOperationInput
from mainspring.workflow._runtime import Runtime

if TYPE_CHECKING:
    import nexusrpc
    import nexusrpc.handler

    from mainspring.workflow._event_groups import EventGroup

InputT = TypeVar("InputT")
OutputT = TypeVar("OutputT")


class NexusOperationConfig(TypedDict, total=False):
    """Options of an operation."""

    output_type: type | None
    schedule_to_close_timeout: timedelta | None
    schedule_to_start_timeout: timedelta | None
    start_to_close_timeout: timedelta | None
    cancellation_type: NexusOperationCancellationType
    headers: Mapping[str, str] | None
    summary: str | None
    event_groups: Sequence[EventGroup] | None


DEFAULTS: Mapping[str, Any] = {
    **dict.fromkeys(NexusOperationConfig.__annotations__),
    "cancellation_type": NexusOperationCancellationType.WAIT_COMPLETED,
}


class NexusOperationHandle(Generic[OutputT]):
    """A started operation: awaiting it gives its result, or raises `NexusOperationError`."""

    def cancel(self) -> bool:
        """Ask for its end, as its cancellation type says. False if it has ended."""
        raise NotImplementedError

    def __await__(self) -> Generator[Any, Any, OutputT]:
        raise NotImplementedError

    @property
    def operation_token(self) -> str | None:
        """By what its handler knows it; None if it ended at once."""
        raise NotImplementedError


class NexusClient(ABC, Generic[NexusServiceType]):
    """Calls the operations of one service at one endpoint. Made by `create_nexus_client`."""

    @overload
    @abstractmethod
    async def start_operation(
        self, operation: nexusrpc.Operation[InputT, OutputT], input: InputT, **options: Unpack[NexusOperationConfig]
    ) -> NexusOperationHandle[OutputT]: ...

    @overload
    @abstractmethod
    async def start_operation(
        self, operation: str, input: Any, **options: Unpack[NexusOperationConfig]
    ) -> NexusOperationHandle[Any]: ...

    @overload
    @abstractmethod
    async def start_operation(
        self,
        operation: Callable[[NexusServiceType, nexusrpc.handler.StartOperationContext, InputT], Awaitable[OutputT]],
        input: InputT,
        **options: Unpack[NexusOperationConfig],
    ) -> NexusOperationHandle[OutputT]: ...

    @overload
    @abstractmethod
    async def start_operation(
        self,
        operation: Callable[[NexusServiceType, nexusrpc.handler.StartOperationContext, InputT], OutputT],
        input: InputT,
        **options: Unpack[NexusOperationConfig],
    ) -> NexusOperationHandle[OutputT]: ...

    @overload
    @abstractmethod
    async def start_operation(
        self,
        operation: Callable[[NexusServiceType], nexusrpc.handler.OperationHandler[InputT, OutputT]],
        input: InputT,
        **options: Unpack[NexusOperationConfig],
    ) -> NexusOperationHandle[OutputT]: ...

    @abstractmethod
    @spelled_out(NexusOperationConfig, DEFAULTS)
    async def start_operation(self, operation: Any, input: Any, **options: Unpack[NexusOperationConfig]) -> Any:
        """Start an operation, wait until it has started or ended, and give its handle.

        Args:
            operation: One of a service definition, the method of a handler, or its name.
            input: What it is given.
            **options: Timeouts, what a cancellation does, and headers; `output_type` is what to convert the result of
                an operation into that is given by its name.

        Raises:
            NexusOperationError: it failed, timed out or was cancelled before it had started.
            ValueError: there is no such operation.
        """

    @overload
    @abstractmethod
    async def execute_operation(
        self, operation: nexusrpc.Operation[InputT, OutputT], input: InputT, **options: Unpack[NexusOperationConfig]
    ) -> OutputT: ...

    @overload
    @abstractmethod
    async def execute_operation(self, operation: str, input: Any, **options: Unpack[NexusOperationConfig]) -> Any: ...

    @overload
    @abstractmethod
    async def execute_operation(
        self,
        operation: Callable[[NexusServiceType, nexusrpc.handler.StartOperationContext, InputT], Awaitable[OutputT]],
        input: InputT,
        **options: Unpack[NexusOperationConfig],
    ) -> OutputT: ...

    @overload
    @abstractmethod
    async def execute_operation(
        self,
        operation: Callable[[NexusServiceType, nexusrpc.handler.StartOperationContext, InputT], OutputT],
        input: InputT,
        **options: Unpack[NexusOperationConfig],
    ) -> OutputT: ...

    @overload
    @abstractmethod
    async def execute_operation(
        self,
        operation: Callable[[NexusServiceType], nexusrpc.handler.OperationHandler[InputT, OutputT]],
        input: InputT,
        **options: Unpack[NexusOperationConfig],
    ) -> OutputT: ...

    @abstractmethod
    @spelled_out(NexusOperationConfig, DEFAULTS)
    async def execute_operation(self, operation: Any, input: Any, **options: Unpack[NexusOperationConfig]) -> Any:
        """Start an operation and wait for its result: `await (await start_operation(...))`."""


class _Client(NexusClient[NexusServiceType]):
    def __init__(self, endpoint: str, service: str) -> None:
        self._endpoint = endpoint
        self._service = service

    async def start_operation(self, operation: Any, input: Any, **options: Any) -> Any:
        completed = complete("start_operation", DEFAULTS, options)
        call: StartNexusOperationInput[Any, Any] = StartNexusOperationInput(
            endpoint=self._endpoint, service=self._service, operation=operation, input=input, **completed
        )
        return await Runtime.current().workflow_outbound.start_nexus_operation(call)

    async def execute_operation(self, operation: Any, input: Any, **options: Any) -> Any:
        return await (await self.start_operation(operation, input, **options))


@overload
def create_nexus_client(*, service: type[NexusServiceType], endpoint: str) -> NexusClient[NexusServiceType]: ...


@overload
def create_nexus_client(*, service: str, endpoint: str) -> NexusClient[Any]: ...


def create_nexus_client(*, service: type[NexusServiceType] | str, endpoint: str) -> NexusClient[NexusServiceType]:
    """A client of a service, given by its definition, its handler's class or its name, at an endpoint.

    Raises: ValueError: the class is neither.
    """
    return _Client(endpoint, service_name_of(service))
