"""From the inputs of interceptors to requests of the replay core: one function for each kind of call.

What an input leaves open is filled in from the run: its task queue, and for continuing as new all that the run itself
was started with.
"""

from __future__ import annotations

from datetime import timedelta

from google.protobuf.duration_pb2 import Duration
from google.protobuf.internal.containers import MessageMap
from temporalio.api.command.v1 import (
    Command,
    ContinueAsNewWorkflowExecutionCommandAttributes,
    ScheduleActivityTaskCommandAttributes,
    StartChildWorkflowExecutionCommandAttributes,
)
from temporalio.api.common.v1 import Payload
from temporalio.api.common.v1 import RetryPolicy as RetryPolicyProto
from temporalio.api.enums.v1 import (
    CommandType,
    ContinueAsNewVersioningBehavior,
    ParentClosePolicy,
    WorkflowIdReusePolicy,
)

from mainspring.common import SearchAttributes, TypedSearchAttributes
from mainspring.common._arguments import apply_headers
from mainspring.converter import (
    PayloadConverter,
    encode_search_attribute_values,
    encode_typed_search_attribute_value,
)
from mainspring.replay import requests
from mainspring.replay.activation import Backoff
from mainspring.worker._interceptor import (
    ContinueAsNewInput,
    StartActivityInput,
    StartChildWorkflowInput,
    StartLocalActivityInput,
)
from mainspring.worker._run_state import RunState
from mainspring.workflow._options import ActivityCancellationType, VersioningIntent

LOCAL_RETRY_THRESHOLD_NS = 60 * 1_000_000_000  # waits up to this long are spent within the workflow task
NOT_GIVEN = timedelta(0)
SECONDS_OF_DAY = 24 * 60 * 60
CANCELLATIONS = {kind: requests.ActivityCancellation(kind.value) for kind in ActivityCancellationType}
ACTIVITY_TIMEOUTS = (
    "schedule_to_close_timeout",
    "schedule_to_start_timeout",
    "start_to_close_timeout",
    "heartbeat_timeout",
)


def schedule_activity(
    state: RunState, input: StartActivityInput, seq: int, converter: PayloadConverter
) -> requests.ScheduleActivity:
    own_queue = state.info.task_queue
    queue = input.task_queue or own_queue
    is_here = queue == own_queue
    attributes = ScheduleActivityTaskCommandAttributes(
        activity_id=input.activity_id or str(seq),
        request_eager_execution=is_here and not input.disable_eager_execution,
        use_workflow_build_id=_stays_compatible(input.versioning_intent, is_same_queue=is_here),
    )
    attributes.activity_type.name = input.activity
    attributes.task_queue.name = queue
    if input.args:
        attributes.input.payloads.extend(converter.to_payloads(input.args))
    if input.headers:
        apply_headers(input.headers, attributes.header.fields)
    for name in ACTIVITY_TIMEOUTS:
        timeout: timedelta | None = getattr(input, name)
        if timeout:
            _set(getattr(attributes, name), timeout)
    if input.retry_policy:
        input.retry_policy.apply_to_proto(attributes.retry_policy)
    if input.priority:
        input.priority._apply_to_proto(attributes.priority)
    return requests.ScheduleActivity(
        seq=seq,
        attributes=attributes,
        cancellation=CANCELLATIONS[input.cancellation_type],
        user_metadata=state.summary(input.summary),
    )


def schedule_local_activity(
    state: RunState, input: StartLocalActivityInput, seq: int, converter: PayloadConverter, backoff: Backoff | None
) -> requests.ScheduleLocalActivity:
    retry_policy = RetryPolicyProto()
    if input.retry_policy:
        input.retry_policy.apply_to_proto(retry_policy)
    threshold = input.local_retry_threshold
    task = requests.LocalActivityTask(
        seq=seq,
        activity_id=input.activity_id or str(seq),
        activity_type=input.activity,
        attempt=backoff.attempt if backoff else 1,
        original_schedule_at=backoff.original_schedule_at if backoff else 0,
        input=converter.to_payloads(input.args) if input.args else [],
        headers=input.headers,
        schedule_to_close_ns=_nanoseconds(input.schedule_to_close_timeout),
        schedule_to_start_ns=_nanoseconds(input.schedule_to_start_timeout),
        start_to_close_ns=_nanoseconds(input.start_to_close_timeout),
        retry_policy=retry_policy if input.retry_policy else None,
        local_retry_threshold_ns=LOCAL_RETRY_THRESHOLD_NS if threshold is None else _nanoseconds(threshold),
        cancellation=CANCELLATIONS[input.cancellation_type],
        user_metadata=state.summary(input.summary),
    )
    return requests.ScheduleLocalActivity(task=task)


