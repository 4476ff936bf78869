"""A logger provider whose records no replay repeats. Those of queries and validators are kept: somebody waits."""

from __future__ import annotations

from typing import Any

from opentelemetry._logs import Logger, LoggerProvider
from opentelemetry.util.types import Attributes
from typing_extensions import override

from mainspring.contrib.opentelemetry._replay_safe_traces import is_replaying


class _ReplaySafeLogger(Logger):
    def __init__(self, logger: Logger, name: str, version: str | None = None, schema_url: str | None = None) -> None:
        super().__init__(name, version=version, schema_url=schema_url)
        self._logger = logger

    def __getattr__(self, name: str) -> Any:
        return getattr(self._logger, name)

    @override
    def emit(self, *args: Any, **kwargs: Any) -> None:
        if not is_replaying():
            self._logger.emit(*args, **kwargs)

    @override
    def enabled(self, *args: Any, **kwargs: Any) -> bool:
        asked = getattr(self._logger, "enabled", None)  # older loggers cannot be asked
        return not is_replaying() and (asked is None or bool(asked(*args, **kwargs)))


class ReplaySafeLoggerProvider(LoggerProvider):
    """A provider around another, for `opentelemetry._logs.set_logger_provider`. All but records passes to the other."""

    def __init__(self, logger_provider: LoggerProvider) -> None:
        self._logger_provider = logger_provider

    def __getattr__(self, name: str) -> Any:
        return getattr(self._logger_provider, name)

    @override
    def get_logger(
        self,
        name: str,
        version: str | None = None,
        schema_url: str | None = None,
        attributes: Attributes = None,
    ) -> Logger:
        logger = self._logger_provider.get_logger(name, version, schema_url, attributes)
        return _ReplaySafeLogger(logger, name, version, schema_url)
