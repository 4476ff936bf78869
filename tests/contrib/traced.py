"""What is traced, written for the official SDK; `tests.replay.both_sdks.migrated` makes it one for ours.

    client:  start, query, signal, update (also one refused and one failed)
    Order:   activity, local activity, child with a signal, itself signalled by the child, a new run

Messages come one after the other, each when the one before was seen, so that both SDKs make the same spans.
"""

from __future__ import annotations

from datetime import timedelta

from temporalio import activity, workflow
from temporalio.client import Client, WorkflowUpdateFailedError
from temporalio.contrib.opentelemetry.workflow import completed_span
from temporalio.exceptions import ApplicationError, FailureError

SOON = timedelta(seconds=20)


@activity.defn
async def charge(order: str) -> str:
    return f"charged {order}"


@activity.defn
def refuse(order: str) -> str:
    raise ApplicationError(f"no {order}", non_retryable=True)


@workflow.defn
class Parcel:
    """The child: is signalled by its parent and signals it."""

    def __init__(self) -> None:
        self.is_packed = False

    @workflow.run
    async def run(self, parent_id: str) -> str:
        await workflow.wait_condition(lambda: self.is_packed)
        await workflow.get_external_workflow_handle(parent_id).signal("sent", "parcel")
        return "sent"

    @workflow.signal
    def pack(self) -> None:
        self.is_packed = True


@workflow.defn
class Order:
    """See the module."""

    def __init__(self) -> None:
        self.log: list[str] = []
        self.is_released = False

    @workflow.run
    async def run(self, is_second: bool) -> list[str]:
        if not is_second:
            await self.first()
        return ["second"]

    async def first(self) -> None:
        self.log.append(await workflow.execute_activity(charge, "o", start_to_close_timeout=SOON))
        try:
            await workflow.execute_local_activity(refuse, "o", start_to_close_timeout=SOON)
        except FailureError:  # a local activity has none around it
            completed_span("refused", attributes={"by": "the shop"})
        child = await workflow.start_child_workflow(
            Parcel.run, workflow.info().workflow_id, id=f"{workflow.info().workflow_id}-child"
        )
        await child.signal(Parcel.pack)
        await child
        await workflow.wait_condition(lambda: self.is_released)
        workflow.continue_as_new(True)

    @workflow.signal
    def sent(self, what: str) -> None:
        self.log.append(what)

    @workflow.signal
    def release(self) -> None:
        self.is_released = True

    @workflow.query
    def read(self) -> list[str]:
        return self.log

    @workflow.update
    async def note(self, text: str) -> int:
        await workflow.wait_condition(lambda: "parcel" in self.log)
        if text == "fail":
            raise ApplicationError("failed update")
        self.log.append(text)
        return len(self.log)

    @note.validator
    def check_note(self, text: str) -> None:
        if text == "no":
            raise ApplicationError("rejected")


WORKFLOWS = [Order, Parcel]
ACTIVITIES = [charge, refuse]


async def use(client: Client, workflow_id: str, task_queue: str) -> list[str]:
    """All calls of a client that are traced."""
    handle = await client.start_workflow(Order.run, False, id=workflow_id, task_queue=task_queue)
    assert await handle.execute_update(Order.note, "a") == 3  # pyright: ignore[reportUnknownMemberType] - an overload
    assert await handle.query(Order.read) == ["charged o", "parcel", "a"]
    for text in ("no", "fail"):
        try:
            await handle.execute_update(Order.note, text)  # pyright: ignore[reportUnknownMemberType] - an overload
        except WorkflowUpdateFailedError:
            continue
    await handle.signal(Order.release)
    return await handle.result()
