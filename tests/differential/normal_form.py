"""The normal form of a transcript: text lines that are equal whenever two servers behave alike.

    StartWorkflowExecution wf -> {run_id="<id0>" started=true status=RUNNING}
    GetWorkflowExecutionHistory wf -> {}
      1 WORKFLOW_EXECUTION_STARTED {workflow_type={name="T"} ... identity=… original_execution_run_id="<id0>"}
    SignalWorkflowExecution gone -> NOT_FOUND "workflow not found for ID: gone" NotFoundFailure{}

An event that was shown before is not shown again, so a difference in it shows once; `1..5 as before` stands for it.
Instants are blank, but which of them are set stays visible. Ids that a server made are renamed in the order of their
first use in the whole scenario, so who refers to whom stays visible too. Payloads are shown as text. What is left out
altogether is the server's own bookkeeping (`LEFT_OUT`).
"""

from __future__ import annotations

import re
import zlib
from collections.abc import Iterator

from google.protobuf import message_factory
from google.protobuf.any_pb2 import Any as AnyMessage
from google.protobuf.descriptor import EnumDescriptor, FieldDescriptor
from google.protobuf.duration_pb2 import Duration
from google.protobuf.message import DecodeError, Message
from google.protobuf.timestamp_pb2 import Timestamp
from temporalio.api.common.v1 import Payload
from temporalio.api.enums.v1 import EventType
from temporalio.api.errordetails.v1 import NotFoundFailure
from temporalio.api.history.v1 import History, HistoryEvent

from tests.differential.transcript import Exchange, Refused, Transcript

DETAIL_TYPES = NotFoundFailure.DESCRIPTOR.file.pool
UUID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}")
SET = "…"
# Opaque to clients, or counted in the server's own units: that it is set is all that can be compared.
BLANK = {
    "task_token",
    "next_page_token",
    "identity",
    "last_worker_identity",
    "history_size_bytes",
    "size_bytes",
    "state_transition_count",
    "backlog_count_hint",
    # Durations that the server takes from its clock.
    "first_workflow_task_backoff",
    "backoff_start_interval",
    "execution_duration",
}
UNORDERED = {"pending_activities", "pending_children"}  # the real server keeps them in no order
MOST_PLAIN_ATTEMPTS = 3
LONGEST_TEXT = 5_000  # of a longer one its beginning, its length and a checksum are enough to tell a difference
SHOWN_OF_LONG = 40
CUT_OFF = "RST_STREAM"  # how a client tells that the server ended a call at its deadline, a moment before the client
LEFT_OUT = {
    "version",
    "task_id",
    "principal",
    "poller_scaling_decision",
    "poller_group_infos",
    "poller_group_id",
}


class Names:
    """Ids in order of first use, and which event lines were shown already."""

    def __init__(self) -> None:
        self._names: dict[str, str] = {}
        self.shown: set[str] = set()

    def rename(self, text: str) -> str:
        return UUID.sub(lambda match: self._names.setdefault(match[0], f"<id{len(self._names)}>"), text)


def normal_form(transcript: Transcript) -> list[str]:
    """One line an exchange, and one for each event that it brought."""
    names = Names()
    return [line for entry in transcript.entries for line in entry_lines(entry, names)]


def entry_lines(entry: Exchange | str, names: Names) -> Iterator[str]:
    if isinstance(entry, str):
        yield f"# {names.rename(entry)}"
        return
    head = f"{entry.rpc} {entry.about}".rstrip() + " -> "
    if entry.outcome is None:
        yield head + "no answer"
    elif isinstance(entry.outcome, Refused):
        yield head + refused(entry.outcome, names)
    else:
        yield from reply_lines(head, entry.outcome, names)


def refused(error: Refused, names: Names) -> str:
    if error.code == "DEADLINE_EXCEEDED" or (error.code == "CANCELLED" and CUT_OFF in error.text):
        return "DEADLINE_EXCEEDED"  # the client's own clock or the server's, whichever is first
    details = [f" {packed(detail, names)}" for detail in error.details]
    return f"{error.code} {quoted(error.text, names)}" + "".join(details)


def reply_lines(head: str, reply: Message, names: Names) -> Iterator[str]:
    """The reply without its histories, then their events."""
    yield head + message(reply, names)
    for history in histories(reply):
        repeated: list[int] = []
        for event in history.events:
            line = event_line(event, names)
            if line in names.shown:
                repeated.append(event.event_id)
                continue
            yield from as_before(repeated)
            repeated = []
            names.shown.add(line)
            yield line
        yield from as_before(repeated)


def as_before(event_ids: list[int]) -> Iterator[str]:
    if event_ids:
        yield f"  {event_ids[0]}..{event_ids[-1]} as before"


def histories(reply: Message) -> Iterator[History]:
    """Every history inside a reply, in the order of fields."""
    for field, value in reply.ListFields():
        if field.message_type is None or is_map(field):
            continue
        for part in value if field.is_repeated else [value]:
            if isinstance(part, History):
                yield part
            else:
                yield from histories(part)


