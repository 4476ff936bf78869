"""StartWorkflowExecution, SignalWithStartWorkflowExecution: the checks, and the answer; deciding is the history room's.

`ExecuteMultiOperation` (update-with-start) is in `multi_operations` and uses the same checks.
"""

from __future__ import annotations

from collections.abc import Callable

from temporalio.api.common.v1 import Link
from temporalio.api.enums.v1 import EventType, WorkflowIdConflictPolicy, workflow_pb2
from temporalio.api.workflowservice.v1 import (
    SignalWithStartWorkflowExecutionRequest,
    SignalWithStartWorkflowExecutionResponse,
    SignalWorkflowExecutionRequest,
    StartWorkflowExecutionRequest,
    StartWorkflowExecutionResponse,
)

from mainspring.server.engine import cron, names, retry, search_attributes, signal, start
from mainspring.server.engine.changes import Nanos, RunKey
from mainspring.server.engine.errors import InvalidArgument
from mainspring.server.engine.limits import Limits
from mainspring.server.engine.run import Run
from mainspring.server.engine.settings import NamespaceSettings
from mainspring.server.engine.spelling import snake_case
from mainspring.server.engine.times import length_ns
from mainspring.server.frontend import callbacks, requests, task_replies
from mainspring.server.frontend.call import Call
from mainspring.server.frontend.namespaces import NamespaceRegistry
from mainspring.server.history import History
from mainspring.server.history.starts import StartOutcome, StartSpec

_POLICY = workflow_pb2  # its values are plain attributes, unlike those of the enums
AnyStart = StartWorkflowExecutionRequest | SignalWithStartWorkflowExecutionRequest


class Starts:
    """Start workflows on behalf of clients."""

    def __init__(self, history: History, registry: NamespaceRegistry) -> None:
        self._history = history
        self._registry = registry

    async def start_workflow_execution(
        self, request: StartWorkflowExecutionRequest, _call: Call
    ) -> StartWorkflowExecutionResponse:
        """Start a workflow, join the running one, or refuse, as the policies say."""
        spec = self.checked_spec(request)
        outcome = await self._history.starts.start(spec)
        response = StartWorkflowExecutionResponse(
            run_id=outcome.key.run_id,
            first_execution_run_id=outcome.first_run_id,
            started=outcome.is_new,
            status=outcome.status,  # type: ignore[arg-type]  # an enum's number
            link=start_link(request.namespace, outcome, request.request_id, is_attached=spec.attach_request_id),
        )
        if outcome.is_new and spec.eager_identity is not None:
            limits = self._history.runs.namespaces.settings(spec.namespace_id).limits
            task = await self._history.workflow_tasks.eagerly_started(outcome.key, page_limit=limits.history_page_count)
            if task is not None:
                response.eager_workflow_task.CopyFrom(task_replies.whole(task_replies.workflow_task(task)))
        return response

    def checked_spec(self, request: StartWorkflowExecutionRequest) -> StartSpec:
        """The request, checked and with its defaults filled in, as the history room takes it.

        Raises: InvalidArgument, NamespaceNotFound.
        """
        record = self._registry.open_for_starts(request.namespace)
        settings = self._history.runs.namespaces.settings(record.id)
        limits = settings.limits
        fill_policies(request, _POLICY.WORKFLOW_ID_CONFLICT_POLICY_FAIL)
        _check_start(request, settings)
        _check_policies(request)
        if (
            request.on_conflict_options.attach_completion_callbacks
            and not request.on_conflict_options.attach_request_id
        ):
            raise InvalidArgument("attaching request ID is required for attaching completion callbacks")
        callbacks.check(request.completion_callbacks, limits)
        search_attributes.check(request.search_attributes, settings)
        names.check_priority(request.priority, limits)
        requests.check_links(request.links, limits)
        _check_sizes(request, limits)
        start.fill_timeouts(request, limits)
        if request.cron_schedule or length_ns(request.workflow_start_delay):
            request.request_eager_execution = False
        return _spec(request, record.id)

    async def signal_with_start_workflow_execution(
        self, request: SignalWithStartWorkflowExecutionRequest, _call: Call
    ) -> SignalWithStartWorkflowExecutionResponse:
        """Signal the running workflow, or start it and signal it, in one commit."""
        record = self._registry.open_for_starts(request.namespace)
        settings = self._history.runs.namespaces.settings(record.id)
        fill_policies(request, _POLICY.WORKFLOW_ID_CONFLICT_POLICY_USE_EXISTING)
        _check_policies(request)
        if request.workflow_id_conflict_policy == _POLICY.WORKFLOW_ID_CONFLICT_POLICY_FAIL:
            raise InvalidArgument(
                "Invalid WorkflowIDConflictPolicy: WORKFLOW_ID_CONFLICT_POLICY_FAIL is not supported "
                "for this operation."
            )
        cron.check(request.cron_schedule)
        requests.check_workflow_id(request.workflow_id, settings.limits)
        if not request.signal_name:
            raise InvalidArgument("signal not set")
        requests.check_start_name(request.signal_name, "signal name", settings.limits)
        if not request.workflow_type.name:
            raise InvalidArgument("workflow type not set")
        requests.check_start_name(request.workflow_type.name, "workflow type name", settings.limits)
        requests.check_queue(request.task_queue, settings.limits, is_set=request.HasField("task_queue"))
        requests.check_start_name(request.request_id, "Request ID", settings.limits)
        _cap_timeouts(request)
        _check_start(request, settings)
        _check_policies(request)
        search_attributes.check(request.search_attributes, settings)
        names.check_priority(request.priority, settings.limits)
        requests.check_links(request.links, settings.limits)
        _check_sizes(request, settings.limits)
        requests.check_blob(request.signal_input.ByteSize(), settings.limits)
        started = start_half(request)
        start.fill_timeouts(started, settings.limits)
        spec = _spec(started, record.id)
        spec.before_task = spec.on_existing = _signaller(request)
        outcome = await self._history.starts.start(spec)
        return SignalWithStartWorkflowExecutionResponse(
            run_id=outcome.key.run_id,
            first_execution_run_id=outcome.first_run_id,
            started=outcome.is_new,
            signal_link=event_link(
                request.namespace, outcome.key, EventType.EVENT_TYPE_WORKFLOW_EXECUTION_SIGNALED, request.request_id
            ),
        )


