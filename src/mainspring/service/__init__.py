"""The RPCs of a server as methods, over gRPC or into an engine in this process.

    ConnectConfig -> ServiceClient.connect ------> GrpcServiceClient        _grpc.py (the only importer of gRPC)
                     DirectServiceClient(config, engine)                     _direct.py
                          |
        .workflow_service .operator_service .cloud_service .test_service .health_service
                          |
                     one coroutine function per RPC, made from the descriptors when it is first used

    _methods     an RPC as a method            _services    their types, written by `make generate`
    _retry       when a call is tried again    _headers     metadata that goes with each call
    _request_metrics     what is counted of calls over gRPC

Imports the API's types, `exceptions`, `runtime` for its metrics, and nothing else of the SDK. Owns no loop; a client
may be used from any. Most users want `mainspring.client`, whose `service_client` is one of these. Start reading at
`_client.py`.
"""

from mainspring import __version__
from mainspring.service._client import ServiceClient, ServiceRequest, ServiceResponse
from mainspring.service._config import (
    ConnectConfig,
    DnsLoadBalancingConfig,
    GrpcCompression,
    HttpConnectProxyConfig,
    KeepAliveConfig,
    PayloadLimitsConfig,
    RetryConfig,
    TLSConfig,
)
from mainspring.service._direct import DirectServiceClient, Engine
from mainspring.service._errors import RPCError, RPCStatusCode
from mainspring.service._services import CloudService, HealthService, OperatorService, TestService, WorkflowService

__all__ = [
    "CloudService",
    "ConnectConfig",
    "DirectServiceClient",
    "DnsLoadBalancingConfig",
    "Engine",
    "GrpcCompression",
    "HealthService",
    "HttpConnectProxyConfig",
    "KeepAliveConfig",
    "OperatorService",
    "PayloadLimitsConfig",
    "RPCError",
    "RPCStatusCode",
    "RetryConfig",
    "ServiceClient",
    "ServiceRequest",
    "ServiceResponse",
    "TLSConfig",
    "TestService",
    "WorkflowService",
    "__version__",
]
