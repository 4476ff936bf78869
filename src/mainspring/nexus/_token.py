"""The token of an operation: what it started, written so that a worker of any SDK can cancel it.

OperationToken(type=WORKFLOW, namespace="default", workflow_id="w").encode()    base64url of {"t":1,"ns":...,"wid":...}
"""

from __future__ import annotations

import base64
import binascii
import json
import re
from dataclasses import dataclass
from enum import IntEnum
from typing import TYPE_CHECKING, Any, Generic, Self

from nexusrpc import OutputT

from mainspring.converter._kinds import is_dict

if TYPE_CHECKING:
    from mainspring.client import Client
    from mainspring.client import WorkflowHandle as ClientWorkflowHandle

ALPHABET = re.compile(r"[A-Za-z0-9_-]+")
TEXTS = {  # key -> field, and what it is called in errors
    "wid": ("workflow_id", "workflow id to be a string"),
    "aid": ("activity_id", "activity id to be a string"),
    "rid": ("run_id", "run_id to be a string or None"),
    "uid": ("update_id", "update_id to be a string or None"),
}


class OperationTokenType(IntEnum):
    """What an operation started."""

    WORKFLOW = 1
    ACTIVITY = 2
    UPDATE_WORKFLOW = 3


REQUIRED = {
    OperationTokenType.WORKFLOW: ("workflow_id",),
    OperationTokenType.ACTIVITY: ("activity_id",),
    OperationTokenType.UPDATE_WORKFLOW: ("workflow_id", "update_id"),
}


@dataclass(frozen=True, kw_only=True)
class OperationToken:
    """What an operation started. No `version` is the first one."""

    version: int | None = None
    type: OperationTokenType
    namespace: str
    workflow_id: str | None = None
    activity_id: str | None = None
    run_id: str | None = None
    update_id: str | None = None

    def encode(self) -> str:
        """The token as callers keep it."""
        fields = {
            "t": int(self.type),
            "ns": self.namespace,
            "wid": self.workflow_id,
            "aid": self.activity_id,
            "v": self.version,
            "rid": self.run_id,
            "uid": self.update_id,
        }
        said = {key: value for key, value in fields.items() if value is not None}
        text = json.dumps(said, separators=(",", ":"))
        return base64.urlsafe_b64encode(text.encode()).decode().rstrip("=")

    @classmethod
    def decode(cls, token: str) -> Self:
        """The fields of a token.

        Raises:
            TypeError: It is none, or one of a kind that is not known.
        """
        fields = _fields_of(token)
        kind = _type_of(fields.get("t"))
        version, namespace = fields.get("v"), fields.get("ns")
        if version is not None and not isinstance(version, int):
            raise TypeError(f"invalid token: expected version to be an int or null, got {version!r}")
        if not isinstance(namespace, str):
            raise TypeError(f"invalid token: expected namespace to be a string, got {namespace!r}")
        texts = {name: _text_of(fields.get(key), what) for key, (name, what) in TEXTS.items()}
        for name in REQUIRED[kind]:
            if not texts[name]:
                what = name.replace("_", " ")
                raise TypeError(f"invalid token: expected non-empty {what} for token type `{kind.name}`")
        return cls(version=version, type=kind, namespace=namespace, **texts)


def _fields_of(token: str) -> dict[str, Any]:
    if not token:
        raise TypeError("invalid token: token is empty")
    if not ALPHABET.fullmatch(token):
        raise TypeError("failed to decode token as base64url")
    try:
        data = base64.urlsafe_b64decode(token + "=" * (-len(token) % 4))
    except binascii.Error as error:
        raise TypeError("failed to decode token as base64url") from error
    try:
        fields: object = json.loads(data)
    except ValueError as error:
        raise TypeError("failed to unmarshal operation token") from error
    if not is_dict(fields):
        raise TypeError(f"invalid token: expected dict, got {type(fields)}")
    return fields


def _type_of(value: object) -> OperationTokenType:
    if not isinstance(value, int):
        raise TypeError(f"invalid token: expected token type to be an int, got {type(value)}")
    if value not in list(OperationTokenType):
        known = ", ".join(f"{one.value} ({one.name})" for one in OperationTokenType)
        raise TypeError(f"invalid token: unknown token type, got {value}. Valid values: {known}")
    return OperationTokenType(value)


def _text_of(value: object, what: str) -> str | None:
    if value is not None and not isinstance(value, str):
        raise TypeError(f"invalid token: expected {what}, got {type(value)}")
    return value


@dataclass(frozen=True)
class WorkflowHandle(Generic[OutputT]):
    """A workflow that stands behind an operation. Made by `WorkflowRunOperationContext.start_workflow`."""

    namespace: str
    workflow_id: str
    version: int | None = None
    """Of the token it was read from; it is not written into new ones."""

    def to_token(self) -> str:
        """The token of the operation."""
        return OperationToken(
            type=OperationTokenType.WORKFLOW, namespace=self.namespace, workflow_id=self.workflow_id
        ).encode()

    def _to_client_workflow_handle(
        self, client: Client, result_type: type[OutputT] | None = None
    ) -> ClientWorkflowHandle[Any, OutputT]:
        """The workflow as clients know it. Raises: ValueError: It is in another namespace than the client."""
        if client.namespace != self.namespace:
            raise ValueError(
                f"Client namespace {client.namespace} does not match operation token namespace {self.namespace}"
            )
        return client.get_workflow_handle(self.workflow_id, result_type=result_type)

    @classmethod
    def from_token(cls, token: str) -> WorkflowHandle[OutputT]:
        """The workflow behind an operation.

        Raises:
            TypeError: It is no token, or of something else than a workflow.
        """
        read = OperationToken.decode(token)
        if read.type is not OperationTokenType.WORKFLOW or read.workflow_id is None:
            raise TypeError(f"invalid workflow token type: {read.type}, expected: {OperationTokenType.WORKFLOW}")
        if read.version:
            raise TypeError("invalid workflow token: 'v' field, if present, must be 0 or null/absent")
        return cls(namespace=read.namespace, workflow_id=read.workflow_id, version=read.version)
