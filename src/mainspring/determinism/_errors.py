"""What is said of workflow code that would not repeat itself.

NondeterminismError (mainspring.workflow)
└── ForbiddenCallError       raised by a guard, where the call is made
UserWarning
├── NondeterminismWarning    found at registration: it would raise, or differ between replays
└── UnorderedWarning         found at registration: an order that may differ between replays
"""

from __future__ import annotations

import warnings

from mainspring.workflow._exceptions import NondeterminismError


class ForbiddenCallError(NondeterminismError):
    """Workflow code called what it must not: it blocks, acts on the world, or differs from replay to replay.

    Unless the workflow lists it in `failure_exception_types`, it fails the workflow task, and the run goes on when the
    code is mended.
    """


class NondeterminismWarning(UserWarning):
    """Workflow code, as it was read at registration, makes a call that it must not make."""


class UnorderedWarning(UserWarning):
    """Workflow code, as it was read at registration, goes by the order of a set, which differs between processes."""


def strict() -> None:
    """From now on, a workflow that makes a forbidden call cannot be registered: `@workflow.defn` raises.

    It is a filter of warnings, as Python's `-W error`, whose own option cannot name a warning that is not built in.
    """
    warnings.filterwarnings("error", category=NondeterminismWarning)
