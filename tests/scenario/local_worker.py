"""A worker in a process of its own, with local activities that take their time.

`python -m tests.scenario.local_worker ADDRESS QUEUE` works until it is killed.
"""

from __future__ import annotations

import asyncio
import sys
from datetime import timedelta
from pathlib import Path

from mainspring import activity, workflow
from mainspring.client import Client
from mainspring.common import RetryPolicy
from mainspring.exceptions import ActivityError, ApplicationError, CancelledError
from mainspring.worker import Worker

MINUTE = timedelta(minutes=1)
TASK_TIMEOUT = timedelta(seconds=2)
LONGER_S = 3.0  # than the timeout of a workflow task


@activity.defn
async def take_long(notes: str) -> str:
    """Says in a file that it began, then takes longer than a workflow task may."""
    await asyncio.to_thread(note, Path(notes))
    await asyncio.sleep(LONGER_S)
    return "done"


def note(path: Path) -> None:
    with path.open("a") as file:
        file.write("began\n")


@activity.defn
async def succeed_at(attempt: int) -> int:
    if activity.info().attempt < attempt:
        raise ApplicationError("not yet")
    return activity.info().attempt


@activity.defn
async def hang() -> None:
    await asyncio.Event().wait()


@workflow.defn
class LocalActivities:
    """Runs a local activity of each kind, one after the other."""

    @workflow.run
    async def run(self, notes: str) -> list[str]:
        log = [await workflow.execute_local_activity(take_long, notes, start_to_close_timeout=MINUTE)]
        attempt = await workflow.execute_local_activity(
            succeed_at,
            3,
            start_to_close_timeout=MINUTE,
            retry_policy=RetryPolicy(initial_interval=timedelta(milliseconds=50), backoff_coefficient=1),
            local_retry_threshold=timedelta(milliseconds=10),
        )
        log.append(f"attempt {attempt}")
        for cancellation in workflow.ActivityCancellationType:
            handle = workflow.start_local_activity(hang, start_to_close_timeout=MINUTE, cancellation_type=cancellation)
            await asyncio.sleep(0.01)
            handle.cancel()
            try:
                await handle
            except ActivityError as error:
                how = "cancelled" if isinstance(error.cause, CancelledError) else "failed"
                log.append(f"{how} {cancellation.name}")
        return log


async def main(address: str, queue: str) -> None:
    client = await Client.connect(address)
    worker = Worker(
        client,
        task_queue=queue,
        workflows=[LocalActivities],
        activities=[take_long, succeed_at, hang],
        sticky_queue_schedule_to_start_timeout=timedelta(milliseconds=500),
    )
    await worker.run()


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
