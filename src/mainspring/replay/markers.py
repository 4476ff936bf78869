"""The markers that workflow code leaves in a history, in the formats of the official SDKs.

core_patch            patched, deprecate_patch       details patch-data: {"id": ..., "deprecated": ...}
core_local_activity   local activities               details data: {...}, result; or a failure
Version               get_version                    details change-id, version             (as the Go SDK)
SideEffect            side_effect                    details side-effect-id, data           (as the Go SDK)
"""

from __future__ import annotations

import json
from datetime import UTC, datetime

import msgspec
from google.protobuf.timestamp_pb2 import Timestamp
from temporalio.api.command.v1 import Command, RecordMarkerCommandAttributes
from temporalio.api.common.v1 import Payload, Payloads
from temporalio.api.enums.v1 import CommandType, EventType
from temporalio.api.failure.v1 import Failure
from temporalio.api.history.v1 import HistoryEvent, MarkerRecordedEventAttributes

from mainspring.replay.activation import Backoff
from mainspring.replay.pending import Pending
from mainspring.replay.requests import LocalActivityTask, RecordSideEffect, Request, SetPatch, SetVersion

PATCH = "core_patch"
LOCAL_ACTIVITY = "core_local_activity"
VERSION = "Version"
SIDE_EFFECT = "SideEffect"
CHANGE_VERSION = "TemporalChangeVersion"  # the search attribute that tells which changes a run has
SECOND = 1_000_000_000


class Mark(msgspec.Struct, frozen=True):
    """Which marker it is: two of the same name and key are the same."""

    name: str
    key: str
    is_deprecated: bool = False  # of patches: workflow code need not know it any more


class MarkerPending(Pending):
    """A marker on its way into the history."""

    def __init__(self, request: Request | None, mark: Mark, attributes: RecordMarkerCommandAttributes) -> None:
        command = Command(
            command_type=CommandType.COMMAND_TYPE_RECORD_MARKER, record_marker_command_attributes=attributes
        )
        super().__init__(request, command, EventType.EVENT_TYPE_MARKER_RECORDED)
        self.mark = mark

    def mismatch(self, event: HistoryEvent) -> str:
        found = mark_of(event)
        if (found.name, found.key) == (self.mark.name, self.mark.key):
            return ""
        return f"marker is {found.name} {found.key} in the history and {self.mark.name} {self.mark.key} in the code"

    def subject(self) -> str:
        return f"{self.mark.name} {self.mark.key!r}"


def mark_of(event: HistoryEvent) -> Mark:
    """Which marker an event of type MarkerRecorded is; a marker of another SDK has its name and no key."""
    marker = event.marker_recorded_event_attributes
    match marker.marker_name:
        case "core_patch":
            patch_id, is_deprecated = read_patch(marker)
            return Mark(PATCH, patch_id, is_deprecated)
        case "core_local_activity":
            return Mark(LOCAL_ACTIVITY, str(read_local_activity(marker).seq))
        case "Version":
            return Mark(VERSION, read_version(marker)[0])
        case "SideEffect":
            return Mark(SIDE_EFFECT, str(read_side_effect(marker)[0]))
        case name:
            return Mark(name, "")


def patch_marker(request: SetPatch) -> MarkerPending:
    details = {"patch-data": _json({"id": request.patch_id, "deprecated": request.deprecated})}
    return MarkerPending(request, Mark(PATCH, request.patch_id), _attributes(PATCH, details))


def read_patch(marker: MarkerRecordedEventAttributes) -> tuple[str, bool]:
    """The patch's id and whether it is deprecated."""
    if "patch-data" in marker.details:
        data = json.loads(_first(marker, "patch-data").data)
        return str(data["id"]), bool(data.get("deprecated", False))
    # Histories of the first SDKs have plain bytes.
    return _first(marker, "patch_id").data.decode(), _first(marker, "deprecated").data[:1] not in {b"", b"\0"}


def version_marker(request: SetVersion) -> MarkerPending:
    details = {"change-id": _json(request.change_id), "version": _json(request.version)}
    return MarkerPending(request, Mark(VERSION, request.change_id), _attributes(VERSION, details))


def read_version(marker: MarkerRecordedEventAttributes) -> tuple[str, int]:
    """The change's id and the version chosen."""
    return str(json.loads(_first(marker, "change-id").data)), int(json.loads(_first(marker, "version").data))


