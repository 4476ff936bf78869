"""What workflow code should not need: whether it is being replayed, and names of the official SDK's sandbox.

There is no sandbox here, which would import workflow code a second time. Its names do what they say as far as that can
be said: a block marked as unrestricted is one, and nothing restricts the others.
"""

from __future__ import annotations

from collections.abc import Generator
from contextlib import contextmanager
from contextvars import ContextVar
from enum import Flag, auto
from typing import Any

from mainspring.workflow._runtime import Runtime

# Of the task that set them, not of its thread: a block may wait, and other workflows run on the thread meanwhile.
sandbox_unrestricted: ContextVar[bool] = ContextVar("sandbox_unrestricted", default=False)
in_sandbox: ContextVar[bool] = ContextVar("in_sandbox", default=False)
imports_passed_through: ContextVar[bool] = ContextVar("imports_passed_through", default=False)


class SandboxImportNotificationPolicy(Flag):
    """What the official sandbox says of imports. Without effect here."""

    SILENT = auto()
    WARN_ON_DYNAMIC_IMPORT = auto()
    WARN_ON_UNINTENTIONAL_PASSTHROUGH = auto()
    RAISE_ON_UNINTENTIONAL_PASSTHROUGH = auto()


sandbox_import_notification_policy_override: ContextVar[SandboxImportNotificationPolicy | None] = ContextVar(
    "sandbox_import_notification_policy_override", default=None
)


@contextmanager
def _marked(mark: ContextVar[Any], value: Any) -> Generator[None]:
    """Set a mark for a block."""
    before = mark.get()
    mark.set(value)
    try:
        yield
    finally:
        mark.set(before)  # no token: a run that is thrown away may end the block in another context


class unsafe:  # noqa: N801 - the official name
    """Functions, not an object. Needed seldom, and easily misused: what they say may differ between runs."""

    def __init__(self) -> None:
        raise NotImplementedError

    @staticmethod
    def is_replaying() -> bool:
        """Whether the code runs again what it did before; also in a query or validator in a replay."""
        return Runtime.current().workflow_is_replaying()

    @staticmethod
    def is_replaying_history_events() -> bool:
        """Whether the code runs again what it did before; never in a query or validator, whose caller waits."""
        return Runtime.current().workflow_is_replaying_history_events()

    @staticmethod
    def is_read_only() -> bool:
        """Whether the code runs in a query or an update validator, and may change nothing."""
        return Runtime.current().workflow_is_read_only()

    @staticmethod
    def in_sandbox() -> bool:
        """Whether the code runs in a sandbox: there is none."""
        return in_sandbox.get()

    @staticmethod
    def is_sandbox_unrestricted() -> bool:
        """Whether the code stands in a `sandbox_unrestricted` block."""
        return sandbox_unrestricted.get()

    @staticmethod
    @contextmanager
    def sandbox_unrestricted() -> Generator[None]:
        """Mark a block as one that the checks of a worker leave alone."""
        with _marked(sandbox_unrestricted, True):
            yield

    @staticmethod
    def is_imports_passed_through() -> bool:
        """Whether the code stands in an `imports_passed_through` block."""
        return imports_passed_through.get()

    @staticmethod
    @contextmanager
    def imports_passed_through() -> Generator[None]:
        """Mark a block as one whose imports the sandbox would not repeat. Nothing repeats imports here."""
        with _marked(imports_passed_through, True):
            yield

    @staticmethod
    def current_import_notification_policy_override() -> SandboxImportNotificationPolicy | None:
        """The policy of the innermost `sandbox_import_notification_policy` block."""
        return sandbox_import_notification_policy_override.get()

    @staticmethod
    @contextmanager
    def sandbox_import_notification_policy(policy: SandboxImportNotificationPolicy) -> Generator[None]:
        """Set the policy for a block. Without effect here."""
        with _marked(sandbox_import_notification_policy_override, policy):
            yield
