"""Log records from workflow code: once each, however often the code is replayed; those of queries whenever asked."""

from __future__ import annotations

from typing import Any

import pytest
from opentelemetry._logs import Logger, LoggerProvider, LogRecord
from typing_extensions import override

from mainspring import workflow
from mainspring._embedded import embedded
from mainspring.contrib.opentelemetry import ReplaySafeLoggerProvider

bodies: list[object] = []


class KeepingLogger(Logger):
    @override
    def emit(self, record: LogRecord | None = None, **fields: Any) -> None:
        assert record is not None
        bodies.append(record.body)

    def enabled(self, **_: Any) -> bool:
        return True


class KeepingProvider(LoggerProvider):
    is_shut_down = False

    @override
    def get_logger(self, name: str, *args: Any, **fields: Any) -> Logger:
        return KeepingLogger(name)

    def shutdown(self) -> None:
        self.is_shut_down = True


LOGGER = ReplaySafeLoggerProvider(KeepingProvider()).get_logger("tests")


def log(body: str) -> None:
    LOGGER.emit(LogRecord(body=body))


@workflow.defn
class Logs:
    def __init__(self) -> None:
        self.is_over = False
        self.was_enabled: list[bool] = []

    @workflow.run
    async def run(self) -> list[bool]:
        log("begun")
        self.was_enabled.append(LOGGER.enabled())
        await workflow.wait_condition(lambda: self.is_over)
        log("over")
        return self.was_enabled

    @workflow.signal
    def end(self) -> None:
        log("signaled")
        self.is_over = True

    @workflow.query
    def ask(self) -> str:
        log("asked")
        return "answer"


@pytest.mark.slow
@pytest.mark.parametrize("cached", [0, 1000])
async def test_each_record_is_written_once_and_those_of_queries_whenever_asked(cached: int) -> None:
    bodies.clear()
    async with embedded(workflows=[Logs], max_cached_workflows=cached) as client:
        handle = await client.start_workflow(Logs.run, id="w")
        assert await handle.query(Logs.ask) == "answer"
        assert await handle.query(Logs.ask) == "answer"
        await handle.signal(Logs.end)
        was_enabled = await handle.result()
    assert bodies == ["begun", "asked", "asked", "signaled", "over"]
    assert was_enabled == [cached > 0], "in a replay no record would be written, so none need be made"


def test_outside_of_workflows_all_passes_to_the_provider() -> None:
    bodies.clear()
    kept = KeepingProvider()
    provider = ReplaySafeLoggerProvider(kept)
    logger = provider.get_logger("tests", "1", "schema")

    logger.emit(LogRecord(body="plain"))
    provider.shutdown()

    assert bodies == ["plain"]
    assert logger.enabled()
    assert kept.is_shut_down
