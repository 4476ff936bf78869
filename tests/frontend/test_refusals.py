"""RPCs that are not served: refused as the real server refuses them, or as plainly not supported."""

from __future__ import annotations

import pytest
from google.protobuf.message import Message
from temporalio.api.operatorservice.v1 import CreateNexusEndpointRequest
from temporalio.api.workflowservice.v1 import (
    CreateScheduleRequest,
    FetchWorkerConfigRequest,
    GetWorkerVersioningRulesRequest,
    ListArchivedWorkflowExecutionsRequest,
    ListDeploymentsRequest,
    ListWorkflowRulesRequest,
    PauseWorkflowExecutionRequest,
    StartNexusOperationExecutionRequest,
    UpdateWorkerBuildIdCompatibilityRequest,
)

from mainspring.server.engine.errors import ServiceError
from mainspring.server.frontend.refusals import Refusals
from tests.frontend.registries import CALL, a_registry


async def answer_to(request: Message) -> str:
    async with a_registry() as registry:
        rpc = type(request).__name__.removesuffix("Request")
        with pytest.raises(ServiceError) as caught:
            await Refusals(registry).method(rpc)(request, CALL)
    return f"{caught.value.code.name} {caught.value.message}"


@pytest.mark.parametrize(
    "request_,answer",
    [
        (
            ListDeploymentsRequest(namespace="default"),
            "UNIMPLEMENTED Deployments are deprecated and no longer supported, use Worker Deployments instead",
        ),
        (ListWorkflowRulesRequest(namespace="default"), "UNIMPLEMENTED method ListWorkflowRules not supported"),
        (FetchWorkerConfigRequest(namespace="default"), "UNIMPLEMENTED FetchWorkerConfig command is not enabled."),
        (
            PauseWorkflowExecutionRequest(namespace="default"),
            "UNIMPLEMENTED workflow pause is not enabled for namespace: default",
        ),
        (
            StartNexusOperationExecutionRequest(namespace="default"),
            "UNIMPLEMENTED Standalone Nexus operation is disabled",
        ),
        (
            UpdateWorkerBuildIdCompatibilityRequest(namespace="default"),
            "PERMISSION_DENIED Worker versioning v0.1 (Version Set-based, deprecated) is disabled on this namespace.",
        ),
        (
            GetWorkerVersioningRulesRequest(namespace="default"),
            "PERMISSION_DENIED Worker versioning v0.2 (Rules-based, deprecated) is disabled on this namespace.",
        ),
        (
            ListArchivedWorkflowExecutionsRequest(namespace="default"),
            "INVALID_ARGUMENT Cluster is not configured for visibility archival.",
        ),
        (CreateScheduleRequest(namespace="default"), "UNIMPLEMENTED CreateSchedule is not supported by this server"),
        (CreateNexusEndpointRequest(), "UNIMPLEMENTED CreateNexusEndpoint is not supported by this server"),
        (CreateScheduleRequest(namespace="nope"), "NOT_FOUND Namespace nope is not found."),
        (CreateScheduleRequest(), "INVALID_ARGUMENT Namespace is empty."),
    ],
)
async def test_an_rpc_that_is_not_served_is_refused(request_: Message, answer: str) -> None:
    assert await answer_to(request_) == answer
