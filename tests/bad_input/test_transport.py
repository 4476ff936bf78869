"""What is no request at all: bytes that are no protobuf, methods that are not there, endless bodies, calls let go."""

from __future__ import annotations

import asyncio
from random import Random

import pytest
from google.protobuf.descriptor import MethodDescriptor

from tests.bad_input.service import Target, methods, path_of
from tests.server_process import ServerProcess

START = "/temporal.api.workflowservice.v1.WorkflowService/StartWorkflowExecution"
INFO = "/temporal.api.workflowservice.v1.WorkflowService/GetSystemInfo"
LIMIT_BYTES = 4 * 1024 * 1024


@pytest.mark.parametrize("method", methods(), ids=lambda method: method.name)
async def test_bytes_that_are_no_protobuf(server: ServerProcess, method: MethodDescriptor) -> None:
    random = Random(method.full_name)
    async with Target(server.address) as target:
        answers = await target.send_all(path_of(method), [b"\xff" * 9, b"\x0a\xff\xff", random.randbytes(200)])
    for answer in answers:
        # As the real server has it, down to the words: gRPC libraries answer so before any service is asked.
        is_unparsed = answer.code == "INTERNAL" and answer.text.startswith("grpc: error unmarshalling request")
        assert is_unparsed or answer.is_clean, answer


@pytest.mark.parametrize(
    "path",
    ["/", "/nobody/Nothing", "/temporal.api.workflowservice.v1.WorkflowService/Nothing", "/a/b/c", "/" + "x" * 5000],
)
async def test_methods_that_are_not_there(server: ServerProcess, path: str) -> None:
    async with Target(server.address) as target:
        answer = await target.send(path, b"")
    assert answer.code == "UNIMPLEMENTED", answer


async def test_a_request_over_the_limit_is_refused_by_its_size(server: ServerProcess) -> None:
    async with Target(server.address) as target:
        answer = await target.send(START, b"\x0a" + b"\0" * (LIMIT_BYTES + 1), within_s=10)
    assert answer.code == "RESOURCE_EXHAUSTED", answer
    assert f"larger than max ({LIMIT_BYTES + 2} vs. {LIMIT_BYTES})" in answer.text


async def test_a_thousand_calls_that_nobody_waits_for(server: ServerProcess) -> None:
    async with Target(server.address) as target:
        calls = [asyncio.create_task(target.send(INFO, b"", within_s=5)) for _ in range(1_000)]
        await asyncio.sleep(0.01)
        for call in calls[::2]:
            call.cancel()
        kept = [await call for call in calls[1::2]]
    assert {answer.code for answer in kept} == {"OK"}
