"""A Nexus service that answers in every way, and a workflow that asks it: for the official SDK, `migrated` for ours."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import nexusrpc
import nexusrpc.handler
from temporalio import nexus, workflow
from temporalio.client import WorkflowUpdateStage
from temporalio.exceptions import ApplicationError, NexusOperationError, WorkflowAlreadyStartedError
from temporalio.service import RPCError, RPCStatusCode

SOON = timedelta(seconds=20)
OPERATIONS = [
    *(
        "greet",
        "greet_in_thread",
        "where",
        "fail",
        "cancel",
        "refuse",
        "raise_application_error",
        "raise_already_started",
    ),
    *(
        "raise_rpc_error",
        "unserializable",
        "no_such_operation",
        "start_later",
        "sync_by_client",
        "by_client",
        "twice_by_client",
        "update_of_nothing",
        "in_a_chain",
    ),
]


@dataclass
class Name:
    first: str
    last: str


class Later(nexusrpc.handler.OperationHandler[Name, str]):
    """Starts, and is cancelled with an error that is not retried."""

    async def start(
        self,
        ctx: nexusrpc.handler.StartOperationContext,
        input: Name,  # noqa: A002 - the base's name
    ) -> nexusrpc.handler.StartOperationResultAsync:
        return nexusrpc.handler.StartOperationResultAsync(f"token-{input.first}")

    async def cancel(self, ctx: nexusrpc.handler.CancelOperationContext, token: str) -> None:
        raise nexusrpc.HandlerError(f"not {token}", type=nexusrpc.HandlerErrorType.NOT_FOUND)


@workflow.defn
class Echo:
    @workflow.run
    async def run(self, name: Name) -> str:
        return f"echo of {name.first}"


@nexusrpc.handler.service_handler(name="Answers")
class Answers:
    @nexusrpc.handler.sync_operation
    async def greet(self, ctx: nexusrpc.handler.StartOperationContext, name: Name) -> Name:
        assert ctx.request_deadline is not None
        return Name(f"hello {name.first}", ctx.headers["trace"])

    @nexusrpc.handler.sync_operation
    def greet_in_thread(self, ctx: nexusrpc.handler.StartOperationContext, name: Name) -> str:
        return f"hello {name.first} of {nexus.info().namespace}"

    @nexusrpc.handler.sync_operation
    async def where(self, ctx: nexusrpc.handler.StartOperationContext, name: Name) -> bool:
        info = nexus.info()
        return info.endpoint == info.task_queue and nexus.client().namespace == info.namespace

    @nexusrpc.handler.sync_operation
    async def fail(self, ctx: nexusrpc.handler.StartOperationContext, name: Name) -> str:
        raise nexusrpc.OperationError("no", state=nexusrpc.OperationErrorState.FAILED) from ValueError("why")

    @nexusrpc.handler.sync_operation
    async def cancel(self, ctx: nexusrpc.handler.StartOperationContext, name: Name) -> str:
        raise nexusrpc.OperationError("stopped", state=nexusrpc.OperationErrorState.CANCELED)

    @nexusrpc.handler.sync_operation
    async def refuse(self, ctx: nexusrpc.handler.StartOperationContext, name: Name) -> str:
        raise nexusrpc.HandlerError("not you", type=nexusrpc.HandlerErrorType.UNAUTHORIZED)

    @nexusrpc.handler.sync_operation
    async def raise_application_error(self, ctx: nexusrpc.handler.StartOperationContext, name: Name) -> str:
        raise ApplicationError("no", name, type="No", non_retryable=True)

    @nexusrpc.handler.sync_operation
    async def raise_already_started(self, ctx: nexusrpc.handler.StartOperationContext, name: Name) -> str:
        raise WorkflowAlreadyStartedError("id", "Type")

    @nexusrpc.handler.sync_operation
    async def raise_rpc_error(self, ctx: nexusrpc.handler.StartOperationContext, name: Name) -> str:
        raise RPCError("no such thing", RPCStatusCode.INVALID_ARGUMENT, b"")

    @nexusrpc.handler.sync_operation
    async def unserializable(self, ctx: nexusrpc.handler.StartOperationContext, name: int) -> str:
        return "not reached"

    @nexusrpc.handler.sync_operation
    async def in_a_chain(self, ctx: nexusrpc.handler.StartOperationContext, name: Name) -> str:
        try:
            raise ApplicationError("inner", type="Inner", non_retryable=True) from ValueError("innermost")
        except ApplicationError as error:
            raise nexusrpc.HandlerError("outer", type=nexusrpc.HandlerErrorType.BAD_REQUEST) from error

    @nexus.temporal_operation
    async def sync_by_client(
        self, ctx: nexus.TemporalStartOperationContext, client: nexus.TemporalNexusClient, name: Name
    ) -> nexus.TemporalOperationResult[str]:
        return nexus.TemporalOperationResult[str].sync(f"{name.first} in {client.client.namespace}")

    @nexus.temporal_operation
    async def by_client(
        self, ctx: nexus.TemporalStartOperationContext, client: nexus.TemporalNexusClient, name: Name
    ) -> nexus.TemporalOperationResult[str]:
        return await client.start_workflow(Echo.run, name, id=f"echo-{ctx.request_id}")

    @nexus.temporal_operation(name="twice_by_client")
    async def twice(
        self, ctx: nexus.TemporalStartOperationContext, client: nexus.TemporalNexusClient, name: Name
    ) -> nexus.TemporalOperationResult[str]:
        await client.start_workflow(Echo.run, name, id=f"echo-{ctx.request_id}")
        return await client.start_workflow(Echo.run, name, id=f"echo-{ctx.request_id}")

    @nexus.temporal_operation
    async def update_of_nothing(
        self, ctx: nexus.TemporalStartOperationContext, client: nexus.TemporalNexusClient, name: Name
    ) -> nexus.TemporalOperationResult[str]:
        starting: Any = client  # the official overloads are not all typed
        try:
            result: nexus.TemporalOperationResult[str] = await starting.start_workflow_update(
                "nothing", "update", wait_for_stage=WorkflowUpdateStage.ACCEPTED
            )
        except RPCError as error:
            raise nexusrpc.OperationError(error.status.name, state=nexusrpc.OperationErrorState.FAILED) from None
        return result

    @nexusrpc.handler.operation_handler
    def start_later(self) -> nexusrpc.handler.OperationHandler[Name, str]:
        return Later()


@workflow.defn
class Asks:
    """Gives back what each operation led to, in words that are the same for both SDKs."""

    @workflow.run
    async def run(self, endpoint: str) -> list[str]:
        client = workflow.create_nexus_client(service="Answers", endpoint=endpoint)
        return [await self.ask(client, operation) for operation in OPERATIONS]

    async def ask(self, client: workflow.NexusClient[Any], operation: str) -> str:
        try:
            handle: workflow.NexusOperationHandle[Any] = await client.start_operation(
                operation, Name("Ada", "Lovelace"), schedule_to_close_timeout=SOON, headers={"Trace": "7"}
            )
            if operation == "start_later":
                return f"{operation}: {handle.operation_token}"
            return f"{operation}: {await handle}"
        except NexusOperationError as error:
            return f"{operation}: {chain(error)}"


def chain(error: BaseException | None) -> str:
    words: list[str] = []
    while error is not None:
        about = [type(error).__name__, str(error)]
        about += [str(getattr(error, name)) for name in ("type", "non_retryable", "details") if hasattr(error, name)]
        words.append(" ".join(about))
        error = error.__cause__
    return " <- ".join(words)
