"""The runtime of one run: what the functions of `mainspring.workflow` reach, passed on to the run's parts.

No decisions are made here but one: what the handlers that a workflow sets for itself look like.
"""

from __future__ import annotations

import inspect
import warnings
from collections.abc import Callable, Mapping, Sequence
from random import Random
from typing import Any

from temporalio.api.common.v1 import Payload

from mainspring.common import MetricMeter, SearchAttributes, SearchAttributeUpdate, WorkerDeploymentVersion
from mainspring.converter import PayloadConverter
from mainspring.replay.activation import Activation, Initialize
from mainspring.worker._interceptor import WorkflowOutboundInterceptor
from mainspring.worker._replay_safe_metrics import ReplaySafeMetricMeter
from mainspring.worker._run_calls import Calls
from mainspring.worker._run_handlers import Handlers
from mainspring.worker._run_properties import Properties
from mainspring.worker._run_state import RunState
from mainspring.worker._run_timers import RunTimers
from mainspring.workflow._event_groups import EventGroup
from mainspring.workflow._handler_definitions import QueryDefinition, SignalDefinition, UpdateDefinition
from mainspring.workflow._runtime import Runtime

VARARG = "Dynamic {} with vararg third param is deprecated, use Sequence[RawValue]"


class RunRuntime(Runtime):
    """See the module, and `Runtime` for what each method means."""

    def __init__(
        self, state: RunState, handlers: Handlers, calls: Calls, properties: Properties, timers: RunTimers
    ) -> None:
        super().__init__()
        self._state = state
        self._handlers = handlers
        self._calls = calls
        self._properties = properties
        self._timers = timers
        self._meter: MetricMeter | None = None
        self.outbound: WorkflowOutboundInterceptor = calls
        self.begun_by: Initialize
        self.current_details = ""

    # -- reaching out

    @property
    def workflow_outbound(self) -> WorkflowOutboundInterceptor:
        return self.outbound

    @property
    def workflow_disable_eager_activity_execution(self) -> bool:
        return self._state.details.disable_eager_activities

    async def workflow_cancel_external_workflow(
        self, id: str, *, run_id: str | None, reason: str, event_groups: Sequence[EventGroup] | None
    ) -> None:
        await self._calls.cancel_external(id, run_id, reason, event_groups)

    # -- what the run is

    @property
    def _activation(self) -> Activation:
        activation = self._state.activation
        assert activation is not None, "workflow code runs only while the run is activated"
        return activation

    def workflow_instance(self) -> Any:
        return self._state.instance

    def workflow_cancellation_reason(self) -> str | None:
        return self._state.cancel_reason

    def workflow_get_current_build_id(self) -> str:
        return self._activation.build_id

    def workflow_get_current_deployment_version(self) -> WorkerDeploymentVersion | None:
        if not self._activation.build_id and not self._activation.deployment_name:
            return None
        return WorkerDeploymentVersion(
            deployment_name=self._activation.deployment_name, build_id=self._activation.build_id
        )

    def workflow_get_current_history_length(self) -> int:
        return self._activation.history_length

    def workflow_get_current_history_size(self) -> int:
        return self._activation.task_started.history_size_bytes

    def workflow_is_continue_as_new_suggested(self) -> bool:
        return self._activation.task_started.suggest_continue_as_new

    def workflow_is_target_worker_deployment_version_changed(self) -> bool:
        return self._activation.task_started.target_worker_deployment_version_changed

    def workflow_is_replaying(self) -> bool:
        return self._state.is_replaying

    def workflow_is_replaying_history_events(self) -> bool:
        return self._state.is_replaying and not self._state.is_in_query_or_validator

    def workflow_is_read_only(self) -> bool:
        return self._state.is_read_only

    def workflow_is_failure_exception(self, err: BaseException) -> bool:
        return self._state.is_failure(err)

    def workflow_has_last_completion_result(self) -> bool:
        return len(self._last_results) > 0

    def workflow_last_completion_result(self, type_hint: type | None) -> Any | None:
        results = self._last_results
        if len(results) > 1:
            warnings.warn(f"Expected single last completion result, got {len(results)}", stacklevel=3)
        if len(results) != 1:
            return None
        return self._state.decode(results, [type_hint] if type_hint else None)[0]

    def workflow_last_failure(self) -> BaseException | None:
        started = self.begun_by.started
        if not started.HasField("continued_failure"):
            return None
        converters = self._state.converters
        return converters.failure.from_failure(started.continued_failure, converters.payload)

    @property
    def _last_results(self) -> Sequence[Payload]:
        return self.begun_by.started.last_completion_result.payloads

    def workflow_extern_functions(self) -> Mapping[str, Callable[..., Any]]:
        return self._state.details.around.extern_functions

    def workflow_metric_meter(self) -> MetricMeter:
        if self._meter is None:
            info = self._state.info
            labels = {
                "namespace": info.namespace,
                "task_queue": info.task_queue,
                "workflow_type": info.workflow_type,
            }
            meter = self._state.details.metric_meter().with_additional_attributes(labels)
            self._meter = ReplaySafeMetricMeter(meter, self.workflow_is_replaying_history_events)
        return self._meter

    def workflow_payload_converter(self) -> PayloadConverter:
        return self._state.converters.payload

    # -- properties

    def workflow_memo(self) -> Mapping[str, Any]:
        return self._properties.memo()

    def workflow_memo_value(self, key: str, default: Any, *, type_hint: type | None) -> Any:
        return self._properties.memo_value(key, default, type_hint)

    def workflow_upsert_memo(
        self, updates: Mapping[str, Any], *, event_groups: Sequence[EventGroup] | None = None
    ) -> None:
        self._properties.upsert_memo(updates, event_groups)

    def workflow_upsert_search_attributes(
        self,
        attributes: SearchAttributes | Sequence[SearchAttributeUpdate[Any]],
        *,
        event_groups: Sequence[EventGroup] | None = None,
    ) -> None:
        self._properties.upsert_search_attributes(attributes, event_groups)

    def workflow_get_current_details(self) -> str:
        return self.current_details

    def workflow_set_current_details(self, details: str) -> None:
        self._state.assert_may_act("set current details")
        self.current_details = details

    # -- handlers

    def workflow_all_handlers_finished(self) -> bool:
        return self._handlers.are_all_finished

    def workflow_get_query_handler(self, name: str | None) -> Callable[..., Any] | None:
        definition = self._handlers.queries.get(name)
        return self._bound(definition) if definition else None

    def workflow_get_signal_handler(self, name: str | None) -> Callable[..., Any] | None:
        definition = self._handlers.signals.get(name)
        return self._bound(definition) if definition else None

    def workflow_get_update_handler(self, name: str | None) -> Callable[..., Any] | None:
        definition = self._handlers.updates.get(name)
        return self._bound(definition) if definition else None

    def workflow_get_update_validator(self, name: str | None) -> Callable[..., Any] | None:
        definition = self._handlers.updates.get(name)
        if definition is None:
            return None
        is_method_validator = definition.is_method
        return definition.bind_validator(self._state.instance) if is_method_validator else definition.validator

    def workflow_set_query_handler(self, name: str | None, handler: Callable[..., Any] | None) -> None:
        self._state.assert_may_act("set query handler")
        if handler is None:
            self._handlers.queries.pop(name, None)
            return
        if inspect.iscoroutinefunction(handler):
            warnings.warn("Queries as async def functions are deprecated", DeprecationWarning, stacklevel=3)
        definition = QueryDefinition(name=name, fn=handler, is_method=False)
        if definition.dynamic_vararg:
            warnings.warn(VARARG.format("queries"), DeprecationWarning, stacklevel=3)
        self._handlers.queries[name] = definition

    def workflow_set_signal_handler(self, name: str | None, handler: Callable[..., Any] | None) -> None:
        self._state.assert_may_act("set signal handler")
        definition = SignalDefinition(name=name, fn=handler, is_method=False) if handler else None
        if definition is not None and definition.dynamic_vararg:
            warnings.warn(VARARG.format("signals"), DeprecationWarning, stacklevel=3)
        self._handlers.set_signal(name, definition)

    def workflow_set_update_handler(
        self, name: str | None, handler: Callable[..., Any] | None, validator: Callable[..., Any] | None
    ) -> None:
        self._state.assert_may_act("set update handler")
        if handler is None:
            self._handlers.updates.pop(name, None)
            return
        definition = UpdateDefinition(name=name, fn=handler, is_method=False)
        if validator is not None:
            definition.set_validator(validator)
        self._handlers.updates[name] = definition

    def _bound(self, definition: QueryDefinition | SignalDefinition | UpdateDefinition) -> Callable[..., Any]:
        return definition.bind_fn(self._state.instance) if definition.is_method else definition.fn

    # -- time, chance, versions

    def workflow_time_ns(self) -> int:
        return self._state.loop.time_ns

    async def workflow_sleep(
        self, duration: float, *, summary: str | None = None, event_groups: Sequence[EventGroup] | None = None
    ) -> None:
        await self._timers.sleep(duration, summary, event_groups)

    async def workflow_wait_condition(
        self,
        fn: Callable[[], bool],
        *,
        timeout: float | None = None,
        timeout_summary: str | None = None,
        event_groups: Sequence[EventGroup] | None = None,
    ) -> None:
        await self._timers.wait_condition(fn, timeout, timeout_summary, event_groups)

    def workflow_random(self) -> Random:
        self._state.assert_may_act("random")
        return self._properties.random

    def workflow_random_seed(self) -> int:
        return self._properties.seed

    def workflow_register_random_seed_callback(self, callback: Callable[[int], None]) -> None:
        self._state.assert_may_act("register random seed callback")
        self._properties.seed_callbacks.append(callback)

    def workflow_patch(self, id: str, *, deprecated: bool, event_groups: Sequence[EventGroup] | None = None) -> bool:
        return self._properties.patch(id, deprecated=deprecated, event_groups=event_groups)

    def workflow_get_version(self, change_id: str, min_supported: int, max_supported: int) -> int:
        return self._properties.version(change_id, min_supported, max_supported)

    def workflow_side_effect(self, fn: Callable[[], Any], type_hint: type | None) -> Any:
        return self._properties.side_effect(fn, type_hint)
