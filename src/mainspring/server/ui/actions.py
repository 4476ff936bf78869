"""What can be done to a run: each action as a form and as the request that it becomes.

    ACTIONS["terminate"]   label, fields, and build(Target, form) -> request of the API

A form carries a request id of its own, so that one that is sent twice does its work once.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Final

import msgspec
from google.protobuf.duration_pb2 import Duration
from google.protobuf.message import Message
from temporalio.api.common.v1 import WorkflowExecution
from temporalio.api.enums.v1 import QueryRejectCondition, UpdateWorkflowExecutionLifecycleStage
from temporalio.api.query.v1 import WorkflowQuery
from temporalio.api.update.v1 import Input, Meta, Request, WaitPolicy
from temporalio.api.workflowservice.v1 import (
    DeleteWorkflowExecutionRequest,
    DeleteWorkflowExecutionResponse,
    QueryWorkflowRequest,
    QueryWorkflowResponse,
    RequestCancelWorkflowExecutionRequest,
    RequestCancelWorkflowExecutionResponse,
    SignalWorkflowExecutionRequest,
    SignalWorkflowExecutionResponse,
    TerminateWorkflowExecutionRequest,
    TerminateWorkflowExecutionResponse,
    UpdateWorkflowExecutionRequest,
    UpdateWorkflowExecutionResponse,
)

from mainspring.server.ui import arguments
from mainspring.server.ui.arguments import WrongField
from mainspring.server.ui.page import Fields

IDENTITY: Final = "mainspring-ui"
_REASON: Final = "From the web UI"
_COMPLETED: Final = UpdateWorkflowExecutionLifecycleStage.UPDATE_WORKFLOW_EXECUTION_LIFECYCLE_STAGE_COMPLETED


class Target(msgspec.Struct, frozen=True):
    """The run that is meant; without a run id the workflow's current one."""

    namespace: str
    workflow_id: str
    run_id: str

    @property
    def execution(self) -> WorkflowExecution:
        return WorkflowExecution(workflow_id=self.workflow_id, run_id=self.run_id)


class Field(msgspec.Struct, frozen=True, kw_only=True):
    """One line of text in a form."""

    name: str
    label: str
    hint: str = ""
    is_required: bool = False


class Action(msgspec.Struct, frozen=True, kw_only=True):
    """Something that can be done to a run."""

    name: str
    label: str
    explanation: str
    rpc: str
    build: Callable[[Target, Fields], Message]
    reply_type: type[Message]
    fields: tuple[Field, ...] = ()
    takes_input: bool = False
    is_dangerous: bool = False
    is_for_many: bool = False  # also for selected rows of the list


def _name(form: Fields) -> str:
    name = form.one("name")
    if not name:
        raise WrongField("name", "a name is needed")
    return name


def _signal(target: Target, form: Fields) -> Message:
    return SignalWorkflowExecutionRequest(
        namespace=target.namespace,
        workflow_execution=target.execution,
        signal_name=_name(form),
        input=arguments.taken(form),
        identity=IDENTITY,
        request_id=form.one("request_id"),
    )


def _cancel(target: Target, form: Fields) -> Message:
    return RequestCancelWorkflowExecutionRequest(
        namespace=target.namespace,
        workflow_execution=target.execution,
        reason=form.one("reason") or _REASON,
        identity=IDENTITY,
        request_id=form.one("request_id"),
    )


def _terminate(target: Target, form: Fields) -> Message:
    return TerminateWorkflowExecutionRequest(
        namespace=target.namespace,
        workflow_execution=target.execution,
        reason=form.one("reason") or _REASON,
        identity=IDENTITY,
    )


def _delete(target: Target, _form: Fields) -> Message:
    return DeleteWorkflowExecutionRequest(namespace=target.namespace, workflow_execution=target.execution)


def _query(target: Target, form: Fields) -> Message:
    return QueryWorkflowRequest(
        namespace=target.namespace,
        execution=target.execution,
        query=WorkflowQuery(query_type=_name(form), query_args=arguments.taken(form)),
        query_reject_condition=QueryRejectCondition.QUERY_REJECT_CONDITION_NONE,
    )


def _update(target: Target, form: Fields) -> Message:
    return UpdateWorkflowExecutionRequest(
        namespace=target.namespace,
        workflow_execution=target.execution,
        wait_policy=WaitPolicy(lifecycle_stage=_COMPLETED),
        request=Request(
            meta=Meta(update_id=form.one("request_id"), identity=IDENTITY),
            input=Input(name=_name(form), args=arguments.taken(form)),
        ),
    )


def duration_of(seconds: float) -> Duration:
    """Seconds as the API's duration."""
    made = Duration()
    made.FromNanoseconds(round(seconds * 1e9))
    return made


_NAME_OF: Final = Field(name="name", label="Name", is_required=True)
_WHY: Final = Field(name="reason", label="Reason", hint="Stands in the history.")

ACTIONS: Final[Mapping[str, Action]] = {
    action.name: action
    for action in (
        Action(
            name="signal",
            label="Signal",
            explanation="Sends a signal. It stands in the history; the workflow's code reads it when a worker comes.",
            rpc="SignalWorkflowExecution",
            build=_signal,
            reply_type=SignalWorkflowExecutionResponse,
            fields=(_NAME_OF,),
            takes_input=True,
            is_for_many=True,
        ),
        Action(
            name="update",
            label="Update",
            explanation="Sends an update and waits for its outcome. A worker must be running.",
            rpc="UpdateWorkflowExecution",
            build=_update,
            reply_type=UpdateWorkflowExecutionResponse,
            fields=(_NAME_OF,),
            takes_input=True,
        ),
        Action(
            name="query",
            label="Query",
            explanation="Asks the workflow's code for an answer. Nothing changes. A worker must be running.",
            rpc="QueryWorkflow",
            build=_query,
            reply_type=QueryWorkflowResponse,
            fields=(_NAME_OF,),
            takes_input=True,
        ),
        Action(
            name="cancel",
            label="Cancel",
            explanation="Asks the workflow to end. Its code may clean up first, or go on.",
            rpc="RequestCancelWorkflowExecution",
            build=_cancel,
            reply_type=RequestCancelWorkflowExecutionResponse,
            fields=(_WHY,),
            is_for_many=True,
        ),
        Action(
            name="terminate",
            label="Terminate",
            explanation="Ends the run at once. Its code is not asked, nothing is cleaned up. This cannot be undone.",
            rpc="TerminateWorkflowExecution",
            build=_terminate,
            reply_type=TerminateWorkflowExecutionResponse,
            fields=(_WHY,),
            is_dangerous=True,
            is_for_many=True,
        ),
        Action(
            name="delete",
            label="Delete",
            explanation="Forgets the run and its history; a running one is terminated first. This cannot be undone.",
            rpc="DeleteWorkflowExecution",
            build=_delete,
            reply_type=DeleteWorkflowExecutionResponse,
            is_dangerous=True,
            is_for_many=True,
        ),
    )
}
FOR_MANY: Final = tuple(action for action in ACTIONS.values() if action.is_for_many)
