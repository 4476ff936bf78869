"""When a failed call is tried again, and after how long: the policy of the official SDKs.

    call failed --next_wait_s(error)--> seconds to wait, or None: give the error to the caller

Polls for tasks are special: they never give up on what time may heal, and bear for a minute even what it may not, since
proxies answer strange codes while they start.
"""

from __future__ import annotations

import asyncio
import logging
import random
import time
from collections.abc import Awaitable, Callable
from typing import Final, TypeVar

from mainspring.service._config import RetryConfig
from mainspring.service._errors import RPCError, RPCStatusCode

DEFAULT: Final = RetryConfig(multiplier=1.7)
"""What applies where `ConnectConfig.retry_config` is None."""

TASK_POLL: Final = RetryConfig(
    initial_interval_millis=200,
    multiplier=2.0,
    max_interval_millis=10_000,
    max_elapsed_time_millis=None,
    max_retries=0,
)
_THROTTLED: Final = RetryConfig(
    initial_interval_millis=1_000,
    multiplier=2.0,
    max_interval_millis=10_000,
    max_elapsed_time_millis=None,
    max_retries=0,
)
_RETRIED: Final = frozenset(
    {
        RPCStatusCode.UNKNOWN,
        RPCStatusCode.RESOURCE_EXHAUSTED,
        RPCStatusCode.ABORTED,
        RPCStatusCode.OUT_OF_RANGE,
        RPCStatusCode.INTERNAL,
        RPCStatusCode.UNAVAILABLE,
        RPCStatusCode.DATA_LOSS,
    }
)
_RETRIED_FOR_POLLS: Final = frozenset({RPCStatusCode.CANCELLED, RPCStatusCode.DEADLINE_EXCEEDED})
_TOO_LARGE: Final = (
    "grpc: received message larger than max",
    "grpc: message after decompression larger than max",
    "grpc: received message after decompression larger than max",
)
_POLL_GRACE_S: Final = 60.0

T = TypeVar("T")

log = logging.getLogger(__name__)


class _Backoff:
    """Waits that grow."""

    def __init__(self, config: RetryConfig) -> None:
        self._config = config
        self._interval_ms = float(config.initial_interval_millis)

    def next_s(self) -> float:
        """The next wait, with its jitter."""
        interval_ms = min(self._interval_ms, self._config.max_interval_millis)
        self._interval_ms = interval_ms * self._config.multiplier
        jitter = self._config.randomization_factor * random.uniform(-1.0, 1.0)  # noqa: S311 - spreads load, hides nothing
        return max(0.0, interval_ms * (1.0 + jitter)) / 1_000


class Retries:
    """The attempts of one call. Made when the first one has failed."""

    def __init__(self, config: RetryConfig, *, is_task_poll: bool = False, started_at_s: float | None = None) -> None:
        """`started_at_s` is the monotonic time of the first attempt; now, if None."""
        self.attempt_count = 0
        self._config = TASK_POLL if is_task_poll else config
        self._is_task_poll = is_task_poll
        self._started_at_s = time.monotonic() if started_at_s is None else started_at_s
        self._backoff = _Backoff(self._config)
        self._throttled = _Backoff(_THROTTLED)

    def next_wait_s(self, error: RPCError) -> float | None:
        """Seconds until the next attempt, or None: the error is the answer. Counts the attempt that failed."""
        self.attempt_count += 1
        if 0 < self._config.max_retries <= self.attempt_count:
            return None
        if error.status is RPCStatusCode.RESOURCE_EXHAUSTED and error.message.startswith(_TOO_LARGE):
            return None
        elapsed_s = time.monotonic() - self._started_at_s
        if error.status not in _RETRIED and not (self._is_task_poll and error.status in _RETRIED_FOR_POLLS):
            bears_it = self._is_task_poll and elapsed_s <= _POLL_GRACE_S
            return self._config.max_interval_millis / 1_000 if bears_it else None
        wait_s = self._backoff.next_s()
        limit_ms = self._config.max_elapsed_time_millis
        if limit_ms is not None and (elapsed_s + wait_s) * 1_000 > limit_ms:
            return None
        if error.status is RPCStatusCode.RESOURCE_EXHAUSTED:
            return max(wait_s, self._throttled.next_s())
        return wait_s

    @property
    def is_worth_a_warning(self) -> bool:
        """So many attempts failed that the log should say it."""
        if self._config.max_retries == 0:
            return self.attempt_count > 5
        return self.attempt_count > 1 and self.attempt_count * 2 >= self._config.max_retries


async def try_again(attempt: Callable[[], Awaitable[T]], error: RPCError, retries: Retries, rpc: str) -> T:
    """Repeat a call whose first attempt ended with `error`, for as long as the policy allows.

    Raises: RPCError: of the last attempt.
    """
    while True:
        wait_s = retries.next_wait_s(error)
        if wait_s is None:
            raise error
        if retries.is_worth_a_warning:
            log.warning("call retried: rpc=%s attempts=%s error=%s", rpc, retries.attempt_count, error)
        await asyncio.sleep(wait_s)
        try:
            return await attempt()
        except RPCError as failed:
            error = failed
