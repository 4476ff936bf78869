"""Two publishers: a file of JSON lines, and a webhook.

EventLog's rule is idempotence by node id: an event is new unless the node's latest one is of the same kind, or was
ordered later. So a retry adds nothing, and "joined" of a terminated AddNode cannot follow "deleted".
"""

import asyncio
import fcntl
import os
import urllib.error
import urllib.request
from pathlib import Path
from typing import BinaryIO

import msgspec

from node_provisioner.interfaces import EventKind, NodeEvent

WEBHOOK_TIMEOUT_S = 5.0
ORDER_WITHIN_A_RUN = {EventKind.VM_JOINED: 0, EventKind.VM_DELETED: 1}  # AddNode's own rollback comes last


class EventLog:
    """Appends to a file that several workers may share."""

    def __init__(self, file: Path) -> None:
        self._file = file

    def __repr__(self) -> str:
        return f"EventLog({str(self._file)!r})"

    async def publish(self, event: NodeEvent) -> bool:
        return await asyncio.to_thread(self._append, event)

    def events(self) -> list[NodeEvent]:
        """All whole lines, oldest first."""
        if not self._file.exists():
            return []
        with self._file.open("rb") as file:
            return _whole_events(file)

    def _append(self, event: NodeEvent) -> bool:
        with self._file.open("a+b") as file:
            fcntl.flock(file, fcntl.LOCK_EX)
            # All of it is read each time. A log that grows for years would keep the latest event per node beside it.
            file.seek(0)
            earlier = [known for known in _whole_events(file) if known.node_id == event.node_id]
            if earlier and not _is_news(event, latest=earlier[-1]):
                return False
            _cut_torn_line(file)
            file.write(msgspec.json.encode(event) + b"\n")
            file.flush()
            os.fsync(file.fileno())
            return True


def _is_news(event: NodeEvent, *, latest: NodeEvent) -> bool:
    if event.kind is latest.kind:
        return False
    return _order(event) > _order(latest)


def _order(event: NodeEvent) -> tuple[int, int]:
    return event.ordered_at, ORDER_WITHIN_A_RUN[event.kind]


def _whole_events(file: BinaryIO) -> list[NodeEvent]:
    return [msgspec.json.decode(line, type=NodeEvent) for line in file if line.endswith(b"\n")]


def _cut_torn_line(file: BinaryIO) -> None:
    """A worker that was killed while it wrote leaves a line without an end. Nobody was told that it was stored."""
    file.seek(0)
    content = file.read()
    file.truncate(content.rfind(b"\n") + 1)


class Webhook:
    """Posts each event to a URL. The receiver tells repetitions by their `Idempotency-Key`."""

    def __init__(self, url: str) -> None:
        self._url = url

    def __repr__(self) -> str:
        return f"Webhook({self._url!r})"

    async def publish(self, event: NodeEvent) -> bool:
        """Always new as far as this side knows.

        Raises:
            OSError: no answer, or none that says 2xx. The activity is tried again.
        """
        key = f"{event.node_id}/{event.kind}/{event.ordered_at}"
        headers = {"Content-Type": "application/json", "Idempotency-Key": key}
        request = urllib.request.Request(self._url, msgspec.json.encode(event), headers, method="POST")
        await asyncio.to_thread(_post, request)
        return True


def _post(request: urllib.request.Request) -> None:
    try:
        with urllib.request.urlopen(request, timeout=WEBHOOK_TIMEOUT_S) as response:
            response.read()
    except urllib.error.HTTPError as error:
        with error:  # it is the answer, and holds the connection
            raise
