"""Handles of the activities and children of one run: tasks that wait for a future, which a job resolves.

cancel the task -> the server is asked to cancel -> what comes back, if only the result, resolves the future
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, MutableMapping
from typing import Any, TypeVar

from temporalio.api.enums.v1 import StartChildWorkflowExecutionFailedCause

from mainspring.converter import ActivitySerializationContext, WorkflowSerializationContext
from mainspring.exceptions import InvalidVersioningOverrideError, WorkflowAlreadyStartedError
from mainspring.replay import requests
from mainspring.replay.activation import Backoff, Outcome, ResolveChildStart
from mainspring.worker._flags import WorkflowLogicFlag
from mainspring.worker._interceptor import StartActivityInput, StartChildWorkflowInput, StartLocalActivityInput
from mainspring.worker._run_requests import schedule_activity, schedule_local_activity, start_child
from mainspring.worker._run_state import RunState, shielded
from mainspring.worker._run_timers import RunTimers
from mainspring.workflow._event_groups import event_group_markers
from mainspring.workflow._handles import ActivityHandle, ChildWorkflowHandle

T = TypeVar("T")

ALREADY_EXISTS = (
    StartChildWorkflowExecutionFailedCause.START_CHILD_WORKFLOW_EXECUTION_FAILED_CAUSE_WORKFLOW_ALREADY_EXISTS
)
INVALID_OVERRIDE = 3  # ..._INVALID_VERSIONING_OVERRIDE


class BackoffError(BaseException):
    """A local activity is to be tried again after a timer. Ends the wait for the attempt before."""

    def __init__(self, backoff: Backoff) -> None:
        super().__init__("Backoff")
        self.backoff = backoff


async def operation(
    state: RunState,
    future: asyncio.Future[T],
    request_cancel: Callable[[asyncio.CancelledError], None],
    *,
    flag: int | None = None,
    reraise_on_cancelled_run: bool = False,
) -> T:
    """Wait for something that the server does. To be cancelled asks it to be cancelled, and goes on waiting.

    What then comes decides: its cancellation, or its result if it was faster. `flag` is the numbered change since which
    a cancellation that comes together with the result is raised rather than lost.
    """
    while True:
        try:
            return await shielded(future)
        except asyncio.CancelledError as error:
            if future.done() and (state.is_single_batch or (flag is not None and state.use_flag(flag))):
                raise
            request_cancel(error)
            task = asyncio.current_task()
            if task is not None:
                task.uncancel()  # or the next await would raise at once
            if reraise_on_cancelled_run and (state.cancel_reason is not None or state.is_evicting):
                raise


class RunActivityHandle(ActivityHandle[Any]):
    """One activity, local or not. `pending` is where its number is looked up when it ends."""

    def __init__(
        self,
        state: RunState,
        input: StartActivityInput | StartLocalActivityInput,
        pending: MutableMapping[int, RunActivityHandle],
        timers: RunTimers,
    ) -> None:
        self._number = state.loop.next_number()
        self._of = state
        self._input = input
        self._pending = pending
        self._timers = timers
        self._is_begun = False
        self._cancel_asked_for = 0  # the seq
        self._payload_converter, self._failure_converter = state.converters.pair(self._context)
        self._markers = event_group_markers(input.event_groups)
        self._seq = state.next_seq("activity")
        self._future: asyncio.Future[Any] = state.loop.create_future()
        self._schedule(None)
        super().__init__(self._run(), loop=state.loop, name=state.named(f"activity: {input.activity}"))
        state.hold(self)

    def __hash__(self) -> int:
        return self._number

    __eq__ = object.__eq__

    def cancel(self, msg: Any | None = None) -> bool:
        if not self._of.is_evicting:
            self._of.assert_may_act("cancel activity handle")
            if not self._is_begun and not self.done():
                self._request_cancel()  # its coroutine will never run, so it cannot ask
        if not self._is_begun and not self.done():
            self.add_done_callback(self._of.forget)  # for the same reason
        return super().cancel(msg)

    def resolve(self, outcome: Outcome) -> None:
        """The activity ended."""
        if outcome.backoff is not None:
            self._seq = self._of.next_seq("activity")
            ended, self._future = self._future, self._of.loop.create_future()
            ended.set_exception(BackoffError(outcome.backoff))
        elif outcome.failure is None:
            self._future.set_result(self._value(outcome))
        elif self._is_begun:  # else nobody would ever look at the exception
            self._future.set_exception(self._failure_converter.from_failure(outcome.failure, self._payload_converter))

    def _value(self, outcome: Outcome) -> Any:
        if outcome.result is None:
            return None
        types = [self._input.ret_type] if self._input.ret_type else None
        return self._of.decode([outcome.result], types, self._payload_converter)[0]

    def _context(self) -> ActivitySerializationContext:
        info, call = self._of.info, self._input
        queue = call.task_queue if isinstance(call, StartActivityInput) else None
        return ActivitySerializationContext(
            namespace=info.namespace,
            workflow_id=info.workflow_id,
            workflow_type=info.workflow_type,
            activity_type=call.activity,
            activity_id=call.activity_id,
            activity_task_queue=queue or info.task_queue,
            is_local=isinstance(call, StartLocalActivityInput),
        )

    async def _run(self) -> Any:
        self._is_begun = True
        try:
            while True:
                try:
                    return await operation(
                        self._of,
                        self._future,
                        lambda _: self._request_cancel(),
                        flag=WorkflowLogicFlag.RAISE_ON_CANCELLING_COMPLETED_ACTIVITY,
                    )
                except BackoffError as error:
                    await self._timers.sleep(error.backoff.wait_ns / 1e9, None, self._input.event_groups)
                    self._schedule(error.backoff)
        finally:
            self._of.forget(self)

    def _schedule(self, backoff: Backoff | None) -> None:
        if isinstance(self._input, StartActivityInput):
            request: requests.Request = schedule_activity(self._of, self._input, self._seq, self._payload_converter)
        else:
            request = schedule_local_activity(self._of, self._input, self._seq, self._payload_converter, backoff)
        request.event_groups = self._markers
        self._of.ask(request)
        self._pending[self._seq] = self

    def _request_cancel(self) -> None:
        if self._cancel_asked_for == self._seq and not self._of.is_evicting:
            return
        self._cancel_asked_for = self._seq
        is_local = isinstance(self._input, StartLocalActivityInput)
        kind = requests.CancelLocalActivity if is_local else requests.CancelActivity
        self._of.ask(kind(seq=self._seq))


class RunChildHandle(ChildWorkflowHandle[Any, Any]):
    """One child workflow. `start_future` is done when it started, or could not."""

    def __init__(self, state: RunState, input: StartChildWorkflowInput) -> None:
        self._number = state.loop.next_number()
        self._of = state
        self._input = input
        self._first_execution_run_id = "<unknown>"
        self._payload_converter, self._failure_converter = state.converters.pair(
            lambda: WorkflowSerializationContext(state.info.namespace, input.id)
        )
        self.seq = state.next_seq("child_workflow")
        request = start_child(state, input, self.seq, self._payload_converter)
        request.event_groups = event_group_markers(input.event_groups)
        state.ask(request)
        self.start_future: asyncio.Future[None] = state.loop.create_future()
        self._future: asyncio.Future[Any] = state.loop.create_future()
        name = state.named(f"child: {input.workflow}")
        super().__init__(operation(state, self._future, self.request_cancel), loop=state.loop, name=name)
        state.keep(self)

    def __hash__(self) -> int:
        return self._number

    __eq__ = object.__eq__

    @property
    def id(self) -> str:
        return self._input.id

    @property
    def first_execution_run_id(self) -> str | None:
        return self._first_execution_run_id

    def request_cancel(self, error: asyncio.CancelledError) -> None:
        """The message of `Task.cancel` goes on to the child as the reason."""
        reason = error.args[0] if error.args and isinstance(error.args[0], str) else ""
        self._of.ask(requests.CancelChild(seq=self.seq, reason=reason))

    def resolve_start(self, job: ResolveChildStart) -> None:
        if job.run_id:
            self._first_execution_run_id = job.run_id
            self.start_future.set_result(None)
        else:
            self._fail(self._start_error(job))

    def resolve(self, outcome: Outcome) -> None:
        if outcome.failure is not None:
            self._fail(self._failure_converter.from_failure(outcome.failure, self._payload_converter))
        elif outcome.result is None:
            self._future.set_result(None)
        else:
            types = [self._input.ret_type] if self._input.ret_type else None
            self._future.set_result(self._of.decode([outcome.result], types, self._payload_converter)[0])

    def _fail(self, error: BaseException) -> None:
        if self.start_future.done():
            self._future.set_exception(error)
        else:
            self.start_future.set_exception(error)
            self._future.set_result(None)  # nobody will wait for it

    def _start_error(self, job: ResolveChildStart) -> BaseException:
        if job.cancelled is not None:
            return self._failure_converter.from_failure(job.cancelled, self._payload_converter)
        if job.cause == ALREADY_EXISTS:
            return WorkflowAlreadyStartedError(self._input.id, self._input.workflow)
        if job.cause == INVALID_OVERRIDE:
            return InvalidVersioningOverrideError()
        return RuntimeError(f"Unknown child start fail cause: {job.cause}")
