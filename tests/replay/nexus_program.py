"""A workflow that calls Nexus operations in every way, for the official SDK; `both_sdks.migrated` makes it ours."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from typing import Any

from temporalio import workflow
from temporalio.exceptions import NexusOperationError

SOON = timedelta(seconds=20)
SERVICE = "Words"


@workflow.defn
class Caller:
    """Gives back what each call led to, in words that are the same for both SDKs."""

    def __init__(self) -> None:
        self.log: list[str] = []

    @workflow.run
    async def run(self, endpoint: str) -> list[str]:
        client = workflow.create_nexus_client(service=SERVICE, endpoint=endpoint)
        for operation in ("at_once", "later", "fails", "fails_later", "unknown"):
            await self.start_and_wait(client, operation)
        for kind in workflow.NexusOperationCancellationType:
            await self.cancel(client, kind)
        await self.cancel_unsent(client)
        await self.too_slow(client)
        return self.log

    async def start_and_wait(self, client: workflow.NexusClient[Any], operation: str) -> None:
        try:
            handle = await client.start_operation(
                operation, "word", output_type=str, schedule_to_close_timeout=SOON, headers={"trace": "7"}
            )
        except NexusOperationError as error:
            self.note(operation, "did not start", error)
            return
        self.log.append(f"{operation} started, has token: {handle.operation_token is not None}")
        try:
            self.log.append(f"{operation}: {await handle}")
        except NexusOperationError as error:
            self.note(operation, "failed", error)

    async def cancel(self, client: workflow.NexusClient[Any], kind: workflow.NexusOperationCancellationType) -> None:
        handle = await client.start_operation(
            "waits", "word", output_type=str, schedule_to_close_timeout=SOON, cancellation_type=kind
        )
        await workflow.sleep(0.5)
        handle.cancel()
        try:
            self.log.append(f"{kind.name}: {await handle}")
        except NexusOperationError as error:
            self.note(kind.name, "cancelled", error)

    async def cancel_unsent(self, client: workflow.NexusClient[Any]) -> None:
        task = asyncio.create_task(client.execute_operation("later", "word", output_type=str))
        await asyncio.sleep(0)
        task.cancel()
        try:
            self.log.append(f"unsent: {await task}")
        except NexusOperationError as error:
            self.note("unsent", "cancelled", error)
        except asyncio.CancelledError:
            self.log.append("unsent: CancelledError")

    async def too_slow(self, client: workflow.NexusClient[Any]) -> None:
        try:
            await client.execute_operation(
                "waits", "word", output_type=str, schedule_to_close_timeout=timedelta(seconds=1)
            )
        except NexusOperationError as error:
            self.note("waits", "timed out", error)

    def note(self, operation: str, what: str, error: NexusOperationError) -> None:
        causes: list[str] = []
        cause: BaseException | None = error
        while cause is not None:
            causes.append(f"{type(cause).__name__}({cause})")
            cause = cause.__cause__
        self.log.append(
            f"{operation} {what}: {' <- '.join(causes)} "
            f"[{error.service} {error.operation} token={bool(error.operation_token)}]"
        )


WORKFLOWS = [Caller]
