"""What the official ways to start things put into the interceptors' inputs."""

from __future__ import annotations

import inspect
from datetime import timedelta
from typing import Any

import pytest

from mainspring import activity, workflow
from mainspring.common import Priority, RetryPolicy
from mainspring.workflow._exceptions import NotInWorkflowEventLoopError
from tests.workflow.fake_runtime import Continued, in_workflow

MINUTE = timedelta(minutes=1)


@activity.defn(start_to_close_timeout=MINUTE, heartbeat_timeout=MINUTE)
async def create_vm(name: str) -> str:
    return name


class Holder:
    @activity.defn(name="removed")
    async def remove(self, name: str) -> int:
        return len(name)


@activity.defn
class Counted:
    async def __call__(self, text: str) -> int:
        return len(text)


@workflow.defn
class AddNode:
    @workflow.run
    async def run(self, name: str) -> str:
        return name

    @workflow.signal
    def rename(self, name: str) -> None: ...


async def test_an_activity_by_its_function_has_the_official_defaults() -> None:
    with in_workflow() as run:
        await workflow.execute_activity(create_vm, "a")
    asked = run.inputs[0]
    assert (asked.activity, asked.args, asked.heartbeat_timeout) == ("create_vm", ["a"], MINUTE)
    assert (asked.cancellation_type, asked.priority) == (
        workflow.ActivityCancellationType.TRY_CANCEL,
        Priority.default,
    )
    assert (asked.headers, asked.disable_eager_execution, asked.event_groups) == ({}, False, None)


async def test_an_activity_by_its_name_says_its_result_type() -> None:
    with in_workflow() as run:
        run.answer = 1
        options = workflow.ActivityConfig(schedule_to_close_timeout=MINUTE, retry_policy=RetryPolicy())
        assert await workflow.execute_activity("any", args=[1, 2], result_type=int, **options) == 1
    asked = run.inputs[0]
    assert (asked.activity, asked.args, asked.arg_types, asked.ret_type) == ("any", [1, 2], None, int)
    assert asked.retry_policy == RetryPolicy()


async def test_methods_and_classes_are_activities_by_their_names() -> None:
    with in_workflow() as run:
        await workflow.execute_activity_method(Holder.remove, "abc", start_to_close_timeout=MINUTE)
        await workflow.execute_activity_class(Counted, "abc", start_to_close_timeout=MINUTE)
        await workflow.start_local_activity_method(Holder.remove, "abc", start_to_close_timeout=MINUTE)
    assert [(asked.activity, asked.args) for asked in run.inputs] == [
        ("removed", ["abc"]),
        ("Counted", ["abc"]),
        ("removed", ["abc"]),
    ]


async def test_a_local_activity_leaves_out_what_only_others_have() -> None:
    with in_workflow() as run:
        await workflow.execute_local_activity(create_vm, "a", local_retry_threshold=MINUTE)
    asked = run.inputs[0]
    assert (asked.start_to_close_timeout, asked.local_retry_threshold) == (MINUTE, MINUTE)


@pytest.mark.parametrize(
    "call",
    [
        lambda: workflow.start_activity("any", 1, args=[2], start_to_close_timeout=MINUTE),
        lambda: workflow.start_activity(create_vm.__name__),
    ],
)
async def test_a_call_that_makes_no_sense_is_refused(call: Any) -> None:
    with in_workflow(), pytest.raises(ValueError, match=r"Cannot have arg and args|must have start_to_close_timeout"):
        call()


async def test_wrong_arguments_of_a_function_fail_where_the_call_stands() -> None:
    start: Any = workflow.start_activity
    with in_workflow(), pytest.raises(TypeError, match="activity create_vm takes 1 argument: too many positional"):
        start(create_vm, args=["a", "b"])


async def test_an_option_that_does_not_exist_is_refused() -> None:
    start: Any = workflow.start_activity
    with in_workflow(), pytest.raises(TypeError, match=r"start_activity\(\) got an unexpected keyword argument 'x'"):
        start(create_vm, "a", x=1)


async def test_a_function_that_is_no_activity_is_refused() -> None:
    async def bare() -> None: ...

    with in_workflow(), pytest.raises(TypeError, match="Activity bare missing attributes"):
        await workflow.execute_activity(bare)


