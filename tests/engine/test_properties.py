"""Whatever is done to a run in whatever order, with restarts in between: what must always hold does (see `table`)."""

from __future__ import annotations

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from mainspring.server.engine.errors import InvalidArgument, ServiceError
from tests.engine.table import Table, command_of, seconds

IDS = st.sampled_from(["a", "b", "c"])
TIMERS = st.builds("timer {} {}".format, IDS, st.integers(0, 20))
COMMANDS = st.one_of(
    TIMERS,
    TIMERS,
    st.builds("activity {} {}".format, IDS, st.integers(0, 3)),
    st.builds("activity {} {}".format, IDS, st.integers(0, 3)),
    st.builds("cancel-timer {}".format, IDS),
    st.builds("cancel-activity {}".format, st.integers(1, 30)),
    st.builds("marker {}".format, IDS),
    st.just("close"),
)


class AnyRun(RuleBasedStateMachine):
    """A run in the hands of clients, workers and time, none of whom knows of the others."""

    table: Table

    def __init__(self) -> None:
        super().__init__()
        self.acknowledged: list[str] = []

    @initialize(run_timeout_s=st.sampled_from([0, 40]), backoff_s=st.sampled_from([0, 0, 5]))
    def begin(self, run_timeout_s: int, backoff_s: int) -> None:
        self.table = Table(workflow_run_timeout=seconds(run_timeout_s), first_workflow_task_backoff=seconds(backoff_s))

    @property
    def is_open(self) -> bool:
        return self.table.run.is_running

    @precondition(lambda self: self.is_open)
    @rule()
    def signal(self) -> None:
        name = f"signal-{len(self.acknowledged)}"
        try:
            self.table.signal(name)
        except ServiceError:
            return
        self.acknowledged.append(name)

    @precondition(lambda self: self.is_open)
    @rule()
    def request_cancel(self) -> None:
        self.table.request_cancel()

    @rule()
    def poll(self) -> None:
        if self.is_open:
            self.table.poll()

    @precondition(lambda self: self.is_open and self.table.has_started_task)
    @rule(commands=st.lists(COMMANDS, max_size=4))
    def complete(self, commands: list[str]) -> None:
        try:
            self.table.complete(*map(command_of, commands))
        except InvalidArgument:
            return  # an order that makes no sense: the worker keeps the task

    @precondition(lambda self: self.is_open and self.table.has_started_task)
    @rule()
    def fail(self) -> None:
        self.table.fail()

    @precondition(lambda self: self.is_open)
    @rule(activity_id=IDS)
    def start_activity(self, activity_id: str) -> None:
        self.table.start_activity(activity_id)

    @precondition(lambda self: self.is_open)
    @rule(activity_id=IDS, how=st.sampled_from(["completed", "failed", "broken", "canceled", "alive"]))
    def end_activity(self, activity_id: str, how: str) -> None:
        try:
            self.table.end_activity(activity_id, how)
        except InvalidArgument:
            assert how == "canceled"  # nobody had asked for that

    @rule(after_s=st.sampled_from([0.5, 1, 3, 10, 60]))
    def time_passes(self, after_s: float) -> None:
        self.table.after(after_s)

    @rule()
    def restart(self) -> None:
        self.table.reload()

    @precondition(lambda self: self.is_open)
    @rule(chance=st.integers(0, 9))
    def terminate(self, chance: int) -> None:
        if chance == 0:
            self.table.terminate()

    @invariant()
    def no_signal_is_lost(self) -> None:
        if not hasattr(self, "table"):
            return
        in_history = [
            event.workflow_execution_signaled_event_attributes.signal_name
            for event in self.table.events
            if event.HasField("workflow_execution_signaled_event_attributes")
        ]
        waiting = [
            event.workflow_execution_signaled_event_attributes.signal_name
            for event in self.table.run.history.buffered_events()
            if event.HasField("workflow_execution_signaled_event_attributes")
        ]
        assert in_history + waiting == self.acknowledged

    @invariant()
    def an_open_run_moves_on(self) -> None:
        """Something will happen to it, or it waits for somebody to do something."""
        if not hasattr(self, "table") or not self.is_open:
            return
        run = self.table.run
        assert not run.has_buffered_events or run.has_started_task

    def teardown(self) -> None:
        """What is stored is what is in memory."""
        if not hasattr(self, "table"):
            return
        before = self.table.run
        known = [dict(before.activities), dict(before.timers), before.state, before.history.next_event_id]
        self.table.reload()
        after = self.table.run
        assert [dict(after.activities), dict(after.timers), after.state, after.history.next_event_id] == known


TestAnyRun = AnyRun.TestCase
TestAnyRun.settings = settings(
    max_examples=150,
    stateful_step_count=40,
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much],
)
