"""Activities replaced in tests, under the names of the true ones."""

from __future__ import annotations

import inspect
from collections.abc import Awaitable, Callable, Coroutine
from typing import Any, ParamSpec, TypeVar, overload

from mainspring.activity._definition import Definition
from mainspring.common._arguments import type_hints_from_func

P = ParamSpec("P")
R = TypeVar("R")

Fake = Callable[P, Awaitable[R]] | Callable[P, R]


@overload
def mocked(replaced: str, by: Fake[P, R]) -> Callable[..., Awaitable[R]]: ...
@overload
def mocked(replaced: Callable[P, Coroutine[Any, Any, R]], by: Fake[P, R]) -> Callable[P, Awaitable[R]]: ...
@overload
def mocked(replaced: Callable[P, R], by: Fake[P, R]) -> Callable[P, Awaitable[R]]: ...


def mocked(replaced: Callable[..., Any] | str, by: Callable[..., Any]) -> Callable[..., Awaitable[Any]]:
    """An activity for a test's worker in place of another: it has that one's name, and runs `by`.

        Worker(client, task_queue="q", workflows=[AddNode], activities=[mocked(create_vm, fake_vm)])

    The fake gets what the workflow sends, as the types of the true activity. It may be `async def`, `def` or a
    `unittest.mock.Mock`, and runs on the worker's event loop. The context of the activity is there as ever.

    Args:
        replaced: The activity; or its name, if the function is not at hand: then arguments have the fake's types.
        by: What to run instead.

    Raises:
        TypeError: `replaced` is not an activity, or is the one for all names.
    """

    async def run(*args: Any) -> Any:
        result = by(*args)
        return await result if inspect.isawaitable(result) else result

    name, arg_types, ret_type = _like(replaced, by)
    definition = Definition(
        name=name,
        fn=run,
        is_async=True,
        no_thread_cancel_exception=False,
        arg_types=arg_types,
        ret_type=ret_type,
    )
    definition.put_on(run)
    return run


def _like(replaced: Callable[..., Any] | str, by: Callable[..., Any]) -> tuple[str, list[type] | None, type | None]:
    if isinstance(replaced, str):
        arg_types, ret_type = type_hints_from_func(by) if inspect.isroutine(by) else (None, None)
        return replaced, arg_types, ret_type
    definition = Definition.must_from_callable(replaced)
    if not definition.name:
        raise TypeError("the dynamic activity has no name: give the one that is to be replaced")
    return definition.name, definition.arg_types, definition.ret_type
