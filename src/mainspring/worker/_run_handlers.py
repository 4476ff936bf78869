"""Signals, queries and updates of one run: which handler gets each, with which arguments, and what is still running.

    Signal -> handler's task; without a handler kept until there is one
    Query  -> read-only task -> AnswerQuery
    Update -> validator (read-only) -> AcceptUpdate -> handler's task -> CompleteUpdate; or RejectUpdate

A signal whose arguments cannot be read is logged and dropped: it would block the run for ever. An update is then
rejected, and a query fails, each alone.
"""

from __future__ import annotations

import asyncio
import json
import logging
import warnings
from collections.abc import Callable, Coroutine, Mapping
from dataclasses import dataclass
from typing import Any, TypeVar

from mainspring.exceptions import CancelledError
from mainspring.replay.activation import Query, Signal, Update
from mainspring.replay.requests import AcceptUpdate, AnswerQuery, CompleteUpdate, RejectUpdate
from mainspring.worker._interceptor import (
    HandleQueryInput,
    HandleSignalInput,
    HandleUpdateInput,
    WorkflowInboundInterceptor,
)
from mainspring.worker._run_state import RunState
from mainspring.workflow._event_groups import signal_event_group, update_event_group
from mainspring.workflow._exceptions import ReadOnlyContextError
from mainspring.workflow._handler_definitions import (
    HandlerUnfinishedPolicy,
    QueryDefinition,
    SignalDefinition,
    UnfinishedSignalHandlersWarning,
    UnfinishedUpdateHandlersWarning,
    UpdateDefinition,
)
from mainspring.workflow._info import UpdateInfo, set_current_update_info

D = TypeVar("D", QueryDefinition, UpdateDefinition)
logger = logging.getLogger("mainspring.worker")


@dataclass
class Execution:
    """A handler that has not finished."""

    name: str
    unfinished_policy: HandlerUnfinishedPolicy
    id: str | None = None


