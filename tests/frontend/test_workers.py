"""Worker heartbeats."""

from __future__ import annotations

import pytest
from temporalio.api.workflowservice.v1 import RecordWorkerHeartbeatRequest, RecordWorkerHeartbeatResponse

from mainspring.server.engine.errors import NamespaceNotFound
from mainspring.server.frontend.workers import Workers
from tests.frontend.registries import CALL, a_registry


async def test_a_heartbeat_is_accepted_so_that_the_worker_goes_on_sending_them() -> None:
    async with a_registry() as registry:
        request = RecordWorkerHeartbeatRequest(namespace="default")

        assert await Workers(registry).record_worker_heartbeat(request, CALL) == RecordWorkerHeartbeatResponse()


async def test_a_heartbeat_for_an_unknown_namespace_is_refused() -> None:
    async with a_registry() as registry:
        with pytest.raises(NamespaceNotFound):
            await Workers(registry).record_worker_heartbeat(RecordWorkerHeartbeatRequest(namespace="nope"), CALL)
