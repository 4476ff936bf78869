"""Payloads by their values in JSON."""

from __future__ import annotations

from typing import Any, cast

import pytest
from google.protobuf.json_format import MessageToDict, ParseDict
from temporalio.api.common.v1 import Memo, Payload, Payloads
from temporalio.api.workflowservice.v1 import StartWorkflowExecutionRequest

from mainspring.server.http.payload_json import expanded, shortened

DESCRIPTOR = StartWorkflowExecutionRequest.DESCRIPTOR


def plain(data: bytes, **metadata: bytes) -> Payload:
    return Payload(metadata={"encoding": b"json/plain", **metadata}, data=data)


PROTO = Payload(metadata={"encoding": b"json/protobuf", "messageType": b"a.B"}, data=b'{"x":1}')
NULL = Payload(metadata={"encoding": b"binary/null"})
BINARY = Payload(metadata={"encoding": b"binary/plain"}, data=b"\x00\xff")


@pytest.mark.parametrize(
    "payload, value",
    [
        (plain(b'"hello"'), "hello"),
        (plain(b'{"a":[1,2.5,true,null]}'), {"a": [1, 2.5, True, None]}),
        (plain(b'{"metadata":{}}'), {"metadata": {}}),
        (plain(b'{"metadata":{"a":"YQ=="}}'), {"metadata": {"a": "YQ=="}}),
        (plain(b'{"metadata":{"a":"no base64"}}'), {"metadata": {"a": "no base64"}}),
        (plain(b'{"metadata":{"a":"YQ=="},"data":1}'), {"metadata": {"a": "YQ=="}, "data": 1}),
        (plain(b"123456789012345678901234567890"), 123456789012345678901234567890),
        (PROTO, {"_protoMessageType": "a.B", "x": 1}),
        (NULL, None),
    ],
)
def test_a_payload_is_its_value_both_ways(payload: Payload, value: object) -> None:
    request = StartWorkflowExecutionRequest(input=Payloads(payloads=[payload]), memo=Memo(fields={"m": payload}))
    tree = shortened(DESCRIPTOR, MessageToDict(request))
    assert tree == {"input": [value], "memo": {"fields": {"m": value}}}
    assert ParseDict(cast("dict[str, Any]", expanded(DESCRIPTOR, tree)), StartWorkflowExecutionRequest()) == request


@pytest.mark.parametrize(
    "payload",
    [
        BINARY,
        plain(b"no json"),
        plain(b"NaN"),
        plain(b"null"),
        plain(b'"x"', type=b"Keyword"),
        plain(b'{"metadata":{"encoding":"YQ=="},"data":""}'),
        plain(b"[1e400]"),
        plain(b'{"_protoMessageType":"x"}'),
        plain(b"[" * 100_000),
        Payload(metadata={"encoding": b"\xff"}),
    ],
)
def test_a_payload_that_its_value_cannot_stand_for_is_whole_both_ways(payload: Payload) -> None:
    request = StartWorkflowExecutionRequest(memo=Memo(fields={"m": payload}))
    tree = shortened(DESCRIPTOR, MessageToDict(request))
    assert tree == {"memo": {"fields": {"m": {"data": "", **MessageToDict(payload)}}}}
    assert ParseDict(cast("dict[str, Any]", expanded(DESCRIPTOR, tree)), StartWorkflowExecutionRequest()) == request


def test_one_payload_that_is_whole_keeps_its_list_in_an_object() -> None:
    request = StartWorkflowExecutionRequest(input=Payloads(payloads=[plain(b"1"), BINARY]))
    tree = shortened(DESCRIPTOR, MessageToDict(request))
    assert tree == {"input": {"payloads": [1, MessageToDict(BINARY)]}}
    assert ParseDict(cast("dict[str, Any]", expanded(DESCRIPTOR, tree)), StartWorkflowExecutionRequest()) == request


def test_values_may_stand_in_a_list_that_is_whole() -> None:
    tree = expanded(DESCRIPTOR, {"input": {"payloads": ["x"]}})
    read = ParseDict(cast("dict[str, Any]", tree), StartWorkflowExecutionRequest())
    assert list(read.input.payloads) == [plain(b'"x"')]
