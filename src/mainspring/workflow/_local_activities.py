"""Start local activities: by function, by class, by method, by name.

The same ways as for activities in `_activities`. What an activity's decorator says holds here too, where it has a
meaning for local ones.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any, Concatenate, Unpack, overload

from mainspring.activity._definition import Definition
from mainspring.common._arguments import arg_or_args, arg_unset
from mainspring.types import (
    CallableAsyncNoParam,
    CallableAsyncSingleParam,
    CallableSyncNoParam,
    CallableSyncSingleParam,
    MethodAsyncNoParam,
    MethodAsyncSingleParam,
    MethodSyncNoParam,
    MethodSyncSingleParam,
    MultiParamSpec,
    ParamType,
    ReturnType,
    SelfType,
)
from mainspring.workflow._activities import AsyncCallable, SyncCallable
from mainspring.workflow._handles import ActivityHandle
from mainspring.workflow._options import LOCAL_ACTIVITY_DEFAULTS, LocalActivityConfig, complete, spelled_out
from mainspring.workflow._scheduling import Target, schedule_local_activity


@overload
def start_local_activity(
    activity: CallableAsyncNoParam[ReturnType], **options: Unpack[LocalActivityConfig]
) -> ActivityHandle[ReturnType]: ...


@overload
def start_local_activity(
    activity: CallableSyncNoParam[ReturnType], **options: Unpack[LocalActivityConfig]
) -> ActivityHandle[ReturnType]: ...


@overload
def start_local_activity(
    activity: CallableAsyncSingleParam[ParamType, ReturnType], arg: ParamType, **options: Unpack[LocalActivityConfig]
) -> ActivityHandle[ReturnType]: ...


@overload
def start_local_activity(
    activity: CallableSyncSingleParam[ParamType, ReturnType], arg: ParamType, **options: Unpack[LocalActivityConfig]
) -> ActivityHandle[ReturnType]: ...


@overload
def start_local_activity(
    activity: Callable[..., Awaitable[ReturnType]], *, args: Sequence[Any], **options: Unpack[LocalActivityConfig]
) -> ActivityHandle[ReturnType]: ...


@overload
def start_local_activity(
    activity: Callable[..., ReturnType], *, args: Sequence[Any], **options: Unpack[LocalActivityConfig]
) -> ActivityHandle[ReturnType]: ...


@overload
def start_local_activity(
    activity: str,
    arg: Any = arg_unset,
    *,
    args: Sequence[Any] = [],
    result_type: type | None = None,
    **options: Unpack[LocalActivityConfig],
) -> ActivityHandle[Any]: ...


@spelled_out(LocalActivityConfig, LOCAL_ACTIVITY_DEFAULTS)
def start_local_activity(
    activity: Any,
    arg: Any = arg_unset,
    *,
    args: Sequence[Any] = [],
    result_type: type | None = None,
    **options: Unpack[LocalActivityConfig],
) -> ActivityHandle[Any]:
    """Start a local activity, which runs in this worker and takes no turn of the server; its handle is a task.

    Made for what takes less time than a workflow task may take. Its result is recorded with the workflow task.

    Args:
        activity: The activity's function, or its type's name.
        arg: The activity's only argument.
        args: Its arguments, if there are more.
        result_type: What to convert the result into; a function says so itself.
        **options: How to run it; what is not given is as the activity's decorator says. One of
            `start_to_close_timeout` (of an attempt) and `schedule_to_close_timeout` (of all) must be there. A pause
            between attempts beyond `local_retry_threshold` becomes a timer.

    Raises:
        ValueError: it could run for ever, since no timeout bounds it.
        TypeError: the arguments do not fit the function, or there is no such option.
    """
    return _start("start_local_activity", activity, arg_or_args(arg, args), result_type, options)


@overload
async def execute_local_activity(
    activity: CallableAsyncNoParam[ReturnType], **options: Unpack[LocalActivityConfig]
) -> ReturnType: ...


@overload
async def execute_local_activity(
    activity: CallableSyncNoParam[ReturnType], **options: Unpack[LocalActivityConfig]
) -> ReturnType: ...


@overload
async def execute_local_activity(
    activity: CallableAsyncSingleParam[ParamType, ReturnType], arg: ParamType, **options: Unpack[LocalActivityConfig]
) -> ReturnType: ...


@overload
async def execute_local_activity(
    activity: CallableSyncSingleParam[ParamType, ReturnType], arg: ParamType, **options: Unpack[LocalActivityConfig]
) -> ReturnType: ...


@overload
async def execute_local_activity(
    activity: Callable[..., Awaitable[ReturnType]], *, args: Sequence[Any], **options: Unpack[LocalActivityConfig]
) -> ReturnType: ...


@overload
async def execute_local_activity(
    activity: Callable[..., ReturnType], *, args: Sequence[Any], **options: Unpack[LocalActivityConfig]
) -> ReturnType: ...


@overload
async def execute_local_activity(
    activity: str,
    arg: Any = arg_unset,
    *,
    args: Sequence[Any] = [],
    result_type: type | None = None,
    **options: Unpack[LocalActivityConfig],
) -> Any: ...


@spelled_out(LocalActivityConfig, LOCAL_ACTIVITY_DEFAULTS)
async def execute_local_activity(
    activity: Any,
    arg: Any = arg_unset,
    *,
    args: Sequence[Any] = [],
    result_type: type | None = None,
    **options: Unpack[LocalActivityConfig],
) -> Any:
    """Run a local activity, and wait for its result: `await start_local_activity(...)`."""
    return await _start("execute_local_activity", activity, arg_or_args(arg, args), result_type, options)


@overload
def start_local_activity_class(
    activity: type[CallableAsyncNoParam[ReturnType]], **options: Unpack[LocalActivityConfig]
) -> ActivityHandle[ReturnType]: ...


@overload
def start_local_activity_class(
    activity: type[CallableSyncNoParam[ReturnType]], **options: Unpack[LocalActivityConfig]
) -> ActivityHandle[ReturnType]: ...


@overload
def start_local_activity_class(
    activity: type[CallableAsyncSingleParam[ParamType, ReturnType]],
    arg: ParamType,
    **options: Unpack[LocalActivityConfig],
) -> ActivityHandle[ReturnType]: ...


@overload
def start_local_activity_class(
    activity: type[CallableSyncSingleParam[ParamType, ReturnType]],
    arg: ParamType,
    **options: Unpack[LocalActivityConfig],
) -> ActivityHandle[ReturnType]: ...


@overload
def start_local_activity_class(
    activity: type[AsyncCallable[ReturnType]], *, args: Sequence[Any], **options: Unpack[LocalActivityConfig]
) -> ActivityHandle[ReturnType]: ...


@overload
def start_local_activity_class(
    activity: type[SyncCallable[ReturnType]], *, args: Sequence[Any], **options: Unpack[LocalActivityConfig]
) -> ActivityHandle[ReturnType]: ...


@spelled_out(LocalActivityConfig, LOCAL_ACTIVITY_DEFAULTS)
def start_local_activity_class(
    activity: type[Any],
    arg: Any = arg_unset,
    *,
    args: Sequence[Any] = [],
    **options: Unpack[LocalActivityConfig],
) -> ActivityHandle[Any]:
    """Start a local activity that is a class with `__call__`; its handle is a task."""
    return _start("start_local_activity_class", activity, arg_or_args(arg, args), None, options)


@overload
async def execute_local_activity_class(
    activity: type[CallableAsyncNoParam[ReturnType]], **options: Unpack[LocalActivityConfig]
) -> ReturnType: ...


@overload
async def execute_local_activity_class(
    activity: type[CallableSyncNoParam[ReturnType]], **options: Unpack[LocalActivityConfig]
) -> ReturnType: ...


@overload
async def execute_local_activity_class(
    activity: type[CallableAsyncSingleParam[ParamType, ReturnType]],
    arg: ParamType,
    **options: Unpack[LocalActivityConfig],
) -> ReturnType: ...


@overload
async def execute_local_activity_class(
    activity: type[CallableSyncSingleParam[ParamType, ReturnType]],
    arg: ParamType,
    **options: Unpack[LocalActivityConfig],
) -> ReturnType: ...


@overload
async def execute_local_activity_class(
    activity: type[AsyncCallable[ReturnType]], *, args: Sequence[Any], **options: Unpack[LocalActivityConfig]
) -> ReturnType: ...


@overload
async def execute_local_activity_class(
    activity: type[SyncCallable[ReturnType]], *, args: Sequence[Any], **options: Unpack[LocalActivityConfig]
) -> ReturnType: ...


@spelled_out(LocalActivityConfig, LOCAL_ACTIVITY_DEFAULTS)
async def execute_local_activity_class(
    activity: type[Any],
    arg: Any = arg_unset,
    *,
    args: Sequence[Any] = [],
    **options: Unpack[LocalActivityConfig],
) -> Any:
    """Run a local activity that is a class with `__call__`, and wait for its result."""
    return await _start("execute_local_activity_class", activity, arg_or_args(arg, args), None, options)


@overload
def start_local_activity_method(
    activity: MethodAsyncNoParam[SelfType, ReturnType], **options: Unpack[LocalActivityConfig]
) -> ActivityHandle[ReturnType]: ...


@overload
def start_local_activity_method(
    activity: MethodSyncNoParam[SelfType, ReturnType], **options: Unpack[LocalActivityConfig]
) -> ActivityHandle[ReturnType]: ...


@overload
def start_local_activity_method(
    activity: MethodAsyncSingleParam[SelfType, ParamType, ReturnType],
    arg: ParamType,
    **options: Unpack[LocalActivityConfig],
) -> ActivityHandle[ReturnType]: ...


@overload
def start_local_activity_method(
    activity: MethodSyncSingleParam[SelfType, ParamType, ReturnType],
    arg: ParamType,
    **options: Unpack[LocalActivityConfig],
) -> ActivityHandle[ReturnType]: ...


@overload
def start_local_activity_method(
    activity: Callable[Concatenate[SelfType, MultiParamSpec], Awaitable[ReturnType]],
    *,
    args: Sequence[Any],
    **options: Unpack[LocalActivityConfig],
) -> ActivityHandle[ReturnType]: ...


@overload
def start_local_activity_method(
    activity: Callable[Concatenate[SelfType, MultiParamSpec], ReturnType],
    *,
    args: Sequence[Any],
    **options: Unpack[LocalActivityConfig],
) -> ActivityHandle[ReturnType]: ...


@spelled_out(LocalActivityConfig, LOCAL_ACTIVITY_DEFAULTS)
def start_local_activity_method(
    activity: Callable[..., Any],
    arg: Any = arg_unset,
    *,
    args: Sequence[Any] = [],
    **options: Unpack[LocalActivityConfig],
) -> ActivityHandle[Any]:
    """Start a local activity that is a method, by the method on its class; its handle is a task."""
    return _start("start_local_activity_method", activity, arg_or_args(arg, args), None, options)


@overload
async def execute_local_activity_method(
    activity: MethodAsyncNoParam[SelfType, ReturnType], **options: Unpack[LocalActivityConfig]
) -> ReturnType: ...


@overload
async def execute_local_activity_method(
    activity: MethodSyncNoParam[SelfType, ReturnType], **options: Unpack[LocalActivityConfig]
) -> ReturnType: ...


@overload
async def execute_local_activity_method(
    activity: MethodAsyncSingleParam[SelfType, ParamType, ReturnType],
    arg: ParamType,
    **options: Unpack[LocalActivityConfig],
) -> ReturnType: ...


@overload
async def execute_local_activity_method(
    activity: MethodSyncSingleParam[SelfType, ParamType, ReturnType],
    arg: ParamType,
    **options: Unpack[LocalActivityConfig],
) -> ReturnType: ...


@overload
async def execute_local_activity_method(
    activity: Callable[Concatenate[SelfType, MultiParamSpec], Awaitable[ReturnType]],
    *,
    args: Sequence[Any],
    **options: Unpack[LocalActivityConfig],
) -> ReturnType: ...


@overload
async def execute_local_activity_method(
    activity: Callable[Concatenate[SelfType, MultiParamSpec], ReturnType],
    *,
    args: Sequence[Any],
    **options: Unpack[LocalActivityConfig],
) -> ReturnType: ...


@spelled_out(LocalActivityConfig, LOCAL_ACTIVITY_DEFAULTS)
async def execute_local_activity_method(
    activity: Callable[..., Any],
    arg: Any = arg_unset,
    *,
    args: Sequence[Any] = [],
    **options: Unpack[LocalActivityConfig],
) -> Any:
    """Run a local activity that is a method, by the method on its class, and wait for its result."""
    return await _start("execute_local_activity_method", activity, arg_or_args(arg, args), None, options)


def _start(
    caller: str, activity: Any, args: Sequence[Any], result_type: type | None, options: Mapping[str, Any]
) -> ActivityHandle[Any]:
    """What all of these do: look the activity up, check the arguments, complete the options."""
    if isinstance(activity, str):
        return schedule_local_activity(
            Target(activity, None, result_type), args, complete(caller, LOCAL_ACTIVITY_DEFAULTS, options)
        )
    if not callable(activity):
        raise TypeError("Activity must be a string or callable")
    definition = Definition.must_from_callable(activity)
    if not definition.name:
        raise ValueError("Cannot invoke dynamic activity explicitly")
    target = Target(definition.name, definition.arg_types, definition.ret_type)
    return schedule_local_activity(
        target, definition.fit(args, {}), complete(caller, LOCAL_ACTIVITY_DEFAULTS, _local(definition.options), options)
    )


def _local(options: Mapping[str, Any]) -> Mapping[str, Any]:
    """Those of an activity's own options that a local activity has."""
    return {name: value for name, value in options.items() if name in LOCAL_ACTIVITY_DEFAULTS}
