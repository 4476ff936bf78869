"""Change the code of workflows that are running: patches and versions; and record what code cannot do twice the same.

if workflow.patched("ipv6"): ...                        True in new runs; False in those that passed here before
version = workflow.get_version("ipv6", -1, 2)           -1 in those that passed before, else what was current then
token = workflow.side_effect(make_token)                called once, and read from the history ever after
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, TypeVar

from mainspring.common._arguments import type_hints_from_func
from mainspring.workflow._event_groups import EventGroup
from mainspring.workflow._runtime import Runtime

T = TypeVar("T")


def patched(id: str, *, event_groups: Sequence[EventGroup] | None = None) -> bool:
    """Whether to take the newer path: True unless the run passed this place before the patch was there.

    When no run needs the older path any more, drop it and call `deprecate_patch`.
    """
    return Runtime.current().workflow_patch(id, deprecated=False, event_groups=event_groups)


def deprecate_patch(id: str, *, event_groups: Sequence[EventGroup] | None = None) -> None:
    """Say that the older path of a patch is gone. When all runs that were patched have ended, this can go too."""
    Runtime.current().workflow_patch(id, deprecated=True, event_groups=event_groups)


def get_version(change_id: str, min_supported: int, max_supported: int) -> int:
    """The version of a change that this run goes by: `max_supported` if it comes here for the first time.

    Args:
        change_id: Names the change; each call with it gives the same version in a run.
        min_supported: The oldest version that the code still has a path for; -1 is the code before the first version.
        max_supported: The newest.

    Raises:
        NondeterminismError: the run goes by a version that the code no longer, or not yet, has a path for.
    """
    if not -1 <= min_supported <= max_supported:
        raise ValueError(f"expected -1 <= min_supported <= max_supported, got {min_supported} and {max_supported}")
    return Runtime.current().workflow_get_version(change_id, min_supported, max_supported)


def side_effect(fn: Callable[[], T], *, type_hint: type[T] | None = None) -> T:
    """Call a function once, record what it returns in the history, and give that back in every replay.

    For what is short, harmless if repeated, and not the same twice: a random token, a read of the configuration. What
    can fail, or takes time, is an activity.

    Args:
        fn: The function. It waits for nothing and starts nothing.
        type_hint: What to convert the recorded value into; what the function says that it returns, if left out.
    """
    runtime = Runtime.current()
    runtime.assert_not_read_only("side effect")
    hint: Any = type_hint if type_hint is not None else type_hints_from_func(fn)[1]
    value: T = runtime.workflow_side_effect(fn, hint)
    return value
