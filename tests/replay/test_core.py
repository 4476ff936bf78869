"""The replay core: which activations a history gives, and which commands it expects."""

from __future__ import annotations

import gc
from collections.abc import Sequence

import pytest
from temporalio.api.failure.v1 import CanceledFailureInfo, Failure, TimeoutFailureInfo
from temporalio.api.history.v1 import HistoryEvent, MarkerRecordedEventAttributes
from temporalio.api.protocol.v1 import Message
from temporalio.api.query.v1 import WorkflowQuery
from temporalio.api.update.v1 import Input, Meta, Request

from mainspring.replay import requests
from mainspring.replay.activation import (
    FireTimer,
    Initialize,
    Outcome,
    ResolveActivity,
    ResolveLocalActivity,
    UpdateRandomSeed,
)
from mainspring.replay.core import HistoryGap, Replay
from mainspring.replay.divergence import Divergence
from mainspring.replay.local import LocalResult
from mainspring.replay.pending import Pending
from mainspring.replay.seed import seed_of
from mainspring.replay.task import LEGACY_QUERY, Task
from tests.replay.histories import (
    SECOND,
    Played,
    complete,
    history,
    names,
    pay,
    play,
    schedule_activity,
    start_timer,
)


def begun() -> Played:
    return Played(Replay("default"))


def test_a_first_task_initializes_and_its_answer_has_the_commands() -> None:
    played = begun()
    answer = played.go(Task(events=history().started().task(ended="").events), [start_timer(1), schedule_activity(1)])
    assert played.jobs == [["Initialize"]]
    assert names(answer.commands) == ["START_TIMER", "SCHEDULE_ACTIVITY_TASK"]
    assert not played.activations[0].is_replaying
    assert played.activations[0].time_ns == 3 * SECOND


def test_a_replay_tells_each_sequence_in_turn_and_ends_where_the_history_ends() -> None:
    events = (
        history()
        .started()
        .task()
        .activity_scheduled("1")
        .activity_completed(5)
        .task()
        .add("workflow_execution_completed")
    )
    played = play(events.events, [schedule_activity(1)], [complete()], previous=100)
    assert played.jobs == [["Initialize"], ["ResolveActivity"]]
    assert all(activation.is_replaying for activation in played.activations)
    assert played.replay.is_over
    resolved = played.all_jobs()[1]
    assert isinstance(resolved, ResolveActivity)
    assert resolved.outcome == Outcome(result=pay("done"))


def test_a_sticky_task_goes_on_where_the_run_is() -> None:
    grown = history().started().task(ended="")
    played = begun()
    played.go(Task(events=list(grown.events)), [start_timer(1)])
    told = len(grown.events)
    grown.add("workflow_task_completed").timer_started("1").timer_fired("1", 5).task(ended="")
    answer = played.go(Task(events=grown.events[told:], previous_started_event_id=3), [complete()])
    assert played.jobs == [["Initialize"], ["FireTimer"]]
    assert names(answer.commands) == ["COMPLETE_WORKFLOW_EXECUTION"]
    with pytest.raises(HistoryGap):
        played.replay.begin(Task(events=grown.events[:3]))


def test_jobs_come_in_the_order_in_which_official_sdks_apply_them() -> None:
    events = history().started().task().timer_started("1").activity_scheduled("1").activity_completed(6)
    events.timer_fired("1", 5).signaled("go").patched("later")
    # The marker is of the next task: read ahead.
    events.events.pop()
    events.task().patched("later").task(ended="")
    played = play(
        events.events,
        [start_timer(1), schedule_activity(1)],
        [requests.SetPatch(patch_id="later", deprecated=False)],
        previous=100,
    )
    assert played.jobs[1] == ["NotifyHasPatch", "Signal", "ResolveActivity", "FireTimer"]


@pytest.mark.parametrize("ended", ["failed", "timed_out"])
def test_a_task_that_came_to_nothing_makes_no_activation(ended: str) -> None:
    events = history().started().task(ended=ended).signaled("go").task(ended="")
    played = play(events.events)
    assert played.jobs == [["Initialize", "Signal"]]
    assert played.activations[0].time_ns == 7 * SECOND


def test_a_task_that_left_nothing_was_one_to_workflow_code_all_the_same() -> None:
    events = history().started().task().task().timer_started("1").task(ended="")
    played = play(events.events, [start_timer(1)])
    assert played.jobs == [["Initialize"]]
    assert played.activations[0].time_ns == 3 * SECOND, "the time of the task in which it ran"


