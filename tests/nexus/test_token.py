"""Tokens of operations: those of the official SDK, letter by letter."""

from __future__ import annotations

import base64
import importlib
import json
from typing import Any

import pytest

from mainspring.nexus import WorkflowHandle
from mainspring.nexus._token import OperationToken, OperationTokenType

official: Any = importlib.import_module("temporalio.nexus._token")

Fields = Any  # of a token, by name
TOKENS: list[Fields] = [
    {"type": OperationTokenType.WORKFLOW, "namespace": "default", "workflow_id": "wörk/flow"},
    {"type": OperationTokenType.WORKFLOW, "namespace": "", "workflow_id": "w", "version": 0},
    {"type": OperationTokenType.ACTIVITY, "namespace": "ns", "activity_id": "a", "run_id": "r"},
    {
        "type": OperationTokenType.UPDATE_WORKFLOW,
        "namespace": "ns",
        "workflow_id": "w",
        "run_id": "r",
        "update_id": "u",
    },
]


@pytest.mark.parametrize("fields", TOKENS, ids=lambda fields: fields["type"].name)
def test_tokens_are_the_official_ones(fields: Fields) -> None:
    theirs = official.OperationToken(**{**fields, "type": official.OperationTokenType(fields["type"])}).encode()
    token = OperationToken(**fields)
    assert token.encode() == theirs
    assert OperationToken.decode(theirs) == token


def token_of(value: Any) -> str:
    return base64.urlsafe_b64encode(json.dumps(value).encode()).decode().rstrip("=")


BAD = [
    ("", "token is empty"),
    ("a+b", "failed to decode token as base64url"),
    ("=", "failed to decode token as base64url"),
    (base64.urlsafe_b64encode(b"{").decode().rstrip("="), "failed to unmarshal"),
    (token_of([]), "expected dict"),
    (token_of({"ns": "n", "wid": "w"}), "expected token type to be an int"),
    (token_of({"t": 9, "ns": "n", "wid": "w"}), "unknown token type, got 9"),
    (token_of({"t": 1, "wid": "w"}), "expected namespace to be a string"),
    (token_of({"t": 1, "ns": "n", "wid": 1}), "expected workflow id to be a string"),
    (token_of({"t": 1, "ns": "n", "wid": ""}), "expected non-empty workflow id for token type `WORKFLOW`"),
    (token_of({"t": 1, "ns": "n", "wid": "w", "v": "0"}), "expected version to be an int or null"),
    (token_of({"t": 2, "ns": "n", "wid": "w"}), "expected non-empty activity id for token type `ACTIVITY`"),
    (token_of({"t": 2, "ns": "n", "aid": "a", "rid": 1}), "expected run_id to be a string"),
    (token_of({"t": 3, "ns": "n", "wid": "w"}), "expected non-empty update id for token type `UPDATE_WORKFLOW`"),
    (token_of({"t": 3, "ns": "n", "wid": "w", "uid": 1}), "expected update_id to be a string"),
]


@pytest.mark.parametrize("token, message", BAD, ids=[message for _, message in BAD])
def test_what_is_no_token_is_refused(token: str, message: str) -> None:
    with pytest.raises(TypeError, match=message):
        OperationToken.decode(token)
    with pytest.raises(TypeError):
        official.OperationToken.decode(token)


def test_the_handle_of_a_workflow_is_read_from_its_token() -> None:
    handle = WorkflowHandle[str]("default", "w")
    assert WorkflowHandle[str].from_token(handle.to_token()) == handle
    with pytest.raises(TypeError, match="invalid workflow token type"):
        WorkflowHandle[str].from_token(token_of({"t": 2, "ns": "n", "aid": "a"}))
    with pytest.raises(TypeError, match="'v' field, if present, must be 0"):
        WorkflowHandle[str].from_token(token_of({"t": 1, "ns": "n", "wid": "w", "v": 1}))
