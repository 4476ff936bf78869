"""What waiters are told after a commit: never stored, never told before it.

transition -> run.notices -> `Changes` -> (commit) -> history room wakes who waits for it
"""

from __future__ import annotations

import msgspec

from mainspring.server.engine.errors import ServiceError


class UpdateNotice(msgspec.Struct, frozen=True):
    """An update moved on: who waits for it looks again."""

    update_id: str
    accepted_event_id: int = 0
    outcome_bytes: bytes | None = None  # temporal.api.update.v1.Outcome; set for rejected and completed ones
    error: ServiceError | None = None  # the update was aborted: waiters get this


class RunClosed(msgspec.Struct, frozen=True):
    """The run is closed; queries that wait for a workflow task must look again."""


Notice = UpdateNotice | RunClosed
