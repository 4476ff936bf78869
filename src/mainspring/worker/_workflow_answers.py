"""The requests that answer a workflow task, made from what the replay core says.

Answerer.completed | failed | query_answered | query_failed
"""

from __future__ import annotations

from typing import cast

import msgspec
from temporalio.api.common.v1 import Payload, Payloads
from temporalio.api.deployment.v1 import WorkerDeploymentOptions
from temporalio.api.enums.v1 import (
    QueryResultType,
    VersioningBehavior,
    WorkflowTaskFailedCause,
    task_queue_pb2,
)
from temporalio.api.failure.v1 import Failure
from temporalio.api.query.v1 import WorkflowQueryResult
from temporalio.api.workflowservice.v1 import (
    PollWorkflowTaskQueueResponse,
    RespondQueryTaskCompletedRequest,
    RespondWorkflowTaskCompletedRequest,
    RespondWorkflowTaskFailedRequest,
)

from mainspring import __version__
from mainspring.replay.task import LEGACY_QUERY, Answer, QueryAnswer
from mainspring.worker._run_stacks import SDK_NAME

ANSWERED = QueryResultType.QUERY_RESULT_TYPE_ANSWERED
FAILED = QueryResultType.QUERY_RESULT_TYPE_FAILED


class Answerer(msgspec.Struct, kw_only=True, frozen=True):
    """Who answers: what every request of a worker says of it."""

    namespace: str
    identity: str
    task_queue: str
    sticky_queue: str = ""  # "" = each task may go to any worker, with its whole history
    sticky_timeout_ns: int = 0  # how long a task waits for this worker before any may have it
    binary_checksum: str = ""
    build_id: str = ""  # of a worker whose deployment does not say it
    deployment: WorkerDeploymentOptions | None = None
    worker_instance_key: str = ""
    _completed: bytes = b""  # what is the same in all answers to workflow tasks

    def __post_init__(self) -> None:
        """Write what is the same in all answers once: to read that is far cheaper than to set each field."""
        msgspec.structs.force_setattr(self, "_completed", self._always().SerializeToString())

    def completed(
        self, task: PollWorkflowTaskQueueResponse, answer: Answer, *, force_new: bool = False
    ) -> RespondWorkflowTaskCompletedRequest:
        """The answer to a task. `force_new`: another task is wanted at once, since local activities still run."""
        request = RespondWorkflowTaskCompletedRequest.FromString(self._completed)
        request.task_token = task.task_token
        for command in answer.commands:
            request.commands.append(command)
        if answer.messages:
            request.messages.extend(answer.messages)
        if force_new:
            request.force_create_new_workflow_task = True
        if answer.versioning_behavior:
            request.versioning_behavior = VersioningBehavior.ValueType(answer.versioning_behavior)
        for one in answer.queries:
            if one.query_id != LEGACY_QUERY:
                request.query_results[one.query_id].CopyFrom(_result(one))
        if answer.core_flags:
            request.sdk_metadata.core_used_flags.extend(answer.core_flags)
        if answer.language_flags:
            request.sdk_metadata.lang_used_flags.extend(answer.language_flags)
        return request

    def _always(self) -> RespondWorkflowTaskCompletedRequest:
        request = RespondWorkflowTaskCompletedRequest(
            identity=self.identity,
            namespace=self.namespace,
            return_new_workflow_task=True,
            binary_checksum=self.binary_checksum,
        )
        if self.sticky_queue:
            sticky = request.sticky_attributes
            sticky.worker_task_queue.name = self.sticky_queue
            sticky.worker_task_queue.kind = task_queue_pb2.TASK_QUEUE_KIND_STICKY
            sticky.worker_task_queue.normal_name = self.task_queue
            sticky.schedule_to_start_timeout.FromNanoseconds(self.sticky_timeout_ns)
        if self.build_id:
            request.worker_version_stamp.build_id = self.build_id
        request.sdk_metadata.sdk_name = SDK_NAME
        request.sdk_metadata.sdk_version = __version__
        request.capabilities.discard_speculative_workflow_task_with_events = True
        if self.deployment is not None:
            request.deployment_options.CopyFrom(self.deployment)
        return request

    def failed(
        self, task: PollWorkflowTaskQueueResponse, cause: WorkflowTaskFailedCause.ValueType, failure: Failure
    ) -> RespondWorkflowTaskFailedRequest:
        """The task cannot be done, for now."""
        request = RespondWorkflowTaskFailedRequest(
            task_token=task.task_token,
            cause=cause,
            failure=failure,
            identity=self.identity,
            namespace=self.namespace,
            binary_checksum=self.binary_checksum,
        )
        if self.deployment is not None:
            request.deployment_options.CopyFrom(self.deployment)
        return request

    def query_answered(
        self, task: PollWorkflowTaskQueueResponse, answer: QueryAnswer | None
    ) -> RespondQueryTaskCompletedRequest:
        """The answer to a task that is a query; None: workflow code did not get as far as answering."""
        request = RespondQueryTaskCompletedRequest(task_token=task.task_token, namespace=self.namespace)
        if answer is None:
            failure = Failure(message="the workflow could not be brought to where it can be asked")
            answer = QueryAnswer(LEGACY_QUERY, failure=failure)
        result = _result(answer)
        request.completed_type = result.result_type
        request.query_result.CopyFrom(result.answer)
        request.error_message = result.error_message
        if result.HasField("failure"):
            request.failure.CopyFrom(result.failure)
        return request

    def query_failed(self, task: PollWorkflowTaskQueueResponse, failure: Failure) -> RespondQueryTaskCompletedRequest:
        """The run could not be replayed, so that it cannot be asked."""
        return self.query_answered(task, QueryAnswer(LEGACY_QUERY, failure=failure))


def _result(answer: QueryAnswer) -> WorkflowQueryResult:
    if answer.failure is not None:
        failure = cast("Failure", answer.failure)
        return WorkflowQueryResult(result_type=FAILED, error_message=failure.message, failure=failure)
    payloads = [answer.result] if isinstance(answer.result, Payload) else []
    return WorkflowQueryResult(result_type=ANSWERED, answer=Payloads(payloads=payloads))
