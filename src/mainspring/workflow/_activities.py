"""Start activities: by function, by class, by method, by name.

Each way comes as `start_...`, which gives a handle, and `execute_...`, which waits for the result. Overloads tell a
checker what each function takes and returns; below them is one line.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any, Concatenate, Protocol, Unpack, overload

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
    ProtocolReturnType,
    ReturnType,
    SelfType,
)
from mainspring.workflow._handles import ActivityHandle
from mainspring.workflow._options import ACTIVITY_DEFAULTS, ActivityConfig, complete, spelled_out
from mainspring.workflow._scheduling import Target, schedule_activity


class AsyncCallable(Protocol[ProtocolReturnType]):
    """Objects with any asynchronous `__call__`."""

    def __call__(self, *args: Any, **kwargs: Any) -> Awaitable[ProtocolReturnType]: ...


class SyncCallable(Protocol[ProtocolReturnType]):
    """Objects with any `__call__`."""

    def __call__(self, *args: Any, **kwargs: Any) -> ProtocolReturnType: ...


@overload
def start_activity(
    activity: CallableAsyncNoParam[ReturnType], **options: Unpack[ActivityConfig]
) -> ActivityHandle[ReturnType]: ...


@overload
def start_activity(
    activity: CallableSyncNoParam[ReturnType], **options: Unpack[ActivityConfig]
) -> ActivityHandle[ReturnType]: ...


@overload
def start_activity(
    activity: CallableAsyncSingleParam[ParamType, ReturnType], arg: ParamType, **options: Unpack[ActivityConfig]
) -> ActivityHandle[ReturnType]: ...


@overload
def start_activity(
    activity: CallableSyncSingleParam[ParamType, ReturnType], arg: ParamType, **options: Unpack[ActivityConfig]
) -> ActivityHandle[ReturnType]: ...


@overload
def start_activity(
    activity: Callable[..., Awaitable[ReturnType]], *, args: Sequence[Any], **options: Unpack[ActivityConfig]
) -> ActivityHandle[ReturnType]: ...


@overload
def start_activity(
    activity: Callable[..., ReturnType], *, args: Sequence[Any], **options: Unpack[ActivityConfig]
) -> ActivityHandle[ReturnType]: ...


@overload
def start_activity(
    activity: str,
    arg: Any = arg_unset,
    *,
    args: Sequence[Any] = [],
    result_type: type | None = None,
    **options: Unpack[ActivityConfig],
) -> ActivityHandle[Any]: ...


@spelled_out(ActivityConfig, ACTIVITY_DEFAULTS)
def start_activity(
    activity: Any,
    arg: Any = arg_unset,
    *,
    args: Sequence[Any] = [],
    result_type: type | None = None,
    **options: Unpack[ActivityConfig],
) -> ActivityHandle[Any]:
    """Start an activity; its handle is a task that gives its result.

    Args:
        activity: The activity's function, or its type's name.
        arg: The activity's only argument.
        args: Its arguments, if there are more.
        result_type: What to convert the result into; a function says so itself.
        **options: Where and how to run it; what is not given is as the activity's decorator says. One of
            `start_to_close_timeout` (of an attempt) and `schedule_to_close_timeout` (of all) must be there.

    Raises:
        ValueError: it could run for ever, since no timeout bounds it.
        TypeError: the arguments do not fit the function, or there is no such option.
    """
    return _start("start_activity", activity, arg_or_args(arg, args), result_type, options)


@overload
async def execute_activity(
    activity: CallableAsyncNoParam[ReturnType], **options: Unpack[ActivityConfig]
) -> ReturnType: ...


@overload
async def execute_activity(
    activity: CallableSyncNoParam[ReturnType], **options: Unpack[ActivityConfig]
) -> ReturnType: ...


@overload
async def execute_activity(
    activity: CallableAsyncSingleParam[ParamType, ReturnType], arg: ParamType, **options: Unpack[ActivityConfig]
) -> ReturnType: ...


@overload
async def execute_activity(
    activity: CallableSyncSingleParam[ParamType, ReturnType], arg: ParamType, **options: Unpack[ActivityConfig]
) -> ReturnType: ...


@overload
async def execute_activity(
    activity: Callable[..., Awaitable[ReturnType]], *, args: Sequence[Any], **options: Unpack[ActivityConfig]
) -> ReturnType: ...


@overload
async def execute_activity(
    activity: Callable[..., ReturnType], *, args: Sequence[Any], **options: Unpack[ActivityConfig]
) -> ReturnType: ...


@overload
async def execute_activity(
    activity: str,
    arg: Any = arg_unset,
    *,
    args: Sequence[Any] = [],
    result_type: type | None = None,
    **options: Unpack[ActivityConfig],
) -> Any: ...


@spelled_out(ActivityConfig, ACTIVITY_DEFAULTS)
async def execute_activity(
    activity: Any,
    arg: Any = arg_unset,
    *,
    args: Sequence[Any] = [],
    result_type: type | None = None,
    **options: Unpack[ActivityConfig],
) -> Any:
    """Run an activity, and wait for its result: `await start_activity(...)`."""
    return await _start("execute_activity", activity, arg_or_args(arg, args), result_type, options)


@overload
def start_activity_class(
    activity: type[CallableAsyncNoParam[ReturnType]], **options: Unpack[ActivityConfig]
) -> ActivityHandle[ReturnType]: ...


@overload
def start_activity_class(
    activity: type[CallableSyncNoParam[ReturnType]], **options: Unpack[ActivityConfig]
) -> ActivityHandle[ReturnType]: ...


@overload
def start_activity_class(
    activity: type[CallableAsyncSingleParam[ParamType, ReturnType]], arg: ParamType, **options: Unpack[ActivityConfig]
) -> ActivityHandle[ReturnType]: ...


@overload
def start_activity_class(
    activity: type[CallableSyncSingleParam[ParamType, ReturnType]], arg: ParamType, **options: Unpack[ActivityConfig]
) -> ActivityHandle[ReturnType]: ...


@overload
def start_activity_class(
    activity: type[AsyncCallable[ReturnType]], *, args: Sequence[Any], **options: Unpack[ActivityConfig]
) -> ActivityHandle[ReturnType]: ...


@overload
def start_activity_class(
    activity: type[SyncCallable[ReturnType]], *, args: Sequence[Any], **options: Unpack[ActivityConfig]
) -> ActivityHandle[ReturnType]: ...


@spelled_out(ActivityConfig, ACTIVITY_DEFAULTS)
def start_activity_class(
    activity: type[Any],
    arg: Any = arg_unset,
    *,
    args: Sequence[Any] = [],
    **options: Unpack[ActivityConfig],
) -> ActivityHandle[Any]:
    """Start an activity that is a class with `__call__`; its handle is a task."""
    return _start("start_activity_class", activity, arg_or_args(arg, args), None, options)


@overload
async def execute_activity_class(
    activity: type[CallableAsyncNoParam[ReturnType]], **options: Unpack[ActivityConfig]
) -> ReturnType: ...


@overload
async def execute_activity_class(
    activity: type[CallableSyncNoParam[ReturnType]], **options: Unpack[ActivityConfig]
) -> ReturnType: ...


@overload
async def execute_activity_class(
    activity: type[CallableAsyncSingleParam[ParamType, ReturnType]], arg: ParamType, **options: Unpack[ActivityConfig]
) -> ReturnType: ...


@overload
async def execute_activity_class(
    activity: type[CallableSyncSingleParam[ParamType, ReturnType]], arg: ParamType, **options: Unpack[ActivityConfig]
) -> ReturnType: ...


@overload
async def execute_activity_class(
    activity: type[AsyncCallable[ReturnType]], *, args: Sequence[Any], **options: Unpack[ActivityConfig]
) -> ReturnType: ...


@overload
async def execute_activity_class(
    activity: type[SyncCallable[ReturnType]], *, args: Sequence[Any], **options: Unpack[ActivityConfig]
) -> ReturnType: ...


@spelled_out(ActivityConfig, ACTIVITY_DEFAULTS)
async def execute_activity_class(
    activity: type[Any],
    arg: Any = arg_unset,
    *,
    args: Sequence[Any] = [],
    **options: Unpack[ActivityConfig],
) -> Any:
    """Run an activity that is a class with `__call__`, and wait for its result."""
    return await _start("execute_activity_class", activity, arg_or_args(arg, args), None, options)


@overload
def start_activity_method(
    activity: MethodAsyncNoParam[SelfType, ReturnType], **options: Unpack[ActivityConfig]
) -> ActivityHandle[ReturnType]: ...


@overload
def start_activity_method(
    activity: MethodSyncNoParam[SelfType, ReturnType], **options: Unpack[ActivityConfig]
) -> ActivityHandle[ReturnType]: ...


@overload
def start_activity_method(
    activity: MethodAsyncSingleParam[SelfType, ParamType, ReturnType], arg: ParamType, **options: Unpack[ActivityConfig]
) -> ActivityHandle[ReturnType]: ...


@overload
def start_activity_method(
    activity: MethodSyncSingleParam[SelfType, ParamType, ReturnType], arg: ParamType, **options: Unpack[ActivityConfig]
) -> ActivityHandle[ReturnType]: ...


@overload
def start_activity_method(
    activity: Callable[Concatenate[SelfType, MultiParamSpec], Awaitable[ReturnType]],
    *,
    args: Sequence[Any],
    **options: Unpack[ActivityConfig],
) -> ActivityHandle[ReturnType]: ...


@overload
def start_activity_method(
    activity: Callable[Concatenate[SelfType, MultiParamSpec], ReturnType],
    *,
    args: Sequence[Any],
    **options: Unpack[ActivityConfig],
) -> ActivityHandle[ReturnType]: ...


@spelled_out(ActivityConfig, ACTIVITY_DEFAULTS)
def start_activity_method(
    activity: Callable[..., Any],
    arg: Any = arg_unset,
    *,
    args: Sequence[Any] = [],
    **options: Unpack[ActivityConfig],
) -> ActivityHandle[Any]:
    """Start an activity that is a method, by the method on its class; its handle is a task."""
    return _start("start_activity_method", activity, arg_or_args(arg, args), None, options)


@overload
async def execute_activity_method(
    activity: MethodAsyncNoParam[SelfType, ReturnType], **options: Unpack[ActivityConfig]
) -> ReturnType: ...


@overload
async def execute_activity_method(
    activity: MethodSyncNoParam[SelfType, ReturnType], **options: Unpack[ActivityConfig]
) -> ReturnType: ...


@overload
async def execute_activity_method(
    activity: MethodAsyncSingleParam[SelfType, ParamType, ReturnType], arg: ParamType, **options: Unpack[ActivityConfig]
) -> ReturnType: ...


@overload
async def execute_activity_method(
    activity: MethodSyncSingleParam[SelfType, ParamType, ReturnType], arg: ParamType, **options: Unpack[ActivityConfig]
) -> ReturnType: ...


@overload
async def execute_activity_method(
    activity: Callable[Concatenate[SelfType, MultiParamSpec], Awaitable[ReturnType]],
    *,
    args: Sequence[Any],
    **options: Unpack[ActivityConfig],
) -> ReturnType: ...


@overload
async def execute_activity_method(
    activity: Callable[Concatenate[SelfType, MultiParamSpec], ReturnType],
    *,
    args: Sequence[Any],
    **options: Unpack[ActivityConfig],
) -> ReturnType: ...


@spelled_out(ActivityConfig, ACTIVITY_DEFAULTS)
async def execute_activity_method(
    activity: Callable[..., Any],
    arg: Any = arg_unset,
    *,
    args: Sequence[Any] = [],
    **options: Unpack[ActivityConfig],
) -> Any:
    """Run an activity that is a method, by the method on its class, and wait for its result."""
    return await _start("execute_activity_method", activity, arg_or_args(arg, args), None, options)


def _start(
    caller: str, activity: Any, args: Sequence[Any], result_type: type | None, options: Mapping[str, Any]
) -> ActivityHandle[Any]:
    """What all of these do: look the activity up, check the arguments, complete the options."""
    if isinstance(activity, str):
        return schedule_activity(
            Target(activity, None, result_type), args, complete(caller, ACTIVITY_DEFAULTS, options)
        )
    if not callable(activity):
        raise TypeError("Activity must be a string or callable")
    definition = Definition.must_from_callable(activity)
    if not definition.name:
        raise ValueError("Cannot invoke dynamic activity explicitly")
    target = Target(definition.name, definition.arg_types, definition.ret_type)
    return schedule_activity(
        target, definition.fit(args, {}), complete(caller, ACTIVITY_DEFAULTS, definition.options, options)
    )
