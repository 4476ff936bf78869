"""Start child workflows: by run method, by function, by name.

`start_child_workflow` waits until the child is started and gives its handle, `execute_child_workflow` waits for its
result. Overloads tell a checker what each workflow takes and returns.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any, Concatenate, Unpack, overload

from mainspring.activity._arity import Arity, is_method
from mainspring.common._arguments import arg_or_args, arg_unset
from mainspring.common._search_attributes import warn_on_deprecated_search_attributes
from mainspring.types import MethodAsyncNoParam, MethodAsyncSingleParam, MultiParamSpec, ParamType, ReturnType, SelfType
from mainspring.workflow._definition import Definition
from mainspring.workflow._functions import WorkflowFunction
from mainspring.workflow._handles import ChildWorkflowHandle
from mainspring.workflow._options import CHILD_WORKFLOW_DEFAULTS, ChildWorkflowConfig, complete, spelled_out
from mainspring.workflow._scheduling import Target, schedule_child_workflow


@overload
async def start_child_workflow(
    workflow: WorkflowFunction[[], ReturnType], **options: Unpack[ChildWorkflowConfig]
) -> ChildWorkflowHandle[Any, ReturnType]: ...


@overload
async def start_child_workflow(
    workflow: WorkflowFunction[[ParamType], ReturnType], arg: ParamType, **options: Unpack[ChildWorkflowConfig]
) -> ChildWorkflowHandle[Any, ReturnType]: ...


@overload
async def start_child_workflow(
    workflow: WorkflowFunction[..., ReturnType], *, args: Sequence[Any], **options: Unpack[ChildWorkflowConfig]
) -> ChildWorkflowHandle[Any, ReturnType]: ...


@overload
async def start_child_workflow(
    workflow: MethodAsyncNoParam[SelfType, ReturnType], **options: Unpack[ChildWorkflowConfig]
) -> ChildWorkflowHandle[SelfType, ReturnType]: ...


@overload
async def start_child_workflow(
    workflow: MethodAsyncSingleParam[SelfType, ParamType, ReturnType],
    arg: ParamType,
    **options: Unpack[ChildWorkflowConfig],
) -> ChildWorkflowHandle[SelfType, ReturnType]: ...


@overload
async def start_child_workflow(
    workflow: Callable[Concatenate[SelfType, MultiParamSpec], Awaitable[ReturnType]],
    *,
    args: Sequence[Any],
    **options: Unpack[ChildWorkflowConfig],
) -> ChildWorkflowHandle[SelfType, ReturnType]: ...


@overload
async def start_child_workflow(
    workflow: str,
    arg: Any = arg_unset,
    *,
    args: Sequence[Any] = [],
    result_type: type | None = None,
    **options: Unpack[ChildWorkflowConfig],
) -> ChildWorkflowHandle[Any, Any]: ...


@spelled_out(ChildWorkflowConfig, CHILD_WORKFLOW_DEFAULTS)
async def start_child_workflow(
    workflow: Any,
    arg: Any = arg_unset,
    *,
    args: Sequence[Any] = [],
    result_type: type | None = None,
    **options: Unpack[ChildWorkflowConfig],
) -> ChildWorkflowHandle[Any, Any]:
    """Start a child workflow, wait until it is started, and give its handle, a task that gives its result.

    Args:
        workflow: The run method, the function, or the type's name.
        arg: The workflow's only argument.
        args: Its arguments, if there are more.
        result_type: What to convert the result into; a function says so itself.
        **options: Where and how to run it. Without an `id` it gets a random one.

    Raises:
        WorkflowAlreadyStartedError: one with this id is running, or the reuse policy forbids it.
        TypeError: the arguments do not fit the function, or there is no such option.
    """
    return await _start("start_child_workflow", workflow, arg_or_args(arg, args), result_type, options)


@overload
async def execute_child_workflow(
    workflow: WorkflowFunction[[], ReturnType], **options: Unpack[ChildWorkflowConfig]
) -> ReturnType: ...


@overload
async def execute_child_workflow(
    workflow: WorkflowFunction[[ParamType], ReturnType], arg: ParamType, **options: Unpack[ChildWorkflowConfig]
) -> ReturnType: ...


@overload
async def execute_child_workflow(
    workflow: WorkflowFunction[..., ReturnType], *, args: Sequence[Any], **options: Unpack[ChildWorkflowConfig]
) -> ReturnType: ...


@overload
async def execute_child_workflow(
    workflow: MethodAsyncNoParam[SelfType, ReturnType], **options: Unpack[ChildWorkflowConfig]
) -> ReturnType: ...


@overload
async def execute_child_workflow(
    workflow: MethodAsyncSingleParam[SelfType, ParamType, ReturnType],
    arg: ParamType,
    **options: Unpack[ChildWorkflowConfig],
) -> ReturnType: ...


@overload
async def execute_child_workflow(
    workflow: Callable[Concatenate[SelfType, MultiParamSpec], Awaitable[ReturnType]],
    *,
    args: Sequence[Any],
    **options: Unpack[ChildWorkflowConfig],
) -> ReturnType: ...


@overload
async def execute_child_workflow(
    workflow: str,
    arg: Any = arg_unset,
    *,
    args: Sequence[Any] = [],
    result_type: type | None = None,
    **options: Unpack[ChildWorkflowConfig],
) -> Any: ...


@spelled_out(ChildWorkflowConfig, CHILD_WORKFLOW_DEFAULTS)
async def execute_child_workflow(
    workflow: Any,
    arg: Any = arg_unset,
    *,
    args: Sequence[Any] = [],
    result_type: type | None = None,
    **options: Unpack[ChildWorkflowConfig],
) -> Any:
    """Start a child workflow and wait for its result: `await (await start_child_workflow(...))`."""
    return await (await _start("execute_child_workflow", workflow, arg_or_args(arg, args), result_type, options))


async def _start(
    caller: str, workflow: Any, args: Sequence[Any], result_type: type | None, options: Mapping[str, Any]
) -> ChildWorkflowHandle[Any, Any]:
    """Look the workflow up, check the arguments, complete the options."""
    warn_on_deprecated_search_attributes(options.get("search_attributes"), stack_level=4)
    completed = complete(caller, CHILD_WORKFLOW_DEFAULTS, options)
    if isinstance(workflow, str):
        return await schedule_child_workflow(Target(workflow, None, result_type), args, completed)
    if not callable(workflow):
        raise TypeError("Workflow must be a string or callable")
    definition = Definition.must_from_run_fn(workflow)
    if not definition.name:
        raise TypeError("Cannot invoke dynamic workflow explicitly")
    target = Target(definition.name, definition.arg_types, definition.ret_type)
    return await schedule_child_workflow(target, fit_run(definition, args), completed)


def fit_run(definition: Definition, args: Sequence[Any]) -> Sequence[Any]:
    """The arguments of a workflow.

    Raises:
        TypeError: they do not fit the parameters of its run method or function.
    """
    run = definition.function or definition.run_fn
    return Arity.of(run, without_self=is_method(run)).fit(f"workflow {definition.name}", args, {})