def test_a_reset_changes_the_seed() -> None:
    events = history().started()
    events.add("workflow_task_scheduled").add("workflow_task_started")
    events.add("workflow_task_failed", cause="WORKFLOW_TASK_FAILED_CAUSE_RESET_WORKFLOW", new_run_id="other")
    played = play(events.task(ended="").events)
    first, second = played.all_jobs()
    assert isinstance(first, Initialize)
    assert first.seeded_by == "run"
    assert second == UpdateRandomSeed(seeded_by="other")


def test_the_seed_is_that_of_the_official_sdks() -> None:
    assert seed_of("01a214c6-bea3-7dfe-b82f-5950d72186c6") == 1070724717939509432  # as an official worker has it


# -- divergence


def test_another_command_than_the_history_has_is_told_beside_it() -> None:
    events = history().started().task().activity_scheduled("1", "charge").task(ended="")
    with pytest.raises(Divergence) as caught:
        play(events.events, [start_timer(1)])
    text = str(caught.value)
    assert "5 ActivityTaskScheduled charge '1'" in text
    assert "StartTimer '1'" in text


@pytest.mark.parametrize(
    "made, complaint",
    [
        ([schedule_activity(1, "other")], "activity type is 'charge' in the history and 'other' in the code"),
        ([schedule_activity(2, "charge")], "activity id is '1' in the history and '2' in the code"),
        ([], "the workflow made no command for event 5 ActivityTaskScheduled"),
        ([schedule_activity(1, "charge"), start_timer(1)], "the history has no event for the command StartTimer '1'"),
    ],
)
def test_each_kind_of_divergence_is_named(made: list[requests.Request], complaint: str) -> None:
    events = history().started().task().activity_scheduled("1", "charge").activity_completed(5).task(ended="")
    with pytest.raises(Divergence, match=complaint.replace("'", ".")):
        play(events.events, made)


def test_an_event_about_nothing_that_was_asked_for_diverges() -> None:
    events = history().started().task().timer_fired("1", 44).task(ended="")
    with pytest.raises(Divergence, match="is about event 44, which no command made"):
        play(events.events)


# -- cancelling


def cancelled_activity(cancellation: int) -> tuple[Played, list[str]]:
    grown = history().started().task().activity_scheduled("1").signaled("stop").task(ended="")
    played = begun()
    scripts: list[list[requests.Request]] = [
        [schedule_activity(1, cancellation=cancellation)],
        [requests.CancelActivity(seq=1)],
    ]
    answer = played.go(Task(events=grown.events), *scripts)
    return played, names(answer.commands)


def test_trying_to_cancel_an_activity_asks_and_goes_on_at_once() -> None:
    played, commands = cancelled_activity(requests.ActivityCancellation.TRY_CANCEL)
    assert commands == ["REQUEST_CANCEL_ACTIVITY_TASK"]
    assert played.jobs == [["Initialize"], ["Signal"], ["ResolveActivity"]]


def test_waiting_for_a_cancelled_activity_asks_and_waits() -> None:
    played, commands = cancelled_activity(requests.ActivityCancellation.WAIT_CANCELLATION_COMPLETED)
    assert commands == ["REQUEST_CANCEL_ACTIVITY_TASK"]
    assert played.jobs == [["Initialize"], ["Signal"]]


def test_abandoning_an_activity_asks_for_nothing() -> None:
    played, commands = cancelled_activity(requests.ActivityCancellation.ABANDON)
    assert commands == []
    assert played.jobs[-1] == ["ResolveActivity"]


def test_what_is_cancelled_in_the_task_that_asked_for_it_never_was() -> None:
    played = begun()
    asked = [schedule_activity(1), start_timer(1), requests.CancelActivity(seq=1), requests.CancelTimer(seq=1)]
    answer = played.go(Task(events=history().started().task(ended="").events), asked)
    assert answer.commands == []
    assert played.jobs == [["Initialize"], ["ResolveActivity"]]


# -- patches


def patched(*, deprecated: bool = False) -> requests.SetPatch:
    return requests.SetPatch(patch_id="p", deprecated=deprecated)


def test_a_new_patch_leaves_a_marker_and_tells_visibility() -> None:
    answer = begun().go(Task(events=history().started().task(ended="").events), [patched(), patched()])
    assert names(answer.commands) == ["RECORD_MARKER", "UPSERT_WORKFLOW_SEARCH_ATTRIBUTES"]


def test_a_patch_that_the_history_lacks_is_no_command() -> None:
    events = history().started().task().timer_started("1").timer_fired("1", 5).task(ended="")
    played = play(events.events, [patched(deprecated=True), start_timer(1)], previous=3)
    assert played.jobs == [["Initialize"], ["FireTimer"]]


