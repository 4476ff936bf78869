"""Updates: admitted, carried to a worker by a workflow task, then rejected without trace, or accepted and completed.

    admit -> [task starts] send -> (worker) accept -> complete
                                       '-> reject

An admitted update is in the run's state, not in its history: any node can deliver it, and a restart loses nothing. Who
waits is told by notices. A duplicate of a known update id joins it.
Reference: tests/differential/test_updates.py.
"""

from __future__ import annotations

from typing import TypeVar

from google.protobuf.any_pb2 import Any as AnyMessage
from temporalio.api.enums.v1 import ResourceExhaustedCause, WorkflowTaskFailedCause
from temporalio.api.failure.v1 import ApplicationFailureInfo, Failure
from temporalio.api.protocol.v1 import Message
from temporalio.api.update.v1 import Acceptance, Outcome, Rejection, Request, Response

from mainspring.server.engine import events, names, workflow_task
from mainspring.server.engine.errors import (
    BadCommand,
    FailedPrecondition,
    InvalidArgument,
    NotFound,
    ResourceExhausted,
    ServiceError,
    WorkflowClosing,
    WorkflowCompleted,
    WorkflowNotReady,
)
from mainspring.server.engine.notices import UpdateNotice
from mainspring.server.engine.records import Update, WorkflowTask
from mainspring.server.engine.run import Run
from mainspring.server.engine.stages import UPDATE_MOVES, UpdateStage, move

M = TypeVar("M", Acceptance, Rejection, Response)

_BAD = WorkflowTaskFailedCause.WORKFLOW_TASK_FAILED_CAUSE_BAD_UPDATE_WORKFLOW_EXECUTION_MESSAGE
_UNANSWERED = (UpdateStage.ADMITTED, UpdateStage.SENT)

ABORTED_BY_CLOSE = "workflow update was aborted by closing workflow"
FAILING_TASK_ATTEMPT = 3
_ENVELOPE_BYTES = 57  # about what the type's name adds to a request on its way to a worker


def server_failure(message: str, error_type: str) -> Failure:
    """A failure that the server itself gives an update."""
    info = ApplicationFailureInfo(type=error_type, non_retryable=True)
    return Failure(message=message, source="Server", application_failure_info=info)


UNPROCESSED = server_failure(
    "Workflow Update is rejected because it wasn't processed by worker. "
    "Probably, Workflow Update is not supported by the worker.",
    "UnprocessedUpdate",
)
RUN_COMPLETED = server_failure(
    "Workflow Update failed because the Workflow completed before the Update completed.",
    "AcceptedUpdateCompletedWorkflow",
)


def find(run: Run, update_id: str) -> Update | None:
    """The update of that id, completed or not."""
    return run.updates.get(update_id) or run.completed_updates.get(update_id)


# -- admission


def admit(run: Run, request: Request) -> Update:
    """A client sends an update: note it and make sure that a workflow task will carry it.

    Returns: the update, which may be an older one with the same id.

    Raises:
        NotFound: the run is closed and never knew the update.
        WorkflowNotReady: the run's workflow task keeps failing.
        ResourceExhausted: too many updates are in flight, or too large ones.
        FailedPrecondition: the run has had as many updates as it takes.
        WorkflowClosing: the run is closing.
    """
    known = find(run, request.meta.update_id)
    if known is not None:
        return known
    _check_open(run)
    _check_limits(run, request)
    update = Update(
        update_id=request.meta.update_id,
        admitted_at=run.now,
        request_bytes=request.SerializeToString(),
        order=_total_count(run),
    )
    run.updates.put(update.update_id, update)
    if run.state.task is None and not run.state.first_task_at:
        workflow_task.schedule(run, is_speculative=True)
    return update


def _check_open(run: Run) -> None:
    if not run.is_running:
        raise WorkflowCompleted
    if run.state.next_attempt >= FAILING_TASK_ATTEMPT:
        raise WorkflowNotReady("Unable to perform workflow execution update due to Workflow Task in failed state.")
    if run.state.close_attempted and run.has_started_task:
        raise WorkflowClosing


def _total_count(run: Run) -> int:
    return len(run.updates) + len(run.completed_updates)


