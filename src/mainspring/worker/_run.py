"""One workflow run in a worker: an object of the workflow class, its coroutines, and the loop that they wait on.

    run = WorkflowRun(details, definition, info, initialize)
    completion = run.activate(activation)          again and again, never two at once
    run.evict()                                    unwinds what is left of it

An activation's jobs are applied in sets: patches, then signals and updates, then the rest, then queries; after each set
the loop runs until nothing is ready. That order is the official SDK's, and histories depend on it.
"""

from __future__ import annotations

import asyncio
import ctypes
import inspect
import logging
from collections.abc import Callable, Coroutine, Sequence
from typing import Any, TypeVar

from temporalio.api.command.v1 import Command
from temporalio.api.enums.v1 import command_type_pb2
from temporalio.api.sdk.v1 import EnhancedStackTrace, WorkflowMetadata

from mainspring.common import RawValue, VersioningBehavior
from mainspring.determinism._running import restrict
from mainspring.exceptions import CancelledError, is_cancelled_exception
from mainspring.replay import activation as jobs
from mainspring.replay.activation import Activation, Initialize, Job
from mainspring.replay.requests import AcceptUpdate, Completion, Terminal, first_terminal
from mainspring.worker._flags import WorkflowLogicFlag
from mainspring.worker._interceptor import (
    ExecuteWorkflowInput,
    HandleQueryInput,
    HandleSignalInput,
    HandleUpdateInput,
    WorkflowInboundInterceptor,
    WorkflowOutboundInterceptor,
)
from mainspring.worker._loop import Running, WorkflowLoop
from mainspring.worker._run_calls import Calls
from mainspring.worker._run_continue import ContinueAsNew
from mainspring.worker._run_details import RunDetails
from mainspring.worker._run_handlers import Handlers
from mainspring.worker._run_properties import Properties
from mainspring.worker._run_runtime import RunRuntime
from mainspring.worker._run_stacks import enhanced_stack_trace, metadata, stack_trace
from mainspring.worker._run_state import RunState
from mainspring.worker._run_timers import RunTimers
from mainspring.workflow._definition import Definition
from mainspring.workflow._handler_definitions import QueryDefinition
from mainspring.workflow._info import Info
from mainspring.workflow._runtime import Runtime

logger = logging.getLogger("mainspring.worker")

SINGLE_BATCH = WorkflowLogicFlag.PROCESS_WORKFLOW_ACTIVATION_JOBS_AS_SINGLE_BATCH
SETS: dict[type[Job], int] = {
    jobs.NotifyHasPatch: 0,
    jobs.RecordedVersion: 0,
    jobs.RecordedSideEffect: 0,
    jobs.Signal: 1,
    jobs.Update: 1,
    jobs.Query: 3,
}
OTHERS = 2
CHECKING = (1, 2)  # sets after which conditions are looked at
EVICTION_TURNS = 100  # how often a coroutine may swallow its own end

J = TypeVar("J", bound=Job)