def test_a_deprecated_patch_may_be_gone_from_the_code() -> None:
    events = history().started().task().patched("p", deprecated=True).timer_started("1").timer_fired("1", 6)
    assert play(events.task(ended="").events, [start_timer(1)]).jobs[-1] == ["FireTimer"]


def test_a_patch_that_still_counts_may_not_be_gone_from_the_code() -> None:
    events = history().started().task().patched("p").timer_started("1").timer_fired("1", 6).task(ended="")
    with pytest.raises(Divergence, match="core_patch"):
        play(events.events, [start_timer(1)])


# -- what is asked within a task


def test_queries_are_asked_last_and_alone() -> None:
    task = Task(
        events=history().started().signaled("go").task(ended="").events,
        queries={"q": WorkflowQuery(query_type="state")},
    )
    played = begun()
    answer = played.go(task, [start_timer(1)], [requests.AnswerQuery(query_id="q", result=pay("fine"))])
    assert played.jobs == [["Initialize", "Signal"], ["Query"]]
    assert [one.query_id for one in answer.queries] == ["q"]


def test_a_query_that_is_a_task_of_its_own_replays_and_asks() -> None:
    events = history().started().task().timer_started("1").events
    played = begun()
    task = Task(events=events, previous_started_event_id=3, legacy_query=WorkflowQuery(query_type="state"))
    played.go(task, [start_timer(1)], [requests.AnswerQuery(query_id=LEGACY_QUERY, result=pay("fine"))])
    assert played.jobs == [["Initialize"], ["Query"]]


def test_a_local_activity_leaves_its_marker_and_the_workflow_goes_on_in_the_same_task() -> None:
    played = begun()
    played.replay.begin(Task(events=history().started().task(ended="").events))
    assert played.replay.next_activation() is not None
    played.replay.apply(requests.Completion(requests=[local_activity()]))
    assert played.replay.next_activation() is None
    [task], _ = played.replay.take_local_activities()
    result = LocalResult(outcome=Outcome(result=pay("x")), runtime_ns=SECOND, attempt=1, original_schedule_at=0)
    played.replay.finish_local_activity(task.seq, result)
    activation = played.replay.next_activation()
    assert activation is not None
    assert [type(job).__name__ for job in activation.jobs] == ["ResolveLocalActivity"]
    assert activation.time_ns == 4 * SECOND
    played.replay.apply(requests.Completion(requests=[complete()]))
    assert names(played.replay.answer().commands) == ["RECORD_MARKER", "COMPLETE_WORKFLOW_EXECUTION"]


def test_a_local_activity_is_known_from_its_marker() -> None:
    data = b'{"seq":1,"attempt":1,"activity_id":"1","activity_type":"look","complete_time":{"seconds":9,"nanos":0}}'
    events = history().started().task().marker("core_local_activity", data=data, result=b'"x"').timer_started("1")
    events.timer_fired("1", 6).task(ended="")
    played = play(events.events, [local_activity()], [start_timer(1)], previous=3)
    assert played.jobs == [["Initialize"], ["ResolveLocalActivity"], ["FireTimer"]]
    assert isinstance(played.all_jobs()[-1], FireTimer)
    assert played.activations[1].time_ns == 9 * SECOND


def local_activity(
    seq: int = 1, cancellation: requests.ActivityCancellation = requests.ActivityCancellation.TRY_CANCEL
) -> requests.ScheduleLocalActivity:
    task = requests.LocalActivityTask(
        seq=seq,
        activity_id=str(seq),
        activity_type="look",
        attempt=1,
        original_schedule_at=0,
        input=[],
        headers={},
        schedule_to_close_ns=0,
        schedule_to_start_ns=0,
        start_to_close_ns=SECOND,
        retry_policy=None,
        local_retry_threshold_ns=60 * SECOND,
        cancellation=cancellation,
    )
    return requests.ScheduleLocalActivity(task=task)


def test_a_long_run_keeps_nothing_of_what_is_over() -> None:
    grown = history().started().task()
    scripts: list[list[requests.Request]] = []
    for number in range(1, 201):
        scripts.append([start_timer(number), schedule_activity(number)])
        began = len(grown.events)
        grown.timer_started(str(number)).activity_scheduled(str(number))
        grown.activity_completed(began + 2).timer_fired(str(number), began + 1).task()
    played = play(grown.add("workflow_execution_terminated").events, *scripts, previous=10_000)
    del scripts
    assert played.jobs[-1] == ["ResolveActivity", "FireTimer"]
    gc.collect()
    assert sum(issubclass(type(one), Pending) for one in gc.get_objects()) < 10  # isinstance would wake lazy objects


