"""The logger of workflows: every record says which run wrote it, and a replay writes none."""

from __future__ import annotations

import logging
from collections.abc import Mapping, MutableMapping
from typing import TYPE_CHECKING, Any

from mainspring.workflow._info import Info, current_update_info
from mainspring.workflow._runtime import Runtime

if TYPE_CHECKING:
    _Adapter = logging.LoggerAdapter[logging.Logger]
else:
    _Adapter = logging.LoggerAdapter


def build_log_context(
    workflow_details: Mapping[str, Any] | None,
    update_details: Mapping[str, Any] | None = None,
    *,
    workflow_info_on_message: bool = True,
    workflow_info_on_extra: bool = True,
    full_workflow_info: Info | None = None,
) -> tuple[dict[str, Any], dict[str, Any]]:
    """What a record says in its text, and what it carries in `extra`."""
    details = {**(workflow_details or {}), **(update_details or {})}
    extra: dict[str, Any] = {}
    if workflow_info_on_extra and (workflow_details is not None or update_details is not None):
        extra["temporal_workflow"] = details
    if full_workflow_info is not None:
        extra["workflow_info"] = full_workflow_info
    return (dict(details) if workflow_info_on_message else {}), extra


class LoggerAdapter(_Adapter):
    """Adds the running workflow, and the update it handles, to log records.

    `workflow_info_on_message` (True) appends some of it to the text, `workflow_info_on_extra` (True) puts it into the
    record as `temporal_workflow`, `full_workflow_info_on_extra` (False) puts all of it there as `workflow_info`.
    `log_during_replay` (False) writes in replays too.
    """

    def __init__(self, logger: logging.Logger, extra: Mapping[str, Any] | None) -> None:
        super().__init__(logger, extra or {})
        self.workflow_info_on_message = True
        self.workflow_info_on_extra = True
        self.full_workflow_info_on_extra = False
        self.log_during_replay = False
        self.disable_sandbox = False

    def process(self, msg: Any, kwargs: MutableMapping[str, Any]) -> tuple[Any, MutableMapping[str, Any]]:
        runtime = Runtime.maybe_current()
        update = current_update_info()
        full = runtime.workflow_info() if runtime is not None and self.full_workflow_info_on_extra else None
        on_message, extra = build_log_context(
            runtime.logger_details if runtime is not None else None,
            update.logger_details if update is not None else None,
            workflow_info_on_message=self.workflow_info_on_message,
            workflow_info_on_extra=self.workflow_info_on_extra,
            full_workflow_info=full,
        )
        kwargs["extra"] = {**extra, **(kwargs.get("extra") or {})}
        return (f"{msg} ({on_message})" if on_message else msg), kwargs

    def log(self, level: int, msg: object, *args: Any, stacklevel: int = 1, **kwargs: Any) -> None:
        super().log(level, msg, *args, stacklevel=stacklevel + 1, **kwargs)

    def isEnabledFor(self, level: int) -> bool:
        """Whether a record of this level is written now: not in a replay."""
        runtime = Runtime.maybe_current()
        if runtime is not None and not self.log_during_replay and runtime.workflow_is_replaying_history_events():
            return False
        return super().isEnabledFor(level)

    @property
    def base_logger(self) -> logging.Logger:
        """The logger underneath, for handlers and formatters."""
        return self.logger

    def unsafe_disable_sandbox(self, value: bool = True) -> None:
        """Accepted, and without effect: there is no sandbox."""
        self.disable_sandbox = value


logger = LoggerAdapter(logging.getLogger("mainspring.workflow"), None)
"""Log through this in workflows."""
