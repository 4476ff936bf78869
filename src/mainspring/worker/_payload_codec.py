"""Payload codecs around workflow tasks: what comes is decoded before workflow code sees it, what goes is encoded.

    codec = TaskCodec(converter).of_run(namespace, workflow_id)
    await codec.decode_task(polled) ; await codec.decode_history(page) ; await codec.encode_answer(request)

Workflow code and the replay core only ever hold decoded payloads. Only what a run is told is decoded: results, signals,
updates, its own start. Search attributes are never encoded, since the server reads them; nor is what the official SDKs
write into markers themselves. Headers are, if the worker is told so. A codec that wants to know for whom it works is
told, so that an activity's result is decoded in the activity's context.
"""

from __future__ import annotations

from collections.abc import Sequence

from google.protobuf.message import Message
from temporalio.api.command.v1 import Command
from temporalio.api.history.v1 import History, HistoryEvent, MarkerRecordedEventAttributes
from temporalio.api.workflowservice.v1 import (
    PollWorkflowTaskQueueResponse,
    RespondQueryTaskCompletedRequest,
    RespondWorkflowTaskCompletedRequest,
)

from mainspring.converter import (
    ActivitySerializationContext,
    DataConverter,
    PayloadCodec,
    WithSerializationContext,
    WorkflowSerializationContext,
)
from mainspring.converter._serialization_context import SerializationContext
from mainspring.replay.markers import LOCAL_ACTIVITY, SIDE_EFFECT, read_local_activity
from mainspring.worker._payload_walk import Change, change_payloads

TOLD = {  # the events whose payloads a run is told
    *("workflow_execution_started_event_attributes", "workflow_execution_signaled_event_attributes"),
    *("workflow_execution_update_admitted_event_attributes", "workflow_execution_update_accepted_event_attributes"),
    *("activity_task_completed_event_attributes", "activity_task_failed_event_attributes"),
    *("activity_task_timed_out_event_attributes", "activity_task_canceled_event_attributes"),
    *("child_workflow_execution_completed_event_attributes", "child_workflow_execution_failed_event_attributes"),
    *("child_workflow_execution_canceled_event_attributes", "nexus_operation_completed_event_attributes"),
    *("nexus_operation_failed_event_attributes", "nexus_operation_canceled_event_attributes"),
    "nexus_operation_timed_out_event_attributes",
}
ENCODED_DETAILS = {LOCAL_ACTIVITY: "result", SIDE_EFFECT: "data"}  # of markers; the others hold no user's payload
MARKER = "marker_recorded_event_attributes"


class TaskCodec:
    """The codec of one worker; without one, nothing is touched."""

    def __init__(self, data_converter: DataConverter, *, encodes_headers: bool = False) -> None:
        self._converter = data_converter
        self._encodes_headers = encodes_headers

    def of_run(self, namespace: str, workflow_id: str) -> RunCodec:
        """The codec for the tasks of one run."""
        return RunCodec(self._converter, namespace, workflow_id, encodes_headers=self._encodes_headers)