def _check_limits(run: Run, request: Request) -> None:
    limits = run.limits
    limit = limits.updates_in_flight_count
    if limit and len(run.updates) >= limit:
        raise ResourceExhausted(
            f"limit on number of concurrent in-flight updates has been reached ({limit})",
            ResourceExhaustedCause.RESOURCE_EXHAUSTED_CAUSE_CONCURRENT_LIMIT,
        )
    if limits.updates_total_count and _total_count(run) >= limits.updates_total_count:
        raise FailedPrecondition(
            f"The limit on the total number of distinct updates in this workflow has been reached "
            f"({limits.updates_total_count}). Make sure any duplicate updates share an Update ID so the server can "
            "deduplicate them, and consider rejecting updates that you aren't going to process. You can also "
            "Continue-as-New to avoid this; we recommend you check Continue-as-New Suggested in your Workflow."
        )
    size_bytes = (
        2 * names.size_of(request.meta.update_id)
        + request.ByteSize()
        + sum(map(_in_flight_bytes, run.updates.values()))
    )
    limit_bytes = limits.updates_in_flight_size_bytes
    if limit_bytes and size_bytes >= limit_bytes:
        raise ResourceExhausted(
            f"limit on total payload size of in-flight updates has been reached ({limit_bytes} bytes)",
            ResourceExhaustedCause.RESOURCE_EXHAUSTED_CAUSE_CONCURRENT_LIMIT,
        )


def _in_flight_bytes(update: Update) -> int:
    """What an update weighs in the limit, as the real server counts: its id twice, and its request until accepted."""
    size_bytes = 2 * names.size_of(update.update_id)
    if update.request_bytes:
        size_bytes += _ENVELOPE_BYTES + len(update.request_bytes)
    return size_bytes


# -- with a workflow task


def send(run: Run, task: WorkflowTask) -> list[Message]:
    """A worker starts `task`: the requests that it gets along, oldest first."""
    messages: list[Message] = []
    if not run.updates:
        return messages
    for update in sorted(run.updates.values(), key=lambda u: (u.admitted_at, u.order)):
        if update.stage not in _UNANSWERED:
            continue
        if update.stage is UpdateStage.ADMITTED:
            move(update, UpdateStage.SENT, UPDATE_MOVES)
        update.sequencing_event_id = task.started_event_id - 1
        run.updates.touch(update.update_id)
        messages.append(_request_message(update))
    return messages


def _request_message(update: Update) -> Message:
    body = AnyMessage()
    body.Pack(Request.FromString(update.request_bytes))
    return Message(
        id=f"{update.update_id}/request",
        protocol_instance_id=update.update_id,
        event_id=update.sequencing_event_id,
        body=body,
    )


def has_waiting(run: Run) -> bool:
    """Some update waits for a workflow task to carry it."""
    return bool(run.updates) and any(u.stage in _UNANSWERED for u in run.updates.values())


def take_back(run: Run, *, seen_are_failed: bool) -> None:
    """The workflow task that carried updates failed: they go with the next one.

    `seen_are_failed`: the worker's answer was at fault, so trying the same updates again would fail again.
    """
    for update in list(run.updates.values()):
        if update.stage is not UpdateStage.SENT:
            continue
        if seen_are_failed:
            error = WorkflowNotReady(
                "Unable to perform workflow execution update due to unexpected workflow task failure."
            )
            _forget(run, update, error=error)
        else:
            move(update, UpdateStage.ADMITTED, UPDATE_MOVES)
            run.updates.touch(update.update_id)


def reject_unprocessed(run: Run) -> None:
    """The worker completed its task without a word on updates that it was sent: it does not know of updates."""
    for update in list(run.updates.values()):
        if update.stage is UpdateStage.SENT:
            _forget(run, update, outcome=Outcome(failure=UNPROCESSED))


# -- the worker's answers


def handle_message(run: Run, message: Message) -> None:
    """One protocol message of a workflow task completion.

    Raises:
        BadCommand: it does not fit the update's life, is of an unknown protocol, or too large.
        InvalidArgument: it has no body.
    """
    if not message.HasField("body"):
        raise InvalidArgument("nil message body")
    name = message.body.TypeName()
    if message.body.ByteSize() > run.limits.blob_size_error_bytes:
        raise BadCommand(_BAD, f"Message type {name} exceeds size limit.", terminates=True)
    handlers = {
        Acceptance.DESCRIPTOR.full_name: _accept,
        Response.DESCRIPTOR.full_name: _complete,
        Rejection.DESCRIPTOR.full_name: _reject,
    }
    handler = handlers.get(name)
    if handler is None:
        raise BadCommand(_BAD, f"unsupported protocol message type {name}")
    update = find(run, message.protocol_instance_id) or _resurrect(run, message)
    if update is None:
        raise BadCommand(
            _BAD,
            f"update {message.protocol_instance_id} wasn't found on the server. "
            "This is most likely a transient error which will be resolved automatically by retries",
        )
    handler(run, update, message)


