"""Where the payloads of users are in a workflow task and its answer, and for whom each of them is.

    parts = RunParts(namespace, workflow_id, run_id)
    parts.of_history(page) -> Part(message, context), ...       in the order of pages: activities are told apart by the
    parts.of_answer(request) -> Part(message, context, target)  events that scheduled them

Only what a run is told is a part: results, signals, updates, its own start. What the official SDKs write into markers
themselves is none.
"""

from __future__ import annotations

from collections.abc import Iterator

import msgspec
from google.protobuf.message import Message
from temporalio.api.command.v1 import Command, RecordMarkerCommandAttributes
from temporalio.api.history.v1 import (
    History,
    HistoryEvent,
    MarkerRecordedEventAttributes,
    WorkflowExecutionStartedEventAttributes,
)
from temporalio.api.workflowservice.v1 import (
    PollWorkflowTaskQueueResponse,
    RespondQueryTaskCompletedRequest,
    RespondWorkflowTaskCompletedRequest,
)

from mainspring.converter import (
    ActivitySerializationContext,
    SerializationContext,
    StorageDriverWorkflowInfo,
    WorkflowSerializationContext,
)
from mainspring.replay.markers import LOCAL_ACTIVITY, SIDE_EFFECT, read_local_activity

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
USERS_DETAILS = {LOCAL_ACTIVITY: "result", SIDE_EFFECT: "data"}  # of markers; the others hold no user's payload
MARKER = "marker_recorded_event_attributes"
LEARNT_FROM = {"workflow_execution_started_event_attributes", "activity_task_scheduled_event_attributes"}

Answer = RespondWorkflowTaskCompletedRequest | RespondQueryTaskCompletedRequest


class Part(msgspec.Struct, frozen=True):
    """A message that holds payloads."""

    message: Message
    context: SerializationContext | None
    """None for Nexus: whoever is called does not know the workflow that calls."""
    target: StorageDriverWorkflowInfo | None = None
    """For whom they are stored; None: for the run itself."""


def told_in(history: History) -> Iterator[Message]:
    """What holds payloads in a history, for those who need not know for whom."""
    for event in history.events:
        kind = event.WhichOneof("attributes")
        if kind in TOLD or kind == MARKER:
            yield getattr(event, kind)


def asked_in(polled: PollWorkflowTaskQueueResponse) -> tuple[Message, ...]:
    """The queries and updates of a task."""
    asked = (*polled.messages, *polled.queries.values())
    return (*asked, polled.query) if polled.HasField("query") else asked


