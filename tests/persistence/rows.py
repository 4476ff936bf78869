"""Transitions as the engine would hand them over, with only what a test cares about said."""

from __future__ import annotations

from mainspring.server.engine.changes import (
    Changes,
    CurrentRun,
    Effect,
    EffectKey,
    EffectKind,
    EventBatch,
    QueueKey,
    RunKey,
    Task,
    TaskKind,
    VisibilityRecord,
)

RUNNING = 1
QUEUE = QueueKey("namespace", "queue", TaskKind.WORKFLOW)
NO_RUN = RunKey("namespace", "nobody", "no-run")


def key(name: str = "a", workflow_id: str = "workflow") -> RunKey:
    return RunKey("namespace", workflow_id, f"run-{name}")


def changes(
    run: RunKey,
    version: int = 0,
    *,
    events: tuple[EventBatch, ...] = (),
    records: dict[tuple[str, str], bytes | None] | None = None,
    tasks: tuple[Task, ...] = (),
    finished_tasks: tuple[tuple[TaskKind, int], ...] = (),
    effects: tuple[Effect, ...] = (),
    finished_effects: tuple[EffectKey, ...] = (),
    wake_at: int | None = None,
    current: CurrentRun | None = None,
    expected_current: str | None = None,
    visibility: VisibilityRecord | None = None,
    state: bytes = b"state",
) -> Changes:
    return Changes(
        key=run,
        expected_version=version,
        state=state,
        next_event_id=events[-1].next_event_id if events else 1,
        status=RUNNING,
        wake_at=wake_at,
        events=events,
        records=records or {},
        tasks=tasks,
        finished_tasks=finished_tasks,
        effects=effects,
        finished_effects=finished_effects,
        visibility=visibility,
        current=current,
        expected_current=expected_current,
    )


def current(run: RunKey) -> CurrentRun:
    return CurrentRun(
        key=run, first_run_id=run.run_id, create_request_id="request", is_running=True, status=RUNNING, started_at=1
    )


def batch(first: int, following: int, blob: bytes = b"") -> EventBatch:
    return EventBatch(first, following, blob or f"{first}-{following}".encode())


def task(run: RunKey, ref: int = 2, *, created_at: int = 1, priority: int = 3, stamp: int = 1) -> Task:
    return Task(run=run, queue=QUEUE, ref=ref, stamp=stamp, created_at=created_at, priority=priority)


def effect(run: RunKey, ref: int = 5, *, created_at: int = 1) -> Effect:
    return Effect(run=run, kind=EffectKind.START_CHILD, ref=ref, created_at=created_at, blob=b"content")


def listed(run: RunKey, *, start_at: int = 1) -> VisibilityRecord:
    return VisibilityRecord(
        key=run, workflow_type="Type", task_queue="queue", status=RUNNING, start_at=start_at, execution_at=start_at
    )