class WorkflowRun:
    """See the module."""

    def __init__(self, details: RunDetails, definition: Definition, info: Info, begun_by: Initialize) -> None:
        self._timers = RunTimers()
        self._loop = WorkflowLoop(self)  # type: ignore[abstract]  # what it lacks, workflow code may not use
        self.state = RunState(details, definition, info, self._loop)
        self._timers.begin(self.state)
        self._handlers = Handlers(self.state, self._run_top_level)
        self._properties = Properties(self.state, begun_by.seeded_by)
        self._calls = Calls(self.state, self._timers)
        self._runtime = RunRuntime(self.state, self._handlers, self._calls, self._properties, self._timers)
        self._runtime.begun_by = begun_by
        self._begun_by = begun_by
        self._input: ExecuteWorkflowInput | None = None
        self._main: asyncio.Task[None] | None = None
        self._versioning_behavior = definition.versioning_behavior
        self._add_queries()
        Runtime.set_on_loop(self._loop, self._runtime)
        if definition.sandboxed and details.is_guarded:
            restrict(self._loop, self._runtime)
        self._make_interceptors()

    # -- the worker's side

    def activate(self, activation: Activation) -> Completion:
        """Tell workflow code what happened, let it run as far as it can, and say what it asks for."""
        state = self.state
        state.completion = Completion()
        state.activation = self._with_own_version(activation)
        state.is_replaying = activation.is_replaying
        self._loop.time_ns = activation.time_ns
        try:
            with Running(self._loop):
                self._apply_all(activation.jobs)
        except Exception as error:  # noqa: BLE001 - it fails the run or the workflow task, with a log
            self._fail_activation(error)
        if self._versioning_behavior:
            state.completion.versioning_behavior = self._versioning_behavior.value
        if first_terminal(state.completion.requests) is not None:
            self._handlers.warn_of_unfinished()
        return state.completion

    def evict(self) -> list[str]:
        """Unwind all coroutines of the run. They can ask for nothing any more.

        Returns:
            The stacks of those that would not end; they are left to themselves.
        """
        state = self.state
        state.is_evicting = state.is_replaying = self._loop.is_evicted = True
        if not state.tasks and not self._loop.is_ready:
            return []
        with Running(self._loop):
            for _ in range(EVICTION_TURNS):
                for task in list(state.tasks):
                    task.cancel()
                self._loop.run_ready()
                if not state.tasks:
                    return []
        for task in state.tasks:
            # Never collected: Python would end the coroutine by another exception, which it might swallow for ever.
            ctypes.pythonapi.Py_IncRef(ctypes.py_object(task))
        return [stack_trace(state)]

    def stack_trace(self) -> str:
        """Where the run's coroutines wait."""
        return stack_trace(self.state)

    # -- for the loop (`_loop.Timers`)

    def start_timer(self, handle: Any, delay_s: float) -> None:
        self._timers.start_timer(handle, delay_s)

    def cancel_timer(self, handle: Any) -> None:
        self._timers.cancel_timer(handle)

    def made_task(self, task: asyncio.Task[Any], name: str | None) -> None:
        task.set_name(self.state.named(name or task.get_name()))
        self.state.keep(task)

    def refuse_callback(self) -> None:
        self.state.assert_may_act("schedule task")

    # -- applying jobs

    def _apply_all(self, all_jobs: Sequence[Job]) -> None:
        sets: list[list[Job]] = [[], [], [], []]
        for job in all_jobs:
            sets[SETS.get(type(job), OTHERS)].append(job)
        first = all_jobs[0]
        if isinstance(first, Initialize):  # by its order
            self._input = self._workflow_input(first)
        self.state.is_single_batch = self.state.use_default_flag(SINGLE_BATCH)
        if self.state.is_single_batch:
            for job in [one for a_set in sets for one in a_set]:
                self._apply(job)
            self._run_loop(all_jobs, check_conditions=bool(sets[1] or sets[2]))
            return
        for at, a_set in enumerate(sets):
            if a_set:
                for job in a_set:
                    self._apply(job)
                self._run_loop(all_jobs, check_conditions=at in CHECKING)

    def _apply(self, job: Job) -> None:
        APPLY[type(job)](self, job)

    def _run_loop(self, all_jobs: Sequence[Job], *, check_conditions: bool) -> None:
        if self.state.instance is None:
            self.state.instance = self._make_instance()
        while self._loop.is_ready:
            self._loop.run_ready()
            if check_conditions and self._timers.has_conditions and self._may_check_conditions(all_jobs):
                self._timers.check_conditions()

    def _may_check_conditions(self, all_jobs: Sequence[Job]) -> bool:
        """A rejected update leaves nothing in the history, so nothing may go on that was let through by it alone."""
        return any(not isinstance(job, jobs.Update) for job in all_jobs) or any(
            isinstance(request, AcceptUpdate) for request in self.state.completion.requests
        )

    def _cancel(self, job: jobs.Cancel) -> None:
        self.state.cancel_reason = job.reason
        if self._main is not None:
            # Not at once: the coroutine may not have begun, and shall see the cancellation at its first await.
            self._loop.call_soon(self._main.cancel)

    # -- the workflow itself

    def _workflow_input(self, job: Initialize) -> ExecuteWorkflowInput:
        definition = self.state.definition
        payloads = job.started.input.payloads
        if definition.name:
            arguments = self.state.decode(payloads, definition.arg_types)
        else:
            raw: Any = [RawValue] * len(payloads)
            arguments = [self.state.decode(payloads, raw)]
        headers = job.started.header.fields
        return ExecuteWorkflowInput(type=definition.cls, run_fn=definition.run_fn, args=arguments, headers=headers)

    def _make_instance(self) -> Any:
        assert self._input is not None, "the first activation of a run initializes it"
        definition = self.state.definition
        takes_input = hasattr(vars(definition.cls).get("__init__"), "__temporal_workflow_init")
        instance = definition.cls(*self._input.args) if takes_input else definition.cls()
        if definition.name is None and definition.dynamic_config_fn is not None:
            self._configure(definition, instance)
        return instance

    def _configure(self, definition: Definition, instance: Any) -> None:
        """Ask a dynamic workflow how the type that is being run is to be treated."""
        assert definition.dynamic_config_fn is not None
        with self.state.read_only(in_query_or_validator=False):
            config = definition.dynamic_config_fn(instance)
        if config.failure_exception_types is not None:
            self.state.failure_exception_types = config.failure_exception_types
        if config.versioning_behavior != VersioningBehavior.UNSPECIFIED:
            self._versioning_behavior = config.versioning_behavior

    def _initialize(self, _: Initialize) -> None:
        assert self._input is not None
        self._main = self._loop.create_task(self._run_top_level(self._run_workflow(self._input)), name="run")

    async def _run_workflow(self, call: ExecuteWorkflowInput) -> None:
        try:
            result = self.state.encode(await self._inbound.execute_workflow(call))
        except Exception:
            if self.state.is_evicting:
                return
            raise
        command = Command(command_type=command_type_pb2.COMMAND_TYPE_COMPLETE_WORKFLOW_EXECUTION)
        command.complete_workflow_execution_command_attributes.result.payloads.append(result)
        self.state.ask(Terminal(command=command))

    async def _run_top_level(self, coroutine: Coroutine[Any, Any, None]) -> None:
        """Run the workflow function or a signal's handler: its exception may end the run, or fail the workflow task."""
        try:
            try:
                await coroutine
            except ContinueAsNew as request:
                request.ask()  # its arguments may be of a kind that cannot be converted
        except (Exception, asyncio.CancelledError) as error:  # noqa: BLE001 - it ends the run or its task
            if not self.state.is_evicting:
                self._end_with(CancelledError(str(error)) if isinstance(error, asyncio.CancelledError) else error)
        except BaseException as error:
            if self.state.is_evicting:
                raise
            self.state.fail_task_by(error)

    def _end_with(self, error: BaseException) -> None:
        if self.state.cancel_reason is not None and is_cancelled_exception(error):
            command = Command(command_type=command_type_pb2.COMMAND_TYPE_CANCEL_WORKFLOW_EXECUTION)
            command.cancel_workflow_execution_command_attributes.SetInParent()
            self.state.ask(Terminal(command=command))
        elif self.state.is_failure(error):
            self._fail_workflow(error)
        else:
            self._loop.task_error = error

    def _fail_workflow(self, error: BaseException) -> None:
        command = Command(command_type=command_type_pb2.COMMAND_TYPE_FAIL_WORKFLOW_EXECUTION)
        command.fail_workflow_execution_command_attributes.failure.CopyFrom(self.state.failure_of(error))
        self.state.ask(Terminal(command=command))

    def _fail_activation(self, error: Exception) -> None:
        """What an exception outside workflow code does, as one in an argument that cannot be decoded."""
        if self.state.is_failure(error):
            self._fail_workflow(error)
            return
        info = self.state.info
        logger.warning(
            "Failed activation on workflow %s with ID %s and run ID %s",
            *(info.workflow_type, info.workflow_id, info.run_id),
            exc_info=error,
            extra={
                "temporal_workflow": info.logger_details(),
                "__temporal_error_identifier": "WorkflowTaskFailure",
            },
        )
        self.state.completion.error = error

    # -- making

    def _with_own_version(self, activation: Activation) -> Activation:
        """On new ground the workflow task is completed by this worker. Queries alone complete none."""
        last = self.state.activation
        if last is not None and isinstance(activation.jobs[0], jobs.Query):  # the last in order: all are
            activation.build_id = last.build_id
            activation.deployment_name = last.deployment_name
        elif not activation.is_replaying:
            activation.build_id = self.state.details.build_id
            activation.deployment_name = self.state.details.deployment_name
        return activation

    def _make_interceptors(self) -> None:
        root = InboundTail(self)
        self._inbound: WorkflowInboundInterceptor = root
        classes = self.state.details.around.interceptor_classes
        if classes:
            with Running(self._loop):  # they may look at the run's info in their `init`
                for interceptor in reversed(classes):
                    self._inbound = interceptor(self._inbound)
                self._inbound.init(self._calls)
        else:
            root.init(self._calls)
        self._runtime.outbound = root.outbound
        self._handlers.inbound = self._inbound

    def _add_queries(self) -> None:
        """Queries that every run answers."""
        handlers, state = self._handlers, self.state
        for name, answer, ret_type in [
            ("__stack_trace", lambda: stack_trace(state), str),
            ("__enhanced_stack_trace", lambda: enhanced_stack_trace(state), EnhancedStackTrace),
            (
                "__temporal_workflow_metadata",
                lambda: metadata(state, handlers, self._runtime.current_details),
                WorkflowMetadata,
            ),
        ]:
            handlers.queries[name] = QueryDefinition(
                name=name, fn=answer, is_method=False, arg_types=[], ret_type=ret_type
            )

    @property
    def runtime(self) -> RunRuntime:
        return self._runtime