def _resurrect(run: Run, message: Message) -> Update | None:
    """A worker accepts or rejects an update that we no longer know, and sends its request along: take it on again."""
    request: Request | None = None
    if message.body.Is(Acceptance.DESCRIPTOR):
        request = _unpack(message, Acceptance).accepted_request
    elif message.body.Is(Rejection.DESCRIPTOR):
        request = _unpack(message, Rejection).rejected_request
    if request is None or not request.HasField("meta"):
        return None
    update = Update(
        update_id=message.protocol_instance_id,
        admitted_at=run.now,
        stage=UpdateStage.SENT,
        request_bytes=request.SerializeToString(),
        order=_total_count(run),
    )
    run.updates.put(update.update_id, update)
    return update


def _unpack(message: Message, kind: type[M]) -> M:
    body = kind()
    if not message.body.Unpack(body):
        raise BadCommand(_BAD, f"unable to unmarshal {kind.DESCRIPTOR.full_name}")
    return body


def _expect(run: Run, update: Update, stage: UpdateStage, what: str) -> None:
    if update.stage is stage:
        return
    state = update.stage.capitalize()
    if max(update.accepted_event_id, update.completed_event_id) > run.state.last_completed_started_event_id:
        state = f"Provisionally{state}"  # it came there by the same completion
    raise BadCommand(
        _BAD,
        f"invalid state transition attempted for Update {update.update_id}: "
        f"received {what} message while in state {state}",
    )


def _accept(run: Run, update: Update, message: Message) -> None:
    _expect(run, update, UpdateStage.SENT, "*update.Acceptance")
    body = _unpack(message, Acceptance)
    event = events.workflow_execution_update_accepted(
        run,
        message,
        f"{update.update_id}/request",
        body.accepted_request_sequencing_event_id,
        Request.FromString(update.request_bytes),
    )
    move(update, UpdateStage.ACCEPTED, UPDATE_MOVES)
    update.accepted_event_id = event.event_id
    update.request_bytes = b""
    run.updates.touch(update.update_id)
    run.notices.append(UpdateNotice(update.update_id, accepted_event_id=event.event_id))


def _complete(run: Run, update: Update, message: Message) -> None:
    _expect(run, update, UpdateStage.ACCEPTED, "*update.Response")
    body = _unpack(message, Response)
    event = events.workflow_execution_update_completed(run, update.accepted_event_id, body)
    move(update, UpdateStage.COMPLETED, UPDATE_MOVES)
    update.completed_event_id = event.event_id
    run.updates.remove(update.update_id)
    run.completed_updates.put(update.update_id, update)
    notice = UpdateNotice(update.update_id, update.accepted_event_id, body.outcome.SerializeToString())
    run.notices.append(notice)


def _reject(run: Run, update: Update, message: Message) -> None:
    _expect(run, update, UpdateStage.SENT, "*update.Rejection")
    body = _unpack(message, Rejection)
    _forget(run, update, outcome=Outcome(failure=body.failure))


def _forget(run: Run, update: Update, *, outcome: Outcome | None = None, error: ServiceError | None = None) -> None:
    move(update, UpdateStage.GONE, UPDATE_MOVES)
    run.updates.remove(update.update_id)
    outcome_bytes = None if outcome is None else outcome.SerializeToString()
    run.notices.append(UpdateNotice(update.update_id, outcome_bytes=outcome_bytes, error=error))


# -- the run closes


def abort_all(run: Run, *, continues: bool) -> None:
    """The run closes. What was accepted fails for good; what was not goes to the next run, if there is one."""
    for update in list(run.updates.values()):
        if update.stage in _UNANSWERED:
            error = WorkflowClosing() if continues else NotFound(ABORTED_BY_CLOSE)
            _forget(run, update, error=error)
        elif update.stage is UpdateStage.ACCEPTED:
            failed = Outcome(failure=RUN_COMPLETED).SerializeToString()
            run.notices.append(UpdateNotice(update.update_id, update.accepted_event_id, failed))
