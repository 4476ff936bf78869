"""A standalone activity, known by its id: everything that can be asked of it and done to it.

handle = await client.start_activity(create_vm, order, id="vm-1", task_queue="vms", ...)
await handle.result()
"""

from __future__ import annotations

import warnings
from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import TYPE_CHECKING, Any, Generic, cast

from temporalio.api.activity.v1 import ActivityExecutionOutcome
from temporalio.api.workflowservice.v1 import PollActivityExecutionRequest

from mainspring.client._activity_inputs import (
    CancelActivityInput,
    DescribeActivityInput,
    PauseActivityInput,
    TerminateActivityInput,
    UnpauseActivityInput,
    UpdateActivityOptionsInput,
)
from mainspring.client._activity_options import check_updates
from mainspring.client._calls import ask_until, outbound
from mainspring.client._exceptions import ActivityFailureError
from mainspring.converter import ActivitySerializationContext
from mainspring.service._methods import NO_METADATA
from mainspring.types import ReturnType

if TYPE_CHECKING:
    from mainspring.client._activity_description import ActivityExecutionDescription
    from mainspring.client._activity_options import ActivityExecutionOptions, ActivityOptionsUpdate
    from mainspring.client._client import Client


class ActivityHandle(Generic[ReturnType]):
    """Made by `Client.start_activity` and `Client.get_activity_handle`."""

    def __init__(self, client: Client, id: str, *, run_id: str | None = None, result_type: type | None = None) -> None:
        self._client = client
        self._id = id
        self._run_id = run_id
        self._result_type = result_type
        self._known_outcome: ActivityExecutionOutcome | None = None

    @property
    def id(self) -> str:
        """The activity's id."""
        return self._id

    @property
    def run_id(self) -> str | None:
        """The one run that is meant; None means the latest."""
        return self._run_id

    async def result(
        self,
        *,
        rpc_metadata: Mapping[str, str | bytes] = NO_METADATA,
        rpc_timeout: timedelta | None = None,
    ) -> ReturnType:
        """Wait for the activity's result. The timeout is for each call, not for all.

        Raises: ActivityFailureError: it failed, was cancelled or terminated, or timed out.
        """
        outcome = await self._outcome(rpc_metadata, rpc_timeout)
        context = ActivitySerializationContext(
            namespace=self._client.namespace,
            activity_id=self._id,
            activity_type=None,
            activity_task_queue=None,
            is_local=False,
            workflow_id=None,
            workflow_type=None,
        )
        converter = self._client.data_converter.with_context(context)
        if outcome.HasField("failure"):
            raise ActivityFailureError(cause=await converter.decode_failure(outcome.failure))
        hints = [self._result_type] if self._result_type else None
        results = await converter.decode_wrapper(outcome.result, hints)
        if len(results) > 1:
            warnings.warn(f"Expected single activity result, got {len(results)}", stacklevel=2)
        return cast("ReturnType", results[0] if results else None)

    async def _outcome(
        self, rpc_metadata: Mapping[str, str | bytes], rpc_timeout: timedelta | None
    ) -> ActivityExecutionOutcome:
        request = PollActivityExecutionRequest(
            namespace=self._client.namespace, activity_id=self._id, run_id=self._run_id or ""
        )
        poll = self._client.workflow_service.poll_activity_execution
        if self._known_outcome is None:
            reply = await ask_until(
                lambda: poll(request, retry=True, metadata=rpc_metadata, timeout=rpc_timeout),
                lambda reply: reply.HasField("outcome"),
            )
            self._known_outcome = reply.outcome
        return self._known_outcome

    async def cancel(
        self,
        *,
        reason: str | None = None,
        rpc_metadata: Mapping[str, str | bytes] = NO_METADATA,
        rpc_timeout: timedelta | None = None,
    ) -> None:
        """Ask the activity to end, which it learns by a heartbeat."""
        await outbound(self._client).cancel_activity(
            CancelActivityInput(self._id, self._run_id, reason, rpc_metadata, rpc_timeout)
        )

    async def terminate(
        self,
        *,
        reason: str | None = None,
        rpc_metadata: Mapping[str, str | bytes] = NO_METADATA,
        rpc_timeout: timedelta | None = None,
    ) -> None:
        """End the activity at once, without its having a say."""
        await outbound(self._client).terminate_activity(
            TerminateActivityInput(self._id, self._run_id, reason, rpc_metadata, rpc_timeout)
        )

    async def pause(
        self,
        *,
        reason: str | None = None,
        rpc_metadata: Mapping[str, str | bytes] = NO_METADATA,
        rpc_timeout: timedelta | None = None,
    ) -> None:
        """Let no attempt begin until it is unpaused."""
        await outbound(self._client).pause_activity(
            PauseActivityInput(self._id, self._run_id, reason, rpc_metadata, rpc_timeout)
        )

    async def unpause(
        self,
        *,
        reason: str | None = None,
        jitter: timedelta | None = None,
        rpc_metadata: Mapping[str, str | bytes] = NO_METADATA,
        rpc_timeout: timedelta | None = None,
    ) -> None:
        """Let attempts begin again, the next one within `jitter` by chance."""
        await outbound(self._client).unpause_activity(
            UnpauseActivityInput(self._id, self._run_id, reason, jitter, rpc_metadata, rpc_timeout)
        )

    async def update_options(
        self,
        updates: Sequence[ActivityOptionsUpdate[Any]],
        *,
        rpc_metadata: Mapping[str, str | bytes] = NO_METADATA,
        rpc_timeout: timedelta | None = None,
    ) -> ActivityExecutionOptions:
        """Change options of the running activity; returns those that hold then.

        Raises: ValueError: there is no change, or two of one option.
        """
        if not updates:
            raise ValueError(
                "update_options requires at least one update; use restore_original_options() to revert options"
            )
        check_updates(updates, "update_options")
        return await self._update(updates, rpc_metadata, rpc_timeout)

    async def restore_original_options(
        self,
        *,
        rpc_metadata: Mapping[str, str | bytes] = NO_METADATA,
        rpc_timeout: timedelta | None = None,
    ) -> ActivityExecutionOptions:
        """Undo all changes of options; returns those that hold then."""
        return await self._update((), rpc_metadata, rpc_timeout)

    async def _update(
        self,
        updates: Sequence[ActivityOptionsUpdate[Any]],
        rpc_metadata: Mapping[str, str | bytes],
        rpc_timeout: timedelta | None,
    ) -> ActivityExecutionOptions:
        return await outbound(self._client).update_activity_options(
            UpdateActivityOptionsInput(
                self._id,
                self._run_id,
                updates=updates,
                restore_original=not updates,
                rpc_metadata=rpc_metadata,
                rpc_timeout=rpc_timeout,
            )
        )

    async def describe(
        self,
        *,
        include_input: bool = False,
        include_outcome: bool = False,
        include_heartbeat_details: bool = False,
        include_last_failure: bool = False,
        rpc_metadata: Mapping[str, str | bytes] = NO_METADATA,
        rpc_timeout: timedelta | None = None,
    ) -> ActivityExecutionDescription:
        """What the server knows of the activity now; what may be large only if it is asked for."""
        return await outbound(self._client).describe_activity(
            DescribeActivityInput(
                self._id,
                self._run_id,
                include_input=include_input,
                include_outcome=include_outcome,
                include_heartbeat_details=include_heartbeat_details,
                include_last_failure=include_last_failure,
                rpc_metadata=rpc_metadata,
                rpc_timeout=rpc_timeout,
            )
        )
