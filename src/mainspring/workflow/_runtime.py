"""The door from workflow code to its run.

    workflow.start_activity(...)  ->  StartActivityInput  ->  Runtime.current().workflow_outbound.start_activity(input)
    workflow.now()                ->  Runtime.current().workflow_time_ns()

A running workflow has an event loop of its own, and the loop has the runtime: that is how `current` finds it. The
functions of `mainspring.workflow` hold no state. Those that reach out of the run (activities, children, signals,
continue-as-new) and `info` build an interceptor's input and give it to `workflow_outbound`, the head of the chain of
outbound interceptors, whose tail the worker provides. All others are one method here, with the official names.

Whoever writes a runtime checks at the tail what interceptors may still change: `check_activity_timeouts(input)`. What
may not happen in a query or validator calls `assert_not_read_only` first: the functions of this package do it where
they build an input; the methods here do it themselves.
"""

from __future__ import annotations

import asyncio
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from random import Random
from typing import TYPE_CHECKING, Any

from mainspring.workflow._exceptions import NotInWorkflowEventLoopError, ReadOnlyContextError

if TYPE_CHECKING:
    from mainspring.common import (
        MetricMeter,
        SearchAttributes,
        SearchAttributeUpdate,
        WorkerDeploymentVersion,
    )
    from mainspring.converter import PayloadConverter
    from mainspring.workflow._event_groups import EventGroup
    from mainspring.workflow._info import Info
    from mainspring.workflow._outbound import WorkflowOutboundInterceptor

_ON_LOOP = "__temporal_workflow_runtime"


