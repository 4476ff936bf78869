"""Calls of `mocked` that type checkers accept, and the types that they see."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from unittest.mock import AsyncMock, Mock

from mainspring.testing import ActivityEnvironment, mocked
from tests.types.definitions import Order, Vm, create_vm, delete_vm


async def fake_create(order: Order) -> Vm:
    return Vm(order.node_id)


def fake_create_at_once(order: Order) -> Vm:
    return Vm(order.node_id)


def fakes() -> list[Callable[..., Awaitable[object]]]:
    return [
        mocked(create_vm, fake_create),
        mocked(create_vm, fake_create_at_once),
        mocked(create_vm, AsyncMock(return_value=Vm("n1"))),
        mocked(delete_vm, Mock(return_value=None)),
        mocked("create-vm", fake_create),
    ]


async def alone(env: ActivityEnvironment, order: Order) -> Vm:
    return await env.run(create_vm, order)
