"""A group of commits leaves the same rows as the same commits one after the other."""

from __future__ import annotations

import asyncio
import contextlib
import random
import sqlite3
from collections.abc import AsyncGenerator, Iterator
from pathlib import Path

import pytest

from mainspring.server.engine.changes import Changes, EffectKey, EffectKind, RunKey, TaskKind
from mainspring.server.engine.errors import StoreUnavailable, VersionConflict
from mainspring.server.persistence.sqlite import open_sqlite
from mainspring.server.persistence.store import Store
from tests.persistence.rows import QUEUE, batch, changes, current, effect, key, listed, task

RUNS = [key(f"n{number}", f"workflow-{number}") for number in range(3)]
TABLES = ("runs", "current_runs", "history", "pending", "tasks", "outbox", "visibility")
A = RUNS[0]


@pytest.mark.parametrize("late_share", [0.0, 0.1])
@pytest.mark.parametrize("seed", range(5))
async def test_together_as_one_by_one(tmp_path: Path, seed: int, late_share: float) -> None:
    transitions = list(some_transitions(random.Random(seed), late_share))
    one_by_one, together = tmp_path / "one.db", tmp_path / "together.db"
    async with opened(one_by_one) as store:
        for transition in transitions:
            with contextlib.suppress(VersionConflict):
                await store.commit(transition)
    async with opened(together) as store:
        await asyncio.gather(*map(store.commit, transitions), return_exceptions=True)
        assert store.statistics().commits.count < len(transitions), "they were not in groups"
    assert contents(together) == contents(one_by_one)
    assert all(contents(one_by_one).values()), "some table has no row to compare"


@contextlib.asynccontextmanager
async def opened(path: Path) -> AsyncGenerator[Store]:
    store = await open_sqlite(str(path), commits_on_loop=True)
    try:
        yield store
    finally:
        await store.close()


def contents(path: Path) -> dict[str, list[tuple[object, ...]]]:
    with contextlib.closing(sqlite3.connect(path)) as db:
        return {table: sorted(db.execute(f"SELECT * FROM {table}"), key=repr) for table in TABLES}


def some_transitions(chance: random.Random, late_share: float) -> Iterator[list[Changes]]:
    """Transitions of a few runs that say something of the same rows again and again; a few come too late."""
    versions = dict.fromkeys(RUNS, 0)
    for number in range(60):
        run = chance.choice(RUNS)
        if number and chance.random() < late_share:
            yield [some_changes(chance, run, 77)]
            continue
        yield [some_changes(chance, run, versions[run])]
        versions[run] += 1


def some_changes(chance: random.Random, run: RunKey, version: int) -> Changes:
    def some(count: int) -> list[int]:
        return chance.sample(range(5), chance.randint(0, count))

    is_first = version == 0
    return changes(
        run,
        version,
        events=(batch(1 + 2 * version, 3 + 2 * version),),
        records={("activity", str(ref)): chance.choice([None, b"1", b"2"]) for ref in some(3)},
        finished_tasks=tuple((TaskKind.WORKFLOW, ref) for ref in some(2)),
        tasks=tuple(task(run, ref, stamp=version, created_at=version) for ref in some(2)),
        finished_effects=tuple(EffectKey(run.run_id, EffectKind.START_CHILD, ref) for ref in some(2)),
        effects=tuple(effect(run, ref, created_at=version) for ref in some(2)),
        visibility=listed(run, start_at=version),
        current=current(run) if is_first or chance.random() < 0.2 else None,
        expected_current="" if is_first else None,
    )


async def test_a_workflow_id_s_run_goes_on_where_the_group_left_it(store: Store) -> None:
    await store.commit([changes(A, current=current(A), expected_current="")])
    await asyncio.gather(store.commit([changes(A, 1)]), store.commit([changes(A, 2, current=current(A))]))
    found = await store.load_run(A)
    assert found is not None
    assert found.version == 3


async def test_what_is_deleted_after_its_commit_is_gone(store: Store) -> None:
    await asyncio.gather(
        store.commit([changes(A, events=(batch(1, 4),), records={("timer", "t"): b"1"}, tasks=(task(A),))]),
        store.delete_run(A),
    )
    assert await store.load_run(A) is None
    assert await store.history(A.run_id, first_event_id=1, before_event_id=9, limit=9) == []
    assert await store.count_tasks(QUEUE) == 0


async def test_rows_that_cannot_be_written_break_their_own_transition_only(store: Store) -> None:
    """History is never written twice: the second of two that say the same is refused, whatever else is in the group."""
    await store.commit([changes(A, events=(batch(1, 4),))])
    results = await asyncio.gather(
        store.commit([changes(RUNS[1], events=(batch(1, 4),))]),
        store.commit([changes(A, 1, events=(batch(1, 4),), tasks=(task(A),))]),
        store.commit([changes(RUNS[2], events=(batch(1, 4),))]),
        return_exceptions=True,
    )
    assert [isinstance(result, Exception) for result in results] == [False, True, False]
    assert not isinstance(results[1], StoreUnavailable | VersionConflict)
    found = await store.load_run(A)
    assert found is not None
    assert (found.version, await store.count_tasks(QUEUE)) == (1, 0)