class Runtime(ABC):
    """One running workflow, as the functions of `mainspring.workflow` see it."""

    def __init__(self) -> None:
        super().__init__()
        self._logger_details: Mapping[str, Any] | None = None

    @staticmethod
    def current() -> Runtime:
        """The runtime of the calling workflow.

        Raises:
            NotInWorkflowEventLoopError: the caller is not in a workflow.
        """
        runtime = Runtime.maybe_current()
        if runtime is None:
            raise NotInWorkflowEventLoopError
        return runtime

    @staticmethod
    def maybe_current() -> Runtime | None:
        """The runtime of the calling workflow; None outside one."""
        # Unlike `get_running_loop`, this says None where no loop runs, and raises nothing that would have to be caught.
        loop = asyncio._get_running_loop()  # pyright: ignore[reportPrivateUsage] - documented by asyncio, for frameworks
        return None if loop is None else getattr(loop, _ON_LOOP, None)

    @staticmethod
    def set_on_loop(loop: asyncio.AbstractEventLoop, runtime: Runtime | None) -> None:
        """Make `runtime` the one of all that runs on `loop`; None takes it away."""
        if runtime is not None:
            setattr(loop, _ON_LOOP, runtime)
        elif hasattr(loop, _ON_LOOP):
            delattr(loop, _ON_LOOP)

    @property
    def logger_details(self) -> Mapping[str, Any]:
        """What every log record of the run says."""
        if self._logger_details is None:
            self._logger_details = self.workflow_info().logger_details()
        return self._logger_details

    def assert_not_read_only(self, action: str) -> None:
        """Refuse `action` in a query or an update validator.

        Raises:
            ReadOnlyContextError: the run may not change now.
        """
        if self.workflow_is_read_only():
            raise ReadOnlyContextError(f"While in read-only function, action attempted: {action}")

    def workflow_info(self) -> Info:
        """The run, as the outbound interceptors let it be seen."""
        return self.workflow_outbound.info()

    # -- Reaching out of the run ---------------------------------------------------------------------------------------

    @property
    @abstractmethod
    def workflow_outbound(self) -> WorkflowOutboundInterceptor:
        """The head of the chain of outbound interceptors."""

    @property
    @abstractmethod
    def workflow_disable_eager_activity_execution(self) -> bool:
        """Whether the worker wants no activity handed back with the answer to a workflow task."""

    @abstractmethod
    async def workflow_cancel_external_workflow(
        self, id: str, *, run_id: str | None, reason: str, event_groups: Sequence[EventGroup] | None
    ) -> None:
        """Ask another run to cancel, and wait until the server took the request. No interceptor sees it."""

    # -- What the run is, and where it stands --------------------------------------------------------------------------

    @abstractmethod
    def workflow_instance(self) -> Any: ...

    @abstractmethod
    def workflow_cancellation_reason(self) -> str | None: ...

    @abstractmethod
    def workflow_get_current_build_id(self) -> str: ...

    @abstractmethod
    def workflow_get_current_deployment_version(self) -> WorkerDeploymentVersion | None: ...

    @abstractmethod
    def workflow_get_current_history_length(self) -> int: ...

    @abstractmethod
    def workflow_get_current_history_size(self) -> int: ...

    @abstractmethod
    def workflow_is_continue_as_new_suggested(self) -> bool: ...

    @abstractmethod
    def workflow_is_target_worker_deployment_version_changed(self) -> bool: ...

    @abstractmethod
    def workflow_is_replaying(self) -> bool: ...

    @abstractmethod
    def workflow_is_replaying_history_events(self) -> bool: ...

    @abstractmethod
    def workflow_is_read_only(self) -> bool: ...

    @abstractmethod
    def workflow_is_failure_exception(self, err: BaseException) -> bool: ...

    @abstractmethod
    def workflow_has_last_completion_result(self) -> bool: ...

    @abstractmethod
    def workflow_last_completion_result(self, type_hint: type | None) -> Any | None: ...

    @abstractmethod
    def workflow_last_failure(self) -> BaseException | None: ...

    @abstractmethod
    def workflow_extern_functions(self) -> Mapping[str, Callable[..., Any]]: ...

    @abstractmethod
    def workflow_metric_meter(self) -> MetricMeter: ...

    @abstractmethod
    def workflow_payload_converter(self) -> PayloadConverter: ...

    # -- Properties that the run can change ----------------------------------------------------------------------------

    @abstractmethod
    def workflow_memo(self) -> Mapping[str, Any]: ...

    @abstractmethod
    def workflow_memo_value(self, key: str, default: Any, *, type_hint: type | None) -> Any:
        """One value of the memo; `common._arg_unset` as the default means that a missing key is a KeyError."""

    @abstractmethod
    def workflow_upsert_memo(
        self, updates: Mapping[str, Any], *, event_groups: Sequence[EventGroup] | None = None
    ) -> None: ...

    @abstractmethod
    def workflow_upsert_search_attributes(
        self,
        attributes: SearchAttributes | Sequence[SearchAttributeUpdate[Any]],
        *,
        event_groups: Sequence[EventGroup] | None = None,
    ) -> None: ...

    @abstractmethod
    def workflow_get_current_details(self) -> str: ...

    @abstractmethod
    def workflow_set_current_details(self, details: str) -> None: ...

    # -- Handlers; a name of None is the dynamic handler ---------------------------------------------------------------

    @abstractmethod
    def workflow_all_handlers_finished(self) -> bool: ...

    @abstractmethod
    def workflow_get_query_handler(self, name: str | None) -> Callable[..., Any] | None: ...

    @abstractmethod
    def workflow_set_query_handler(self, name: str | None, handler: Callable[..., Any] | None) -> None: ...

    @abstractmethod
    def workflow_get_signal_handler(self, name: str | None) -> Callable[..., Any] | None: ...

    @abstractmethod
    def workflow_set_signal_handler(self, name: str | None, handler: Callable[..., Any] | None) -> None: ...

    @abstractmethod
    def workflow_get_update_handler(self, name: str | None) -> Callable[..., Any] | None: ...

    @abstractmethod
    def workflow_get_update_validator(self, name: str | None) -> Callable[..., Any] | None: ...

    @abstractmethod
    def workflow_set_update_handler(
        self, name: str | None, handler: Callable[..., Any] | None, validator: Callable[..., Any] | None
    ) -> None: ...

    # -- Time, chance, versions ----------------------------------------------------------------------------------------

    @abstractmethod
    def workflow_time_ns(self) -> int:
        """The time of the workflow task, in nanoseconds since the epoch."""

    @abstractmethod
    async def workflow_sleep(
        self, duration: float, *, summary: str | None = None, event_groups: Sequence[EventGroup] | None = None
    ) -> None:
        """Wait for `duration` seconds."""

    @abstractmethod
    async def workflow_wait_condition(
        self,
        fn: Callable[[], bool],
        *,
        timeout: float | None = None,
        timeout_summary: str | None = None,
        event_groups: Sequence[EventGroup] | None = None,
    ) -> None:
        """Wait until `fn` says True, at most `timeout` seconds; then `asyncio.TimeoutError`."""

    @abstractmethod
    def workflow_random(self) -> Random: ...

    @abstractmethod
    def workflow_random_seed(self) -> int: ...

    @abstractmethod
    def workflow_register_random_seed_callback(self, callback: Callable[[int], None]) -> None: ...

    @abstractmethod
    def workflow_patch(
        self, id: str, *, deprecated: bool, event_groups: Sequence[EventGroup] | None = None
    ) -> bool: ...

    @abstractmethod
    def workflow_get_version(self, change_id: str, min_supported: int, max_supported: int) -> int:
        """The version of `change_id` that the history holds, recorded as `max_supported` by whoever comes there first.

        -1 stands for a run that passed the place before there was a version.
        """

    @abstractmethod
    def workflow_side_effect(self, fn: Callable[[], Any], type_hint: type | None) -> Any:
        """What `fn` returned when the run first came here; it is recorded, and `fn` is not called in a replay."""
