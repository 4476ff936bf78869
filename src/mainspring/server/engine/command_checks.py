"""What can be said of a command without looking at the run: attributes present, names, durations, sizes.

One check per command type; each fills in defaults in place, raises BadCommand with the cause and text of the real
server, and needs of the run only its settings and its own start values. The order of commands is checked here too.
Reference: tests/differential/test_bad_commands.py.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Sequence
from contextlib import contextmanager

from temporalio.api.command import v1 as commands
from temporalio.api.command.v1 import Command
from temporalio.api.common.v1 import RetryPolicy
from temporalio.api.enums.v1 import (
    CommandType,
    ParentClosePolicy,
    WorkflowIdReusePolicy,
    WorkflowTaskFailedCause,
    command_type_pb2,
    failed_cause_pb2,
)

from mainspring.server.engine import cron, names, retry, search_attributes, start
from mainspring.server.engine.activity_options import ActivityOptions, ActivityTimeouts
from mainspring.server.engine.errors import BadCommand, InvalidArgument, NamespaceNotFound
from mainspring.server.engine.limits import Limits
from mainspring.server.engine.records import RetryRules
from mainspring.server.engine.run import Run
from mainspring.server.engine.spelling import camel_case, snake_case, value_name
from mainspring.server.engine.times import duration, length_ns

_C = command_type_pb2
_Cause = failed_cause_pb2

CLOSING = frozenset(
    {
        _C.COMMAND_TYPE_COMPLETE_WORKFLOW_EXECUTION,
        _C.COMMAND_TYPE_FAIL_WORKFLOW_EXECUTION,
        _C.COMMAND_TYPE_CANCEL_WORKFLOW_EXECUTION,
        _C.COMMAND_TYPE_CONTINUE_AS_NEW_WORKFLOW_EXECUTION,
    }
)


def check_sequence(batch: Sequence[Command]) -> None:
    """Nothing follows a command that closes the run.

    Raises:
        InvalidArgument: something does, or a type is unknown. The workflow task stays with the worker.
    """
    closing = 0
    for command in batch:
        kind = command.command_type
        if closing:
            listed = ", ".join(_camel(each.command_type) for each in batch)
            raise InvalidArgument(
                f"invalid command sequence: [{listed}], command {_camel(closing)} must be the last command."
            )
        if kind not in _CHECKS and kind != _C.COMMAND_TYPE_PROTOCOL_MESSAGE:
            raise InvalidArgument(f"unknown command type: {_camel(kind)}")
        if kind in CLOSING:
            closing = kind


def _camel(kind: int) -> str:
    return camel_case(value_name(CommandType, kind, "COMMAND_TYPE_"))


def check_attributes(run: Run, command: Command) -> ActivityOptions | None:
    """The attributes of one command can be used; defaults are filled in.

    Returns: what was read of a command that schedules an activity, filled in there; None for all others.

    Raises:
        BadCommand: they cannot.
        NamespaceNotFound: they name one that is not there.
    """
    check, cause, field, title = _CHECKS[command.command_type]
    if not command.HasField(field):  # type: ignore[arg-type]  # field names from the table below
        raise BadCommand(cause, f"{title}CommandAttributes is not set on {title}Command.")
    try:
        return check(run, getattr(command, field))
    except InvalidArgument as error:
        raise BadCommand(cause, error.message) from error


# -- sizes


def _check_blob(run: Run, size_bytes: int, message: str, cause: WorkflowTaskFailedCause.ValueType) -> None:
    if size_bytes > run.limits.blob_size_error_bytes:
        raise BadCommand(cause, message, terminates=True)


def _id_text(name: str, what: str, run: Run, before: str = "", after: str = "") -> None:
    """`before` and `after`: what else the error tells, around the sizes."""
    limit = run.limits.id_length_bytes
    size = names.size_of(name)
    if size > limit:
        raise InvalidArgument(f"{what} exceeds length limit. {before}Length={size} Limit={limit}{after}")


@contextmanager
def _about(what: str, tail: str, problem: str = "invalid") -> Generator[None]:
    """Errors of the block say what was wrong, and where."""
    try:
        yield
    except InvalidArgument as error:
        raise InvalidArgument(f"{problem} {what}: {error.message}{tail}") from error


# -- one check per command type


def _schedule_activity_task(run: Run, command: commands.ScheduleActivityTaskCommandAttributes) -> ActivityOptions:
    cause = _Cause.WORKFLOW_TASK_FAILED_CAUSE_BAD_SCHEDULE_ACTIVITY_ATTRIBUTES
    if not command.HasField("task_queue"):
        raise InvalidArgument("taskQueue is not set")
    queue = command.task_queue
    names.check_task_queue(queue, run.limits)
    activity_id, activity_type = command.activity_id, command.activity_type.name
    if not activity_id:
        raise InvalidArgument("activityId is not set")
    if not activity_type:
        raise InvalidArgument("activityType is not set")
    policy, rules = _activity_retry(command, run.limits)
    _id_text(activity_id, "activityId", run)
    _id_text(activity_type, "activityType", run)
    if command.HasField("priority"):
        try:
            names.check_priority(command.priority, run.limits)
        except InvalidArgument as error:
            raise InvalidArgument(f"invalid priorities: {error.message}") from error
    timeouts = _activity_timeouts(command, run.state.run_timeout_ns)
    text = "ScheduleActivityTaskCommandAttributes.Input exceeds size limit."
    _check_blob(run, command.input.ByteSize(), text, cause)
    return ActivityOptions(
        command=command,
        activity_id=activity_id,
        activity_type=activity_type,
        queue=queue.name,
        retry_policy=policy,
        retry=rules,
        timeouts=timeouts,
    )


def _activity_retry(
    command: commands.ScheduleActivityTaskCommandAttributes, limits: Limits
) -> tuple[RetryPolicy, RetryRules]:
    if not command.HasField("retry_policy"):
        rules = retry.default_rules(limits)
        return retry.policy_of(rules), rules
    policy = command.retry_policy
    retry.fill_and_check(policy, limits)
    return policy, retry.rules_of(policy)


def _activity_timeouts(
    command: commands.ScheduleActivityTaskCommandAttributes, run_timeout_ns: int
) -> ActivityTimeouts:
    close_ns = names.cap(command.schedule_to_close_timeout, "invalid ScheduleToCloseTimeout: {}")
    start_ns = names.cap(command.schedule_to_start_timeout, "invalid ScheduleToStartTimeout: {}")
    work_ns = names.cap(command.start_to_close_timeout, "invalid StartToCloseTimeout: {}")
    beat_ns = names.cap(command.heartbeat_timeout, "invalid HeartbeatTimeout: {}")
    if close_ns:
        start_ns = min(start_ns or close_ns, close_ns)
        work_ns = min(work_ns or close_ns, close_ns)
    elif work_ns:
        close_ns = run_timeout_ns
        start_ns = start_ns or run_timeout_ns
    else:
        raise InvalidArgument(
            "a valid StartToCloseTimeout or ScheduleToCloseTimeout must be set on the activity. "
            f"ActivityId={command.activity_id} ActivityType={command.activity_type.name}"
        )
    if run_timeout_ns:
        close_ns, start_ns, work_ns, beat_ns = (min(n, run_timeout_ns) for n in (close_ns, start_ns, work_ns, beat_ns))
    return ActivityTimeouts(close_ns, start_ns, work_ns, min(beat_ns, work_ns))


def _request_cancel_activity_task(run: Run, command: commands.RequestCancelActivityTaskCommandAttributes) -> None:
    del run
    if command.scheduled_event_id <= 0:
        raise InvalidArgument("ScheduledEventId is not set on RequestCancelActivityTaskCommand.")


def _start_timer(run: Run, command: commands.StartTimerCommandAttributes) -> None:
    if not command.timer_id:
        raise InvalidArgument("TimerId is not set on StartTimerCommand.")
    _id_text(command.timer_id, "TimerId on StartTimerCommand", run, f"TimerId={command.timer_id} ")
    names.cap(
        command.start_to_fire_timeout,
        "An invalid StartToFireTimeout is set on StartTimerCommand: {}. TimerId=" + _braced(command.timer_id),
    )


def _braced(text: str) -> str:
    """Text that stands for itself in a format string."""
    return text.replace("{", "{{").replace("}", "}}")


def _cancel_timer(run: Run, command: commands.CancelTimerCommandAttributes) -> None:
    if not command.timer_id:
        raise InvalidArgument("TimerId is not set on CancelTimerCommand.")
    _id_text(command.timer_id, "TimerId on CancelTimerCommand", run, f"TimerId={command.timer_id} ")


def _record_marker(run: Run, command: commands.RecordMarkerCommandAttributes) -> None:
    cause = _Cause.WORKFLOW_TASK_FAILED_CAUSE_BAD_RECORD_MARKER_ATTRIBUTES
    if not command.marker_name:
        raise InvalidArgument("MarkerName is not set on RecordMarkerCommand.")
    _id_text(command.marker_name, "MarkerName on RecordMarkerCommand", run, f"MarkerName={command.marker_name} ")
    size_bytes = sum(len(name) + payloads.ByteSize() for name, payloads in command.details.items())
    _check_blob(run, size_bytes, "RecordMarkerCommandAttributes.Details exceeds size limit.", cause)


def _complete_workflow_execution(run: Run, command: commands.CompleteWorkflowExecutionCommandAttributes) -> None:
    cause = _Cause.WORKFLOW_TASK_FAILED_CAUSE_BAD_SCHEDULE_ACTIVITY_ATTRIBUTES  # as the real server has it
    text = "CompleteWorkflowExecutionCommandAttributes.Result exceeds size limit."
    _check_blob(run, command.result.ByteSize(), text, cause)


def _fail_workflow_execution(run: Run, command: commands.FailWorkflowExecutionCommandAttributes) -> None:
    cause = _Cause.WORKFLOW_TASK_FAILED_CAUSE_BAD_FAIL_WORKFLOW_EXECUTION_ATTRIBUTES
    if not command.HasField("failure"):
        raise InvalidArgument("Failure is not set on FailWorkflowExecutionCommand.")
    text = "FailWorkflowExecutionCommandAttributes.Failure exceeds size limit."
    _check_blob(run, command.failure.ByteSize(), text, cause)


def _cancel_workflow_execution(run: Run, command: commands.CancelWorkflowExecutionCommandAttributes) -> None:
    del run, command  # nothing in it can be wrong


def _request_cancel_external(
    run: Run, command: commands.RequestCancelExternalWorkflowExecutionCommandAttributes
) -> None:
    title = "RequestCancelExternalWorkflowExecutionCommand"
    where = f"RunId={command.run_id} Namespace={command.namespace}"
    _check_target(run, command.namespace)
    if not command.workflow_id:
        raise InvalidArgument(f"WorkflowId is not set on {title}. Namespace={command.namespace} RunId={command.run_id}")
    _id_text(command.workflow_id, f"WorkflowId on {title}", run, f"WorkflowId={command.workflow_id} ", f" {where}")
    if command.run_id and not names.is_uuid(command.run_id):
        raise InvalidArgument(f"Invalid RunId set on {title}. WorkflowId={command.workflow_id} {where}")


def _signal_external(run: Run, command: commands.SignalExternalWorkflowExecutionCommandAttributes) -> None:
    title = "SignalExternalWorkflowExecutionCommand"
    cause = _Cause.WORKFLOW_TASK_FAILED_CAUSE_BAD_SIGNAL_WORKFLOW_EXECUTION_ATTRIBUTES
    if not command.HasField("execution"):
        raise InvalidArgument(f"Execution is not set on {title}.")
    target = command.execution
    _check_target(run, command.namespace)
    if not target.workflow_id:
        raise InvalidArgument(
            f"WorkflowId is not set on {title}. Namespace={command.namespace} RunId={target.run_id} "
            f"SignalName={command.signal_name}"
        )
    where = f" Namespace={command.namespace} RunId={target.run_id} SignalName={command.signal_name}"
    _id_text(target.workflow_id, f"WorkflowId on {title}", run, f"WorkflowId={target.workflow_id} ", where)
    if target.run_id and not names.is_uuid(target.run_id):
        raise InvalidArgument(f"Invalid RunId set on {title}. WorkflowId={target.workflow_id}{where}")
    if not command.signal_name:
        raise InvalidArgument(
            f"SignalName is not set on {title}. WorkflowId={target.workflow_id} Namespace={command.namespace} "
            f"RunId={target.run_id}"
        )
    text = "SignalExternalWorkflowExecutionCommandAttributes.Input exceeds size limit."
    _check_blob(run, command.input.ByteSize(), text, cause)


def _check_target(run: Run, namespace: str) -> None:
    if namespace and namespace not in run.settings.namespace_ids:
        raise NamespaceNotFound(namespace)  # the call is refused, the worker keeps its task


def _upsert_search_attributes(run: Run, command: commands.UpsertWorkflowSearchAttributesCommandAttributes) -> None:
    del run
    if not command.HasField("search_attributes"):
        raise InvalidArgument("SearchAttributes is not set on UpsertWorkflowSearchAttributesCommand.")
    if not command.search_attributes.indexed_fields:
        raise InvalidArgument("IndexedFields is not set on UpsertWorkflowSearchAttributesCommand.")


def _modify_properties(run: Run, command: commands.ModifyWorkflowPropertiesCommandAttributes) -> None:
    cause = _Cause.WORKFLOW_TASK_FAILED_CAUSE_BAD_MODIFY_WORKFLOW_PROPERTIES_ATTRIBUTES
    if not command.HasField("upserted_memo"):
        raise InvalidArgument("UpsertedMemo is not set on ModifyWorkflowPropertiesCommand.")
    if not command.upserted_memo.fields:
        raise InvalidArgument("UpsertedMemo.Fields is not set on ModifyWorkflowPropertiesCommand.")
    size_bytes = sum(len(name) + len(payload.data) for name, payload in command.upserted_memo.fields.items())
    _check_blob(run, size_bytes, "ModifyWorkflowPropertiesCommandAttributes exceeds size limit.", cause)


def _continue_as_new(run: Run, command: commands.ContinueAsNewWorkflowExecutionCommandAttributes) -> None:
    title = "ContinueAsNewWorkflowExecutionCommand"
    cause = _Cause.WORKFLOW_TASK_FAILED_CAUSE_BAD_CONTINUE_AS_NEW_ATTRIBUTES
    state = run.state
    command.workflow_type.name = command.workflow_type.name or state.workflow_type
    type_name = command.workflow_type.name
    _id_text(type_name, f"WorkflowType on {title}", run, f"WorkflowType={type_name} ")
    tail = f". WorkflowType={command.workflow_type.name}"
    with _about(f"{title} TaskQueue", tail, "error validating"):
        names.check_task_queue(command.task_queue, run.limits, default_name=state.task_queue)
    tail += f" TaskQueue={command.task_queue.name}"
    for name in ("WorkflowRunTimeout", "WorkflowTaskTimeout", "BackoffStartInterval"):
        field = snake_case(name)
        if command.HasField(field):  # type: ignore[arg-type]  # one of the literals above
            names.cap(getattr(command, field), f"Invalid {name} on {title}: {{}}{_braced(tail)}")
    run_ns = length_ns(command.workflow_run_timeout) or state.run_timeout_ns
    if state.execution_timeout_ns:
        run_ns = min(run_ns or state.execution_timeout_ns, state.execution_timeout_ns)
    task_ns = length_ns(command.workflow_task_timeout) or state.task_timeout_ns
    command.workflow_run_timeout.CopyFrom(duration(run_ns))
    task_ns = start.effective_task_timeout_ns(task_ns, run_ns, run.limits)
    command.workflow_task_timeout.CopyFrom(duration(task_ns))
    with _about(f"WorkflowRetryPolicy on {title}", tail):
        if command.HasField("retry_policy"):
            retry.fill_and_check(command.retry_policy, run.limits)
    _check_search_attributes(run, command)
    text = "ContinueAsNewWorkflowExecutionCommandAttributes. Input exceeds size limit."
    _check_blob(run, command.input.ByteSize(), text, cause)
    _check_memo(run, command.memo.ByteSize(), "ContinueAsNewWorkflowExecutionCommandAttributes. Memo", cause)


def _check_memo(run: Run, size_bytes: int, what: str, cause: WorkflowTaskFailedCause.ValueType) -> None:
    if size_bytes > run.limits.memo_size_error_bytes:
        raise BadCommand(cause, f"{what} exceeds size limit.", terminates=True)


def _check_search_attributes(
    run: Run,
    command: commands.ContinueAsNewWorkflowExecutionCommandAttributes
    | commands.StartChildWorkflowExecutionCommandAttributes,
) -> None:
    try:
        search_attributes.check(command.search_attributes, run.settings)
    except InvalidArgument as error:
        raise BadCommand(_Cause.WORKFLOW_TASK_FAILED_CAUSE_BAD_SEARCH_ATTRIBUTES, error.message) from error


def _start_child(run: Run, command: commands.StartChildWorkflowExecutionCommandAttributes) -> None:
    title = "StartChildWorkflowExecutionCommand"
    cause = _Cause.WORKFLOW_TASK_FAILED_CAUSE_BAD_START_CHILD_EXECUTION_ATTRIBUTES
    command.namespace = command.namespace or run.settings.name
    _check_target(run, command.namespace)
    type_name, where = command.workflow_type.name, f"Namespace={command.namespace}"
    if not command.workflow_id:
        raise InvalidArgument(f"Required field WorkflowId is not set on {title}. WorkflowType={type_name} {where}")
    if not type_name:
        raise InvalidArgument(
            f"Required field WorkflowType is not set on {title}. WorkflowId={command.workflow_id} {where}"
        )
    both = f"WorkflowId={command.workflow_id} WorkflowType={type_name} "
    id_only = f"WorkflowId={command.workflow_id} "
    _id_text(command.workflow_id, f"WorkflowId on {title}", run, id_only, f" WorkflowType={type_name} {where}")
    _id_text(type_name, f"WorkflowType on {title}", run, both, f" {where}")
    tail = f". WorkflowId={command.workflow_id} WorkflowType={type_name} {where}"
    for name in ("WorkflowExecutionTimeout", "WorkflowRunTimeout", "WorkflowTaskTimeout"):
        names.cap(getattr(command, snake_case(name)), f"Invalid {name} on {title}: {{}}{_braced(tail)}")
    with _about(f"WorkflowRetryPolicy on {title}", tail):
        if command.HasField("retry_policy"):
            retry.fill_and_check(command.retry_policy, run.limits)
    with _about(f"CronSchedule on {title}", tail):
        cron.check(command.cron_schedule)
    _check_search_attributes(run, command)
    names.check_priority(command.priority, run.limits)
    with _about(f"TaskQueue on {title}", tail):
        names.check_task_queue(command.task_queue, run.limits, default_name=run.state.task_queue)
    start.fill_timeouts(command, run.limits)
    command.workflow_run_timeout.SetInParent()
    _default_child_policies(command)
    text = "StartChildWorkflowExecutionCommandAttributes. Input exceeds size limit."
    _check_blob(run, command.input.ByteSize(), text, cause)
    _check_memo(run, command.memo.ByteSize(), "StartChildWorkflowExecutionCommandAttributes.Memo", cause)


def _default_child_policies(command: commands.StartChildWorkflowExecutionCommandAttributes) -> None:
    if command.parent_close_policy == ParentClosePolicy.PARENT_CLOSE_POLICY_UNSPECIFIED:
        command.parent_close_policy = ParentClosePolicy.PARENT_CLOSE_POLICY_TERMINATE
    if command.workflow_id_reuse_policy == WorkflowIdReusePolicy.WORKFLOW_ID_REUSE_POLICY_UNSPECIFIED:
        command.workflow_id_reuse_policy = WorkflowIdReusePolicy.WORKFLOW_ID_REUSE_POLICY_ALLOW_DUPLICATE


_CHECKS: dict[int, tuple[Callable[..., ActivityOptions | None], WorkflowTaskFailedCause.ValueType, str, str]] = {
    _C.COMMAND_TYPE_SCHEDULE_ACTIVITY_TASK: (
        _schedule_activity_task,
        _Cause.WORKFLOW_TASK_FAILED_CAUSE_BAD_SCHEDULE_ACTIVITY_ATTRIBUTES,
        "schedule_activity_task_command_attributes",
        "ScheduleActivityTask",
    ),
    _C.COMMAND_TYPE_REQUEST_CANCEL_ACTIVITY_TASK: (
        _request_cancel_activity_task,
        _Cause.WORKFLOW_TASK_FAILED_CAUSE_BAD_REQUEST_CANCEL_ACTIVITY_ATTRIBUTES,
        "request_cancel_activity_task_command_attributes",
        "RequestCancelActivityTask",
    ),
    _C.COMMAND_TYPE_START_TIMER: (
        _start_timer,
        _Cause.WORKFLOW_TASK_FAILED_CAUSE_BAD_START_TIMER_ATTRIBUTES,
        "start_timer_command_attributes",
        "StartTimer",
    ),
    _C.COMMAND_TYPE_CANCEL_TIMER: (
        _cancel_timer,
        _Cause.WORKFLOW_TASK_FAILED_CAUSE_BAD_CANCEL_TIMER_ATTRIBUTES,
        "cancel_timer_command_attributes",
        "CancelTimer",
    ),
    _C.COMMAND_TYPE_RECORD_MARKER: (
        _record_marker,
        _Cause.WORKFLOW_TASK_FAILED_CAUSE_BAD_RECORD_MARKER_ATTRIBUTES,
        "record_marker_command_attributes",
        "RecordMarker",
    ),
    _C.COMMAND_TYPE_COMPLETE_WORKFLOW_EXECUTION: (
        _complete_workflow_execution,
        _Cause.WORKFLOW_TASK_FAILED_CAUSE_BAD_COMPLETE_WORKFLOW_EXECUTION_ATTRIBUTES,
        "complete_workflow_execution_command_attributes",
        "CompleteWorkflowExecution",
    ),
    _C.COMMAND_TYPE_FAIL_WORKFLOW_EXECUTION: (
        _fail_workflow_execution,
        _Cause.WORKFLOW_TASK_FAILED_CAUSE_BAD_FAIL_WORKFLOW_EXECUTION_ATTRIBUTES,
        "fail_workflow_execution_command_attributes",
        "FailWorkflowExecution",
    ),
    _C.COMMAND_TYPE_CANCEL_WORKFLOW_EXECUTION: (
        _cancel_workflow_execution,
        _Cause.WORKFLOW_TASK_FAILED_CAUSE_BAD_CANCEL_WORKFLOW_EXECUTION_ATTRIBUTES,
        "cancel_workflow_execution_command_attributes",
        "CancelWorkflowExecution",
    ),
    _C.COMMAND_TYPE_REQUEST_CANCEL_EXTERNAL_WORKFLOW_EXECUTION: (
        _request_cancel_external,
        _Cause.WORKFLOW_TASK_FAILED_CAUSE_BAD_REQUEST_CANCEL_EXTERNAL_WORKFLOW_EXECUTION_ATTRIBUTES,
        "request_cancel_external_workflow_execution_command_attributes",
        "RequestCancelExternalWorkflowExecution",
    ),
    _C.COMMAND_TYPE_SIGNAL_EXTERNAL_WORKFLOW_EXECUTION: (
        _signal_external,
        _Cause.WORKFLOW_TASK_FAILED_CAUSE_BAD_SIGNAL_WORKFLOW_EXECUTION_ATTRIBUTES,
        "signal_external_workflow_execution_command_attributes",
        "SignalExternalWorkflowExecution",
    ),
    _C.COMMAND_TYPE_UPSERT_WORKFLOW_SEARCH_ATTRIBUTES: (
        _upsert_search_attributes,
        _Cause.WORKFLOW_TASK_FAILED_CAUSE_BAD_SEARCH_ATTRIBUTES,
        "upsert_workflow_search_attributes_command_attributes",
        "UpsertWorkflowSearchAttributes",
    ),
    _C.COMMAND_TYPE_MODIFY_WORKFLOW_PROPERTIES: (
        _modify_properties,
        _Cause.WORKFLOW_TASK_FAILED_CAUSE_BAD_MODIFY_WORKFLOW_PROPERTIES_ATTRIBUTES,
        "modify_workflow_properties_command_attributes",
        "ModifyWorkflowProperties",
    ),
    _C.COMMAND_TYPE_CONTINUE_AS_NEW_WORKFLOW_EXECUTION: (
        _continue_as_new,
        _Cause.WORKFLOW_TASK_FAILED_CAUSE_BAD_CONTINUE_AS_NEW_ATTRIBUTES,
        "continue_as_new_workflow_execution_command_attributes",
        "ContinueAsNewWorkflowExecution",
    ),
    _C.COMMAND_TYPE_START_CHILD_WORKFLOW_EXECUTION: (
        _start_child,
        _Cause.WORKFLOW_TASK_FAILED_CAUSE_BAD_START_CHILD_EXECUTION_ATTRIBUTES,
        "start_child_workflow_execution_command_attributes",
        "StartChildWorkflowExecution",
    ),
}