APPLY: dict[type[Job], Callable[[WorkflowRun, Any], None]] = {  # each takes its key's objects
    jobs.Initialize: lambda run, job: run._initialize(job),
    jobs.NotifyHasPatch: lambda run, job: run._properties.notify_patch(job),
    jobs.RecordedVersion: lambda run, job: run._properties.recorded_version(job),
    jobs.RecordedSideEffect: lambda run, job: run._properties.recorded_side_effect(job),
    jobs.UpdateRandomSeed: lambda run, job: run._properties.update_seed(job),
    jobs.Signal: lambda run, job: run._handlers.signal(job),
    jobs.Update: lambda run, job: run._handlers.update(job),
    jobs.Query: lambda run, job: run._handlers.query(job),
    jobs.Cancel: lambda run, job: run._cancel(job),
    jobs.FireTimer: lambda run, job: run._timers.fire(job),
    jobs.ResolveActivity: lambda run, job: run._calls.resolve_activity(job),
    jobs.ResolveLocalActivity: lambda run, job: run._calls.resolve_activity(job),
    jobs.ResolveChildStart: lambda run, job: run._calls.resolve_child_start(job),
    jobs.ResolveChild: lambda run, job: run._calls.resolve_child(job),
    jobs.ResolveNexusStart: lambda run, job: run._calls.resolve_nexus_start(job),
    jobs.ResolveNexus: lambda run, job: run._calls.resolve_nexus(job),
    jobs.ResolveSignalExternal: lambda run, job: run._calls.resolve_signal(job),
    jobs.ResolveCancelExternal: lambda run, job: run._calls.resolve_cancel(job),
}


