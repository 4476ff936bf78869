"""What schedules do: start workflows.

ScheduleActionStartWorkflow(Report.run, Month(2026, 11), id="report", task_queue="reports")
"""

from __future__ import annotations

from abc import ABC
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any, Concatenate, TypedDict, Unpack, overload

from temporalio.api.common.v1 import Payload
from temporalio.api.workflow.v1 import NewWorkflowExecutionInfo

from mainspring.client._calls import duration_of
from mainspring.common import Priority, RetryPolicy, SearchAttributes, TypedSearchAttributes
from mainspring.common._arguments import arg_or_args, arg_unset
from mainspring.converter import decode_search_attributes, decode_typed_search_attributes
from mainspring.types import (
    MethodAsyncNoParam,
    MethodAsyncSingleParam,
    MultiParamSpec,
    ParamType,
    ReturnType,
    SelfType,
)
from mainspring.workflow._definition import Definition
from mainspring.workflow._functions import WorkflowFunction

NO_ARGS: Sequence[Any] = []
NO_ATTRIBUTES: SearchAttributes = {}


class ScheduleAction(ABC):  # noqa: B024 # only tells the kinds of actions from anything else
    """What a schedule does."""


class _Options(TypedDict, total=False):
    """What every way to describe the workflow takes."""

    id: str | None
    task_queue: str | None
    execution_timeout: timedelta | None
    run_timeout: timedelta | None
    task_timeout: timedelta | None
    retry_policy: RetryPolicy | None
    memo: Mapping[str, Any] | None
    typed_search_attributes: TypedSearchAttributes
    untyped_search_attributes: SearchAttributes
    static_summary: str | None
    static_details: str | None
    headers: Mapping[str, Payload] | None
    priority: Priority


@dataclass
class ScheduleActionStartWorkflow(ScheduleAction):
    """Start a workflow, under `id` and the time at which it was due.

    An action that came from a server holds payloads where the server gave payloads: arguments, memo, summary, details.
    Sent back, they go as they are.
    """

    workflow: str
    args: Sequence[Any] | Sequence[Payload]
    id: str
    task_queue: str
    execution_timeout: timedelta | None
    run_timeout: timedelta | None
    task_timeout: timedelta | None
    retry_policy: RetryPolicy | None
    memo: Mapping[str, Any] | Mapping[str, Payload] | None
    typed_search_attributes: TypedSearchAttributes
    untyped_search_attributes: SearchAttributes
    static_summary: str | Payload | None
    static_details: str | Payload | None
    priority: Priority
    headers: Mapping[str, Payload] | None
    from_raw: bool = field(compare=False, repr=False, init=False)

    @overload
    def __init__(self, workflow: WorkflowFunction[[], ReturnType], **options: Unpack[_Options]) -> None: ...

    @overload
    def __init__(
        self, workflow: WorkflowFunction[[ParamType], ReturnType], arg: ParamType, **options: Unpack[_Options]
    ) -> None: ...

    @overload
    def __init__(
        self, workflow: WorkflowFunction[..., ReturnType], *, args: Sequence[Any], **options: Unpack[_Options]
    ) -> None: ...

    @overload
    def __init__(self, workflow: MethodAsyncNoParam[SelfType, ReturnType], **options: Unpack[_Options]) -> None: ...

    @overload
    def __init__(
        self,
        workflow: MethodAsyncSingleParam[SelfType, ParamType, ReturnType],
        arg: ParamType,
        **options: Unpack[_Options],
    ) -> None: ...

    @overload
    def __init__(
        self,
        workflow: Callable[Concatenate[SelfType, MultiParamSpec], Awaitable[ReturnType]],
        *,
        args: Sequence[Any],
        **options: Unpack[_Options],
    ) -> None: ...

    @overload
    def __init__(
        self,
        workflow: str,
        arg: Any = arg_unset,
        *,
        args: Sequence[Any] = NO_ARGS,
        raw_info: NewWorkflowExecutionInfo | None = None,
        **options: Unpack[_Options],
    ) -> None: ...

    def __init__(
        self,
        workflow: str | Callable[..., Awaitable[Any]],
        arg: Any = arg_unset,
        *,
        args: Sequence[Any] = NO_ARGS,
        id: str | None = None,
        task_queue: str | None = None,
        execution_timeout: timedelta | None = None,
        run_timeout: timedelta | None = None,
        task_timeout: timedelta | None = None,
        retry_policy: RetryPolicy | None = None,
        memo: Mapping[str, Any] | None = None,
        typed_search_attributes: TypedSearchAttributes = TypedSearchAttributes.empty,
        untyped_search_attributes: SearchAttributes = NO_ATTRIBUTES,
        static_summary: str | None = None,
        static_details: str | None = None,
        headers: Mapping[str, Payload] | None = None,
        raw_info: NewWorkflowExecutionInfo | None = None,
        priority: Priority = Priority.default,
    ) -> None:
        """As `Client.start_workflow`. `raw_info` is what a server says, instead of all the rest.

        Raises:
            ValueError: no id, no task queue, or no workflow.
            TypeError: the workflow is neither a name nor a function.
        """
        super().__init__()
        self.from_raw = raw_info is not None
        if raw_info is not None:
            self._take(raw_info)
            return
        if not id:
            raise ValueError("ID required")
        if not task_queue:
            raise ValueError("Task queue required")
        self.workflow = _name_of(workflow)
        self.args = arg_or_args(arg, args)
        self.id = id
        self.task_queue = task_queue
        self.execution_timeout = execution_timeout
        self.run_timeout = run_timeout
        self.task_timeout = task_timeout
        self.retry_policy = retry_policy
        self.memo = memo
        self.typed_search_attributes = typed_search_attributes
        self.untyped_search_attributes = untyped_search_attributes
        self.headers = headers
        self.static_summary = static_summary
        self.static_details = static_details
        self.priority = priority

    def _take(self, raw: NewWorkflowExecutionInfo) -> None:
        self.workflow = raw.workflow_type.name
        self.args = raw.input.payloads
        self.id = raw.workflow_id
        self.task_queue = raw.task_queue.name
        self.execution_timeout = duration_of(raw, "workflow_execution_timeout")
        self.run_timeout = duration_of(raw, "workflow_run_timeout")
        self.task_timeout = duration_of(raw, "workflow_task_timeout")
        self.retry_policy = RetryPolicy.from_proto(raw.retry_policy) if raw.HasField("retry_policy") else None
        self.memo = raw.memo.fields or None
        self.headers = raw.header.fields or None
        typed = decode_typed_search_attributes(raw.search_attributes)
        known = {pair.key.name for pair in typed}
        untyped = decode_search_attributes(raw.search_attributes)
        self.typed_search_attributes = typed
        self.untyped_search_attributes = {name: value for name, value in untyped.items() if name not in known}
        metadata = raw.user_metadata
        self.static_summary = metadata.summary if raw.HasField("user_metadata") else None
        self.static_details = metadata.details if raw.HasField("user_metadata") else None
        self.priority = (
            Priority._from_proto(raw.priority)  # pyright: ignore[reportPrivateUsage] # the official name
            if raw.HasField("priority")
            else Priority.default
        )


def _name_of(workflow: str | Callable[..., Awaitable[Any]]) -> str:
    if isinstance(workflow, str):
        return workflow
    if not callable(workflow):
        raise TypeError("Workflow must be a string or callable")
    definition = Definition.must_from_run_fn(workflow)
    if not definition.name:
        raise ValueError("Cannot schedule dynamic workflow explicitly")
    return definition.name
