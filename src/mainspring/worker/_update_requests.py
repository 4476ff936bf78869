"""What updates were asked with, as it came: who accepts or refuses an update repeats it, and nothing is made anew.

    keep(task's messages) -> decoded for workflow code -> take_out(answer's messages) -> encoded -> put_back()

So a large argument is not stored a second time, and what a codec encoded is not encoded otherwise.
"""

from __future__ import annotations

from collections.abc import Iterable

from temporalio.api.protocol.v1 import Message
from temporalio.api.update.v1 import Acceptance, Rejection, Request


class UpdateRequests:
    """See the module. Kept as long as the run is; each request until it is answered."""

    def __init__(self) -> None:
        self._kept: dict[str, Request] = {}  # by the update's protocol instance id
        self._out: list[tuple[Message, Request]] = []

    def keep(self, messages: Iterable[Message]) -> None:
        """Before the messages of a task are decoded. Those of another kind are passed over."""
        for message in messages:
            request = Request()
            if message.body.Unpack(request):
                self._kept[message.protocol_instance_id] = request

    def take_out(self, messages: Iterable[Message]) -> None:
        """Before an answer is encoded: leave nothing in it that is here."""
        self._out.clear()
        for message in messages:
            request = self._kept.get(message.protocol_instance_id)
            if request is not None and _replace_request(message, None):
                self._out.append((message, request))

    def put_back(self) -> None:
        """After the answer was encoded."""
        for message, request in self._out:
            _replace_request(message, request)
            del self._kept[message.protocol_instance_id]
        self._out.clear()


def _replace_request(message: Message, request: Request | None) -> bool:
    """Whether the message is one that repeats the request of an update."""
    acceptance, rejection = Acceptance(), Rejection()
    if message.body.Unpack(acceptance):
        acceptance.ClearField("accepted_request")
        if request is not None:
            acceptance.accepted_request.CopyFrom(request)
        message.body.Pack(acceptance)
        return True
    if message.body.Unpack(rejection):
        rejection.ClearField("rejected_request")
        if request is not None:
            rejection.rejected_request.CopyFrom(request)
        message.body.Pack(rejection)
        return True
    return False
