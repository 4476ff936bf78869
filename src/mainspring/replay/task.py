"""A workflow task as the core takes it, and the answer as the core gives it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import msgspec
from temporalio.api.command.v1 import Command
from temporalio.api.history.v1 import HistoryEvent
from temporalio.api.protocol.v1 import Message
from temporalio.api.query.v1 import WorkflowQuery

LEGACY_QUERY = "legacy_query"  # the id of a query that is a task of its own

# Numbered changes of the official core that histories are marked with: ids and types are compared, patches upsert
# their search attribute, and what ends a run goes behind all other commands.
IDS_ARE_COMPARED = 1
PATCHES_UPSERT = 2
TERMINAL_GOES_LAST = 3
CORE_FLAGS = frozenset({IDS_ARE_COMPARED, PATCHES_UPSERT, TERMINAL_GOES_LAST})


class Task(msgspec.Struct, kw_only=True):
    """One workflow task, all pages of its history there."""

    events: Sequence[HistoryEvent]
    previous_started_event_id: int = 0  # the start of the last workflow task that was completed; 0 = none was
    messages: Sequence[Message] = ()
    queries: Mapping[str, WorkflowQuery] = {}
    legacy_query: WorkflowQuery | None = None


class QueryAnswer(msgspec.Struct, frozen=True):
    """What one query is told."""

    query_id: str
    result: object = None  # Payload, None if it failed
    failure: object = None  # Failure, None if it did not


class Answer(msgspec.Struct, kw_only=True):
    """What the worker sends back."""

    commands: list[Command]
    messages: list[Message]
    queries: list[QueryAnswer]
    core_flags: list[int]  # used for the first time
    language_flags: list[int]
    versioning_behavior: int
