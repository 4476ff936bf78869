"""A Nexus service of the official SDK, for callers of either."""

from __future__ import annotations

import asyncio
import uuid

import nexusrpc
import nexusrpc.handler
from temporalio import nexus, workflow
from temporalio.exceptions import ApplicationError


@workflow.defn
class Later:
    """The workflow behind operations that go on."""

    @workflow.run
    async def run(self, word: str) -> str:
        if word == "wait":
            await asyncio.sleep(600)
        if word == "fail":
            raise ApplicationError("no such word", "detail", type="NoWord", non_retryable=True)
        return f"{word} later"


@nexusrpc.handler.service_handler(name="Words")
class Words:
    @nexusrpc.handler.sync_operation
    async def at_once(self, ctx: nexusrpc.handler.StartOperationContext, word: str) -> str:
        return f"{word} {ctx.headers.get('trace')}"

    @nexusrpc.handler.sync_operation
    async def fails(self, ctx: nexusrpc.handler.StartOperationContext, word: str) -> str:
        raise nexusrpc.OperationError("not that word", state=nexusrpc.OperationErrorState.FAILED)

    @nexus.workflow_run_operation
    async def later(self, ctx: nexus.WorkflowRunOperationContext, word: str) -> nexus.WorkflowHandle[str]:
        return await ctx.start_workflow(Later.run, word, id=f"later-{uuid.uuid4()}")

    @nexus.workflow_run_operation
    async def fails_later(self, ctx: nexus.WorkflowRunOperationContext, word: str) -> nexus.WorkflowHandle[str]:
        return await ctx.start_workflow(Later.run, "fail", id=f"later-{uuid.uuid4()}")

    @nexus.workflow_run_operation
    async def waits(self, ctx: nexus.WorkflowRunOperationContext, word: str) -> nexus.WorkflowHandle[str]:
        return await ctx.start_workflow(Later.run, "wait", id=f"later-{uuid.uuid4()}")
