"""An order that is packed and sent. The worker runs it; the views know it by its function."""

from __future__ import annotations

from datetime import timedelta

from mainspring import activity, workflow


@activity.defn(start_to_close_timeout=timedelta(seconds=30))
def pack(item: str) -> str:
    return f"a parcel with {item}"


@workflow.defn
async def send_order(item: str) -> str:
    return f"sent {await pack.execute(item)}"
