"""An environment whose time skips: the engine on a clock of its own, moved by the test service."""

from __future__ import annotations

from collections.abc import Generator
from contextlib import AsyncExitStack, contextmanager
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from google.protobuf.empty_pb2 import Empty
from temporalio.api.testservice.v1 import SleepRequest

from mainspring._embedded._testing import TestEngineOptions, open_test_engine
from mainspring.client import Client
from mainspring.testing._local import ClientOptions, LocalEnvironment, client_of
from mainspring.testing._waits import SkippingEngine
from mainspring.testing._workflow import WorkflowEnvironment, seconds_of

if TYPE_CHECKING:
    from mainspring.client import WorkflowHandle


async def start_time_skipping(port: int | None, options: ClientOptions) -> WorkflowEnvironment:
    """See `WorkflowEnvironment.start_time_skipping`."""
    async with AsyncExitStack() as opening:
        test = await opening.enter_async_context(open_test_engine(TestEngineOptions(port=port, skips_time=True)))
        engine = SkippingEngine(test.engine)
        client = await client_of(test, options, lambda: engine)
        return TimeSkippingEnvironment(client, engine, opening.pop_all())


class TimeSkippingEnvironment(LocalEnvironment):
    """See the module."""

    def __init__(self, client: Client, engine: SkippingEngine, opened: AsyncExitStack) -> None:
        super().__init__(client, opened)
        self._engine = engine

    async def sleep(self, duration: timedelta | float) -> None:
        """Let time pass (seconds), as fast as workflows and workers let it.

        Activities that workers have hold time up, except the one that calls this.
        """
        request = SleepRequest()
        request.duration.FromTimedelta(timedelta(seconds=seconds_of(duration)))
        await self._client.test_service.unlock_time_skipping_with_sleep(request)

    async def get_current_time(self, handle: WorkflowHandle[Any, Any] | None = None) -> datetime:
        """The time in the environment, one for all workflows."""
        del handle
        reply = await self._client.test_service.get_current_time(Empty())
        return reply.time.ToDatetime(UTC)

    @property
    def supports_time_skipping_v1(self) -> bool:
        """It does, for the whole environment at once."""
        return True

    @contextmanager
    def auto_time_skipping_disabled(self) -> Generator[None]:
        """Within it, waiting for results lets no time skip; `sleep` does."""
        before = self._engine.skips_for_results
        self._engine.skips_for_results = False
        try:
            yield
        finally:
            self._engine.skips_for_results = before
