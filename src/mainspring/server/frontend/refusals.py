"""What is answered for RPCs of the API that are not served: as the real server does where it refuses them too.

    ListDeployments  -> UNIMPLEMENTED "Deployments are deprecated ..."          the real server's answer
    CreateSchedule   -> UNIMPLEMENTED "CreateSchedule is not supported by this server"

As for every RPC, a request that names no or an unknown namespace is told so first. Reference: the stock 1.32 server,
whose texts test suites and UIs look at; tests/frontend/test_refusals.py.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from typing import Final, NoReturn

from google.protobuf.message import Message

from mainspring.server.engine.errors import InvalidArgument, PermissionDenied, ServiceError, Unimplemented
from mainspring.server.frontend.call import Call
from mainspring.server.frontend.namespaces import NamespaceRegistry

_NO_DEPLOYMENTS: Final = "Deployments are deprecated and no longer supported, use Worker Deployments instead"
_NO_VERSION_SETS: Final = "Worker versioning v0.1 (Version Set-based, deprecated) is disabled on this namespace."
_NO_VERSION_RULES: Final = "Worker versioning v0.2 (Rules-based, deprecated) is disabled on this namespace."
_NO_NEXUS_OPERATIONS: Final = "Standalone Nexus operation is disabled"
_NO_PAUSE: Final = "workflow pause is not enabled for namespace: {namespace}"

_UNIMPLEMENTED: Final[Mapping[str, str]] = {
    "DescribeDeployment": _NO_DEPLOYMENTS,
    "ListDeployments": _NO_DEPLOYMENTS,
    "GetDeploymentReachability": _NO_DEPLOYMENTS,
    "GetCurrentDeployment": _NO_DEPLOYMENTS,
    "SetCurrentDeployment": _NO_DEPLOYMENTS,
    "CreateWorkflowRule": "method {rpc} not supported",
    "DescribeWorkflowRule": "method {rpc} not supported",
    "DeleteWorkflowRule": "method {rpc} not supported",
    "ListWorkflowRules": "method {rpc} not supported",
    "TriggerWorkflowRule": "method {rpc} not supported",
    "FetchWorkerConfig": "{rpc} command is not enabled.",
    "UpdateWorkerConfig": "{rpc} command is not enabled.",
    "StartNexusOperationExecution": _NO_NEXUS_OPERATIONS,
    "DescribeNexusOperationExecution": _NO_NEXUS_OPERATIONS,
    "PollNexusOperationExecution": _NO_NEXUS_OPERATIONS,
    "ListNexusOperationExecutions": _NO_NEXUS_OPERATIONS,
    "CountNexusOperationExecutions": _NO_NEXUS_OPERATIONS,
    "RequestCancelNexusOperationExecution": _NO_NEXUS_OPERATIONS,
    "TerminateNexusOperationExecution": _NO_NEXUS_OPERATIONS,
    "DeleteNexusOperationExecution": _NO_NEXUS_OPERATIONS,
    "PauseWorkflowExecution": _NO_PAUSE,
    "UnpauseWorkflowExecution": _NO_PAUSE,
    "PollWorkflowExecutionTimeSkipping": "The Time-Skipping feature is not enabled for namespace.",
}

_DENIED: Final[Mapping[str, str]] = {
    "UpdateWorkerBuildIdCompatibility": _NO_VERSION_SETS,
    "GetWorkerBuildIdCompatibility": _NO_VERSION_SETS,
    "UpdateWorkerVersioningRules": _NO_VERSION_RULES,
    "GetWorkerVersioningRules": _NO_VERSION_RULES,
    "GetWorkerTaskReachability": _NO_VERSION_RULES,
}

_INVALID: Final[Mapping[str, str]] = {
    "ListArchivedWorkflowExecutions": "Cluster is not configured for visibility archival.",
}


class Refusals:
    """Makes the method of an RPC that nobody serves."""

    def __init__(self, registry: NamespaceRegistry) -> None:
        self._registry = registry

    def method(self, rpc: str) -> Callable[[Message, Call], Awaitable[Message]]:
        async def refuse(request: Message, _call: Call) -> NoReturn:
            namespace = str(getattr(request, "namespace", ""))
            if "namespace" in request.DESCRIPTOR.fields_by_name:
                self._registry.served(namespace)
            raise refusal(rpc, namespace)

        return refuse


def refusal(rpc: str, namespace: str) -> ServiceError:
    """The error for an RPC of the API, such as `CreateSchedule`."""
    if rpc in _DENIED:
        return PermissionDenied(_DENIED[rpc])
    if rpc in _INVALID:
        return InvalidArgument(_INVALID[rpc])
    text = _UNIMPLEMENTED.get(rpc, "{rpc} is not supported by this server")
    return Unimplemented(text.format(rpc=rpc, namespace=namespace))
