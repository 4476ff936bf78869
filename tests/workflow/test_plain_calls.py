"""Calls of activities and of function workflows: durable inside a workflow, ordinary outside."""

from __future__ import annotations

import asyncio
import inspect
import pickle
from datetime import timedelta
from typing import Any

import pytest

from mainspring import activity, workflow
from mainspring.exceptions import ApplicationError
from mainspring.workflow._outbound import StartActivityInput, StartChildWorkflowInput
from tests.workflow.fake_runtime import in_workflow

MINUTE = timedelta(minutes=1)


@activity.defn(start_to_close_timeout=MINUTE, task_queue="agents")
async def create_vm(name: str, size: int = 1) -> str:
    return f"{name}-{size}"


@activity.defn(start_to_close_timeout=MINUTE)
def delete_vm(name: str) -> str:
    return f"no {name}"


@activity.defn
async def unbounded() -> None: ...


class Provider:
    @activity.defn(start_to_close_timeout=MINUTE)
    async def create(self, name: str) -> str:
        return f"{self.__class__.__name__} {name}"


@workflow.defn(name="AddNode")
async def add_node(name: str, size: int = 1) -> str:
    return f"node {name} {size}"


async def test_outside_a_workflow_an_activity_is_a_function() -> None:
    assert await create_vm("a", size=2) == "a-2"
    assert delete_vm("a") == "no a"
    assert await Provider().create("a") == "Provider a"


async def test_inside_a_workflow_a_call_is_a_durable_one_with_the_options_of_the_decorator() -> None:
    with in_workflow() as run:
        run.answer = "vm"
        assert await create_vm("a") == "vm"
    asked: StartActivityInput = run.inputs[0]
    assert (asked.activity, asked.args) == ("create_vm", ("a",))
    assert (asked.start_to_close_timeout, asked.task_queue) == (MINUTE, "agents")
    assert (asked.arg_types, asked.ret_type) == ([str, int], str)


async def test_options_stand_in_place_of_those_of_the_decorator() -> None:
    with in_workflow() as run:
        call = create_vm.with_options(task_queue=None, summary="a machine")
        await call.with_options(heartbeat_timeout=MINUTE)("a")
        await create_vm("b")
    first, second = run.inputs
    assert (first.task_queue, first.summary, first.heartbeat_timeout) == (None, "a machine", MINUTE)
    assert first.start_to_close_timeout == MINUTE
    assert (second.task_queue, second.summary) == ("agents", None)


async def test_keyword_arguments_are_put_in_their_place() -> None:
    with in_workflow() as run:
        await create_vm(name="a")
        await create_vm("a", size=3)
    assert [asked.args for asked in run.inputs] == [("a", 1), ("a", 3)]


async def test_start_gives_a_handle() -> None:
    with in_workflow() as run:
        run.answer = "vm"
        handle = create_vm.start("a")
        assert isinstance(handle, workflow.ActivityHandle)
        assert await handle == "vm"


async def test_a_plain_function_says_how_to_call_it_from_a_workflow() -> None:
    with in_workflow() as run:
        with pytest.raises(RuntimeError, match=r"write `await delete_vm.execute\(...\)`"):
            delete_vm("a")
        run.answer = "gone"
        assert await delete_vm.execute("a") == "gone"
        assert await delete_vm.with_options(summary="x")("a") == "gone"


async def test_a_bound_method_leaves_its_object_out() -> None:
    with in_workflow() as run:
        await Provider().create("a")
    assert run.inputs[0].args == ("a",)


async def test_a_call_without_a_timeout_says_where_to_give_one() -> None:
    with (
        in_workflow(),
        pytest.raises(ValueError, match=r"'unbounded' has neither; give one in the call"),
    ):
        await unbounded()


@pytest.mark.parametrize("args, kwargs", [((), {}), (("a", 1, 2), {}), (("a",), {"colour": 1}), (("a",), {"name": 1})])
async def test_arguments_that_do_not_fit_fail_where_the_call_stands(
    args: tuple[Any, ...], kwargs: dict[str, str | int]
) -> None:
    call: Any = create_vm
    with in_workflow() as run:
        with pytest.raises(TypeError, match="activity create_vm takes 1 to 2 arguments: "):
            await call(*args, **kwargs)
        assert run.inputs == []


async def test_an_option_that_does_not_exist_is_refused() -> None:
    options: Any = {"timeout": MINUTE}
    with pytest.raises(TypeError, match=r"with_options\(\) got an unexpected keyword argument 'timeout'"):
        create_vm.with_options(**options)
    with pytest.raises(TypeError, match=r"defn\(\) got an unexpected keyword argument 'timeout'"):
        activity.defn(**options)


