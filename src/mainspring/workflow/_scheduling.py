"""From a call to the interceptors: what plain calls, `start_activity` and the others have in common."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from mainspring.workflow._handles import ActivityHandle, ChildWorkflowHandle
from mainspring.workflow._outbound import StartActivityInput, StartChildWorkflowInput, StartLocalActivityInput
from mainspring.workflow._randomness import uuid4
from mainspring.workflow._runtime import Runtime


class Target(NamedTuple):
    """What is to be started: the name of its type, and the types of its arguments and its result where known."""

    name: str
    arg_types: list[type] | None
    ret_type: type | None


def schedule_activity(target: Target, args: Sequence[Any], options: Mapping[str, Any]) -> ActivityHandle[Any]:
    """Start an activity in the current workflow, with all options of `ActivityConfig`."""
    runtime = Runtime.current()
    runtime.assert_not_read_only("start activity")
    return runtime.workflow_outbound.start_activity(
        StartActivityInput(
            activity=target.name,
            args=args,
            headers={},
            disable_eager_execution=runtime.workflow_disable_eager_activity_execution,
            arg_types=target.arg_types,
            ret_type=target.ret_type,
            **options,
        )
    )


def schedule_local_activity(target: Target, args: Sequence[Any], options: Mapping[str, Any]) -> ActivityHandle[Any]:
    """Start a local activity in the current workflow, with all options of `LocalActivityConfig`."""
    runtime = Runtime.current()
    runtime.assert_not_read_only("start local activity")
    return runtime.workflow_outbound.start_local_activity(
        StartLocalActivityInput(
            activity=target.name,
            args=args,
            headers={},
            arg_types=target.arg_types,
            ret_type=target.ret_type,
            **options,
        )
    )


async def schedule_child_workflow(
    target: Target, args: Sequence[Any], options: Mapping[str, Any]
) -> ChildWorkflowHandle[Any, Any]:
    """Start a child in the current workflow, with all options of `ChildWorkflowConfig`; wait until it is started."""
    runtime = Runtime.current()
    runtime.assert_not_read_only("start child workflow")
    child_id: str = options["id"] or str(uuid4())
    others = {name: value for name, value in options.items() if name != "id"}
    return await runtime.workflow_outbound.start_child_workflow(
        StartChildWorkflowInput(
            workflow=target.name,
            args=args,
            headers={},
            arg_types=target.arg_types,
            ret_type=target.ret_type,
            id=child_id,
            **others,
        )
    )
