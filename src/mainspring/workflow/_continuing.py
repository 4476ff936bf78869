"""Continue as new: end the run and start the next one of the same workflow, with an empty history.

The call never returns: the runtime raises a `ContinueAsNewError`, which has to leave the workflow function.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from datetime import timedelta
from typing import Any, Concatenate, NoReturn, TypedDict, Unpack, overload

from mainspring.common import RetryPolicy, SearchAttributes, TypedSearchAttributes
from mainspring.common._arguments import arg_or_args, arg_unset
from mainspring.common._search_attributes import warn_on_deprecated_search_attributes
from mainspring.types import MethodAsyncNoParam, MethodAsyncSingleParam, MultiParamSpec, ParamType, SelfType
from mainspring.workflow._children import fit_run
from mainspring.workflow._definition import Definition
from mainspring.workflow._event_groups import EventGroup
from mainspring.workflow._functions import WorkflowFunction
from mainspring.workflow._options import (
    ContinueAsNewVersioningBehavior,
    VersioningIntent,
    complete,
    spelled_out,
)
from mainspring.workflow._outbound import ContinueAsNewInput
from mainspring.workflow._runtime import Runtime


class _NextRun(TypedDict, total=False):
    """Options of the next run; what is left out is as in this one."""

    task_queue: str | None
    run_timeout: timedelta | None
    task_timeout: timedelta | None
    backoff_start_interval: timedelta | None
    retry_policy: RetryPolicy | None
    memo: Mapping[str, Any] | None
    search_attributes: SearchAttributes | TypedSearchAttributes | None
    versioning_intent: VersioningIntent | None
    initial_versioning_behavior: ContinueAsNewVersioningBehavior | None
    event_groups: Sequence[EventGroup] | None


_DEFAULTS: Mapping[str, Any] = dict.fromkeys(_NextRun.__annotations__)


@overload
def continue_as_new(arg: Any = arg_unset, *, args: Sequence[Any] = [], **options: Unpack[_NextRun]) -> NoReturn: ...


@overload
def continue_as_new(*, workflow: WorkflowFunction[[], Any], **options: Unpack[_NextRun]) -> NoReturn: ...


@overload
def continue_as_new(
    arg: ParamType, *, workflow: WorkflowFunction[[ParamType], Any], **options: Unpack[_NextRun]
) -> NoReturn: ...


@overload
def continue_as_new(
    *, workflow: WorkflowFunction[..., Any], args: Sequence[Any], **options: Unpack[_NextRun]
) -> NoReturn: ...


@overload
def continue_as_new(*, workflow: MethodAsyncNoParam[SelfType, Any], **options: Unpack[_NextRun]) -> NoReturn: ...


@overload
def continue_as_new(
    arg: ParamType, *, workflow: MethodAsyncSingleParam[SelfType, ParamType, Any], **options: Unpack[_NextRun]
) -> NoReturn: ...


@overload
def continue_as_new(
    *,
    workflow: Callable[Concatenate[SelfType, MultiParamSpec], Awaitable[Any]],
    args: Sequence[Any],
    **options: Unpack[_NextRun],
) -> NoReturn: ...


@overload
def continue_as_new(*, workflow: str, args: Sequence[Any] = [], **options: Unpack[_NextRun]) -> NoReturn: ...


@spelled_out(_NextRun, _DEFAULTS)
def continue_as_new(
    arg: Any = arg_unset,
    *,
    args: Sequence[Any] = [],
    workflow: Callable[..., Any] | str | None = None,
    **options: Unpack[_NextRun],
) -> NoReturn:
    """End this run at once and start the next one.

    Args:
        arg: The next run's only argument.
        args: Its arguments, if there are more.
        workflow: Another type to go on as: run method, function or name.
        **options: What the next run has otherwise than this one. `backoff_start_interval` is how long it waits before
            its first workflow task; `initial_versioning_behavior` says which worker version takes that task.

    Raises:
        ContinueAsNewError: always; let it leave the workflow function.
    """
    warn_on_deprecated_search_attributes(options.get("search_attributes"))
    runtime = Runtime.current()
    runtime.assert_not_read_only("continue as new")
    name, arg_types, fitting = _next(workflow, arg_or_args(arg, args))
    completed = complete("continue_as_new", _DEFAULTS, options)
    runtime.workflow_outbound.continue_as_new(
        ContinueAsNewInput(workflow=name, args=fitting, headers={}, arg_types=arg_types, **completed)
    )


def _next(workflow: object, args: Sequence[Any]) -> tuple[str | None, list[type] | None, Sequence[Any]]:
    """The type's name, None for the same again; its arguments' types; its arguments, checked."""
    if workflow is None or isinstance(workflow, str):
        return workflow, None, args
    if not callable(workflow):
        raise TypeError("Workflow must be None, a string, or callable")
    definition = Definition.must_from_run_fn(workflow)
    return definition.name, definition.arg_types, fit_run(definition, args)
