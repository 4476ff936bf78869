"""Calls of Nexus operations: what a client puts into the interceptors' input, and what it refuses."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import nexusrpc
import nexusrpc.handler
import pytest

from mainspring import workflow
from tests.workflow.fake_runtime import in_workflow

MINUTE = timedelta(minutes=1)


@nexusrpc.service(name="Prices")
class Prices:
    of: nexusrpc.Operation[str, int]


@nexusrpc.handler.service_handler(service=Prices)
class PricesHandler:
    @nexusrpc.handler.sync_operation
    async def of(self, ctx: nexusrpc.handler.StartOperationContext, article: str) -> int:
        return len(article)


@pytest.mark.parametrize("service", [Prices, PricesHandler, "Prices"], ids=["definition", "handler", "name"])
@pytest.mark.parametrize("operation", [Prices.of, PricesHandler.of, "of"], ids=["definition", "method", "name"])
async def test_services_and_operations_are_found_however_they_are_given(service: Any, operation: Any) -> None:
    with in_workflow() as run:
        run.answer = 9
        client = workflow.create_nexus_client(service=service, endpoint="shop")
        assert await client.execute_operation(operation, "disk", output_type=int, schedule_to_close_timeout=MINUTE) == 9
    (asked,) = run.inputs
    assert (asked.endpoint, asked.service, asked.operation_name, asked.input) == ("shop", "Prices", "of", "disk")
    assert (asked.output_type, asked.schedule_to_close_timeout, asked.start_to_close_timeout) == (int, MINUTE, None)
    assert asked.cancellation_type == workflow.NexusOperationCancellationType.WAIT_COMPLETED


async def test_what_is_no_service_or_operation_is_refused() -> None:
    with pytest.raises(ValueError, match="`service` may be a name"):
        workflow.create_nexus_client(service=int, endpoint="shop")
    with in_workflow():
        client: Any = workflow.create_nexus_client(service="Prices", endpoint="shop")
        with pytest.raises(ValueError, match="Operation callable is not a Nexus operation"):
            await client.start_operation(len, "disk")
        with pytest.raises(ValueError, match="Operation is not a Nexus operation: 5"):
            await client.start_operation(5, "disk")
        with pytest.raises(TypeError, match="unexpected keyword argument 'timeout'"):
            await client.start_operation("of", "disk", timeout=MINUTE)