class RunParts:
    """See the module. Kept as long as the run is."""

    def __init__(self, namespace: str, workflow_id: str, run_id: str) -> None:
        self.own = WorkflowSerializationContext(namespace=namespace, workflow_id=workflow_id)
        self._run_id = run_id
        self._workflow_type = ""
        self._task_queue = ""
        self._parent: StorageDriverWorkflowInfo | None = None
        self._activities: dict[int, ActivitySerializationContext] = {}  # by the event that scheduled each

    @property
    def own_target(self) -> StorageDriverWorkflowInfo:
        """The run, as the one for whom something is stored."""
        return StorageDriverWorkflowInfo(
            namespace=self.own.namespace,
            id=self.own.workflow_id,
            run_id=self._run_id,
            type=self._workflow_type or None,
        )

    # -- what comes

    def of_task(self, polled: PollWorkflowTaskQueueResponse) -> Iterator[Part]:
        """The history that came with a task, and its queries and updates."""
        yield from self.of_history(polled.history)
        for message in asked_in(polled):
            yield Part(message, self.own)

    def of_history(self, history: History) -> Iterator[Part]:
        """One page, in the order of pages."""
        for event in history.events:
            kind = event.WhichOneof("attributes") or ""
            if kind in LEARNT_FROM:
                self._learn(event, kind)
            if kind in TOLD:
                yield Part(getattr(event, kind), self._context_of_event(event, kind))
            elif kind == MARKER:
                yield from self._of_marker(event.marker_recorded_event_attributes)

    # -- what goes

    def of_answer(self, answer: Answer) -> Iterator[Part]:
        """All of an answer."""
        if isinstance(answer, RespondQueryTaskCompletedRequest):
            yield Part(answer, self.own)
            return
        for command in answer.commands:
            yield from self._of_command(command)
        for part in (*answer.messages, *answer.query_results.values()):
            yield Part(part, self.own)

    def _of_command(self, command: Command) -> Iterator[Part]:
        match command.WhichOneof("attributes"):
            case "record_marker_command_attributes":
                yield from self._of_marker(command.record_marker_command_attributes)
                yield Part(command.user_metadata, self.own)
            case "schedule_activity_task_command_attributes":
                activity = command.schedule_activity_task_command_attributes
                yield Part(
                    command,
                    self._activity(activity.activity_id, activity.activity_type.name, activity.task_queue.name),
                )
            case "start_child_workflow_execution_command_attributes":
                child = command.start_child_workflow_execution_command_attributes
                yield self._for_another(command, child.workflow_id, child.workflow_type.name)
            case "signal_external_workflow_execution_command_attributes":
                signalled = command.signal_external_workflow_execution_command_attributes
                yield self._for_another(command, signalled.execution.workflow_id)
            case "schedule_nexus_operation_command_attributes":
                yield Part(command, None)
            case "complete_workflow_execution_command_attributes":
                yield Part(command, self.own, self._parent)
            case _:
                yield Part(command, self.own)

    def _for_another(self, command: Command, workflow_id: str, workflow_type: str = "") -> Part:
        target = StorageDriverWorkflowInfo(namespace=self.own.namespace, id=workflow_id, type=workflow_type or None)
        return Part(command, self._workflow(workflow_id), target)

    # -- markers

    def _of_marker(self, marker: RecordMarkerCommandAttributes | MarkerRecordedEventAttributes) -> Iterator[Part]:
        """What a local activity or a side effect gave; what the SDK wrote beside it is none."""
        name = USERS_DETAILS.get(marker.marker_name)
        if name is None:
            return
        context: SerializationContext = self.own
        if marker.marker_name == LOCAL_ACTIVITY:
            mark = read_local_activity(marker)
            context = self._activity(mark.activity_id, mark.activity_type, "", is_local=True)
        if name in marker.details:
            yield Part(marker.details[name], context)
        if marker.HasField("failure"):
            yield Part(marker.failure, context)

    # -- for whom

    def _learn(self, event: HistoryEvent, kind: str) -> None:
        if kind == "activity_task_scheduled_event_attributes":
            scheduled = event.activity_task_scheduled_event_attributes
            self._activities[event.event_id] = self._activity(
                scheduled.activity_id, scheduled.activity_type.name, scheduled.task_queue.name
            )
            return
        started = event.workflow_execution_started_event_attributes
        self._workflow_type, self._task_queue = started.workflow_type.name, started.task_queue.name
        self._parent = _parent_to_answer(started)

    def _context_of_event(self, event: HistoryEvent, kind: str) -> SerializationContext | None:
        if kind.startswith("nexus_operation_"):
            return None
        attributes = getattr(event, kind)
        if kind.startswith("activity_task_"):
            return self._activities.get(attributes.scheduled_event_id, self.own)
        if kind.startswith("child_workflow_execution_"):
            return self._workflow(attributes.workflow_execution.workflow_id)
        return self.own

    def _workflow(self, workflow_id: str) -> WorkflowSerializationContext:
        return WorkflowSerializationContext(namespace=self.own.namespace, workflow_id=workflow_id)

    def _activity(
        self, activity_id: str, activity_type: str, task_queue: str, *, is_local: bool = False
    ) -> ActivitySerializationContext:
        return ActivitySerializationContext(
            namespace=self.own.namespace,
            activity_id=activity_id,
            activity_type=activity_type,
            activity_task_queue=task_queue or self._task_queue,
            workflow_id=self.own.workflow_id,
            workflow_type=self._workflow_type,
            is_local=is_local,
        )


def _parent_to_answer(started: WorkflowExecutionStartedEventAttributes) -> StorageDriverWorkflowInfo | None:
    """The parent, which a result is stored for since its history keeps it; not that of a later run of a chain."""
    if not started.HasField("parent_workflow_execution") or started.continued_execution_run_id:
        return None
    parent = started.parent_workflow_execution
    return StorageDriverWorkflowInfo(
        namespace=started.parent_workflow_namespace, id=parent.workflow_id, run_id=parent.run_id
    )
