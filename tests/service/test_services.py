"""The service objects: a method for each RPC of the API, and no other."""

from __future__ import annotations

import inspect
import subprocess
import sys

import pytest
import temporalio.service
from google.protobuf.descriptor import ServiceDescriptor
from temporalio.api.cloud.cloudservice.v1 import service_pb2 as cloud
from temporalio.api.operatorservice.v1 import service_pb2 as operator
from temporalio.api.testservice.v1 import service_pb2 as testing
from temporalio.api.workflowservice.v1 import service_pb2 as workflow

import mainspring.service
from mainspring.service import ConnectConfig, DirectServiceClient
from mainspring.service._methods import snake_case
from tests.service.test_direct import Silent

DESCRIPTORS = {
    "workflow_service": workflow.DESCRIPTOR.services_by_name["WorkflowService"],
    "operator_service": operator.DESCRIPTOR.services_by_name["OperatorService"],
    "cloud_service": cloud.DESCRIPTOR.services_by_name["CloudService"],
    "test_service": testing.DESCRIPTOR.services_by_name["TestService"],
}


@pytest.mark.parametrize("name, descriptor", DESCRIPTORS.items())
def test_a_service_has_a_method_for_each_rpc_and_no_other(name: str, descriptor: ServiceDescriptor) -> None:
    service = getattr(DirectServiceClient(ConnectConfig("here"), Silent()), name)
    methods = {member for member, _ in inspect.getmembers(service) if not member.startswith("_")}
    assert methods == {snake_case(rpc.name) for rpc in descriptor.methods}


def test_the_official_names_are_there() -> None:
    official = {
        name
        for name, value in vars(temporalio.service).items()
        if getattr(value, "__module__", "") == temporalio.service.__name__ and isinstance(value, type)
    }
    assert {name for name in official if not name.startswith("_")} <= set(mainspring.service.__all__)


@pytest.mark.parametrize(
    "name", ["ConnectConfig", "TLSConfig", "RetryConfig", "KeepAliveConfig", "HttpConnectProxyConfig"]
)
def test_settings_have_the_official_fields_and_defaults(name: str) -> None:
    ours = inspect.signature(getattr(mainspring.service, name)).parameters
    theirs = inspect.signature(getattr(temporalio.service, name)).parameters
    assert list(ours) == list(theirs)
    plain = {key: value.default for key, value in theirs.items() if isinstance(value.default, str | int | float | None)}
    assert {key: ours[key].default for key in plain} == plain


def test_gRPC_is_not_imported_by_what_does_not_need_it() -> None:  # noqa: N802 - its own spelling
    script = "import sys, mainspring.service; assert 'mainspring.service._grpc' not in sys.modules"
    subprocess.run([sys.executable, "-c", script], check=True, timeout=20)
