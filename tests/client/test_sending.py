"""What cannot be sent is refused by the sender, with its name; what is large is measured by the namespace's limits."""

from __future__ import annotations

import logging
from typing import Any

import pytest

from mainspring import workflow
from mainspring.client import Client, PayloadTooLargeError
from mainspring.converter import DataConverter, UnserializableValue
from mainspring.converter._payload_converter import CompositePayloadConverter
from mainspring.service import PayloadLimitsConfig, RPCError, RPCStatusCode
from tests.client.fakes import Engine, a_client, limits, started

MIB = 1024 * 1024


@workflow.defn
class Provision:
    @workflow.run
    async def run(self, name: str, disks: Any) -> None: ...

    @workflow.signal
    async def add(self, disk: object) -> None: ...

    @workflow.query
    def find(self, disk: object) -> str:
        return str(disk)


class Socket:
    """Nothing that could be sent."""

    __slots__ = ()


@pytest.fixture
def engine() -> Engine:
    return Engine(start_workflow_execution=[started()], describe_namespace=[limits(2 * MIB, MIB)])


async def test_an_argument_that_cannot_be_converted_is_named(engine: Engine) -> None:
    client = a_client(engine)
    with pytest.raises(UnserializableValue, match="parameter 'disks' of workflow 'Provision'"):
        await client.start_workflow(Provision.run, args=["n1", Socket()], id="w", task_queue="q")
    assert engine.calls == []


async def test_without_a_definition_its_place_is_told(engine: Engine) -> None:
    with pytest.raises(UnserializableValue, match="argument 2 of workflow 'Provision'"):
        await a_client(engine).start_workflow("Provision", args=["n1", Socket()], id="w", task_queue="q")


async def test_arguments_of_signals_and_queries_are_named_too(engine: Engine) -> None:
    handle = a_client(engine).get_workflow_handle_for(Provision.run, "w")
    with pytest.raises(UnserializableValue, match="parameter 'disk' of signal 'add'"):
        await handle.signal(Provision.add, Socket())
    with pytest.raises(UnserializableValue, match="parameter 'disk' of query 'find'"):
        await handle.query(Provision.find, Socket())


async def test_a_memo_field_that_cannot_be_converted_is_named(engine: Engine) -> None:
    with pytest.raises(UnserializableValue, match="memo field 'disk'"):
        await a_client(engine).start_workflow(Provision.run, args=[], id="w", task_queue="q", memo={"disk": Socket()})


async def test_what_a_converter_of_the_users_own_raises_says_where(engine: Engine) -> None:
    class OnlyText(CompositePayloadConverter):
        def __init__(self) -> None:
            super().__init__()

    client = a_client(engine, data_converter=DataConverter(payload_converter_class=OnlyText))
    with pytest.raises(RuntimeError) as raised:
        await client.start_workflow("Provision", args=["n1"], id="w", task_queue="q")
    assert raised.value.__notes__ == ["argument 1 of workflow 'Provision'"]


def test_something_that_is_no_workflow_is_refused() -> None:
    async def function() -> None: ...

    add_node: Any = function
    with pytest.raises(ValueError, match=r"function .*was it decorated"):
        a_client(Engine()).get_workflow_handle_for(add_node, "w")


async def test_an_argument_over_the_namespaces_limit_is_refused_with_its_size(engine: Engine) -> None:
    with pytest.raises(
        PayloadTooLargeError, match=r"input of workflow 'W' is too large: \d+ bytes, the limit is"
    ) as raised:
        await a_client(engine).start_workflow("W", "x" * (2 * MIB), id="w", task_queue="q")
    assert raised.value.limit_bytes == 2 * MIB
    assert raised.value.size_bytes > 2 * MIB
    assert raised.value.status is RPCStatusCode.INVALID_ARGUMENT
    assert engine.requests("start_workflow_execution") == []


async def test_a_memo_has_a_limit_of_its_own(engine: Engine) -> None:
    with pytest.raises(PayloadTooLargeError, match="memo of workflow 'W' is too large"):
        await a_client(engine).start_workflow("W", id="w", task_queue="q", memo={"m": "x" * (MIB + 1)})


async def test_limits_are_asked_for_once_and_only_by_what_is_large(engine: Engine) -> None:
    client = a_client(engine)
    await client.start_workflow("W", "small", id="w", task_queue="q")
    assert engine.requests("describe_namespace") == []

    for _ in range(2):
        await client.start_workflow("W", "x" * MIB, id="w", task_queue="q")
    assert len(engine.requests("describe_namespace")) == 1


async def test_a_server_that_does_not_tell_its_limits_decides_itself() -> None:
    refusal = RPCError("no", RPCStatusCode.PERMISSION_DENIED, b"")
    engine = Engine(start_workflow_execution=[started()], describe_namespace=[refusal])
    await a_client(engine).start_workflow("W", "x" * (3 * MIB), id="w", task_queue="q")
    assert engine.started.input.ByteSize() > 3 * MIB


@pytest.mark.parametrize(
    "size, warn_bytes, is_warned",
    [(600 * 1024, 512 * 1024, True), (100, 50, True), (600 * 1024, 0, False), (9, 50, False)],
)
async def test_what_is_large_is_warned_of_and_sent(
    engine: Engine, caplog: pytest.LogCaptureFixture, size: int, warn_bytes: int, *, is_warned: bool
) -> None:
    client = a_client(engine)
    client.service_client.config.payload_limits = PayloadLimitsConfig(payloads_warn_size=warn_bytes)
    with caplog.at_level(logging.WARNING):
        await client.start_workflow("W", "x" * size, id="w", task_queue="q")
    assert ("[TMPRL1103]" in caplog.text) == is_warned
    assert engine.started.input.payloads


async def test_large_signals_are_refused_too(engine: Engine) -> None:
    client: Client = a_client(engine)
    with pytest.raises(PayloadTooLargeError, match="input of signal 's'"):
        await client.get_workflow_handle("w").signal("s", "x" * (2 * MIB))