class InboundTail(WorkflowInboundInterceptor):
    """The end of the chain of inbound interceptors: calls workflow code."""

    def __init__(self, run: WorkflowRun) -> None:  # no next: this is the tail
        self._run = run
        self.outbound: WorkflowOutboundInterceptor

    def init(self, outbound: WorkflowOutboundInterceptor) -> None:
        self.outbound = outbound

    async def execute_workflow(self, input: ExecuteWorkflowInput) -> Any:
        return await input.run_fn(self._run.state.instance, *input.args)

    async def handle_signal(self, input: HandleSignalInput) -> None:
        runtime = self._run.runtime
        handler = runtime.workflow_get_signal_handler(input.signal) or runtime.workflow_get_signal_handler(None)
        await _called(handler, input.args)

    async def handle_query(self, input: HandleQueryInput) -> Any:
        runtime = self._run.runtime
        handler = runtime.workflow_get_query_handler(input.query) or runtime.workflow_get_query_handler(None)
        return await _called(handler, input.args)

    def handle_update_validator(self, input: HandleUpdateInput) -> None:
        # An update that has a handler of its own has its own validator, or none: never the dynamic handler's.
        runtime = self._run.runtime
        name = input.update if runtime.workflow_get_update_handler(input.update) is not None else None
        validator = runtime.workflow_get_update_validator(name)
        if validator is not None:
            validator(*input.args)

    async def handle_update_handler(self, input: HandleUpdateInput) -> Any:
        runtime = self._run.runtime
        handler = runtime.workflow_get_update_handler(input.update) or runtime.workflow_get_update_handler(None)
        return await _called(handler, input.args)


async def _called(handler: Callable[..., Any] | None, arguments: Sequence[Any]) -> Any:
    assert handler is not None, "a handler was found before the interceptors were called"
    if inspect.iscoroutinefunction(handler):
        return await handler(*arguments)
    return handler(*arguments)
