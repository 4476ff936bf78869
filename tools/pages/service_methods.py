"""The service objects of `mainspring.service`, with a typed line for each RPC of the API."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from google.protobuf.descriptor import Descriptor, MethodDescriptor, ServiceDescriptor
from grpc_health.v1 import health_pb2
from temporalio.api.cloud.cloudservice.v1 import service_pb2 as cloud
from temporalio.api.operatorservice.v1 import service_pb2 as operator
from temporalio.api.testservice.v1 import service_pb2 as testing
from temporalio.api.workflowservice.v1 import service_pb2 as workflow

from mainspring.service._methods import snake_case

PATH = Path("src/mainspring/service/_services.py")
LINE_LENGTH = 120
ALIASES = {
    "google.protobuf": "empty_pb2",
    "temporal.api.cloud.cloudservice.v1": "cloud",
    "temporal.api.operatorservice.v1": "operator",
    "temporal.api.testservice.v1": "testing",
    "temporal.api.workflowservice.v1": "workflow",
}
SERVICES: dict[str, tuple[ServiceDescriptor, str]] = {
    "WorkflowService": (workflow.DESCRIPTOR.services_by_name["WorkflowService"], "Workflows, activities, schedules."),
    "OperatorService": (operator.DESCRIPTOR.services_by_name["OperatorService"], "What operators of a server do."),
    "CloudService": (cloud.DESCRIPTOR.services_by_name["CloudService"], "Temporal Cloud's accounts and namespaces."),
    "TestService": (testing.DESCRIPTOR.services_by_name["TestService"], "Time of a server made for tests."),
    "HealthService": (health_pb2.DESCRIPTOR.services_by_name["Health"], "Whether the server serves."),
}
HEAD = '''"""The services of the API as objects with one method per RPC. Written by `make generate`.

    client.workflow_service.start_workflow_execution(request, retry=True)   ->   StartWorkflowExecutionResponse

The types stand here for checkers and editors; the methods themselves are made by `_methods.provide`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from mainspring.service._methods import Rpc, Service

if TYPE_CHECKING:
    from google.protobuf import empty_pb2
    from google.protobuf.message import Message
    from temporalio.api.cloud.cloudservice import v1 as cloud
    from temporalio.api.operatorservice import v1 as operator
    from temporalio.api.testservice import v1 as testing
    from temporalio.api.workflowservice import v1 as workflow
'''


def text() -> str:
    return "\n\n".join([HEAD, *(service(name, *rest) for name, rest in SERVICES.items())])


def service(name: str, descriptor: ServiceDescriptor, meaning: str) -> str:
    lines = [f"class {name}(Service):", f'    """{meaning}"""', ""]
    return "\n".join([*lines, *(line for rpc in descriptor.methods for line in method(rpc))]) + "\n"


def type_name(message: Descriptor) -> str:
    if message.file.package == "grpc.health.v1":
        return "Message"  # its package has no types
    return f"{ALIASES[message.file.package]}.{message.name}"


def method(rpc: MethodDescriptor) -> Iterator[str]:
    if rpc.client_streaming or rpc.server_streaming:
        return
    types = [type_name(message) for message in (rpc.input_type, rpc.output_type)]
    joined = ", ".join(types)
    line = f"    {snake_case(rpc.name)}: Rpc[{joined}]"
    if len(line) <= LINE_LENGTH:
        yield line
        return
    yield f"    {snake_case(rpc.name)}: Rpc["
    if len(joined) + 8 <= LINE_LENGTH:
        yield f"        {joined}"
    else:
        yield from (f"        {name}," for name in types)
    yield "    ]"
