"""`Session`: what a command that talks to a server works with."""

from __future__ import annotations

from dataclasses import dataclass

from mainspring.cli.connection import user_name
from mainspring.cli.output import Output
from mainspring.service import OperatorService, ServiceClient, WorkflowService


@dataclass(frozen=True)
class Session:
    """A connection, and where to print. The calls are the service's own RPCs."""

    client: ServiceClient
    namespace: str
    output: Output

    @property
    def workflow(self) -> WorkflowService:
        return self.client.workflow_service

    @property
    def operator(self) -> OperatorService:
        return self.client.operator_service

    @property
    def identity(self) -> str:
        return self.client.config.identity

    @property
    def default_reason(self) -> str:
        return f"Requested from CLI by {user_name()}"
