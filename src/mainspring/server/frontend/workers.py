"""Worker heartbeats: accepted, so that workers go on sending them.

Nothing reads them yet (ListWorkers, DescribeWorker and CountWorkers are not served); a worker that got UNIMPLEMENTED
here would stop its heartbeat loop for good, and would not start it again on a server that keeps them.
"""

from __future__ import annotations

from temporalio.api.workflowservice.v1 import RecordWorkerHeartbeatRequest, RecordWorkerHeartbeatResponse

from mainspring.server.frontend.call import Call
from mainspring.server.frontend.namespaces import NamespaceRegistry


class Workers:
    """What worker processes tell of themselves."""

    def __init__(self, namespaces: NamespaceRegistry) -> None:
        self._namespaces = namespaces

    async def record_worker_heartbeat(
        self, request: RecordWorkerHeartbeatRequest, _call: Call
    ) -> RecordWorkerHeartbeatResponse:
        self._namespaces.served(request.namespace)
        return RecordWorkerHeartbeatResponse()