def start_half(request: SignalWithStartWorkflowExecutionRequest) -> StartWorkflowExecutionRequest:
    """The part of a signal-with-start that starts."""
    started = StartWorkflowExecutionRequest()
    for field, value in request.ListFields():
        if field.name in StartWorkflowExecutionRequest.DESCRIPTOR.fields_by_name:
            target = getattr(started, field.name)
            if hasattr(target, "CopyFrom"):
                target.CopyFrom(value)
            elif hasattr(target, "extend"):
                target.extend(value)
            else:
                setattr(started, field.name, value)
    return started


def _signaller(request: SignalWithStartWorkflowExecutionRequest) -> Callable[[Run], None]:
    message = SignalWorkflowExecutionRequest(
        signal_name=request.signal_name,
        request_id=request.request_id,
        identity=request.identity,
        input=request.signal_input if request.HasField("signal_input") else None,
        header=request.header if request.HasField("header") else None,
        links=request.links,
    )

    def send(run: Run) -> None:
        signal.signal(run, message)

    return send


def fill_policies(request: AnyStart, default_conflict: WorkflowIdConflictPolicy.ValueType) -> None:
    """Set the id policies that are not set, in place; the old terminate-if-running becomes what replaced it."""
    if request.workflow_id_reuse_policy == _POLICY.WORKFLOW_ID_REUSE_POLICY_UNSPECIFIED:
        request.workflow_id_reuse_policy = _POLICY.WORKFLOW_ID_REUSE_POLICY_ALLOW_DUPLICATE
    if request.workflow_id_conflict_policy != _POLICY.WORKFLOW_ID_CONFLICT_POLICY_UNSPECIFIED:
        return
    if request.workflow_id_reuse_policy == _POLICY.WORKFLOW_ID_REUSE_POLICY_TERMINATE_IF_RUNNING:
        request.workflow_id_reuse_policy = _POLICY.WORKFLOW_ID_REUSE_POLICY_ALLOW_DUPLICATE
        request.workflow_id_conflict_policy = _POLICY.WORKFLOW_ID_CONFLICT_POLICY_TERMINATE_EXISTING
    else:
        request.workflow_id_conflict_policy = default_conflict


