"""The logger of handlers: every record says which operation wrote it."""

from __future__ import annotations

import logging
from collections.abc import Mapping, MutableMapping
from typing import TYPE_CHECKING, Any

from mainspring.nexus._context import current_context

if TYPE_CHECKING:
    _Adapter = logging.LoggerAdapter[logging.Logger]
else:
    _Adapter = logging.LoggerAdapter


class LoggerAdapter(_Adapter):
    """Adds `service`, `operation` and `task_queue` of the running handler to log records."""

    def __init__(self, logger: logging.Logger, extra: Mapping[str, Any] | None) -> None:
        super().__init__(logger, extra or {})

    def process(self, msg: Any, kwargs: MutableMapping[str, Any]) -> tuple[Any, MutableMapping[str, Any]]:
        extra = dict(self.extra or {})
        context = current_context.get(None)
        if context is not None:
            extra["service"] = context.request.service
            extra["operation"] = context.request.operation
            extra["task_queue"] = context.info.task_queue
        kwargs["extra"] = {**extra, **(kwargs.get("extra") or {})}
        return msg, kwargs


logger = LoggerAdapter(logging.getLogger("mainspring.nexus"), None)
"""Log through this in handlers of operations."""
