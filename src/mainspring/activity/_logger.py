"""The logger of activities: every record says which attempt wrote it."""

from __future__ import annotations

import logging
from collections.abc import Mapping, MutableMapping
from typing import TYPE_CHECKING, Any

from mainspring.activity._context import current_context

if TYPE_CHECKING:
    _Adapter = logging.LoggerAdapter[logging.Logger]
else:
    _Adapter = logging.LoggerAdapter


class LoggerAdapter(_Adapter):
    """Adds the running attempt to log records.

    `activity_info_on_message` (True) appends some of it to the text, `activity_info_on_extra` (True) puts it into the
    record as `temporal_activity`, `full_activity_info_on_extra` (False) puts all of it there as `activity_info`.
    """

    def __init__(self, logger: logging.Logger, extra: Mapping[str, Any] | None) -> None:
        super().__init__(logger, extra or {})
        self.activity_info_on_message = True
        self.activity_info_on_extra = True
        self.full_activity_info_on_extra = False

    def process(self, msg: Any, kwargs: MutableMapping[str, Any]) -> tuple[Any, MutableMapping[str, Any]]:
        context = current_context.get(None)
        if context is None:
            return msg, kwargs
        if self.activity_info_on_message:
            msg = f"{msg} ({context.logger_details})"
        extra = dict(kwargs.get("extra") or {})
        if self.activity_info_on_extra:
            extra["temporal_activity"] = context.logger_details
        if self.full_activity_info_on_extra:
            extra["activity_info"] = context.info()
        if extra:
            kwargs["extra"] = extra
        return msg, kwargs

    @property
    def base_logger(self) -> logging.Logger:
        """The logger underneath, for handlers and formatters."""
        return self.logger


logger = LoggerAdapter(logging.getLogger("mainspring.activity"), None)
"""Log through this in activities."""
