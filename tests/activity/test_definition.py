from __future__ import annotations

import functools
from collections.abc import Sequence
from datetime import timedelta
from typing import Any

import pytest

from mainspring import activity
from mainspring.activity._definition import Definition
from mainspring.common import RawValue


@activity.defn(name="named", no_thread_cancel_exception=True, start_to_close_timeout=timedelta(1), auto_heartbeat=True)
def create_vm(name: str, size: int = 1) -> str:
    return f"{name}{size}"


class Provider:
    @activity.defn
    async def create(self, name: str) -> str:
        return name


@activity.defn
class WithCall:
    async def __call__(self, name: str) -> int:
        return len(name)


def test_a_definition_knows_what_a_worker_needs() -> None:
    definition = Definition.must_from_callable(create_vm)
    assert (definition.name, definition.is_async, definition.no_thread_cancel_exception) == ("named", False, True)
    assert (definition.arg_types, definition.ret_type) == ([str, int], str)
    assert (definition.options, definition.auto_heartbeat) == ({"start_to_close_timeout": timedelta(1)}, True)


def test_the_callable_that_was_given_is_the_one_that_runs() -> None:
    provider = Provider()
    bound = Definition.must_from_callable(provider.create)
    assert (bound.fn, bound.arg_types, bound.is_async) == (provider.create, [str], True)
    curried: Any = functools.partial(create_vm, "a")
    curried.__dict__.update(vars(create_vm))
    assert Definition.must_from_callable(curried).fn is curried


async def test_what_runs_where_no_workflow_does_is_the_function_bound_as_that_is() -> None:
    ordinary: Any = Definition.must_from_callable(Provider().create).ordinary
    assert await ordinary("a") == "a"
    assert ordinary.__func__.__qualname__ == "Provider.create"
    assert ordinary.__func__ is not Provider.create, "that one asks whether a workflow runs"


def test_of_what_another_decorator_made_nothing_else_is_known() -> None:
    @functools.wraps(Provider.create)
    async def counted(self: Provider, name: str) -> str:
        return await Provider.create(self, name) * 2

    assert Definition.must_from_callable(counted).ordinary is None


def test_a_class_with_a_call_stays_a_class() -> None:
    assert isinstance(WithCall, type)
    definition = Definition.must_from_callable(WithCall())
    assert (definition.name, definition.arg_types, definition.is_async) == ("WithCall", [str], True)
    assert definition.fit(["abc"], {}) == ["abc"]


def test_an_object_with_a_call_can_be_one_too() -> None:
    class Greeter:
        def __call__(self, name: str) -> str:
            return f"hello {name}"

    greeter: Any = activity.defn(name="greet")(Greeter())
    assert (greeter("you"), Definition.must_from_callable(greeter).is_async) == ("hello you", False)


def test_names_are_found_by_the_function() -> None:
    assert Definition.get_name_and_result_type(create_vm) == ("named", str)
    assert Definition.get_name_and_result_type("other") == ("other", None)


def test_keyword_only_parameters_are_refused() -> None:
    def create(*, name: str) -> None: ...

    with pytest.raises(TypeError, match="Activity cannot have keyword-only arguments"):
        activity.defn(create)


def test_a_function_is_an_activity_once() -> None:
    with pytest.raises(ValueError, match="Function already contains activity definition"):
        activity.defn(create_vm)


def test_a_dynamic_activity_takes_raw_values() -> None:
    @activity.defn(dynamic=True)
    async def anything(args: Sequence[RawValue]) -> None: ...

    assert Definition.must_from_callable(anything).name is None
    with pytest.raises(ValueError, match="definition has no name"):
        Definition.get_name_and_result_type(anything)

    async def named(name: str) -> None: ...

    with pytest.raises(TypeError, match="Dynamic activity must accept a single"):
        activity.defn(dynamic=True)(named)