def test_a_replay_answers_no_update_that_the_history_has_answered() -> None:
    answered = history().started().task()
    answered.add(
        "workflow_execution_update_accepted",
        protocol_instance_id="u",
        accepted_request_message_id="u/request",
        accepted_request_sequencing_event_id=1,
        accepted_request={"meta": {"update_id": "u"}, "input": {"name": "act"}},
    )
    answered.add("workflow_execution_update_completed", accepted_event_id=5).signaled("go").task(ended="")
    answers = [
        requests.AcceptUpdate(protocol_instance_id="u"),
        requests.CompleteUpdate(protocol_instance_id="u", result=pay("done")),
    ]
    played = begun()
    answer = played.go(Task(events=answered.events, previous_started_event_id=3), answers, [])
    assert not answer.messages
    assert not answer.commands


def test_an_update_is_told_in_the_same_order_live_and_in_a_replay() -> None:
    begun = history().started().task().timer_started("1").signaled("go").timer_fired("1", 5)
    request = Request(meta=Meta(update_id="u"), input=Input(name="act"))
    message = Message(id="u/request", protocol_instance_id="u", event_id=8)
    message.body.Pack(request)
    live = Played(Replay("default"))
    task = Task(events=begun.task(ended="").events, messages=[message], previous_started_event_id=3)
    live.go(task, [start_timer(1)])

    begun.add("workflow_task_completed").add(
        "workflow_execution_update_accepted",
        protocol_instance_id="u",
        accepted_request_sequencing_event_id=8,
        accepted_request=request,
    )
    replayed = play(
        begun.signaled("more").task(ended="").events,
        [start_timer(1)],
        [requests.AcceptUpdate(protocol_instance_id="u")],
        previous=9,
    )
    assert live.jobs == replayed.jobs[:2] == [["Initialize"], ["Signal", "Update", "FireTimer"]]


def marked(seq: int, index: str = "", failure: Failure | None = None) -> HistoryEvent:
    """The marker of a local activity, as one event."""
    fields = f'"activity_type":"look","complete_time":{{"seconds":{seq},"nanos":0}}{index}'
    data = f'{{"seq":{seq},"attempt":1,"activity_id":"{seq}",{fields}}}'
    event = history().marker("core_local_activity", data=data.encode()).events[0]
    if failure is not None:
        event.marker_recorded_event_attributes.failure.CopyFrom(failure)
    return event


def marked_history(*markers: HistoryEvent) -> Sequence[HistoryEvent]:
    made = history().started().task()
    for marker in markers:
        made.events.append(marker)
        marker.event_id = len(made.events)
    return made.signaled("go").task(ended="").events


def test_local_activities_that_end_together_are_told_one_by_one_and_replayed_so() -> None:
    live = begun()
    live.replay.begin(Task(events=history().started().task(ended="").events))
    assert live.replay.next_activation() is not None
    live.replay.apply(requests.Completion(requests=[local_activity(1), local_activity(2)]))
    live.replay.take_local_activities()
    for seq in (2, 1):
        live.replay.finish_local_activity(seq, LocalResult(Outcome(), seq * SECOND, 1, 0))
    while (activation := live.replay.next_activation()) is not None:
        live.activations.append(activation)
        live.replay.apply(requests.Completion(requests=[]))
    markers = history().started().task()
    for command in live.replay.answer().commands:
        markers.add("marker_recorded").events[-1].marker_recorded_event_attributes.MergeFrom(
            MarkerRecordedEventAttributes(
                marker_name=command.record_marker_command_attributes.marker_name,
                details=command.record_marker_command_attributes.details,
            )
        )
    events = markers.signaled("go").task(ended="").events
    replayed = play(events, [local_activity(1), local_activity(2)], [], [], [])
    told = [[job.seq for job in one.jobs if isinstance(job, ResolveLocalActivity)] for one in live.activations]
    again = [[job.seq for job in one.jobs if isinstance(job, ResolveLocalActivity)] for one in replayed.activations]
    assert told == again[1:3] == [[2], [1]]
    assert [one.time_ns for one in live.activations] == [one.time_ns for one in replayed.activations[1:3]]


@pytest.mark.parametrize(
    "indexes, told",
    [
        (("", "", ""), [[1, 2, 3]]),  # of old official workers
        ((',"activation_index":1', ',"activation_index":1', ',"activation_index":2'), [[1, 2], [3]]),
    ],
)
def test_the_ends_of_local_activities_are_told_in_the_activations_that_their_markers_say(
    indexes: Sequence[str], told: Sequence[Sequence[int]]
) -> None:
    events = marked_history(*(marked(seq, index) for seq, index in enumerate(indexes, start=1)))
    nothing: list[requests.Request] = []
    played = play(events, [local_activity(seq) for seq in (1, 2, 3)], *(nothing for _ in told), nothing)
    found = [[job.seq for job in one.jobs if isinstance(job, ResolveLocalActivity)] for one in played.activations]
    assert [one for one in found if one] == told


