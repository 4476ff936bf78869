"""How often, and after which delays, a workflow or an activity is tried again."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta

from temporalio.api.common.v1 import RetryPolicy as RetryPolicyMessage

DEFAULT_MAXIMUM_INTERVAL_RATIO = 100


@dataclass
class RetryPolicy:
    """When an attempt that failed is followed by another."""

    initial_interval: timedelta = timedelta(seconds=1)
    """Delay before the second attempt."""

    backoff_coefficient: float = 2.0
    """What each delay is multiplied by to get the next."""

    maximum_interval: timedelta | None = None
    """The longest delay; None is a hundred times `initial_interval`."""

    maximum_attempts: int = 0
    """How many attempts there may be, the first one included; 0 is no limit."""

    non_retryable_error_types: Sequence[str] | None = None
    """Types of application errors after which there is no other attempt."""

    @staticmethod
    def from_proto(proto: RetryPolicyMessage) -> RetryPolicy:
        """The policy that the API's message says."""
        has_maximum = proto.HasField("maximum_interval")
        return RetryPolicy(
            initial_interval=proto.initial_interval.ToTimedelta(),
            backoff_coefficient=proto.backoff_coefficient,
            maximum_interval=proto.maximum_interval.ToTimedelta() if has_maximum else None,
            maximum_attempts=proto.maximum_attempts,
            non_retryable_error_types=list(proto.non_retryable_error_types) or None,
        )

    def apply_to_proto(self, proto: RetryPolicyMessage) -> None:
        """Write this policy into the API's message.

        Raises: ValueError: the server would refuse the policy.
        """
        self._validate()
        proto.initial_interval.FromTimedelta(self.initial_interval)
        proto.backoff_coefficient = self.backoff_coefficient
        maximum = self.maximum_interval or self.initial_interval * DEFAULT_MAXIMUM_INTERVAL_RATIO
        proto.maximum_interval.FromTimedelta(maximum)
        proto.maximum_attempts = self.maximum_attempts
        proto.non_retryable_error_types.extend(self.non_retryable_error_types or ())

    def _validate(self) -> None:
        if self.maximum_attempts == 1:  # never used for a second attempt, so nothing else matters
            return
        if self.initial_interval < timedelta(0):
            raise ValueError("Initial interval cannot be negative")
        if self.backoff_coefficient < 1:
            raise ValueError("Backoff coefficient cannot be less than 1")
        if self.maximum_interval:
            if self.maximum_interval < timedelta(0):
                raise ValueError("Maximum interval cannot be negative")
            if self.maximum_interval < self.initial_interval:
                raise ValueError("Maximum interval cannot be less than initial interval")
        if self.maximum_attempts < 0:
            raise ValueError("Maximum attempts cannot be negative")