def test_a_decorated_function_is_still_one() -> None:
    assert inspect.iscoroutinefunction(create_vm)
    assert not inspect.iscoroutinefunction(delete_vm)
    assert inspect.isfunction(create_vm)
    assert str(inspect.signature(create_vm)) == "(name: 'str', size: 'int' = 1) -> 'str'"
    assert create_vm.__name__ == "create_vm"
    assert pickle.loads(pickle.dumps(delete_vm)) is delete_vm


# -- Function workflows ------------------------------------------------------------------------------------------------


async def test_outside_a_workflow_a_function_workflow_is_a_function() -> None:
    assert await add_node("a", size=2) == "node a 2"


async def test_inside_a_workflow_a_call_is_a_child() -> None:
    with in_workflow() as run:
        run.answer = "node"
        assert await add_node("a") == "node"
        assert await (await add_node.start("a")) == "node"
        assert await add_node.with_options(id="n1", task_queue="other").execute("a") == "node"
    first, _, third = run.inputs
    assert isinstance(first, StartChildWorkflowInput)
    assert (first.workflow, first.args, first.ret_type) == ("AddNode", ("a",), str)
    assert len(first.id) == 36
    assert (third.id, third.task_queue) == ("n1", "other")


async def test_a_child_is_called_with_what_it_takes() -> None:
    call: Any = add_node
    with in_workflow(), pytest.raises(TypeError, match="workflow AddNode takes 1 to 2 arguments: missing a required"):
        await call()


async def test_the_workflow_of_a_function_runs_it_rather_than_a_child() -> None:
    definition = workflow._Definition.must_from_class(add_node)  # pyright: ignore[reportPrivateUsage] - official
    with in_workflow() as run:
        assert await definition.run_fn(definition.cls(), "a", 3) == "node a 3"
    assert run.inputs == []
    assert (definition.name, definition.cls.__name__, definition.arg_types) == ("AddNode", "add_node", [str, int])


# -- Sagas -------------------------------------------------------------------------------------------------------------


async def test_compensations_run_in_reverse_when_the_block_fails() -> None:
    async def saga() -> None:
        async with workflow.compensations() as undo:
            undo.add(delete_vm.execute, "a")
            undo.add(create_vm, "b", size=2)
            raise ApplicationError("no room")

    with in_workflow() as run, pytest.raises(ApplicationError, match="no room"):
        await saga()
    assert [(asked.activity, asked.args) for asked in run.inputs] == [("create_vm", ("b", 2)), ("delete_vm", ("a",))]


async def test_compensations_do_nothing_when_the_block_succeeds_or_continues_as_new() -> None:
    async def next_run() -> None:
        async with workflow.compensations() as undo:
            undo.add(create_vm, "a")
            workflow.continue_as_new("b")

    with in_workflow() as run:
        async with workflow.compensations() as undo:
            undo.add(create_vm, "a")
        with pytest.raises(workflow.ContinueAsNewError):
            await next_run()
    assert [type(asked).__name__ for asked in run.inputs] == ["ContinueAsNewInput"]


async def test_compensations_run_to_their_end_though_the_workflow_is_cancelled_again() -> None:
    undone: list[str] = []
    begun, may_end = asyncio.Event(), asyncio.Event()

    async def undo_slowly() -> None:
        begun.set()
        await may_end.wait()
        undone.append("slowly")

    async def saga() -> None:
        async with workflow.compensations() as undo:
            undo.add(undo_slowly)
            await asyncio.Event().wait()

    with in_workflow():
        running = asyncio.create_task(saga())
        await asyncio.sleep(0)
        running.cancel()
        await begun.wait()
        running.cancel()
        await asyncio.sleep(0)
        may_end.set()
        with pytest.raises(asyncio.CancelledError):
            await running
    assert undone == ["slowly"]


async def test_a_compensation_that_fails_leaves_the_others_and_the_error_as_they_are() -> None:
    async def saga() -> None:
        async with workflow.compensations() as undo:
            undo.add(delete_vm.execute, "a")
            undo.add(create_vm, "b")
            raise ApplicationError("no room")

    with in_workflow() as run:
        run.errors["create_vm"] = ApplicationError("cannot undo")
        with pytest.raises(ApplicationError, match="no room") as caught:
            await saga()
    assert [asked.activity for asked in run.inputs] == ["create_vm", "delete_vm"]
    assert "cannot undo" in caught.value.__notes__[0]


async def test_what_was_cleared_is_not_undone() -> None:
    async def saga() -> None:
        async with workflow.compensations() as undo:
            undo.add(create_vm, "a")
            undo.clear()
            raise ApplicationError("too late")

    with in_workflow() as run, pytest.raises(ApplicationError):
        await saga()
    assert run.inputs == []
