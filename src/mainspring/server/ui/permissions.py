"""What visitors may do: everything that the service lets them, or only look.

ReadOnly(service)   refuses every request that is not known to change nothing, and says that it serves none of them

Pages offer what the service serves, so this one place takes the actions away from all of them, and refuses those that
are sent without a page.
"""

from __future__ import annotations

from typing import Final

from google.protobuf.message import Message

from mainspring.server.ui.errors import PERMISSION_DENIED
from mainspring.server.ui.service import CALL_TIMEOUT_S, Refused, Reply, ServerStatistics, Service

REFUSAL: Final = "This web UI only shows: its configuration takes no actions."
_CHANGE_NOTHING: Final = ("Count", "Describe", "Get", "List", "Query")


class ReadOnly:
    """Implements `service.Service` around another."""

    def __init__(self, service: Service) -> None:
        self._service = service

    async def call(self, request: Message, reply_type: type[Reply], timeout_s: float = CALL_TIMEOUT_S) -> Reply:
        if not changes_nothing(request.DESCRIPTOR.name):
            raise Refused(PERMISSION_DENIED, REFUSAL)
        return await self._service.call(request, reply_type, timeout_s)

    def serves(self, rpc: str) -> bool:
        return changes_nothing(rpc) and self._service.serves(rpc)

    async def statistics(self) -> ServerStatistics:
        return await self._service.statistics()


def changes_nothing(rpc: str) -> bool:
    """Whether an RPC only reads, by its name."""
    return rpc.startswith(_CHANGE_NOTHING)
