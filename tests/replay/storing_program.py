"""A workflow that passes a large text along, written for the official SDK; `both_sdks.migrated` makes it ours."""

from __future__ import annotations

from datetime import timedelta

from temporalio import activity, workflow
from temporalio.common import RetryPolicy
from temporalio.exceptions import ApplicationError

MINUTE = timedelta(minutes=1)


@activity.defn
async def pass_on(text: str) -> str:
    """Says it in a heartbeat and fails, then gives back what it said."""
    if activity.info().attempt == 1:
        activity.heartbeat(text)
        raise ApplicationError("once", text)
    said: str = activity.info().heartbeat_details[0]
    return said


@workflow.defn
class Branch:
    """A child; it tells its parent before it ends."""

    @workflow.run
    async def run(self, text: str) -> str:
        parent = workflow.info().parent
        assert parent is not None
        await workflow.get_external_workflow_handle(parent.workflow_id).signal("hear", text)
        return text


@workflow.defn
class Relay:
    """Gives back what it was given, by way of everything that can carry it."""

    def __init__(self) -> None:
        self.heard = ""

    @workflow.run
    async def run(self, text: str) -> str:
        text = await workflow.execute_activity(
            pass_on,
            text,
            start_to_close_timeout=MINUTE,
            retry_policy=RetryPolicy(initial_interval=timedelta(milliseconds=1)),
        )
        text = await workflow.execute_local_activity(repeat, text, start_to_close_timeout=MINUTE)
        text = await workflow.execute_child_workflow(Branch.run, text, id=f"{workflow.info().workflow_id}-branch")
        await workflow.wait_condition(lambda: self.heard == text)
        return text

    @workflow.signal
    def hear(self, text: str) -> None:
        self.heard = text

    @workflow.query
    def repeat(self, text: str) -> str:
        return text

    @workflow.update
    async def change(self, text: str) -> str:
        return text


@activity.defn
async def repeat(text: str) -> str:
    return text


WORKFLOWS = [Relay, Branch]
ACTIVITIES = [pass_on, repeat]