def _check_policies(request: AnyStart) -> None:
    if request.workflow_id_reuse_policy == _POLICY.WORKFLOW_ID_REUSE_POLICY_TERMINATE_IF_RUNNING:
        raise InvalidArgument(
            "Invalid WorkflowIDReusePolicy: WORKFLOW_ID_REUSE_POLICY_TERMINATE_IF_RUNNING cannot be used together "
            "with a WorkflowIDConflictPolicy"
        )
    rejects = request.workflow_id_reuse_policy == _POLICY.WORKFLOW_ID_REUSE_POLICY_REJECT_DUPLICATE
    replaces = request.workflow_id_conflict_policy == _POLICY.WORKFLOW_ID_CONFLICT_POLICY_TERMINATE_EXISTING
    if rejects and replaces:
        raise InvalidArgument(
            "Invalid WorkflowIDReusePolicy: WORKFLOW_ID_REUSE_POLICY_REJECT_DUPLICATE cannot be used together with "
            "WorkflowIdConflictPolicy WORKFLOW_ID_CONFLICT_POLICY_TERMINATE_EXISTING"
        )


def _check_start(request: AnyStart, settings: NamespaceSettings) -> None:
    limits = settings.limits
    requests.check_workflow_id(request.workflow_id, limits)
    if request.HasField("retry_policy"):
        retry.fill_and_check(request.retry_policy, limits)
    if request.cron_schedule and length_ns(request.workflow_start_delay):
        raise InvalidArgument("CronSchedule and WorkflowStartDelay may not be used together.")
    names.cap(request.workflow_start_delay, "An invalid WorkflowStartDelaySeconds is set on request. cause: {}")
    cron.check(request.cron_schedule)
    if not request.workflow_type.name:
        raise InvalidArgument("WorkflowType is not set on request.")
    requests.check_length(request.workflow_type.name, "WorkflowType", limits)
    requests.check_queue(request.task_queue, limits, is_set=request.HasField("task_queue"))
    _cap_timeouts(request)
    request.request_id = requests.request_id_or_new(request.request_id, limits)


def _cap_timeouts(request: AnyStart) -> None:
    for name in ("WorkflowExecutionTimeout", "WorkflowRunTimeout", "WorkflowTaskTimeout"):
        names.cap(getattr(request, snake_case(name)), f"An invalid {name}Seconds is set on request. cause: {{}}")


def _check_sizes(request: AnyStart, limits: Limits) -> None:
    requests.check_blob(request.input.ByteSize(), limits)
    requests.check_memo(request.memo.ByteSize(), limits)


def _spec(request: StartWorkflowExecutionRequest, namespace_id: str) -> StartSpec:
    def attributes(run_id: str, now: Nanos) -> start.Started:
        return start.attributes_of_request(request, run_id, now=now)

    return StartSpec(
        namespace_id=namespace_id,
        workflow_id=request.workflow_id,
        request_id=request.request_id,
        reuse_policy=request.workflow_id_reuse_policy,
        conflict_policy=request.workflow_id_conflict_policy,
        attributes=attributes,
        identity=request.identity,
        links=request.links,
        user_metadata=request.user_metadata if request.HasField("user_metadata") else None,
        attach_request_id=request.on_conflict_options.attach_request_id,
        attach_links=request.on_conflict_options.attach_links,
        eager_identity=request.identity if request.request_eager_execution else None,
    )


def start_link(namespace: str, outcome: StartOutcome, request_id: str, *, is_attached: bool) -> Link:
    """Points at the first event of a run, or at the event that a joined start left behind."""
    if outcome.is_new or not is_attached:
        return Link(
            workflow_event=Link.WorkflowEvent(
                namespace=namespace,
                workflow_id=outcome.key.workflow_id,
                run_id=outcome.key.run_id,
                event_ref=Link.WorkflowEvent.EventReference(
                    event_id=1, event_type=EventType.EVENT_TYPE_WORKFLOW_EXECUTION_STARTED
                ),
            )
        )
    return event_link(namespace, outcome.key, EventType.EVENT_TYPE_WORKFLOW_EXECUTION_OPTIONS_UPDATED, request_id)


def event_link(namespace: str, key: RunKey, event_type: EventType.ValueType, request_id: str) -> Link:
    """Points at the event that a request made, by the request's id."""
    return Link(
        workflow_event=Link.WorkflowEvent(
            namespace=namespace,
            workflow_id=key.workflow_id,
            run_id=key.run_id,
            request_id_ref=Link.WorkflowEvent.RequestIdReference(request_id=request_id, event_type=event_type),
        )
    )
