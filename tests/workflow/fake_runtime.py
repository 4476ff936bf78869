"""A run that only notes what workflow code asks of it, for tests of the functions that workflow code calls.

with in_workflow() as run:
    assert await create_vm(order) == run.answer      run.inputs: what came through the interceptors
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Generator
from contextlib import contextmanager
from random import Random
from types import SimpleNamespace
from typing import Any, NoReturn, cast

from mainspring.workflow._exceptions import ContinueAsNewError
from mainspring.workflow._handles import ActivityHandle, ChildWorkflowHandle
from mainspring.workflow._outbound import (
    ContinueAsNewInput,
    SignalChildWorkflowInput,
    SignalExternalWorkflowInput,
    StartActivityInput,
    StartChildWorkflowInput,
    StartLocalActivityInput,
    StartNexusOperationInput,
    WorkflowOutboundInterceptor,
    check_activity_timeouts,
)
from mainspring.workflow._runtime import Runtime


class Continued(ContinueAsNewError):
    """How the fake leaves the workflow."""


class Child(ChildWorkflowHandle[Any, Any]):
    @property
    def id(self) -> str:
        return "child"


class Tail(WorkflowOutboundInterceptor):
    """Notes each input and answers at once."""

    def __init__(self, run: FakeRun) -> None:
        self.run = run

    def continue_as_new(self, input: ContinueAsNewInput) -> NoReturn:  # noqa: A002 - the official name
        self.run.inputs.append(input)
        raise Continued

    def info(self) -> Any:
        return SimpleNamespace(namespace="default", logger_details=lambda: {"workflow_id": "n1"})

    async def signal_child_workflow(self, input: SignalChildWorkflowInput) -> None:  # noqa: A002 - the official name
        self.run.inputs.append(input)

    async def signal_external_workflow(self, input: SignalExternalWorkflowInput) -> None:  # noqa: A002 - official
        self.run.inputs.append(input)

    def start_activity(self, input: StartActivityInput) -> ActivityHandle[Any]:  # noqa: A002 - the official name
        check_activity_timeouts(input)
        self.run.inputs.append(input)
        return ActivityHandle(self.run.answer_for(input.activity))

    def start_local_activity(self, input: StartLocalActivityInput) -> ActivityHandle[Any]:  # noqa: A002 - official
        check_activity_timeouts(input)
        self.run.inputs.append(input)
        return ActivityHandle(self.run.answer_for(input.activity))

    async def start_child_workflow(self, input: StartChildWorkflowInput) -> Child:  # noqa: A002 - the official name
        self.run.inputs.append(input)
        return Child(self.run.answer_for(input.workflow))

    async def start_nexus_operation(self, input: StartNexusOperationInput[Any, Any]) -> Any:  # noqa: A002 - official
        self.run.inputs.append(input)
        return self.run.answer_for(input.operation_name)


class FakeRun(Runtime):
    """What the tests of this folder need of a run."""

    def __init__(self) -> None:
        super().__init__()
        self.inputs: list[Any] = []
        self.answer: Any = None
        self.errors: dict[str, BaseException] = {}
        self.is_read_only = False
        self.is_replaying = False
        self.asked: list[Any] = []

    async def answer_for(self, name: str) -> Any:
        if name in self.errors:
            raise self.errors[name]
        return self.answer

    @property
    def workflow_outbound(self) -> WorkflowOutboundInterceptor:
        return Tail(self)

    @property
    def workflow_disable_eager_activity_execution(self) -> bool:
        return False

    def workflow_is_read_only(self) -> bool:
        return self.is_read_only

    def workflow_is_replaying_history_events(self) -> bool:
        return self.is_replaying

    def workflow_random(self) -> Random:
        return Random(1)

    def workflow_random_seed(self) -> int:
        return 1

    def workflow_register_random_seed_callback(self, callback: Callable[[int], None]) -> None:
        self.asked.append(callback)

    def workflow_time_ns(self) -> int:
        return 1_700_000_000_123_456_789

    def workflow_side_effect(self, fn: Callable[[], Any], type_hint: type | None) -> Any:
        self.asked.append(type_hint)
        return fn()

    def workflow_get_version(self, change_id: str, min_supported: int, max_supported: int) -> int:
        return max_supported

    async def workflow_cancel_external_workflow(self, id: str, **options: Any) -> None:  # noqa: A002 - official
        self.asked.append((id, options))


@contextmanager
def in_workflow() -> Generator[FakeRun]:
    """Make the running loop that of a workflow, for a block."""
    FakeRun.__abstractmethods__ = frozenset[str]()
    run = cast("Callable[[], FakeRun]", FakeRun)()
    loop = asyncio.get_running_loop()
    Runtime.set_on_loop(loop, run)
    try:
        yield run
    finally:
        Runtime.set_on_loop(loop, None)
