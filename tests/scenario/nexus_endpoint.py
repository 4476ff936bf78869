"""Endpoints of Nexus on the real server."""

from __future__ import annotations

from typing import Any

from temporalio.api.nexus.v1 import EndpointSpec, EndpointTarget
from temporalio.api.operatorservice.v1 import CreateNexusEndpointRequest


async def make_endpoint(client: Any, name: str, task_queue: str) -> None:
    """Make one whose operations are served by workers of a task queue, with the client of either SDK."""
    target = EndpointTarget(worker=EndpointTarget.Worker(namespace="default", task_queue=task_queue))
    request = CreateNexusEndpointRequest(spec=EndpointSpec(name=name, target=target))
    await client.operator_service.create_nexus_endpoint(request)
