"""Every RPC of both services with requests made of odd values: always a clean answer, and the server goes on.

`MAINSPRING_FUZZ_COUNT` and `MAINSPRING_FUZZ_SEED` set how many requests each RPC gets, and which.
"""

from __future__ import annotations

import os
from random import Random

import pytest
from google.protobuf.descriptor import MethodDescriptor
from google.protobuf.message import Message

from benchmarks import lean
from tests.bad_input.odd_messages import odd, with_one_odd_field
from tests.bad_input.service import Answer, Target, methods, path_of
from tests.bad_input.valid_requests import Living, bring_to_life, requests
from tests.server_process import ServerProcess

COUNT = int(os.environ.get("MAINSPRING_FUZZ_COUNT", "25"))
SEED = int(os.environ.get("MAINSPRING_FUZZ_SEED", "1"))
DANGEROUS = {
    "DeleteNamespace",
    "DeprecateNamespace",
    "UpdateNamespace",
}  # they would do what they say to the other tests
LONG_POLLS = ("PollWorkflowTaskQueue", "PollActivityTaskQueue")
WITHIN_S = 2.1  # polls refuse deadlines under 2 s
WITHOUT_MORE = {
    "PollWorkflowExecutionUpdate": ["NOT_FOUND"],  # there is no update
    "RespondActivityTaskCanceled": ["INVALID_ARGUMENT"],  # nobody asked for it
    "RespondActivityTaskCanceledById": ["INVALID_ARGUMENT"],
    "AddSearchAttributes": ["ALREADY_EXISTS"],
    "RemoveSearchAttributes": ["NOT_FOUND"],
    "RegisterNamespace": ["ALREADY_EXISTS"],
}
"""What the others need besides a run."""


@pytest.mark.parametrize("method", methods(), ids=lambda method: method.name)
async def test_odd_requests_get_clean_answers(server: ServerProcess, method: MethodDescriptor) -> None:
    random = Random(f"{SEED}:{method.full_name}")
    requests = [odd(random, method.input_type) for _ in range(COUNT)]
    if method.name in DANGEROUS:
        for request in requests:
            request.ClearField("namespace")
    async with Target(server.address) as target:
        answers = await target.send_all(path_of(method), [request.SerializeToString() for request in requests])
    assert_clean(requests, answers)


def assert_clean(requests: list[Message], answers: list[Answer]) -> None:
    for request, answer in zip(requests, answers, strict=True):
        assert answer.is_clean, f"{answer}\n{str(request)[:2000]}"


# -- valid requests with one thing wrong, against workflows that are alive


PATHS = list(requests(Living(workflow_id="w")))


@pytest.mark.parametrize("path", PATHS, ids=lambda path: path.rpartition("/")[2])
async def test_one_odd_field_gets_a_clean_answer(server: ServerProcess, path: str) -> None:
    name = path.rpartition("/")[2]
    random = Random(f"{SEED}:one:{name}")
    async with Target(server.address) as target, lean.connected(server.address) as service:
        for number in range(COUNT):
            living = await bring_to_life(service, f"fuzz-{name}-{number}", path)
            request = with_one_odd_field(random, requests(living)[path])
            if name in LONG_POLLS:
                answer = await target.send_and_leave(path, request.SerializeToString(), after_s=0.05)
            else:
                answer = await target.send(path, request.SerializeToString())
            assert_clean([request], [answer])


@pytest.mark.parametrize("path", PATHS, ids=lambda path: path.rpartition("/")[2])
async def test_the_request_would_do(server: ServerProcess, path: str) -> None:
    """Else the fault that was put into it might not be what was refused."""
    name = path.rpartition("/")[2]
    async with Target(server.address) as target, lean.connected(server.address) as service:
        living = await bring_to_life(service, f"valid-{name}", path)
        answer = await target.send(path, requests(living)[path].SerializeToString(), within_s=WITHIN_S)
    assert answer.code in {"OK", "DEADLINE_EXCEEDED", *WITHOUT_MORE.get(name, ())}, answer
