"""Nexus operations of one run: a handle for each, whose task waits for the future that a job resolves.

    StartNexusOperationInput -> ScheduleNexusOperation request -> ResolveNexusStart -> handle -> ResolveNexus -> result

To cancel the task asks the server to cancel the operation; what comes back, if only the result, resolves the future.
"""

from __future__ import annotations

import asyncio
from collections.abc import Generator
from typing import Any

from temporalio.api.command.v1 import ScheduleNexusOperationCommandAttributes

from mainspring.converter import NexusSerializationContext
from mainspring.replay import requests
from mainspring.replay.activation import Outcome, ResolveNexusStart
from mainspring.worker._interceptor import StartNexusOperationInput
from mainspring.worker._run_handles import operation
from mainspring.worker._run_state import RunState
from mainspring.workflow._event_groups import event_group_markers
from mainspring.workflow._nexus import NexusOperationHandle


class RunNexusHandle(NexusOperationHandle[Any]):
    """One operation. `start_future` is done when it started, with its token, or could not."""

    def __init__(self, state: RunState, input: StartNexusOperationInput[Any, Any]) -> None:
        self._of = state
        self._input = input
        self._payload_converter, self._failure_converter = state.converters.pair(
            lambda: NexusSerializationContext(
                endpoint=input.endpoint, service=input.service, operation=input.operation_name
            )
        )
        self.seq = state.next_seq("nexus_operation")
        state.ask(self._request())
        self.start_future: asyncio.Future[str | None] = state.loop.create_future()
        self._future: asyncio.Future[Any] = state.loop.create_future()
        self._task = state.loop.create_task(
            operation(state, self._future, self.request_cancel), name=f"nexus: {input.service}/{input.operation_name}"
        )

    def cancel(self) -> bool:
        return self._task.cancel()

    def __await__(self) -> Generator[Any, Any, Any]:
        return self._task.__await__()

    @property
    def operation_token(self) -> str | None:
        is_known = self.start_future.done() and not self.start_future.cancelled()
        return None if not is_known or self.start_future.exception() is not None else self.start_future.result()

    def request_cancel(self, error: asyncio.CancelledError) -> None:
        """Its reason has no place in the command."""
        del error
        self._of.ask(requests.CancelNexusOperation(seq=self.seq))

    def resolve_start(self, job: ResolveNexusStart) -> None:
        if job.failure is None:
            self.start_future.set_result(job.token or None)
        else:
            self.start_future.set_exception(self._failure_converter.from_failure(job.failure, self._payload_converter))
            self._future.set_result(None)  # nobody will wait for it

    def resolve(self, outcome: Outcome) -> None:
        if outcome.failure is not None:
            self._future.set_exception(self._failure_converter.from_failure(outcome.failure, self._payload_converter))
        elif outcome.result is None:
            self._future.set_result(None)
        else:
            hints = [self._input.output_type] if self._input.output_type else None
            self._future.set_result(self._of.decode([outcome.result], hints, self._payload_converter)[0])

    def _request(self) -> requests.ScheduleNexusOperation:
        call = self._input
        attributes = ScheduleNexusOperationCommandAttributes(
            endpoint=call.endpoint,
            service=call.service,
            operation=call.operation_name,
            input=self._payload_converter.to_payload(call.input),
            nexus_header=call.headers,
        )
        for name in ("schedule_to_close_timeout", "schedule_to_start_timeout", "start_to_close_timeout"):
            value = getattr(call, name)
            if value is not None:
                getattr(attributes, name).FromTimedelta(value)
        return requests.ScheduleNexusOperation(
            seq=self.seq,
            attributes=attributes,
            cancellation=requests.NexusCancellation(int(call.cancellation_type)),
            user_metadata=self._of.summary(call.summary),
            event_groups=event_group_markers(call.event_groups),
        )