def side_effect_marker(request: RecordSideEffect) -> MarkerPending:
    details = {"side-effect-id": _json(request.side_effect_id), "data": request.value}
    return MarkerPending(request, Mark(SIDE_EFFECT, str(request.side_effect_id)), _attributes(SIDE_EFFECT, details))


def read_side_effect(marker: MarkerRecordedEventAttributes) -> tuple[int, Payload]:
    """The number of the side effect in its run, and its value."""
    return int(json.loads(_first(marker, "side-effect-id").data)), _first(marker, "data")


class LocalActivityMark(msgspec.Struct, frozen=True):
    """What a local activity's marker says."""

    seq: int
    attempt: int
    activity_id: str
    activity_type: str
    completed_at: int | None  # ns since the epoch, by the workflow's clock
    original_schedule_at: int | None
    backoff_ns: int | None
    result: Payload | None
    failure: Failure | None
    activation_index: int | None = None  # of the activation that told it, in its workflow task; old markers lack it

    @property
    def backoff(self) -> Backoff | None:
        if self.backoff_ns is None:
            return None
        return Backoff(
            attempt=self.attempt + 1, wait_ns=self.backoff_ns, original_schedule_at=self.original_schedule_at or 0
        )


def read_local_activity(marker: MarkerRecordedEventAttributes | RecordMarkerCommandAttributes) -> LocalActivityMark:
    data = json.loads(_first(marker, "data").data)
    backoff = data.get("backoff")
    return LocalActivityMark(
        seq=int(data["seq"]),
        attempt=int(data.get("attempt", 1)),
        activity_id=str(data["activity_id"]),
        activity_type=str(data["activity_type"]),
        completed_at=_instant(data.get("complete_time")),
        original_schedule_at=_instant(data.get("original_schedule_time")),
        backoff_ns=None if backoff is None else int(backoff["seconds"]) * SECOND + int(backoff["nanos"]),
        result=_first(marker, "result") if "result" in marker.details else None,
        failure=marker.failure if marker.HasField("failure") else None,
        activation_index=data.get("activation_index"),
    )


def local_activity_marker(task: LocalActivityTask, mark: LocalActivityMark) -> MarkerPending:
    data = {
        "seq": mark.seq,
        "attempt": mark.attempt,
        "activity_id": mark.activity_id,
        "activity_type": mark.activity_type,
        "complete_time": _timestamp(mark.completed_at),
        "backoff": None if mark.backoff_ns is None else _parts(mark.backoff_ns),
        "original_schedule_time": _timestamp(mark.original_schedule_at),
        "activation_index": mark.activation_index,
    }
    details = {"data": _json(data)}
    if mark.result is not None:
        details["result"] = mark.result
    attributes = _attributes(LOCAL_ACTIVITY, details)
    if mark.failure is not None:
        attributes.failure.CopyFrom(mark.failure)
    pending = MarkerPending(None, Mark(LOCAL_ACTIVITY, str(mark.seq)), attributes)
    if task.user_metadata is not None:
        pending.command.user_metadata.CopyFrom(task.user_metadata)
    return pending


def change_versions(names: list[str]) -> Payload:
    """The value of the search attribute for these changes."""
    payload = _json(sorted(names))
    payload.metadata["type"] = b"KeywordList"
    return payload


def _attributes(name: str, details: dict[str, Payload]) -> RecordMarkerCommandAttributes:
    return RecordMarkerCommandAttributes(
        marker_name=name, details={key: Payloads(payloads=[value]) for key, value in details.items()}
    )


def _json(value: object) -> Payload:
    data = json.dumps(value, separators=(",", ":")).encode()
    return Payload(metadata={"encoding": b"json/plain"}, data=data)


def _first(marker: MarkerRecordedEventAttributes | RecordMarkerCommandAttributes, key: str) -> Payload:
    return marker.details[key].payloads[0]


def _parts(nanoseconds: int) -> dict[str, int]:
    return {"seconds": nanoseconds // SECOND, "nanos": nanoseconds % SECOND}


def _timestamp(at: int | None) -> dict[str, int] | None:
    return None if at is None else _parts(at)


def _instant(value: dict[str, int] | str | None) -> int | None:
    """Nanoseconds since the epoch; old histories have an ISO 8601 text."""
    if value is None:
        return None
    if isinstance(value, str):
        timestamp = Timestamp()
        timestamp.FromDatetime(datetime.fromisoformat(value).astimezone(UTC))
        return timestamp.ToNanoseconds()
    return int(value["seconds"]) * SECOND + int(value["nanos"])
