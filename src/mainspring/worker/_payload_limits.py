"""The sizes of payloads in an answer: refused here if the server would refuse them, and worth a warning before.

A refused answer fails the workflow task, so that the code can be mended; the server would end the run. What the
namespace allows is learnt when the worker starts.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator

from google.protobuf.message import Message
from temporalio.api.command.v1 import Command
from temporalio.api.common.v1 import Memo
from temporalio.api.enums.v1 import QueryResultType
from temporalio.api.workflowservice.v1 import RespondQueryTaskCompletedRequest, RespondWorkflowTaskCompletedRequest

from mainspring.service import PayloadLimitsConfig

logger = logging.getLogger("mainspring.worker")

# What holds the payloads of a command, by the field of its attributes
PAYLOADS = {
    "schedule_activity_task_command_attributes": ("input",),
    "complete_workflow_execution_command_attributes": ("result",),
    "fail_workflow_execution_command_attributes": ("failure",),
    "cancel_workflow_execution_command_attributes": ("details",),
    "continue_as_new_workflow_execution_command_attributes": ("input", "memo"),
    "start_child_workflow_execution_command_attributes": ("input", "memo"),
    "signal_external_workflow_execution_command_attributes": ("input",),
    "record_marker_command_attributes": ("details", "failure"),
    "modify_workflow_properties_command_attributes": ("upserted_memo",),
}


class PayloadsTooLargeError(Exception):
    """An answer holds more than the namespace allows."""


class SizeLimits:
    """See the module. A limit of 0 is none."""

    def __init__(self, warn: PayloadLimitsConfig, *, is_error_disabled: bool = False) -> None:
        self._warn = warn
        self._unlooked_at = min(warn.payloads_warn_size, warn.memo_warn_size)  # the size of answers without large parts
        self._is_error_disabled = is_error_disabled
        self.payloads_bytes = 0
        self.memo_bytes = 0

    def check(self, answer: RespondWorkflowTaskCompletedRequest | RespondQueryTaskCompletedRequest) -> None:
        """Look at each field of payloads in an answer.

        Raises:
            PayloadsTooLargeError: One is larger than the namespace allows.
        """
        if answer.ByteSize() <= self._unlooked_at:
            return
        for name, message in _fields(answer):
            self.check_payloads(name, message)

    def fail_queries(self, answer: RespondWorkflowTaskCompletedRequest) -> None:
        """Let queries whose results are too large fail by themselves, in place: what else is answered is not theirs."""
        if not answer.query_results:
            return
        for result in answer.query_results.values():
            try:
                self.check_payloads("query result", result.answer)
            except PayloadsTooLargeError as error:
                result.Clear()
                result.result_type = QueryResultType.QUERY_RESULT_TYPE_FAILED
                result.error_message = str(error)

    def check_payloads(self, name: str, message: Message) -> None:
        """Look at one field of payloads. Raises: PayloadsTooLargeError: it is larger than the namespace allows."""
        is_memo = isinstance(message, Memo)
        what = "memo" if is_memo else "payloads"
        size = message.ByteSize()
        limit = self.memo_bytes if is_memo else self.payloads_bytes
        warn = self._warn.memo_warn_size if is_memo else self._warn.payloads_warn_size
        if 0 < limit < size and not self._is_error_disabled:
            text = f"[TMPRL1103] Attempted to upload {what} with size that exceeded the error limit."
            logger.error(f"{text} field={name} size={size} limit={limit}")  # noqa: G004 - forwarded as one text
            raise PayloadsTooLargeError(f"{text} {name} has {size} bytes, of {limit} allowed")
        if 0 < warn < size:
            text = f"[TMPRL1103] Attempted to upload {what} with size that exceeded the warning limit."
            logger.warning(f"{text} field={name} size={size} limit={warn}")  # noqa: G004 - forwarded as one text


def _fields(
    answer: RespondWorkflowTaskCompletedRequest | RespondQueryTaskCompletedRequest,
) -> Iterator[tuple[str, Message]]:
    if isinstance(answer, RespondQueryTaskCompletedRequest):
        yield "query result", answer.query_result
        return
    for command in answer.commands:
        yield from _fields_of(command)


def _fields_of(command: Command) -> Iterator[tuple[str, Message]]:
    kind = command.WhichOneof("attributes")
    if kind is None:
        return
    attributes = getattr(command, kind)
    for name in PAYLOADS.get(kind, ()):
        value = getattr(attributes, name)
        if isinstance(value, Message):
            if attributes.HasField(name):
                yield f"{kind}.{name}", value
        else:
            yield from ((f"{kind}.{name}[{key}]", part) for key, part in value.items())
