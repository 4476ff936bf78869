"""From what workflow code asks for to the commands of its run: one method for each kind of request.

Requester.take(request) -> a Pending in the core's queue, or a word to one that is there
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Protocol

from temporalio.api.command.v1 import UpsertWorkflowSearchAttributesCommandAttributes
from temporalio.api.common.v1 import SearchAttributes

from mainspring.replay import markers, requests
from mainspring.replay.activation import (
    FireTimer,
    Job,
    ResolveActivity,
    ResolveChild,
    ResolveChildStart,
    ResolveNexus,
    ResolveNexusStart,
    ResolveSignalExternal,
)
from mainspring.replay.local import LocalActivities
from mainspring.replay.pending import (
    Core,
    ModifyPropertiesPending,
    TerminalPending,
    UpsertSearchAttributesPending,
)
from mainspring.replay.pending_activity import ActivityPending, TimerPending
from mainspring.replay.pending_nexus import NexusPending
from mainspring.replay.pending_workflow import CancelPending, ChildPending, SignalPending
from mainspring.replay.task import PATCHES_UPSERT
from mainspring.replay.updates import Updates

MOST_CHANGE_BYTES = 2048  # of the search attribute that tells a run's changes


class Run(Core, Protocol):
    """What a request may have to know of its run."""

    namespace: str
    is_replaying: bool
    time_ns: int

    def has_flag(self, flag: int) -> bool:
        """Whether the history, or this task if it is new, is marked with the core's flag."""
        ...


class Requester:
    """The commands of one run that can still be cancelled, by kind and number."""

    def __init__(self, run: Run, local: LocalActivities, updates: Updates) -> None:
        self._run = run
        self._local = local
        self._updates = updates
        self._activities: dict[int, ActivityPending] = {}
        self._timers: dict[int, TimerPending] = {}
        self._children: dict[int, ChildPending] = {}
        self._signals: dict[int, SignalPending] = {}
        self._operations: dict[int, NexusPending] = {}
        self.patches: dict[str, bool] = {}  # id -> workflow code has asked for it; seen ahead: False
        self._changes: list[str] = []  # as the search attribute tells them

    def take(self, request: requests.Request) -> None:
        """Carry out one request."""
        TAKES[type(request)](self, request)

    def forget(self, job: Job) -> None:
        """What workflow code is told the end of can be cancelled no more."""
        match job:
            case FireTimer():
                self._timers.pop(job.seq, None)
            case ResolveActivity():
                self._activities.pop(job.seq, None)
            case ResolveChild():
                self._children.pop(job.seq, None)
            case ResolveChildStart() if not job.run_id:
                self._children.pop(job.seq, None)
            case ResolveSignalExternal():
                self._signals.pop(job.seq, None)
            case ResolveNexus():
                self._operations.pop(job.seq, None)
            case ResolveNexusStart() if job.failure is not None:
                self._operations.pop(job.seq, None)
            case _:
                return

    def _schedule_activity(self, request: requests.ScheduleActivity) -> None:
        self._activities[request.seq] = pending = ActivityPending(request)
        self._run.add(pending)

    def _cancel_activity(self, request: requests.CancelActivity) -> None:
        if request.seq in self._activities:
            self._activities[request.seq].cancel(self._run)

    def _schedule_local(self, request: requests.ScheduleLocalActivity) -> None:
        self._local.schedule(request.task, self._run.time_ns)

    def _cancel_local(self, request: requests.CancelLocalActivity) -> None:
        self._local.cancel(request.seq, self._run.time_ns)

    def _start_timer(self, request: requests.StartTimer) -> None:
        self._timers[request.seq] = pending = TimerPending(request)
        self._run.add(pending)

    def _cancel_timer(self, request: requests.CancelTimer) -> None:
        if request.seq in self._timers:
            self._timers.pop(request.seq).cancel(self._run)

    def _start_child(self, request: requests.StartChild) -> None:
        self._children[request.seq] = pending = ChildPending(request, self._run.namespace)
        self._run.add(pending)

    def _cancel_child(self, request: requests.CancelChild) -> None:
        if request.seq in self._children:
            self._children[request.seq].cancel(request.reason, self._run)

    def _signal_external(self, request: requests.SignalExternal) -> None:
        self._signals[request.seq] = pending = SignalPending(request)
        self._run.add(pending)

    def _cancel_signal_external(self, request: requests.CancelSignalExternal) -> None:
        if request.seq in self._signals:
            self._signals[request.seq].cancel(self._run)

    def _cancel_external(self, request: requests.CancelExternal) -> None:
        self._run.add(CancelPending(request))

    def _schedule_nexus_operation(self, request: requests.ScheduleNexusOperation) -> None:
        self._operations[request.seq] = pending = NexusPending(request)
        self._run.add(pending)

    def _cancel_nexus_operation(self, request: requests.CancelNexusOperation) -> None:
        if request.seq in self._operations:
            self._operations[request.seq].cancel(self._run)

    def _set_patch(self, request: requests.SetPatch) -> None:
        if self.patches.get(request.patch_id):
            return  # the first call made the marker
        is_known = request.patch_id in self.patches
        self.patches[request.patch_id] = True
        self._run.add(markers.patch_marker(request))
        self._changes.append(request.patch_id)
        if (is_known or not self._run.is_replaying) and self._run.has_flag(PATCHES_UPSERT):
            self._tell_changes()

    def _set_version(self, request: requests.SetVersion) -> None:
        self._run.add(markers.version_marker(request))
        self._changes.append(f"{request.change_id}-{request.version}")
        self._tell_changes()

    def _tell_changes(self) -> None:
        value = markers.change_versions(self._changes)
        if len(value.data) < MOST_CHANGE_BYTES:
            fields = SearchAttributes(indexed_fields={markers.CHANGE_VERSION: value})
            attributes = UpsertWorkflowSearchAttributesCommandAttributes(search_attributes=fields)
            self._run.add(UpsertSearchAttributesPending(None, attributes))

    def _record_side_effect(self, request: requests.RecordSideEffect) -> None:
        self._run.add(markers.side_effect_marker(request))

    def _upsert_search_attributes(self, request: requests.UpsertSearchAttributes) -> None:
        self._run.add(UpsertSearchAttributesPending(request, request.attributes))

    def _modify_properties(self, request: requests.ModifyProperties) -> None:
        self._run.add(ModifyPropertiesPending(request, request.attributes))

    def _end(self, request: requests.Terminal) -> None:
        self._run.add(TerminalPending(request, request.command))


