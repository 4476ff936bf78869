"""Task tokens: what a worker gives back to say which task it answers. Opaque to it, checked against the run by us."""

from __future__ import annotations

import msgspec

from mainspring.server.engine import activity, workflow_task
from mainspring.server.engine.changes import RunKey, TaskKind
from mainspring.server.engine.errors import InvalidArgument, NotFound

_ENCODER = msgspec.msgpack.Encoder()


class TaskToken(msgspec.Struct, frozen=True, array_like=True):
    """Names one attempt of one task of one run."""

    kind: TaskKind
    run: RunKey
    ref: int  # scheduled event id
    started_event_id: int = 0
    attempt: int = 0
    stamp: int = 0

    def encode(self) -> bytes:
        return _ENCODER.encode(self)


class QueryToken(msgspec.Struct, frozen=True, array_like=True):
    """Names one query that was handed to a worker on a task of its own."""

    namespace_id: str
    query_id: str

    def encode(self) -> bytes:
        return _ENCODER.encode(self)


_TASK = msgspec.msgpack.Decoder(TaskToken)
_QUERY = msgspec.msgpack.Decoder(QueryToken)


def task_token(token: bytes, kind: TaskKind) -> TaskToken:
    """The token that a request carries.

    Raises: InvalidArgument: it is missing or broken; NotFound: it is of another kind of task.
    """
    if not token:
        raise InvalidArgument("Task token not set on request.")
    try:
        decoded = _TASK.decode(token)
    except msgspec.MsgspecError as error:
        raise InvalidArgument("Error deserializing task token.") from error
    if decoded.kind != kind:
        raise NotFound(workflow_task.NOT_FOUND if kind is TaskKind.WORKFLOW else activity.NOT_FOUND)
    return decoded


def query_token(token: bytes) -> QueryToken:
    """The query token that a request carries. Raises: InvalidArgument."""
    if not token:
        raise InvalidArgument("Task token not set on request.")
    try:
        return _QUERY.decode(token)
    except msgspec.MsgspecError as error:
        raise InvalidArgument("Error deserializing task token.") from error