class RunCodec:
    """See the module. Kept as long as the run is: activities are told apart by the events that scheduled them."""

    def __init__(
        self, data_converter: DataConverter, namespace: str, workflow_id: str, *, encodes_headers: bool
    ) -> None:
        self._codec = data_converter.payload_codec
        self._headers = encodes_headers
        self._wants_context = isinstance(self._codec, WithSerializationContext)
        self._own = WorkflowSerializationContext(namespace=namespace, workflow_id=workflow_id)
        self._workflow_type = ""
        self._task_queue = ""
        self._activities: dict[int, ActivitySerializationContext] = {}  # by the event that scheduled each

    # -- what comes

    async def decode_task(self, polled: PollWorkflowTaskQueueResponse) -> None:
        """The history that came with the task, and its queries and updates."""
        if self._codec is None:
            return
        await self.decode_history(polled.history)
        change = self._decode(self._own)
        for message in (*polled.messages, *polled.queries.values(), polled.query):
            await change_payloads(message, change, headers=self._headers)

    async def decode_history(self, history: History) -> None:
        """One page, in the order of pages."""
        if self._codec is None:
            return
        for event in history.events:
            kind = event.WhichOneof("attributes") or ""
            if self._wants_context:
                self._learn(event, kind)
            if kind in TOLD:
                change = self._decode(self._context_of_event(event, kind))
                await change_payloads(getattr(event, kind), change, headers=self._headers)
            elif kind == MARKER:
                await self._change_marker(event.marker_recorded_event_attributes, is_encoding=False)

    # -- what goes

    async def encode_answer(
        self, answer: RespondWorkflowTaskCompletedRequest | RespondQueryTaskCompletedRequest
    ) -> None:
        """All payloads of an answer.

        Raises:
            RuntimeError: The codec failed.
        """
        if self._codec is None:
            return
        try:
            await self._encode_all(answer)
        except Exception as error:
            raise RuntimeError(f"Failed encoding completion: {error}") from error

    async def _encode_all(self, answer: RespondWorkflowTaskCompletedRequest | RespondQueryTaskCompletedRequest) -> None:
        own = self._encode(self._own)
        if isinstance(answer, RespondQueryTaskCompletedRequest):
            await change_payloads(answer, own, headers=self._headers)
            return
        for command in answer.commands:
            await self._encode_command(command)
        parts: Sequence[Message] = (*answer.messages, *answer.query_results.values())
        for part in parts:
            await change_payloads(part, own, headers=self._headers)

    async def _encode_command(self, command: Command) -> None:
        if command.HasField("record_marker_command_attributes"):
            marker = command.record_marker_command_attributes
            recorded = MarkerRecordedEventAttributes(marker_name=marker.marker_name, details=marker.details)
            recorded.failure.CopyFrom(marker.failure)
            await self._change_marker(recorded, is_encoding=True)
            for key in marker.details:
                marker.details[key].CopyFrom(recorded.details[key])
            if marker.HasField("failure"):
                marker.failure.CopyFrom(recorded.failure)
            await change_payloads(command.user_metadata, self._encode(self._own), headers=self._headers)
        else:
            await change_payloads(command, self._encode(self._context_of_command(command)), headers=self._headers)

    # -- markers

    async def _change_marker(self, marker: MarkerRecordedEventAttributes, *, is_encoding: bool) -> None:
        """What a local activity or a side effect gave; what the SDK wrote beside it stays."""
        name = ENCODED_DETAILS.get(marker.marker_name)
        if name is None:
            return
        context: SerializationContext = self._own
        if marker.marker_name == LOCAL_ACTIVITY and self._wants_context:
            context = self._local_activity(marker)
        change = self._encode(context) if is_encoding else self._decode(context)
        if name in marker.details:
            await change_payloads(marker.details[name], change, headers=self._headers)
        if marker.HasField("failure"):
            await change_payloads(marker.failure, change, headers=self._headers)

    # -- contexts

    def _learn(self, event: HistoryEvent, kind: str) -> None:
        if kind == "workflow_execution_started_event_attributes":
            started = event.workflow_execution_started_event_attributes
            self._workflow_type, self._task_queue = started.workflow_type.name, started.task_queue.name
        elif kind == "activity_task_scheduled_event_attributes":
            scheduled = event.activity_task_scheduled_event_attributes
            self._activities[event.event_id] = self._activity(
                scheduled.activity_id, scheduled.activity_type.name, scheduled.task_queue.name
            )

    def _context_of_event(self, event: HistoryEvent, kind: str) -> SerializationContext:
        if not self._wants_context:
            return self._own
        attributes = getattr(event, kind)
        if kind.startswith("activity_task_"):
            return self._activities.get(attributes.scheduled_event_id, self._own)
        if kind.startswith("child_workflow_execution_"):
            return self._workflow(attributes.workflow_execution.workflow_id)
        return self._own

    def _context_of_command(self, command: Command) -> SerializationContext:
        kind = command.WhichOneof("attributes")
        if kind == "schedule_activity_task_command_attributes":
            activity = command.schedule_activity_task_command_attributes
            return self._activity(activity.activity_id, activity.activity_type.name, activity.task_queue.name)
        if kind == "start_child_workflow_execution_command_attributes":
            return self._workflow(command.start_child_workflow_execution_command_attributes.workflow_id)
        if kind == "signal_external_workflow_execution_command_attributes":
            return self._workflow(command.signal_external_workflow_execution_command_attributes.execution.workflow_id)
        return self._own

    def _workflow(self, workflow_id: str) -> WorkflowSerializationContext:
        return WorkflowSerializationContext(namespace=self._own.namespace, workflow_id=workflow_id)

    def _activity(
        self, activity_id: str, activity_type: str, task_queue: str, *, is_local: bool = False
    ) -> ActivitySerializationContext:
        return ActivitySerializationContext(
            namespace=self._own.namespace,
            activity_id=activity_id,
            activity_type=activity_type,
            activity_task_queue=task_queue or self._task_queue,
            workflow_id=self._own.workflow_id,
            workflow_type=self._workflow_type,
            is_local=is_local,
        )

    def _local_activity(self, marker: MarkerRecordedEventAttributes) -> ActivitySerializationContext:
        mark = read_local_activity(marker)
        return self._activity(mark.activity_id, mark.activity_type, "", is_local=True)

    def _told(self, context: SerializationContext) -> PayloadCodec:
        codec = self._codec
        assert codec is not None, "without a codec nothing comes here"
        return codec.with_context(context) if isinstance(codec, WithSerializationContext) else codec

    def _decode(self, context: SerializationContext) -> Change:
        return self._told(context).decode

    def _encode(self, context: SerializationContext) -> Change:
        return self._told(context).encode
