"""Which descriptor is behind which service object."""

from __future__ import annotations

from grpc_health.v1 import health_pb2
from temporalio.api.cloud.cloudservice.v1 import service_pb2 as cloud
from temporalio.api.operatorservice.v1 import service_pb2 as operator
from temporalio.api.testservice.v1 import service_pb2 as testing
from temporalio.api.workflowservice.v1 import service_pb2 as workflow

from mainspring.service import _services
from mainspring.service._methods import provide


def provide_all() -> None:
    """Give the service classes their methods."""
    provide(_services.WorkflowService, "workflow", workflow.DESCRIPTOR.services_by_name["WorkflowService"])
    provide(_services.OperatorService, "operator", operator.DESCRIPTOR.services_by_name["OperatorService"])
    provide(_services.CloudService, "cloud", cloud.DESCRIPTOR.services_by_name["CloudService"])
    provide(_services.TestService, "test", testing.DESCRIPTOR.services_by_name["TestService"])
    provide(_services.HealthService, "health", health_pb2.DESCRIPTOR.services_by_name["Health"])
