"""A workflow that calls a Nexus operation where the server has none: its task fails, and says why."""

from __future__ import annotations

from mainspring import workflow
from mainspring._embedded import embedded


@workflow.defn
async def ask_price() -> int:
    client = workflow.create_nexus_client(service="Prices", endpoint="shop")
    price: int = await client.execute_operation("of", "disk", output_type=int)
    return price


async def test_a_server_without_nexus_fails_the_task_that_calls_an_operation() -> None:
    async with embedded(workflows=[ask_price]) as client:
        handle = await client.start_workflow(ask_price, id="ask")
        message = ""
        async for event in handle.fetch_history_events(wait_new_event=True):
            message = event.workflow_task_failed_event_attributes.failure.message
            if message:
                break
        assert message == "unknown command type: ScheduleNexusOperation"
        await handle.terminate()
