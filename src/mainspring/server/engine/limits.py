"""Every limit and default that a client can see, with the real server's value and its dynamic-config key.

    Limits()  --with_dynamic("limit.blobSize.error", 1024)-->  Limits(blob_size_error_bytes=1024)

A field's key is what `--dynamic-config-value` and the `[dynamic]` table call it; fields without a key are constants of
the real server. Unknown keys are ignored without a word: test suites pass keys of features that are simply on here.
"""

from __future__ import annotations

import re
import typing
from functools import cache
from typing import Annotated

import msgspec

KIB = 1024
MIB = 1024 * KIB
DAY_S = 86_400.0

BLOB_TOO_LARGE = "Blob data size exceeds limit."


class Key(msgspec.Struct, frozen=True):
    """The dynamic-config key of the field that it annotates."""

    name: str


class LimitError(ValueError):
    """A value that does not fit its dynamic-config key."""


class Limits(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What a request, a run and a wait may reach. The last word of a name is its unit: seconds, bytes, a count."""

    # -- sizes of what a request carries
    request_size_bytes: int = 4 * MIB  # one gRPC request
    blob_size_error_bytes: Annotated[int, Key("limit.blobSize.error")] = 2 * MIB
    blob_size_warn_bytes: Annotated[int, Key("limit.blobSize.warn")] = 512 * KIB
    memo_size_error_bytes: Annotated[int, Key("limit.memoSize.error")] = 2 * MIB
    memo_size_warn_bytes: Annotated[int, Key("limit.memoSize.warn")] = 2 * KIB
    links_per_request_count: Annotated[int, Key("frontend.maxlinksPerRequest")] = 10
    link_size_bytes: Annotated[int, Key("frontend.linkMaxSize")] = 4_000
    service_error_message_bytes: Annotated[int, Key("system.maxServiceErrorMessageLength")] = 4_000
    workflow_task_completion_size_bytes: Annotated[int, Key("history.workflowTaskCompletionBufferSizeLimit")] = 40 * MIB

    # -- names
    id_length_bytes: Annotated[int, Key("limit.maxIDLength")] = 1_000
    worker_build_id_bytes: Annotated[int, Key("limit.workerBuildIdSize")] = 255
    fairness_key_bytes: int = 64
    priority_level_count: Annotated[int, Key("matching.priorityLevels")] = 5

    # -- search attributes of one run
    search_attributes_count: Annotated[int, Key("frontend.searchAttributesNumberOfKeysLimit")] = 100
    search_attribute_value_bytes: Annotated[int, Key("frontend.searchAttributesSizeOfValueLimit")] = 2 * KIB
    search_attributes_total_bytes: Annotated[int, Key("frontend.searchAttributesTotalSizeLimit")] = 40 * KIB

    # -- one run's history and state
    history_size_suggest_bytes: Annotated[int, Key("limit.historySize.suggestContinueAsNew")] = 4 * MIB
    history_size_warn_bytes: Annotated[int, Key("limit.historySize.warn")] = 10 * MIB
    history_size_error_bytes: Annotated[int, Key("limit.historySize.error")] = 50 * MIB
    history_suggest_count: Annotated[int, Key("limit.historyCount.suggestContinueAsNew")] = 4_096
    history_warn_count: Annotated[int, Key("limit.historyCount.warn")] = 10_240
    history_error_count: Annotated[int, Key("limit.historyCount.error")] = 51_200
    mutable_state_size_warn_bytes: Annotated[int, Key("limit.mutableStateSize.warn")] = MIB
    mutable_state_size_error_bytes: Annotated[int, Key("limit.mutableStateSize.error")] = 8 * MIB
    activity_failure_size_error_bytes: Annotated[int, Key("limit.mutableStateActivityFailureSize.error")] = 4 * KIB
    activity_failure_size_warn_bytes: Annotated[int, Key("limit.mutableStateActivityFailureSize.warn")] = 2 * KIB
    buffered_events_count: Annotated[int, Key("history.maximumBufferedEventsBatch")] = 100
    buffered_events_size_bytes: Annotated[int, Key("history.maximumBufferedEventsSizeInBytes")] = 2 * MIB

    # -- what one run may have pending, or have had
    pending_activities_count: Annotated[int, Key("limit.numPendingActivities.error")] = 2_000
    pending_children_count: Annotated[int, Key("limit.numPendingChildExecutions.error")] = 2_000
    pending_signals_count: Annotated[int, Key("limit.numPendingSignals.error")] = 2_000
    pending_cancel_requests_count: Annotated[int, Key("limit.numPendingCancelRequests.error")] = 2_000
    signals_count: Annotated[int, Key("history.maximumSignalsPerExecution")] = 10_000
    updates_in_flight_count: Annotated[int, Key("history.maxInFlightUpdates")] = 10
    updates_in_flight_size_bytes: Annotated[int, Key("history.maxInFlightUpdatePayloads")] = 20 * MIB
    updates_total_count: Annotated[int, Key("history.maxTotalUpdates")] = 2_000
    updates_suggest_fraction: Annotated[float, Key("history.maxTotalUpdates.suggestContinueAsNewThreshold")] = 0.9
    callbacks_count: Annotated[int, Key("system.maxCallbacksPerWorkflow")] = 32
    callback_url_bytes: Annotated[int, Key("frontend.callbackURLMaxLength")] = 1_000
    callback_header_bytes: Annotated[int, Key("frontend.callbackHeaderMaxLength")] = 8 * KIB
    buffered_queries_count: Annotated[int, Key("history.MaxBufferedQueryCount")] = 1
    auto_reset_points_count: Annotated[int, Key("history.historyMaxAutoResetPoints")] = 20

    # -- timeouts, retries
    workflow_task_timeout_s: Annotated[float, Key("history.defaultWorkflowTaskTimeout")] = 10.0
    workflow_task_timeout_max_s: float = 120.0
    workflow_task_retry_min_attempts_count: int = 3  # attempts that use the plain timeout
    workflow_task_retry_initial_s: float = 5.0
    workflow_task_retry_max_s: Annotated[float, Key("history.workflowTaskRetryMaxInterval")] = 600.0
    workflow_task_heartbeat_s: Annotated[float, Key("history.workflowTaskHeartbeatTimeout")] = 1_800.0
    speculative_schedule_to_start_s: float = 5.0
    speculative_events_count: Annotated[int, Key("history.discardSpeculativeWorkflowTaskMaximumEventsCount")] = 10
    retry_initial_s: float = 1.0
    retry_coefficient: float = 2.0
    retry_max_factor: float = 100.0  # maximum interval, as a multiple of the initial one
    workflow_task_problems_count: Annotated[  # so many in a row are reported in a search attribute; 0: never
        int, Key("system.numConsecutiveWorkflowTaskProblemsToTriggerSearchAttribute")
    ] = 5
    query_fail_attempt_count: int = 3  # queries fail at once from this attempt of the workflow task on
    workflow_id_reuse_interval_s: Annotated[float, Key("history.workflowIdReuseMinimalInterval")] = 1.0

    # -- waits
    task_poll_s: Annotated[float, Key("matching.longPollExpirationInterval")] = 60.0
    task_poll_spare_s: float = 1.0  # an empty answer leaves so long before the caller's deadline
    task_poll_min_s: float = 2.0  # a shorter deadline is refused
    history_poll_s: Annotated[float, Key("history.longPollExpirationInterval")] = 20.0
    sticky_poller_window_s: float = 10.0  # a sticky queue without a poll for so long is passed over
    query_poller_window_s: Annotated[float, Key("matching.queryPollerUnavailableWindow")] = 20.0
    poller_history_s: Annotated[float, Key("matching.PollerHistoryTTL")] = 300.0
    idle_task_queue_s: Annotated[float, Key("matching.maxTaskQueueIdleTime")] = 300.0

    # -- switches
    cancels_polls_on_shutdown: Annotated[bool, Key("frontend.enableCancelWorkerPollsOnShutdown")] = False

    # -- pages
    history_page_count: Annotated[int, Key("frontend.historyMaxPageSize")] = 256  # stored batches, not events
    visibility_page_count: Annotated[int, Key("frontend.visibilityMaxPageSize")] = 1_000

    # -- namespaces
    retention_min_s: Annotated[float, Key("system.namespaceMinRetentionLocal")] = 3_600.0

    def with_dynamic(self, key: str, value: object) -> Limits:
        """These limits with one dynamic-config value, as decoded from JSON; unchanged if no field has the key.

        Raises:
            LimitError: the value does not fit. Durations are Go's ("1m30s"), days ("7d") or a number of seconds.
        """
        field = _fields_by_key().get(key.lower())
        if field is None:
            return self
        name, is_duration, is_whole = field
        if isinstance(getattr(self, name), bool):
            if not isinstance(value, bool):
                raise LimitError(f"{key}: expected true or false, got {value!r}")
            return msgspec.structs.replace(self, **{name: value})
        number = _number(key, value, is_duration=is_duration, is_whole=is_whole)
        return msgspec.structs.replace(self, **{name: number})


@cache
def _fields_by_key() -> dict[str, tuple[str, bool, bool]]:
    """Lower-case key -> (field, is it a duration, is it a whole number). Keys are compared without regard to case."""
    found: dict[str, tuple[str, bool, bool]] = {}
    for name, hint in typing.get_type_hints(Limits, include_extras=True).items():
        arguments = typing.get_args(hint)
        for annotation in arguments[1:]:
            if isinstance(annotation, Key):
                found[annotation.name.lower()] = (name, name.endswith("_s"), arguments[0] is int)
    return found


def _number(key: str, value: object, *, is_duration: bool, is_whole: bool) -> int | float:
    if is_duration and isinstance(value, str):
        return duration_s(key, value)
    if isinstance(value, bool) or not isinstance(value, int | float):
        expected = "a duration" if is_duration else "a number"
        raise LimitError(f"{key}: expected {expected}, got {value!r}")
    if value < 0:
        raise LimitError(f"{key}: expected 0 or more, got {value!r}")
    if is_whole and value != int(value):
        raise LimitError(f"{key}: expected a whole number, got {value!r}")
    return int(value) if is_whole else float(value)


_UNIT_S = {"ns": 1e-9, "us": 1e-6, "µs": 1e-6, "ms": 1e-3, "s": 1.0, "m": 60.0, "h": 3_600.0, "d": DAY_S}
_PART = re.compile(r"(\d+(?:\.\d*)?|\.\d+)(ns|us|µs|ms|s|m|h|d)")


def duration_s(name: str, text: str) -> float:
    """Seconds of a duration written as Go and the CLI write it: `300ms`, `1m30s`, `7d`, or plain seconds.

    Raises:
        LimitError: it is none of these; the message begins with `name`.
    """
    if re.fullmatch(r"\d+", text):
        return float(text)
    parts = list(_PART.finditer(text))
    if not parts or "".join(part.group() for part in parts) != text:
        raise LimitError(f"{name}: expected a duration such as 30s, 1m30s or 7d, got {text!r}")
    return sum(float(part.group(1)) * _UNIT_S[part.group(2)] for part in parts)
