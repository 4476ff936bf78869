"""What the decorators of workflows and handlers find wrong with code, at import."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import pytest

from mainspring import workflow
from mainspring.common import RawValue
from mainspring.workflow._definition import Definition
from mainspring.workflow._handler_definitions import SignalDefinition, UpdateDefinition


@workflow.defn(failure_exception_types=[ValueError])
class Good:
    @workflow.init
    def __init__(self, name: str) -> None:
        self.name = name

    @workflow.run
    async def run(self, name: str) -> int:
        return len(name)

    @workflow.signal(name="renamed")
    async def rename(self, name: str) -> None:
        self.name = name

    @workflow.query
    def current(self) -> str:
        return self.name

    @workflow.update
    def resize(self, size: int) -> str:
        return self.name * size

    @resize.validator
    def check_size(self, size: int) -> None:
        if size < 1:
            raise ValueError("too small")


class Derived(Good):
    pass


def test_a_definition_knows_the_class_its_types_and_its_handlers() -> None:
    definition = Definition.must_from_class(Good)
    assert Definition.must_from_run_fn(Good.run) is definition
    assert (definition.name, definition.arg_types, definition.ret_type) == ("Good", [str], int)
    assert (list(definition.signals), list(definition.queries), list(definition.updates)) == (
        ["renamed"],
        ["current"],
        ["resize"],
    )
    assert definition.failure_exception_types == [ValueError]


def test_a_subclass_is_no_workflow_by_itself() -> None:
    assert Definition.from_class(Derived) is None
    with pytest.raises(
        ValueError, match=r"Workflow Derived missing attributes, was it decorated with @workflow.defn\?"
    ):
        Definition.must_from_class(Derived)


def test_handlers_are_bound_to_the_workflow_object() -> None:
    definition = Definition.must_from_class(Good)
    good, update = Good("a"), definition.updates["resize"]
    assert update.bind_fn(good)(2) == "aa"
    with pytest.raises(ValueError, match="too small"):
        update.bind_validator(good)(0)


def test_names_are_found_by_the_handler() -> None:
    assert SignalDefinition.must_name_from_fn_or_str(Good.rename) == "renamed"
    assert UpdateDefinition.get_name_and_result_type(Good.resize) == ("resize", str)
    with pytest.raises(RuntimeError, match=r"Signal definition not found on Good\.current"):
        SignalDefinition.must_name_from_fn_or_str(Good.current)


def test_a_plain_function_is_no_workflow() -> None:
    def add_node(name: str) -> str:
        return name

    define: Any = workflow.defn
    with pytest.raises(ValueError, match=r"a class or an async function: write `async def`, or .*@activity.defn"):
        define(add_node)


def test_a_workflow_has_no_parameters_by_keyword_only() -> None:
    async def add_node(*, name: str) -> str:
        return name

    with pytest.raises(ValueError, match="cannot have keyword-only parameters"):
        workflow.defn(add_node)


def test_a_function_is_a_workflow_once() -> None:
    async def add_node() -> None: ...

    define: Any = workflow.defn
    with pytest.raises(ValueError, match="Function already contains workflow definition"):
        define(define(add_node))


def test_a_dynamic_function_takes_raw_values() -> None:
    async def anything(args: Sequence[RawValue]) -> None: ...

    async def named(name: str) -> None: ...

    assert Definition.must_from_class(workflow.defn(dynamic=True)(anything)).name is None
    with pytest.raises(TypeError, match="Dynamic workflow must accept a single"):
        workflow.defn(dynamic=True)(named)


class Shared:
    async def run(self, names: list[str] = []) -> None: ...  # noqa: B006 - what is refused

    def signal(self, names: set[str] = set()) -> None: ...  # noqa: B006 - what is refused

    def query(self, names: dict[str, str] = {}) -> int:  # noqa: B006 - what is refused
        return len(names)

    async def update(self, names: list[str] = []) -> None: ...  # noqa: B006 - what is refused


@workflow.defn
class Optional(Good):
    @workflow.run
    async def run(self, name: str) -> int:
        return len(name)

    @workflow.signal
    def shout(self, size: int, *, is_loud: bool = False) -> None: ...


class Named:
    async def run(self, *, key: str) -> None: ...

    def __init__(self, *, key: str) -> None: ...

    def signal(self, *, key: str) -> None: ...

    def query(self, *, key: str) -> int:
        return len(key)

    async def update(self, *, key: str) -> None: ...


@pytest.mark.parametrize(
    "decorate, function",
    [
        (workflow.run, Named.run),
        (workflow.init, Named.__init__),
        (workflow.signal, Named.signal),
        (workflow.query, Named.query),
        (workflow.update, Named.update),
    ],
)
def test_a_parameter_that_no_call_could_fill_is_refused(
    decorate: Callable[[Any], Any], function: Callable[..., Any]
) -> None:
    message = rf"{function.__qualname__} has the keyword-only parameter 'key', but arguments come by position"
    with pytest.raises(ValueError, match=message):
        decorate(function)


def test_an_option_by_keyword_takes_no_type_from_the_arguments() -> None:
    assert Definition.must_from_class(Optional).signals["shout"].arg_types == [int]


@pytest.mark.parametrize(
    "decorate, function",
    [
        (workflow.run, Shared.run),
        (workflow.signal, Shared.signal),
        (workflow.query, Shared.query),
        (workflow.update, Shared.update),
        (workflow.defn, Shared.run),
    ],
)
def test_a_default_that_all_runs_would_share_is_refused(
    decorate: Callable[[Any], Any], function: Callable[..., Any]
) -> None:
    message = rf"{function.__qualname__} has a mutable default for parameter 'names', which all runs in a worker"
    with pytest.raises(ValueError, match=message):
        decorate(function)


def test_a_validator_is_not_async_and_comes_once() -> None:
    async def asynchronous(self: Good, size: int) -> None: ...

    def again(self: Good, size: int) -> None: ...

    set_validator: Any = Good.resize.validator
    with pytest.raises(ValueError, match="must not be an async function"):
        set_validator(asynchronous)
    with pytest.raises(RuntimeError, match="Validator already set for update resize"):
        set_validator(again)


@pytest.mark.parametrize("decorator", [workflow.signal, workflow.query, workflow.update])
def test_a_handler_is_named_or_dynamic(decorator: Any) -> None:
    with pytest.raises(RuntimeError, match="Cannot provide name and dynamic boolean"):
        decorator(name="x", dynamic=True)


def test_an_async_query_is_warned_of_where_it_stands() -> None:
    async def current(self: Good) -> str:
        return self.name

    with pytest.warns(DeprecationWarning, match="Queries as async def functions are deprecated") as caught:
        workflow.query(current)
    assert caught[0].filename == __file__