def event_line(event: HistoryEvent, names: Names) -> str:
    """`5 TIMER_STARTED {...}`: the attributes, and what else the event carries, less its time, which must be set."""
    kind = EventType.Name(event.event_type)
    attributes = event.WhichOneof("attributes")
    rest = HistoryEvent()
    rest.CopyFrom(event)
    if event.workflow_task_scheduled_event_attributes.attempt > MOST_PLAIN_ATTEMPTS:
        event = without_backoff(event)
    for name in ("event_id", "event_type", "event_time", attributes):
        if name is not None:
            rest.ClearField(name)
    line = f"  {event.event_id} {kind.removeprefix('EVENT_TYPE_')}"
    line += f" {message(getattr(event, attributes), names)}" if attributes else ""
    line += f" + {message(rest, names)}" if fields_of(rest) else ""
    return line if event.HasField("event_time") else f"{line} WITHOUT A TIME"


def without_backoff(event: HistoryEvent) -> HistoryEvent:
    """Late attempts get a random extra time, so that many runs do not try again at once."""
    made = HistoryEvent()
    made.CopyFrom(event)
    made.workflow_task_scheduled_event_attributes.ClearField("start_to_close_timeout")
    return made


def fields_of(value: Message) -> list[FieldDescriptor]:
    return [field for field, _ in value.ListFields() if field.name not in LEFT_OUT]


def message(value: Message, names: Names) -> str:
    """A message in one line; histories in it are left to `reply_lines`."""
    if isinstance(value, Timestamp):
        return SET if value.seconds > 0 else "epoch"
    if isinstance(value, Duration):
        return f"{round(value.ToNanoseconds() / 1e9, 3):g}s"  # some are what a clock measured
    if isinstance(value, Payload):
        return payload(value, names)
    if isinstance(value, AnyMessage):
        return packed(value, names)
    if isinstance(value, History):
        return f"{len(value.events)} events"
    shown = [f"{field.name}={field_value(value, field, names)}" for field in fields_of(value)]
    return "{" + " ".join(shown) + "}"


def field_value(value: Message, field: FieldDescriptor, names: Names) -> str:
    if field.name in BLANK:
        return SET if has_content(getattr(value, field.name)) else "zero"
    content = getattr(value, field.name)
    if is_map(field):
        keys = sorted(content, key=lambda key: (UUID.sub("", str(key)), str(content[key]), key))
        entries = [f"{names.rename(str(key))}: {scalar_or_message(field, content[key], names)}" for key in keys]
        return "{" + ", ".join(entries) + "}"
    if field.is_repeated:
        parts = [scalar_or_message(field, part, names) for part in content]
        return "[" + ", ".join(sorted(parts) if field.name in UNORDERED else parts) + "]"
    return scalar_or_message(field, content, names)


def has_content(value: object) -> bool:
    return value.ToNanoseconds() != 0 if isinstance(value, Duration) else bool(value)


def is_map(field: FieldDescriptor) -> bool:
    return field.message_type is not None and field.message_type.GetOptions().map_entry


def scalar_or_message(field: FieldDescriptor, value: object, names: Names) -> str:
    if isinstance(value, Message):
        return message(value, names)
    if isinstance(value, str):
        return quoted(value, names)
    if isinstance(value, bytes):
        return text_of(value, names)
    if isinstance(value, bool):
        return str(value).lower()
    if field.enum_type is not None and isinstance(value, int):
        return enum_name(field.enum_type, value)
    return f"{value:g}" if isinstance(value, float) else str(value)


def enum_name(enum: EnumDescriptor, number: int) -> str:
    """The value's name without the prefix that all values of the enum share."""
    known = enum.values_by_number.get(number)
    if known is None:
        return str(number)
    zero = enum.values_by_number[0].name
    return known.name.removeprefix(zero.removesuffix("UNSPECIFIED"))


def quoted(text: str, names: Names) -> str:
    text = names.rename(text)
    if len(text) > LONGEST_TEXT:
        text = f"{text[:SHOWN_OF_LONG]}… {len(text)} long, {zlib.crc32(text.encode()):08x}"
    return '"' + text.replace("\n", "\\n") + '"'


def text_of(data: bytes, names: Names) -> str:
    try:
        return quoted(data.decode(), names)
    except UnicodeDecodeError:
        return f"0x{data.hex()}"


def payload(value: Payload, names: Names) -> str:
    """`json/plain:"text"`, with the metadata beside the encoding if there is any."""
    metadata = {key: text_of(content, names) for key, content in sorted(value.metadata.items())}
    encoding = metadata.pop("encoding", '""').strip('"')
    beside = "".join(f" {key}={content}" for key, content in metadata.items())
    return f"<{encoding}:{text_of(value.data, names)}{beside}>"


def packed(value: AnyMessage, names: Names) -> str:
    """A message of any type, with the type's name before it."""
    full_name = value.TypeName()
    short = full_name.rpartition(".")[2]
    try:
        kind = DETAIL_TYPES.FindMessageTypeByName(full_name)
        inner = message_factory.GetMessageClass(kind).FromString(value.value)
    except (KeyError, DecodeError):
        return f"{short}(undecoded {text_of(value.value, names)})"
    return short + message(inner, names)