def test_a_cancellation_or_a_timeout_that_a_marker_has_bare_is_wrapped() -> None:
    events = marked_history(
        marked(1, "", Failure(canceled_failure_info=CanceledFailureInfo())),
        marked(2, "", Failure(timeout_failure_info=TimeoutFailureInfo())),
    )
    played = play(events, [local_activity(1), local_activity(2)], [], [])
    first, second = [job.outcome for job in played.all_jobs() if isinstance(job, ResolveLocalActivity)]
    assert first.is_cancelled
    assert first.failure is not None
    assert first.failure.HasField("activity_failure_info")
    assert second.failure is not None
    assert second.failure.cause.HasField("timeout_failure_info")


def test_a_cancelled_local_activity_whose_end_is_known_ends_as_it_did() -> None:
    cancel = requests.CancelLocalActivity(seq=1)
    played = play(marked_history(marked(1)), [local_activity(1), cancel], [], [])
    [outcome] = [job.outcome for job in played.all_jobs() if isinstance(job, ResolveLocalActivity)]
    assert outcome == Outcome()


def test_a_local_activity_that_was_cancelled_and_waited_for_is_waited_for_after_a_replay() -> None:
    waiting = requests.ActivityCancellation.WAIT_CANCELLATION_COMPLETED
    cancel = requests.CancelLocalActivity(seq=1)
    events = history().started().task().timer_started("1").signaled("go").task(ended="").events
    played = play(events, [local_activity(1, waiting), cancel, start_timer(1)], [], previous=3)
    assert not played.replay.answer().commands
    [task], cancelled = played.replay.take_local_activities()
    assert (task.seq, cancelled) == (1, [1])


def test_what_is_left_of_a_run_that_ended_is_told_nothing_more_but_queries() -> None:
    """Else it could ask for something behind the command that ends the run, which a server refuses."""
    played = begun()
    ending = [schedule_activity(1), schedule_activity(2), complete()]
    played.go(Task(events=history().started().task(ended="").events), ending[:2])
    query = WorkflowQuery(query_type="state")
    events = history().started().task().activity_scheduled("1").activity_scheduled("2").signaled("go").task(ended="")
    cancels = [requests.CancelActivity(seq=1), complete()]
    answer = played.go(Task(events=events.events[3:], queries={"q": query}), cancels, [])
    assert played.jobs == [["Initialize"], ["Signal"], ["Query"]]
    assert names(answer.commands) == ["REQUEST_CANCEL_ACTIVITY_TASK", "COMPLETE_WORKFLOW_EXECUTION"]


def test_the_marker_of_a_local_activity_given_up_at_the_end_comes_before_it() -> None:
    """Else the server refuses the task for ever, since what ends the run is not last."""
    played = begun()
    played.go(Task(events=history().started().task(ended="").events), [start_timer(1)])
    events = history().started().task().timer_started("1").timer_fired("1", 5).task(ended="").events[3:]
    ending = [local_activity(), requests.CancelLocalActivity(seq=1), complete()]
    answer = played.go(Task(events=events), ending)
    assert names(answer.commands) == ["RECORD_MARKER", "COMPLETE_WORKFLOW_EXECUTION"]
    assert played.jobs == [["Initialize"], ["FireTimer"]]

    over = history().started().task().timer_started("1").timer_fired("1", 5).task()
    over.marker("core_local_activity", data=b'{"seq":1,"attempt":1,"activity_id":"1","activity_type":"look"}')
    again = play(over.add("workflow_execution_completed").events, [start_timer(1)], ending, previous=100)
    assert again.replay.is_over
    assert again.jobs == played.jobs


def test_news_that_come_with_a_query_are_told_with_their_workflow_task() -> None:
    """Else their time, and what they are told together with, would be another in a replay."""
    played = begun()
    played.go(Task(events=history().started().task(ended="").events), [start_timer(1)])
    grown = history().started().task().timer_started("1").timer_fired("1", 5)
    played.go(
        Task(events=grown.events[3:], previous_started_event_id=3, legacy_query=WorkflowQuery(query_type="q")), []
    )
    assert played.jobs == [["Initialize"], ["Query"]]
    played.go(Task(events=grown.task(ended="").events[3:], previous_started_event_id=3), [])
    assert played.jobs[-1] == ["FireTimer"]
    assert played.activations[-1].time_ns == 8 * SECOND