TAKES: dict[type[requests.Request], Callable[[Requester, Any], None]] = {  # each takes its key's objects
    requests.ScheduleActivity: Requester._schedule_activity,
    requests.CancelActivity: Requester._cancel_activity,
    requests.ScheduleLocalActivity: Requester._schedule_local,
    requests.CancelLocalActivity: Requester._cancel_local,
    requests.StartTimer: Requester._start_timer,
    requests.CancelTimer: Requester._cancel_timer,
    requests.StartChild: Requester._start_child,
    requests.CancelChild: Requester._cancel_child,
    requests.SignalExternal: Requester._signal_external,
    requests.CancelSignalExternal: Requester._cancel_signal_external,
    requests.CancelExternal: Requester._cancel_external,
    requests.ScheduleNexusOperation: Requester._schedule_nexus_operation,
    requests.CancelNexusOperation: Requester._cancel_nexus_operation,
    requests.SetPatch: Requester._set_patch,
    requests.SetVersion: Requester._set_version,
    requests.RecordSideEffect: Requester._record_side_effect,
    requests.UpsertSearchAttributes: Requester._upsert_search_attributes,
    requests.ModifyProperties: Requester._modify_properties,
    requests.Terminal: Requester._end,
    requests.AcceptUpdate: lambda requester, request: requester._updates.accept(request),
    requests.RejectUpdate: lambda requester, request: requester._updates.reject(request),
    requests.CompleteUpdate: lambda requester, request: requester._updates.complete(request),
}
