"""Time and chance that are the same in every replay."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from datetime import UTC, datetime
from random import Random

from mainspring.workflow._runtime import Runtime


def now() -> datetime:
    """The time of the workflow task, in UTC."""
    return datetime.fromtimestamp(time(), UTC)


def time() -> float:
    """The time of the workflow task, in seconds since the epoch."""
    return time_ns() / 1e9


def time_ns() -> int:
    """The time of the workflow task, in nanoseconds since the epoch."""
    return Runtime.current().workflow_time_ns()


def random() -> Random:
    """The run's random number generator. Not for secrets."""
    return Runtime.current().workflow_random()


def random_seed() -> int:
    """The seed of the run's random numbers; a reset changes it."""
    return Runtime.current().workflow_random_seed()


def register_random_seed_callback(callback: Callable[[int], None]) -> None:
    """Have `callback` called with each new seed."""
    Runtime.current().workflow_register_random_seed_callback(callback)


def new_random(name: str | None = None) -> Random:
    """A random number generator of one's own, seeded anew whenever the run's seed changes.

    Args:
        name: Goes into the seed, so that generators of different names differ; without one it starts as `random` does.
    """

    def seed(workflow_seed: int) -> int | str:
        return workflow_seed if name is None else f"{workflow_seed}:{name}"

    def reseed(workflow_seed: int) -> None:
        generator.seed(seed(workflow_seed))

    generator = Random(seed(random_seed()))  # noqa: S311 - not for secrets, and it has to repeat itself
    register_random_seed_callback(reseed)
    return generator


def uuid4() -> uuid.UUID:
    """A random UUID that is the same in every replay. Not for secrets."""
    return uuid.UUID(bytes=random().getrandbits(128).to_bytes(16, "big"), version=4)


def uuid7() -> uuid.UUID:
    """A UUID that sorts by the time of the workflow task, in milliseconds, and is the same in every replay.

    Those of one workflow task are in no order among each other. Not for secrets.

    Reference: RFC 9562, section 5.7.
    """
    milliseconds = (time_ns() // 1_000_000) & (1 << 48) - 1
    generator = random()
    version_and_random = 7 << 12 | generator.getrandbits(12)
    variant_and_random = 0b10 << 62 | generator.getrandbits(62)
    return uuid.UUID(int=milliseconds << 80 | version_and_random << 64 | variant_and_random)