class Handlers:
    """All handlers of one run, and those of them that run. `run_top_level` wraps a coroutine that may end the run."""

    def __init__(
        self, state: RunState, run_top_level: Callable[[Coroutine[Any, Any, None]], Coroutine[Any, Any, None]]
    ) -> None:
        self._state = state
        self._run_top_level = run_top_level
        self.inbound: WorkflowInboundInterceptor
        self.signals = dict(state.definition.signals)
        self.queries = dict(state.definition.queries)
        self.updates = dict(state.definition.updates)
        self._buffered: dict[str, list[Signal]] = {}
        self._signal_count = 0
        self.running_signals: dict[int, Execution] = {}
        self.running_updates: dict[str, Execution] = {}

    # -- signals

    def signal(self, job: Signal) -> None:
        definition = self.signals.get(job.name) or self.signals.get(None)
        if definition is None:
            self._buffered.setdefault(job.name, []).append(job)
        else:
            self._start_signal(definition, job)

    def set_signal(self, name: str | None, definition: SignalDefinition | None) -> None:
        """A handler from now on; signals that waited for it are handled."""
        if definition is None:
            self.signals.pop(name, None)
            return
        self.signals[name] = definition
        waiting = [name] if name else list(self._buffered)
        for signal_name in waiting:
            for job in self._buffered.pop(signal_name, []):
                self._start_signal(definition, job)

    def _start_signal(self, definition: SignalDefinition, job: Signal) -> None:
        info = self._state.info
        try:
            arguments = self._state.decode_arguments(job.name, job.input, definition)
        except Exception:
            logger.exception(
                "Failed deserializing signal input for %s on workflow %s with ID %s and run ID %s, dropping the signal",
                *(job.name, info.workflow_type, info.workflow_id, info.run_id),
                extra={"temporal_workflow": info.logger_details()},
            )
            return
        self._signal_count += 1
        number = self._signal_count
        self.running_signals[number] = Execution(job.name, definition.unfinished_policy)
        call = HandleSignalInput(signal=job.name, args=arguments, headers=job.headers)
        task = self._state.loop.create_task(
            self._run_top_level(self._run_signal(call, job.event_id)), name=f"signal: {job.name}"
        )
        task.add_done_callback(lambda _: self.running_signals.pop(number, None))

    async def _run_signal(self, call: HandleSignalInput, event_id: int) -> None:
        with signal_event_group(event_id).scope():
            await self.inbound.handle_signal(call)

    # -- queries

    def query(self, job: Query) -> None:
        self._start(self._run_query(job), f"query: {job.name}")

    async def _run_query(self, job: Query) -> None:
        state = self._state
        try:
            with state.read_only(in_query_or_validator=True):
                definition = self._find(self.queries, job.name, "Query handler", "known queries")
                arguments = state.decode_arguments(job.name, job.arguments, definition)
                call = HandleQueryInput(id=job.id, query=job.name, args=arguments, headers=job.headers)
                result = state.encode(await self.inbound.handle_query(call))
        except Exception as error:  # noqa: BLE001 - whoever asks is told; nobody else would be
            state.completion.requests.append(AnswerQuery(query_id=job.id, failure=state.failure_of(error)))
        else:
            state.completion.requests.append(AnswerQuery(query_id=job.id, result=result))

    # -- updates

    def update(self, job: Update) -> None:
        # All of it is in the task: the handler may be set only when the workflow function has begun.
        self._start(self._run_update(job), f"update: {job.name}")

    async def _run_update(self, job: Update) -> None:
        set_current_update_info(UpdateInfo(id=job.id, name=job.name))
        state = self._state
        is_accepted = False
        try:
            definition = self._find(self.updates, job.name, "Update handler", "known updates")
            self.running_updates[job.id] = Execution(job.name, definition.unfinished_policy, job.id)
            call = self._validated(job, definition)
            state.ask(AcceptUpdate(protocol_instance_id=job.protocol_instance_id))
            is_accepted = True
            with update_event_group(job.id).scope():
                result = state.encode(await self.inbound.handle_update_handler(call))
            state.ask(CompleteUpdate(protocol_instance_id=job.protocol_instance_id, result=result))
        except (Exception, asyncio.CancelledError) as error:  # noqa: BLE001 - whoever asks is told
            if state.is_evicting:
                return
            self._update_failed(job, error, is_accepted=is_accepted)
        except BaseException as error:  # noqa: BLE001 - it fails the task
            if not state.is_evicting:
                state.fail_task_by(error)
        finally:
            self.running_updates.pop(job.id, None)

    def _validated(self, job: Update, definition: UpdateDefinition) -> HandleUpdateInput:
        """The handler's call, which the validator let through; the validator had arguments of its own to spoil."""
        state = self._state
        arguments = state.decode_arguments(job.name, job.input, definition)
        call = HandleUpdateInput(id=job.id, update=job.name, args=arguments, headers=job.headers)
        if job.run_validator and definition.validator is not None:
            with state.read_only(in_query_or_validator=True):
                self.inbound.handle_update_validator(call)
            call.args = state.decode_arguments(job.name, job.input, definition)
        return call

    def _update_failed(self, job: Update, error: BaseException, *, is_accepted: bool) -> None:
        state = self._state
        if isinstance(error, asyncio.CancelledError):
            error = CancelledError(f"Cancellation raised within update {error}")
        if isinstance(error, ReadOnlyContextError) or (is_accepted and not state.is_failure(error)):
            state.loop.task_error = error
            return
        failure = state.failure_of(error)
        instance_id = job.protocol_instance_id
        if is_accepted:
            state.ask(CompleteUpdate(protocol_instance_id=instance_id, failure=failure))
        else:
            state.ask(RejectUpdate(protocol_instance_id=instance_id, failure=failure))

    # -- both

    def _start(self, coroutine: Coroutine[Any, Any, None], name: str) -> None:
        """The run keeps its tasks, so nobody else has to."""
        _ = self._state.loop.create_task(coroutine, name=name)

    @property
    def are_all_finished(self) -> bool:
        return not self.running_signals and not self.running_updates

    def warn_of_unfinished(self) -> None:
        """The run ends: say which handlers it leaves behind, unless they were declared to be left."""
        updates = _to_warn_of(self.running_updates)
        if updates:
            listed = [{"name": one.name, "id": one.id} for one in updates]
            warnings.warn(UnfinishedUpdateHandlersWarning(_unfinished("update", UPDATE_LOSS, listed)), stacklevel=2)
        signals = _to_warn_of(self.running_signals)
        if signals:
            counts: dict[str, int] = {}
            for one in signals:
                counts[one.name] = counts.get(one.name, 0) + 1
            listed_counts = [{"name": name, "count": count} for name, count in counts.items()]
            warnings.warn(
                UnfinishedSignalHandlersWarning(_unfinished("signal", SIGNAL_LOSS, listed_counts)), stacklevel=2
            )

    def _find(self, handlers: Mapping[str | None, D], name: str, what: str, known: str) -> D:
        definition = handlers.get(name) or handlers.get(None)
        if definition is None:
            names = " ".join(sorted(key for key in handlers if key))
            extra = ", and there is no dynamic handler." if what.startswith("Update") else ","
            raise RuntimeError(f"{what} for '{name}' expected but not found{extra} {known}: [{names}]")
        return definition


UPDATE_LOSS = "Their work may be half done, and whoever sent the updates gets an error in place of a result."
SIGNAL_LOSS = "Their work may be half done."


def _to_warn_of(running: Mapping[Any, Execution]) -> list[Execution]:
    return [one for one in running.values() if one.unfinished_policy == HandlerUnfinishedPolicy.WARN_AND_ABANDON]


def _unfinished(kind: str, loss: str, listed: object) -> str:
    return (
        f"[TMPRL1102] Workflow finished while {kind} handlers are still running. {loss} Let the workflow wait for them "
        "with `await workflow.wait_condition(workflow.all_handlers_finished)`; or, if they may be left behind, say so: "
        f"`@workflow.{kind}(unfinished_policy=workflow.HandlerUnfinishedPolicy.ABANDON)`. "
        f"Unfinished {kind}s: {json.dumps(listed)}"
    )