def start_child(
    state: RunState, input: StartChildWorkflowInput, seq: int, converter: PayloadConverter
) -> requests.StartChild:
    attributes = StartChildWorkflowExecutionCommandAttributes(
        namespace=state.info.namespace,
        workflow_id=input.id,
        parent_close_policy=ParentClosePolicy.ValueType(int(input.parent_close_policy)),
        workflow_id_reuse_policy=WorkflowIdReusePolicy.ValueType(int(input.id_reuse_policy)),
        cron_schedule=input.cron_schedule,
    )
    attributes.workflow_type.name = input.workflow
    attributes.task_queue.name = input.task_queue or state.info.task_queue
    if input.args:
        attributes.input.payloads.extend(converter.to_payloads(input.args))
    apply_headers(input.headers, attributes.header.fields)
    _set(attributes.workflow_execution_timeout, input.execution_timeout)
    _set(attributes.workflow_run_timeout, input.run_timeout)
    _set(attributes.workflow_task_timeout, input.task_timeout)
    if input.retry_policy:
        input.retry_policy.apply_to_proto(attributes.retry_policy)
    for key, value in (input.memo or {}).items():
        attributes.memo.fields[key].CopyFrom(converter.to_payloads([value])[0])
    if input.search_attributes:
        encode_search_attributes(input.search_attributes, attributes.search_attributes.indexed_fields)
    if input.versioning_override:
        attributes.versioning_override.CopyFrom(input.versioning_override._to_proto())
    if input.priority:
        input.priority._apply_to_proto(attributes.priority)
    is_here = attributes.task_queue.name == state.info.task_queue
    attributes.inherit_build_id = _stays_compatible(input.versioning_intent, is_same_queue=is_here)
    return requests.StartChild(
        seq=seq,
        attributes=attributes,
        cancellation=requests.ChildCancellation(int(input.cancellation_type)),
        user_metadata=state.summary(input.static_summary, input.static_details),
    )


def continue_as_new(state: RunState, input: ContinueAsNewInput) -> requests.Terminal:
    """The command; what the input leaves open is as in the run that ends."""
    converter = state.converters.payload
    info = state.info
    attributes = ContinueAsNewWorkflowExecutionCommandAttributes()
    if input.args:
        attributes.input.payloads.extend(converter.to_payloads(input.args))
    attributes.workflow_type.name = input.workflow or info.workflow_type
    attributes.task_queue.name = input.task_queue or info.task_queue
    _set(attributes.workflow_run_timeout, input.run_timeout or info.run_timeout)
    _set(attributes.workflow_task_timeout, input.task_timeout or info.task_timeout)
    _set(attributes.backoff_start_interval, input.backoff_start_interval)
    retry_policy = input.retry_policy or info.retry_policy
    if retry_policy:
        retry_policy.apply_to_proto(attributes.retry_policy)
    apply_headers(input.headers, attributes.header.fields)
    memo = {key: converter.to_payloads([value])[0] for key, value in (input.memo or {}).items()}
    for key, payload in (memo or info.raw_memo).items():
        attributes.memo.fields[key].CopyFrom(payload)
    if input.search_attributes:
        encode_search_attributes(input.search_attributes, attributes.search_attributes.indexed_fields)
    else:
        encode_search_attributes(info.typed_search_attributes, attributes.search_attributes.indexed_fields)
    is_here = attributes.task_queue.name == info.task_queue
    attributes.inherit_build_id = _stays_compatible(input.versioning_intent, is_same_queue=is_here)
    if input.initial_versioning_behavior:
        attributes.initial_versioning_behavior = ContinueAsNewVersioningBehavior.ValueType(
            int(input.initial_versioning_behavior)
        )
    command = Command(
        command_type=CommandType.COMMAND_TYPE_CONTINUE_AS_NEW_WORKFLOW_EXECUTION,
        continue_as_new_workflow_execution_command_attributes=attributes,
    )
    return requests.Terminal(command=command)


def encode_search_attributes(
    attributes: SearchAttributes | TypedSearchAttributes, fields: MessageMap[str, Payload]
) -> None:
    """Write search attributes, typed or not, into a message."""
    if isinstance(attributes, TypedSearchAttributes):
        for pair in attributes:
            fields[pair.key.name].CopyFrom(encode_typed_search_attribute_value(pair.key, pair.value))
    else:
        for key, values in attributes.items():
            fields[key].CopyFrom(encode_search_attribute_values(values))


def _set(field: Duration, timeout: timedelta | None) -> None:
    """Write a timeout that was given; none, and one of zero, stay unset."""
    if not timeout:
        return
    if timeout.days < 0:
        field.FromTimedelta(timeout)
    else:  # the same, for a tenth of its cost
        field.seconds = timeout.days * SECONDS_OF_DAY + timeout.seconds
        field.nanos = timeout.microseconds * 1_000


def _nanoseconds(timeout: timedelta | None) -> int:
    return round((timeout or NOT_GIVEN).total_seconds() * 1_000_000_000)


def _stays_compatible(intent: VersioningIntent | None, *, is_same_queue: bool) -> bool:
    """Whether the task goes to workers of the same build: what is asked for, else if it stays on the task queue."""
    if intent is None:
        return is_same_queue
    return intent == VersioningIntent.COMPATIBLE
