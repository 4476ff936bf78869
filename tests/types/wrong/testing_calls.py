"""Fakes that do not fit, and activities run wrongly. The comment above each says what pyright complains of."""

from __future__ import annotations

from mainspring.testing import ActivityEnvironment, mocked
from tests.types.definitions import Vm, create_vm


async def takes_a_name(name: str) -> Vm:
    return Vm(name)


async def wrong_calls(env: ActivityEnvironment) -> None:
    # error-pyright: No overloads for "mocked" match
    mocked(create_vm, takes_a_name)
    # error-pyright: is not assignable to "Order"
    await env.run(create_vm, "n1")
    # error-pyright: Argument missing for parameter "order"
    await env.run(create_vm)
