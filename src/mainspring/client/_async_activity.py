"""An activity that is completed from outside its worker: after `activity.raise_complete_async()`, by id or by token.

await client.get_async_activity_handle(task_token=token).complete(result)
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Any, Self

from mainspring.client._activity_inputs import (
    CompleteAsyncActivityInput,
    FailAsyncActivityInput,
    HeartbeatAsyncActivityInput,
    ReportCancellationAsyncActivityInput,
)
from mainspring.client._calls import outbound
from mainspring.common._arguments import arg_unset
from mainspring.converter import DataConverter, SerializationContext, WithSerializationContext
from mainspring.service._methods import NO_METADATA

if TYPE_CHECKING:
    from mainspring.client._client import Client

NO_DETAILS: Sequence[Any] = []


@dataclass(frozen=True)
class AsyncActivityIDReference:
    """An activity by its ids; one that stands alone has no workflow."""

    workflow_id: str | None
    run_id: str | None
    activity_id: str


class AsyncActivityHandle(WithSerializationContext):
    """Made by `Client.get_async_activity_handle`."""

    def __init__(
        self,
        client: Client,
        id_or_token: AsyncActivityIDReference | bytes,
        data_converter_override: DataConverter | None = None,
    ) -> None:
        self._client = client
        self._id_or_token = id_or_token
        self._data_converter_override = data_converter_override

    async def heartbeat(
        self,
        *details: Any,
        rpc_metadata: Mapping[str, str | bytes] = NO_METADATA,
        rpc_timeout: timedelta | None = None,
    ) -> None:
        """Say that the activity goes on, and how far it is.

        Raises: AsyncActivityCancelledError: it should end.
        """
        await outbound(self._client).heartbeat_async_activity(
            HeartbeatAsyncActivityInput(
                self._id_or_token, details, rpc_metadata, rpc_timeout, self._data_converter_override
            )
        )

    async def complete(
        self,
        result: Any | None = arg_unset,
        *,
        rpc_metadata: Mapping[str, str | bytes] = NO_METADATA,
        rpc_timeout: timedelta | None = None,
    ) -> None:
        """End the activity with a result, or without one."""
        await outbound(self._client).complete_async_activity(
            CompleteAsyncActivityInput(
                self._id_or_token, result, rpc_metadata, rpc_timeout, self._data_converter_override
            )
        )

    async def fail(
        self,
        error: Exception,
        *,
        last_heartbeat_details: Sequence[Any] = NO_DETAILS,
        rpc_metadata: Mapping[str, str | bytes] = NO_METADATA,
        rpc_timeout: timedelta | None = None,
    ) -> None:
        """End the attempt with a failure; the retry policy says whether there is another."""
        await outbound(self._client).fail_async_activity(
            FailAsyncActivityInput(
                self._id_or_token,
                error,
                last_heartbeat_details,
                rpc_metadata,
                rpc_timeout,
                self._data_converter_override,
            )
        )

    async def report_cancellation(
        self,
        *details: Any,
        rpc_metadata: Mapping[str, str | bytes] = NO_METADATA,
        rpc_timeout: timedelta | None = None,
    ) -> None:
        """End the activity as cancelled, after a heartbeat said so."""
        await outbound(self._client).report_cancellation_async_activity(
            ReportCancellationAsyncActivityInput(
                self._id_or_token, details, rpc_metadata, rpc_timeout, self._data_converter_override
            )
        )

    def with_context(self, context: SerializationContext) -> Self:
        """The same activity, with a converter that knows whose values it converts.

        Raises: TypeError: a subclass is made in another way, and does not say how here.
        """
        converter = self._client.data_converter.with_context(context)
        if converter is self._client.data_converter:
            return self
        if type(self).__init__ is not AsyncActivityHandle.__init__:
            raise TypeError(
                "If you have subclassed AsyncActivityHandle and overridden the __init__ method then you must override "
                "with_context to return an instance of your class."
            )
        return type(self)(self._client, self._id_or_token, converter)
