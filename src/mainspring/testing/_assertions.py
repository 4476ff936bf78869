"""A failing `assert` in a workflow fails the workflow, in tests. Elsewhere its task fails, and is tried again."""

from __future__ import annotations

from collections.abc import Generator
from contextlib import contextmanager
from typing import Any

from mainspring.client import Client
from mainspring.client import Interceptor as ClientInterceptor
from mainspring.exceptions import ApplicationError
from mainspring.worker import (
    ExecuteWorkflowInput,
    HandleSignalInput,
    Interceptor,
    WorkflowInboundInterceptor,
    WorkflowInterceptorClassInput,
)


class AssertionsFailWorkflows(ClientInterceptor, Interceptor):
    """A client's interceptor, so that all its workers have it."""

    def workflow_interceptor_class(self, input: WorkflowInterceptorClassInput) -> type[WorkflowInboundInterceptor]:
        del input
        return _Inbound


class _Inbound(WorkflowInboundInterceptor):
    async def execute_workflow(self, input: ExecuteWorkflowInput) -> Any:
        with _assertions_as_failures():
            return await self.next.execute_workflow(input)

    async def handle_signal(self, input: HandleSignalInput) -> None:
        with _assertions_as_failures():
            await self.next.handle_signal(input)


def failing_on_assertions(client: Client) -> Client:
    """The client with the interceptor, after those that it has."""
    config = client.config()
    config["interceptors"] = [*config["interceptors"], AssertionsFailWorkflows()]
    return Client(**config)


@contextmanager
def _assertions_as_failures() -> Generator[None]:
    try:
        yield
    except AssertionError as error:
        failure = ApplicationError(str(error), type="AssertionError", non_retryable=True)
        raise failure.with_traceback(error.__traceback__) from None
