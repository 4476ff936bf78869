"""Record what `test_recorded` replays: `python -m tests.replay.record NAME` writes recorded/NAME-SDK-NUMBER.json.

One run of `program` on a worker of each SDK, on the real server if there is one. Histories that were recorded once stay
as they are: a release must go on with the runs of all releases before it.
"""

from __future__ import annotations

import asyncio
import json
import sys
import uuid
from pathlib import Path
from typing import Any

from mainspring.client import Client
from tests.replay.program import LAST_GATE, Plan
from tests.scenario import test_sdk_mixed as mixed
from tests.server_process import mainspring_command, real_server_command, temporary_server

FOLDER = Path(__file__).parent / "recorded"
LOCAL_FIELDS = {"stackTrace", "identity", "taskId"}  # of the machine that recorded them


async def record(client: Client, sdk: str) -> list[Any]:
    """The histories of a run and of the one that it continues as."""
    name = str(uuid.uuid4())
    handle = await client.start_workflow("Everything", Plan(log=[]), id=name, task_queue=name)
    async with mixed.worker(sdk, client, name, cached=1000):
        for gate in range(1, LAST_GATE + 1):
            await mixed.past_gate(handle, gate, [])
        await handle.result()
    last = await client.get_workflow_handle(name).fetch_history()
    first = await client.get_workflow_handle(name, run_id=handle.result_run_id).fetch_history()
    return [without_local_fields(one.to_json_dict()) for one in (first, last)]


def without_local_fields(value: Any) -> Any:
    if isinstance(value, list):
        return [without_local_fields(one) for one in value]  # pyright: ignore[reportUnknownVariableType] # JSON
    if isinstance(value, dict):
        return {key: without_local_fields(one) for key, one in value.items() if key not in LOCAL_FIELDS}  # pyright: ignore[reportUnknownVariableType] # JSON
    return value


async def main(name: str) -> None:
    with temporary_server(real_server_command() or mainspring_command()) as server:
        client = await mixed.client_of(server)
        for sdk in (mixed.OFFICIAL, mixed.OURS):
            for number, history in enumerate(await record(client, sdk), start=1):
                file = FOLDER / f"{name}-{sdk}-{number}.json"
                file.write_text(json.dumps(history, separators=(",", ":")) + "\n", "utf-8")


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1]))
