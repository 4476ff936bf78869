"""The test service: what SDKs' time-skipping test environments ask of a server. Served where time can skip only."""

from __future__ import annotations

from google.protobuf.empty_pb2 import Empty
from temporalio.api.testservice.v1 import (
    GetCurrentTimeResponse,
    LockTimeSkippingRequest,
    LockTimeSkippingResponse,
    SleepRequest,
    SleepResponse,
    SleepUntilRequest,
    UnlockTimeSkippingRequest,
    UnlockTimeSkippingResponse,
)

from mainspring.server.frontend.call import Call
from mainspring.server.process.time_skipping import TimeSkipping


class TestService:
    """See the module."""

    __test__ = False  # not for pytest

    def __init__(self, time_skipping: TimeSkipping) -> None:
        self._time = time_skipping

    async def lock_time_skipping(self, _request: LockTimeSkippingRequest, _call: Call) -> LockTimeSkippingResponse:
        """Time passes at its own pace from now on."""
        self._time.lock()
        return LockTimeSkippingResponse()

    async def unlock_time_skipping(
        self, _request: UnlockTimeSkippingRequest, _call: Call
    ) -> UnlockTimeSkippingResponse:
        """Time may skip, unless there are other locks."""
        self._time.unlock()
        return UnlockTimeSkippingResponse()

    async def sleep(self, request: SleepRequest, _call: Call) -> SleepResponse:
        """Answer when that much time has passed."""
        await self._time.sleep_until(self._time.clock.now() + request.duration.ToNanoseconds())
        return SleepResponse()

    async def sleep_until(self, request: SleepUntilRequest, _call: Call) -> SleepResponse:
        """Answer when it is that time."""
        await self._time.sleep_until(request.timestamp.ToNanoseconds())
        return SleepResponse()

    async def unlock_time_skipping_with_sleep(self, request: SleepRequest, _call: Call) -> SleepResponse:
        """The same as `sleep`, with one lock less meanwhile."""
        await self._time.unlocked_sleep_until(self._time.clock.now() + request.duration.ToNanoseconds())
        return SleepResponse()

    async def get_current_time(self, _request: Empty, _call: Call) -> GetCurrentTimeResponse:
        """The server's time, however far it has skipped."""
        response = GetCurrentTimeResponse()
        response.time.FromNanoseconds(self._time.clock.now())
        return response