async def test_outside_a_workflow_nothing_can_be_started() -> None:
    with pytest.raises(NotInWorkflowEventLoopError, match="Not in workflow event loop"):
        await workflow.start_activity("any", start_to_close_timeout=MINUTE)


async def test_a_query_can_start_nothing() -> None:
    with in_workflow() as run:
        run.is_read_only = True
        message = "While in read-only function, action attempted: start activity"
        with pytest.raises(workflow.ReadOnlyContextError, match=message):
            await workflow.start_activity(create_vm, "a")
    assert run.inputs == []


async def test_a_child_is_started_by_its_run_method_and_signalled_by_its_method() -> None:
    with in_workflow() as run:
        handle = await workflow.start_child_workflow(AddNode.run, "a", id="n1", static_summary="adds")
        await handle.signal(AddNode.rename, "b")
        await handle.signal("other", args=[1, 2])
        await handle
    child, named, other = run.inputs
    assert (child.workflow, child.args, child.id, child.static_summary) == ("AddNode", ["a"], "n1", "adds")
    assert child.parent_close_policy == workflow.ParentClosePolicy.TERMINATE
    assert (named.signal, named.args, named.child_workflow_id) == ("rename", ["b"], "child")
    assert (other.signal, other.args) == ("other", [1, 2])


async def test_another_run_is_signalled_and_cancelled_by_its_handle() -> None:
    with in_workflow() as run:
        handle = workflow.get_external_workflow_handle_for(AddNode.run, "n1", run_id="r")
        await handle.signal(AddNode.rename, "b")
        await handle.cancel(reason="enough")
    signalled = run.inputs[0]
    assert (signalled.namespace, signalled.workflow_id, signalled.workflow_run_id) == ("default", "n1", "r")
    assert run.asked == [("n1", {"run_id": "r", "reason": "enough", "event_groups": None})]


async def test_continue_as_new_leaves_the_workflow_with_what_was_given() -> None:
    with in_workflow() as run:
        with pytest.raises(Continued):
            workflow.continue_as_new("a", run_timeout=MINUTE)
        with pytest.raises(Continued):
            workflow.continue_as_new("a", workflow=AddNode.run)
    same, other = run.inputs
    assert (same.workflow, same.args, same.run_timeout, same.memo) == (None, ["a"], MINUTE, None)
    assert (other.workflow, other.arg_types) == ("AddNode", [str])


def test_a_continue_as_new_error_is_made_by_nobody_else() -> None:
    with pytest.raises(RuntimeError, match="Cannot instantiate ContinueAsNewError directly"):
        workflow.ContinueAsNewError()


def test_options_are_shown_in_signatures() -> None:
    shown = inspect.signature(workflow.start_activity).parameters
    assert shown.keys() == {"activity", "arg", "args", "result_type", *workflow.ActivityConfig.__annotations__}
    assert shown["cancellation_type"].default == workflow.ActivityCancellationType.TRY_CANCEL


async def test_uuids_repeat_with_the_run_and_the_seventh_kind_sorts_by_its_time() -> None:
    with in_workflow():
        assert workflow.uuid4() == workflow.uuid4()
        assert workflow.uuid4().version == 4
        seventh = workflow.uuid7()
    assert (seventh.version, seventh.variant) == (7, "specified in RFC 4122")
    assert seventh.int >> 80 == 1_700_000_000_123


async def test_a_random_of_ones_own_follows_the_seed_and_differs_by_name() -> None:
    with in_workflow() as run:
        plain, named = workflow.new_random(), workflow.new_random("dice")
        first = [plain.random(), named.random()]
        for reseed in run.asked:
            reseed(1)
    assert [plain.random(), named.random()] == first
    assert first[0] != first[1]


async def test_a_side_effect_knows_its_type_from_the_function() -> None:
    def token() -> str:
        return "t"

    with in_workflow() as run:
        assert workflow.side_effect(token) == "t"
        assert workflow.side_effect(lambda: 1, type_hint=int) == 1
    assert run.asked == [str, int]


async def test_a_version_range_has_its_ends_in_order() -> None:
    with in_workflow():
        assert workflow.get_version("ipv6", -1, 2) == 2
        with pytest.raises(ValueError, match="expected -1 <= min_supported <= max_supported, got 3 and 2"):
            workflow.get_version("ipv6", 3, 2)
