"""Numbered changes of how workflow code runs. Histories carry the numbers, so a number is never used again.

The numbers are those of the official SDK, whose histories run here.
"""

from __future__ import annotations

from enum import IntEnum


class WorkflowLogicFlag(IntEnum):
    """A change of behaviour that a run has from the workflow task on that marked it."""

    RAISE_ON_CANCELLING_COMPLETED_ACTIVITY = (
        1  # an activity that ended in the activation of its cancellation: it raises
    )
    PROCESS_WORKFLOW_ACTIVATION_JOBS_AS_SINGLE_BATCH = 2  # all jobs are applied before the loop runs


DEFAULT_FLAGS: frozenset[int] = frozenset()  # what new runs have of those that their worker has to ask for
