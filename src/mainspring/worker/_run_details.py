"""What a worker gives to a run when it makes it, and what the run's first event says of it.

RunDetails   the same for all runs of a worker        info_of(...)   `workflow.info()` of one run
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence, Set
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from google.protobuf.duration_pb2 import Duration
from temporalio.api.history.v1 import WorkflowExecutionStartedEventAttributes

from mainspring.common import MetricMeter, Priority, RetryPolicy
from mainspring.converter import (
    DataConverter,
    FailureConverter,
    PayloadConverter,
    WithSerializationContext,
    WorkflowSerializationContext,
    decode_search_attributes,
    decode_typed_search_attributes,
)
from mainspring.converter._payload_converter import takes_context
from mainspring.converter._serialization_context import SerializationContext
from mainspring.exceptions import ApplicationError
from mainspring.replay.activation import Initialize
from mainspring.worker._interceptor import Interceptor, WorkflowInboundInterceptor, WorkflowInterceptorClassInput
from mainspring.workflow._definition import Definition
from mainspring.workflow._info import Info, ParentInfo, RootInfo


@dataclass(frozen=True)
class AroundRuns:
    """What a worker's interceptors put around each of its runs."""

    interceptor_classes: Sequence[type[WorkflowInboundInterceptor]] = ()
    extern_functions: Mapping[str, Callable[..., Any]] = field(default_factory=dict[str, Callable[..., Any]])

    @classmethod
    def of(cls, interceptors: Sequence[Interceptor]) -> AroundRuns:
        """Ask them. Raises: whatever they raise, if they cannot work."""
        extern_functions: dict[str, Callable[..., Any]] = {}
        asked = WorkflowInterceptorClassInput(unsafe_extern_functions=extern_functions)
        classes = [one.workflow_interceptor_class(asked) for one in interceptors]
        return cls([one for one in classes if one is not None], extern_functions)


@dataclass(frozen=True)
class RunDetails:
    """All that a run needs from its worker."""

    namespace: str
    task_queue: str
    data_converter: DataConverter
    around: AroundRuns = AroundRuns()
    failure_exception_types: Sequence[type[BaseException]] = ()
    disable_eager_activities: bool = False
    metric_meter: Callable[[], MetricMeter] = lambda: MetricMeter.noop
    patch_activation: Callable[[Info, str], bool] | None = None
    deployment_name: str = ""
    build_id: str = ""
    is_guarded: bool = True  # workflow code gets replay-safe time and chance, and errors for what it must not call
    default_flags: Set[int] = frozenset()  # numbered changes of behaviour that new runs have
    local_activities: frozenset[str] | None = None  # the names that this worker can run; None = any


class Converters:
    """Converters of one run, told whose payloads they convert where they want to know."""

    def __init__(self, data_converter: DataConverter, info: Info) -> None:
        self._payload = data_converter._new_payload_converter()
        self._failure: FailureConverter = data_converter.failure_converter_class()
        self._want_context = takes_context(self._payload) or isinstance(self._failure, WithSerializationContext)
        self.payload, self.failure = self.pair(lambda: WorkflowSerializationContext(info.namespace, info.workflow_id))

    def pair(self, make_context: Callable[[], SerializationContext]) -> tuple[PayloadConverter, FailureConverter]:
        """Both converters for payloads of a context, which is made only if one of them wants it."""
        payload, failure = self._payload, self._failure
        if not self._want_context:
            return payload.with_subject(make_context), failure
        context = make_context()
        if isinstance(failure, WithSerializationContext):
            failure = failure.with_context(context)
        return payload.with_context(context), failure


def info_of(details: RunDetails, run_id: str, workflow_id: str, job: Initialize, now: int) -> Info:
    """What `workflow.info()` says. `now`: the time of the first workflow task, in ns since the epoch."""
    started = job.started
    return Info(
        attempt=started.attempt,
        continued_run_id=started.continued_execution_run_id or None,
        cron_schedule=started.cron_schedule or None,
        execution_timeout=_timeout(started, "workflow_execution_timeout"),
        first_execution_run_id=started.first_execution_run_id,
        headers=dict(started.header.fields),
        namespace=details.namespace,
        original_execution_run_id=started.original_execution_run_id or run_id,
        parent=_parent(started),
        root=_root(started),
        raw_memo=dict(started.memo.fields),
        retry_policy=RetryPolicy.from_proto(started.retry_policy) if started.HasField("retry_policy") else None,
        run_id=run_id,
        run_timeout=_timeout(started, "workflow_run_timeout"),
        search_attributes=decode_search_attributes(started.search_attributes),
        start_time=_instant(now),
        workflow_start_time=_instant(job.started_at),
        task_queue=details.task_queue,
        task_timeout=started.workflow_task_timeout.ToTimedelta(),
        typed_search_attributes=decode_typed_search_attributes(started.search_attributes),
        workflow_id=workflow_id,
        workflow_type=started.workflow_type.name,
        priority=Priority._from_proto(started.priority),
    )


def definition_error(workflow_type: str, known: Mapping[str, Definition]) -> Exception:
    """The error of a workflow that this worker does not have: the run waits for a worker that has it."""
    names = ", ".join(sorted(known))
    return ApplicationError(
        f"Workflow class {workflow_type} is not registered on this worker, available workflows: {names}",
        type="NotFoundError",
    )


def _timeout(started: WorkflowExecutionStartedEventAttributes, name: str) -> timedelta | None:
    value: Duration = getattr(started, name)
    return value.ToTimedelta() if started.HasField(name) and value.ToNanoseconds() else None  # type: ignore[arg-type]  # by name


def _parent(started: WorkflowExecutionStartedEventAttributes) -> ParentInfo | None:
    if not started.HasField("parent_workflow_execution"):
        return None
    parent = started.parent_workflow_execution
    return ParentInfo(namespace=started.parent_workflow_namespace, run_id=parent.run_id, workflow_id=parent.workflow_id)


def _root(started: WorkflowExecutionStartedEventAttributes) -> RootInfo | None:
    if not started.HasField("root_workflow_execution"):
        return None
    root = started.root_workflow_execution
    return RootInfo(run_id=root.run_id, workflow_id=root.workflow_id)


def _instant(nanoseconds: int) -> datetime:
    seconds, rest = divmod(nanoseconds, 1_000_000_000)
    return datetime.fromtimestamp(seconds, UTC) + timedelta(microseconds=rest // 1000)
