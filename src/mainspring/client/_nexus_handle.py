"""A standalone Nexus operation, known by its id: everything that can be asked of it and done to it.

handle = await client.create_nexus_client(Prices, "shop").start_operation(Prices.of, "disk", id="price-1")
await handle.result()
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import TYPE_CHECKING, Generic, cast

from mainspring.client._calls import outbound
from mainspring.client._exceptions import NexusOperationFailureError
from mainspring.client._nexus_inputs import (
    CancelNexusOperationInput,
    DescribeNexusOperationInput,
    GetNexusOperationResultInput,
    TerminateNexusOperationInput,
)
from mainspring.service._methods import NO_METADATA
from mainspring.types import ReturnType

if TYPE_CHECKING:
    from mainspring.client._client import Client
    from mainspring.client._nexus_description import NexusOperationExecutionDescription


class NexusOperationHandle(Generic[ReturnType]):
    """Made by `NexusClient.start_operation` and `Client.get_nexus_operation_handle`."""

    def __init__(
        self,
        client: Client,
        operation_id: str,
        *,
        run_id: str | None = None,
        result_type: type | None = None,
        endpoint: str = "",
        service: str = "",
        operation: str = "",
    ) -> None:
        self._client = client
        self._operation_id = operation_id
        self._run_id = run_id
        self._result_type = result_type
        self._endpoint = endpoint
        self._service = service
        self._operation = operation
        self._known_result: tuple[ReturnType] | None = None
        self._known_failure: NexusOperationFailureError | None = None

    @property
    def operation_id(self) -> str:
        """The operation's id."""
        return self._operation_id

    @property
    def run_id(self) -> str | None:
        """The one run that is meant; None means the latest."""
        return self._run_id

    @property
    def endpoint(self) -> str:
        """Where it was started; empty if this handle did not start it."""
        return self._endpoint

    @property
    def service(self) -> str:
        """The service that it belongs to; empty if this handle did not start it."""
        return self._service

    async def result(
        self,
        *,
        rpc_metadata: Mapping[str, str | bytes] = NO_METADATA,
        rpc_timeout: timedelta | None = None,
    ) -> ReturnType:
        """Wait for the operation's result, which is then known. The timeout is for each call, not for all.

        Raises: NexusOperationFailureError: it failed, was cancelled or terminated, or timed out.
        """
        if self._known_failure is not None:
            raise self._known_failure
        if self._known_result is None:
            ask = GetNexusOperationResultInput(
                self._operation_id,
                self._run_id,
                endpoint=self._endpoint,
                service=self._service,
                operation=self._operation,
                rpc_metadata=rpc_metadata,
                rpc_timeout=rpc_timeout,
                result_type=self._result_type,
            )
            try:
                result = await outbound(self._client).get_nexus_operation_result(ask)
            except NexusOperationFailureError as failure:
                self._known_failure = failure
                raise
            self._known_result = (cast("ReturnType", result),)
        return self._known_result[0]

    async def describe(
        self,
        *,
        rpc_metadata: Mapping[str, str | bytes] = NO_METADATA,
        rpc_timeout: timedelta | None = None,
    ) -> NexusOperationExecutionDescription:
        """What the server knows of the operation now."""
        return await outbound(self._client).describe_nexus_operation(
            DescribeNexusOperationInput(self._operation_id, self._run_id, rpc_metadata, rpc_timeout)
        )

    async def cancel(
        self,
        *,
        reason: str | None = None,
        rpc_metadata: Mapping[str, str | bytes] = NO_METADATA,
        rpc_timeout: timedelta | None = None,
    ) -> None:
        """Ask the operation's handler to end it."""
        await outbound(self._client).cancel_nexus_operation(
            CancelNexusOperationInput(self._operation_id, self._run_id, reason, rpc_metadata, rpc_timeout)
        )

    async def terminate(
        self,
        *,
        reason: str | None = None,
        rpc_metadata: Mapping[str, str | bytes] = NO_METADATA,
        rpc_timeout: timedelta | None = None,
    ) -> None:
        """End the operation at once, without its handler's having a say."""
        await outbound(self._client).terminate_nexus_operation(
            TerminateNexusOperationInput(self._operation_id, self._run_id, reason, rpc_metadata, rpc_timeout)
        )
