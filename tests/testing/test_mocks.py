"""Activities replaced in tests: by name, typed as the true one, with whatever stands in."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from unittest.mock import AsyncMock, Mock

import pytest

from mainspring import activity, workflow
from mainspring.common import RawValue
from mainspring.testing import WorkflowEnvironment, mocked
from mainspring.worker import Worker


@dataclass
class Order:
    size: int


@dataclass
class Vm:
    name: str


@activity.defn(start_to_close_timeout=timedelta(minutes=5))
async def create_vm(order: Order) -> Vm:
    raise RuntimeError(f"would cost money: {order}")


@activity.defn(name="delete-vm", start_to_close_timeout=timedelta(minutes=5))
def delete_vm(vm: Vm) -> None:
    raise RuntimeError(f"would hurt: {vm}")


@activity.defn(dynamic=True)
async def anything(args: Sequence[RawValue]) -> None:
    raise RuntimeError(f"would do anything: {args}")


@workflow.defn
class Provision:
    @workflow.run
    async def run(self, size: int) -> str:
        vm = await create_vm(Order(size))
        await delete_vm.execute(vm)
        return vm.name


async def run(env: WorkflowEnvironment, *activities: Callable[..., Any]) -> str:
    async with Worker(env.client, task_queue="q", workflows=[Provision], activities=activities):
        return await env.client.execute_workflow(Provision.run, 4, id="w", task_queue="q")


async def test_fakes_run_in_place_of_activities(env: WorkflowEnvironment) -> None:
    deleted: list[Vm] = []

    async def fake_vm(order: Order) -> Vm:
        return Vm(f"fake {order.size} in attempt {activity.info().attempt}")

    assert await run(env, mocked(create_vm, fake_vm), mocked(delete_vm, deleted.append)) == "fake 4 in attempt 1"
    assert deleted == [Vm("fake 4 in attempt 1")]


async def test_mock_objects_are_fakes_and_get_true_types(env: WorkflowEnvironment) -> None:
    fake_create, fake_delete = AsyncMock(return_value=Vm("mock")), Mock(return_value=None)

    assert await run(env, mocked(create_vm, fake_create), mocked(delete_vm, fake_delete)) == "mock"

    fake_create.assert_awaited_once_with(Order(4))
    fake_delete.assert_called_once_with(Vm("mock"))


async def test_a_fake_that_fails_is_tried_again(env: WorkflowEnvironment) -> None:
    fake_create = AsyncMock(side_effect=[RuntimeError("no"), RuntimeError("not yet"), Vm("third")])

    assert await run(env, mocked(create_vm, fake_create), mocked(delete_vm, Mock(return_value=None))) == "third"


async def test_an_activity_can_be_replaced_by_its_name(env: WorkflowEnvironment) -> None:
    def fake_vm(order: Order) -> Vm:
        assert isinstance(order, Order)
        return Vm("by name")

    assert await run(env, mocked("create_vm", fake_vm), mocked("delete-vm", Mock(return_value=None))) == "by name"


def test_what_is_no_activity_cannot_be_replaced() -> None:
    with pytest.raises(TypeError, match=r"missing attributes, was it decorated with @activity\.defn"):
        mocked(len, lambda _: 1)


def test_the_activity_for_all_names_is_replaced_by_name_only() -> None:
    with pytest.raises(TypeError, match="the dynamic activity has no name"):
        mocked(anything, Mock())
