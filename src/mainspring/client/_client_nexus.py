"""Standalone Nexus operations: what can be called on a client for them.

client.create_nexus_client(Prices, "shop")      starts them: see `_nexus_client`
client.get_nexus_operation_handle("price-1")    one that was started before
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import TYPE_CHECKING, Any, TypeVar, overload

from mainspring.client._client_base import ClientBase
from mainspring.client._nexus_client import ClientOfService, NexusClient
from mainspring.client._nexus_handle import NexusOperationHandle
from mainspring.client._nexus_inputs import CountNexusOperationsInput, ListNexusOperationsInput
from mainspring.common._nexus import service_name_of
from mainspring.service._methods import NO_METADATA
from mainspring.types import NexusServiceType, ReturnType

if TYPE_CHECKING:
    import nexusrpc

    from mainspring.client._nexus_description import NexusOperationExecutionAsyncIterator, NexusOperationExecutionCount

OutputT = TypeVar("OutputT")


class NexusCalls(ClientBase):
    """The part of `Client` that is about Nexus operations."""

    @overload
    def create_nexus_client(self, service: type[NexusServiceType], endpoint: str) -> NexusClient[NexusServiceType]: ...

    @overload
    def create_nexus_client(self, service: str, endpoint: str) -> NexusClient[Any]: ...

    def create_nexus_client(
        self, service: type[NexusServiceType] | str, endpoint: str
    ) -> NexusClient[NexusServiceType]:
        """A client of a service, given by its definition, its handler's class or its name, at an endpoint.

        Raises: ValueError: the class is neither.
        """
        return ClientOfService(self._client, service_name_of(service), endpoint)

    def list_nexus_operations(
        self,
        query: str,
        *,
        limit: int | None = None,
        page_size: int = 1000,
        next_page_token: bytes | None = None,
        rpc_metadata: Mapping[str, str | bytes] = NO_METADATA,
        rpc_timeout: timedelta | None = None,
    ) -> NexusOperationExecutionAsyncIterator:
        """Iterate over the standalone Nexus operations that a query finds."""
        return self._impl.list_nexus_operations(
            ListNexusOperationsInput(
                query=query,
                page_size=page_size,
                next_page_token=next_page_token,
                rpc_metadata=rpc_metadata,
                rpc_timeout=rpc_timeout,
                limit=limit,
            )
        )

    async def count_nexus_operations(
        self,
        query: str | None = None,
        *,
        rpc_metadata: Mapping[str, str | bytes] = NO_METADATA,
        rpc_timeout: timedelta | None = None,
    ) -> NexusOperationExecutionCount:
        """How many standalone Nexus operations a query finds, in groups if it has a `GROUP BY`."""
        return await self._impl.count_nexus_operations(CountNexusOperationsInput(query, rpc_metadata, rpc_timeout))

    @overload
    def get_nexus_operation_handle(
        self, operation_id: str, *, run_id: str | None = None
    ) -> NexusOperationHandle[Any]: ...

    @overload
    def get_nexus_operation_handle(
        self, operation_id: str, *, run_id: str | None = None, result_type: type[ReturnType]
    ) -> NexusOperationHandle[ReturnType]: ...

    @overload
    def get_nexus_operation_handle(
        self, operation_id: str, *, operation: nexusrpc.Operation[Any, OutputT], run_id: str | None = None
    ) -> NexusOperationHandle[OutputT]: ...

    def get_nexus_operation_handle(
        self,
        operation_id: str,
        *,
        operation: nexusrpc.Operation[Any, Any] | None = None,
        run_id: str | None = None,
        result_type: type | None = None,
    ) -> NexusOperationHandle[Any]:
        """A handle of a standalone Nexus operation, which there may or may not be. Nothing is asked of the server.

        The result is converted into `result_type`, or else into the output type of `operation`.
        """
        hint = result_type or (operation.output_type if operation is not None else None)
        return NexusOperationHandle(self._client, operation_id, run_id=run_id, result_type=hint)
