"""What every store must do, method by method: see `persistence.store.Store`."""

from __future__ import annotations

import asyncio

import msgspec
import pytest

from mainspring.server.engine.changes import EffectKey, EffectKind, QueueKey, RunKey, TaskKind
from mainspring.server.engine.errors import CurrentRunConflict, InvalidArgument, StoreUnavailable, VersionConflict
from mainspring.server.persistence.store import NamespaceRecord, Store, VisibilityFilter
from tests.persistence.rows import NO_RUN, QUEUE, batch, changes, current, effect, key, listed, task

A, B = key("a"), key("b", "other")
ALL = VisibilityFilter("namespace")
HUGE = b"x" * 3_000_000


# -- transitions


async def test_a_run_comes_back_as_it_was_written(store: Store) -> None:
    records = {("timer", "t"): b"timer", ("activity", "5"): b"activity"}
    await store.commit([changes(A, events=(batch(1, 4),), records=dict(records), wake_at=7, state=HUGE)])
    found = await store.load_run(A)
    assert found is not None
    assert (found.key, found.version, found.next_event_id, found.wake_at) == (A, 1, 4, 7)
    assert (found.state, found.records) == (HUGE, records)


async def test_nothing_is_there_before(store: Store) -> None:
    assert await store.load_run(NO_RUN) is None
    assert await store.find_run("namespace", "no-run") is None
    assert await store.current_run("namespace", "workflow") is None
    assert await store.history("no-run", first_event_id=1, before_event_id=99, limit=9) == []
    assert await store.due_runs(99, 9) == []
    assert await store.next_wake_at() is None
    assert await store.queues_with_tasks() == []
    assert await store.effects(after=None, limit=9) == []
    assert await store.count_executions(ALL) == 0


async def test_records_are_replaced_and_removed(store: Store) -> None:
    await store.commit([changes(A, records={("timer", "a"): b"1", ("timer", "b"): b"2"})])
    await store.commit([changes(A, 1, records={("timer", "a"): None, ("timer", "b"): b"3", ("timer", "c"): None})])
    found = await store.load_run(A)
    assert found is not None
    assert found.records == {("timer", "b"): b"3"}
    assert found.version == 2


@pytest.mark.parametrize("version", [0, 2, 99])
async def test_a_transition_from_another_version_writes_nothing(store: Store, version: int) -> None:
    await store.commit([changes(A, events=(batch(1, 4),))])
    with pytest.raises(VersionConflict):
        await store.commit([changes(A, version, events=(batch(4, 6),), tasks=(task(A),))])
    assert len(await store.history(A.run_id, first_event_id=1, before_event_id=99, limit=9)) == 1
    assert await store.count_tasks(QUEUE) == 0


async def test_a_run_that_is_not_there_has_no_second_transition(store: Store) -> None:
    with pytest.raises(VersionConflict):
        await store.commit([changes(A, 1)])
    assert await store.load_run(A) is None


async def test_a_key_must_fit_as_a_whole(store: Store) -> None:
    await store.commit([changes(A)])
    assert await store.load_run(RunKey("other namespace", A.workflow_id, A.run_id)) is None
    assert await store.load_run(RunKey(A.namespace_id, "other", A.run_id)) is None
    assert await store.find_run("other namespace", A.run_id) is None
    assert await store.find_run(A.namespace_id, A.run_id) == A


async def test_runs_that_change_together_change_together(store: Store) -> None:
    await store.commit([changes(A)])
    with pytest.raises(VersionConflict):
        await store.commit([changes(B), changes(A, 99)])
    assert await store.load_run(B) is None
    await store.commit([changes(B), changes(A, 1)])
    assert await store.load_run(B) is not None


async def test_open_runs_come_page_by_page_with_all_that_is_pending(store: Store) -> None:
    keys = [key(str(number)) for number in range(5)]
    for number, run in enumerate(keys):
        row = listed(run, start_at=number // 2)  # some start at one moment
        await store.commit([changes(run, records={("timer", run.run_id): b"t"}, visibility=row)])
    closed = msgspec.structs.replace(listed(A), status=2, close_at=9)
    await store.commit([changes(A, visibility=closed)])
    elsewhere = RunKey("other namespace", "workflow", "run-elsewhere")
    await store.commit([changes(elsewhere, visibility=listed(elsewhere))])

    found: list[RunKey] = []
    page = await store.open_runs("namespace", after=None, limit=2)
    while page.after is not None:
        found += [run.key for run in page.runs if run.records == {("timer", run.key.run_id): b"t"}]
        page = await store.open_runs("namespace", after=page.after, limit=2)
    found += [run.key for run in page.runs]
    assert found == keys[::-1]
    assert (await store.open_runs("nobody", after=None, limit=2)).runs == []


# -- the current run


async def test_a_workflow_id_stands_for_one_run(store: Store) -> None:
    await store.commit([changes(A, current=current(A), expected_current="")])
    second = key("second")
    with pytest.raises(CurrentRunConflict):
        await store.commit([changes(second, current=current(second), expected_current="")])
    assert await store.load_run(second) is None
    with pytest.raises(CurrentRunConflict):
        await store.commit([changes(second, current=current(second), expected_current="run-x")])
    await store.commit([changes(second, current=current(second), expected_current=A.run_id)])
    assert await store.current_run("namespace", "workflow") == current(second)


async def test_a_conflict_leaves_its_neighbours_alone(store: Store) -> None:
    """Transitions that are committed in one group: those that can be are, whatever becomes of the others."""
    runs = [key(f"n{number}", f"workflow-{number}") for number in range(50)]
    await store.commit([changes(runs[7], current=current(runs[7]), expected_current="")])
    results = await asyncio.gather(
        *(store.commit([changes(run, current=current(run), expected_current="")]) for run in runs),
        *(store.commit([changes(run, 99)]) for run in runs[:5]),
        return_exceptions=True,
    )
    failures = [index for index, result in enumerate(results) if result is not None]
    assert failures == [7, 50, 51, 52, 53, 54]
    assert [await store.load_run(run) is not None for run in runs] == [True] * 50


async def test_a_cancelled_caller_waits_to_the_end(store: Store) -> None:
    async def commit() -> None:
        await store.commit([changes(A)])

    committing = asyncio.ensure_future(commit())
    await asyncio.sleep(0)
    committing.cancel()
    with pytest.raises(asyncio.CancelledError):
        await committing
    found = await store.load_run(A)
    assert found is not None


# -- transitions that nobody waits for


async def test_commits_are_counted_and_questions_are_not(store: Store) -> None:
    before = store.statistics()
    await store.commit([changes(A, events=(batch(1, 4),))])
    await store.load_run(A)
    await asyncio.gather(*(store.put_metadata(f"name-{number}", "value") for number in range(20)))
    after = store.statistics()
    assert after.write_count - before.write_count == 21
    assert 2 <= after.commits.since(before.commits).count <= 21


async def test_a_store_grows(store: Store) -> None:
    before = await store.size()
    await store.commit([changes(A, state=HUGE)])
    after = await store.size()
    assert after.database_bytes + after.wal_bytes - before.database_bytes - before.wal_bytes > len(HUGE)
    await store.delete_run(A)
    assert (await store.size()).free_bytes > len(HUGE)


async def test_what_follows_is_written_after(store: Store) -> None:
    await store.commit([changes(A)])
    soon = [store.commit_soon([changes(A, version)], within_s=0.01) for version in (1, 2, 3)]
    await store.commit([changes(A, 4)])
    assert all(future.done() for future in soon)


async def test_it_is_seen_by_whoever_asks_afterwards(store: Store) -> None:
    await store.commit([changes(A)])
    soon = store.commit_soon([changes(A, 1, events=(batch(1, 4),))], within_s=0.01)
    found, history = await asyncio.gather(
        store.load_run(A), store.history(A.run_id, first_event_id=1, before_event_id=9, limit=9)
    )
    assert found is not None
    assert (found.version, len(history), soon.done()) == (2, 1, True)


async def test_it_is_seen_while_it_is_being_written(store: Store) -> None:
    await store.commit([changes(A)])
    for version in range(1, 30):
        soon = store.commit_soon([changes(A, version)], within_s=0.01)
        following = asyncio.ensure_future(store.commit([changes(key(f"n{version}", f"workflow-{version}"))]))
        await asyncio.sleep(0)
        found = await store.load_run(A)
        assert found is not None
        assert found.version == version + 1
        await asyncio.gather(soon, following)


async def test_it_is_written_although_nothing_follows(store: Store) -> None:
    await store.commit([changes(A)])
    await asyncio.wait_for(store.commit_soon([changes(A, 1)], within_s=0.01), timeout=5)
    found = await store.load_run(A)
    assert found is not None
    assert found.version == 2


async def test_its_conflict_is_its_own(store: Store) -> None:
    await store.commit([changes(A)])
    soon = store.commit_soon([changes(A, 7)], within_s=0.01)
    await store.commit([changes(A, 1)])
    await store.settle()
    assert isinstance(soon.exception(), VersionConflict)


async def test_a_store_that_closes_writes_it_first(store: Store) -> None:
    await store.commit([changes(A)])
    soon = store.commit_soon([changes(A, 1)], within_s=0.01)
    await store.close()
    await soon
    with pytest.raises(StoreUnavailable):
        await store.commit_soon([changes(A, 2)], within_s=0.01)


# -- history


async def test_pages_of_a_history(store: Store) -> None:
    for version, events in enumerate((batch(1, 4), batch(4, 5), batch(5, 9), batch(9, 10))):
        await store.commit([changes(A, version, events=(events,))])

    async def found(first: int, before: int, limit: int = 9, *, newest_first: bool = False) -> list[int]:
        page = await store.history(
            A.run_id, first_event_id=first, before_event_id=before, limit=limit, newest_first=newest_first
        )
        return [one.first_event_id for one in page]

    assert await found(1, 10) == [1, 4, 5, 9]
    assert await found(1, 10, 2) == [1, 4]
    assert await found(6, 9) == [5]
    assert await found(8, 10) == [5, 9]
    assert await found(2, 4) == [1]
    assert await found(10, 20) == []
    assert await found(1, 10, newest_first=True) == [9, 5, 4, 1]
    assert await found(1, 9, 1, newest_first=True) == [5]


async def test_batches_of_one_transition_are_one(store: Store) -> None:
    await store.commit([changes(A, events=(batch(1, 4, b"first"), batch(4, 5, b"second"), batch(5, 9, b"third")))])
    (whole,) = await store.history(A.run_id, first_event_id=4, before_event_id=5, limit=9)
    assert whole == batch(1, 9, b"firstsecondthird")


async def test_a_huge_batch(store: Store) -> None:
    await store.commit([changes(A, events=(batch(1, 2, HUGE),))])
    (page,) = await store.history(A.run_id, first_event_id=1, before_event_id=2, limit=1)
    assert page.blob == HUGE


# -- what waits


async def test_runs_are_due_in_order(store: Store) -> None:
    for name, at in (("late", 30), ("early", 10), ("middle", 20), ("never", None)):
        await store.commit([changes(key(name, name), wake_at=at)])
    assert await store.next_wake_at() == 10
    assert [run.workflow_id for run in await store.due_runs(20, 9)] == ["early", "middle"]
    assert [run.workflow_id for run in await store.due_runs(99, 1)] == ["early"]
    await store.commit([changes(key("early", "early"), 1, wake_at=None)])
    assert await store.next_wake_at() == 20


async def test_tasks_stand_in_line(store: Store) -> None:
    tasks = tuple(
        task(A, ref, created_at=at, priority=p) for ref, at, p in ((2, 5, 3), (4, 1, 5), (6, 9, 1), (8, 1, 3))
    )
    await store.commit([changes(A, tasks=tasks)])
    assert await store.queues_with_tasks() == [QUEUE]
    assert await store.count_tasks(QUEUE) == 4
    page = await store.ready_tasks(QUEUE, after=None, limit=3)
    assert [found.ref for found in page] == [6, 8, 2]
    assert page[0] == tasks[2]
    rest = await store.ready_tasks(QUEUE, after=page[-1], limit=3)
    assert [found.ref for found in rest] == [4]


async def test_tasks_are_finished_replaced_and_dropped(store: Store) -> None:
    await store.commit([changes(A, tasks=(task(A, 2), task(A, 4), task(A, 6)))])
    await store.commit([changes(A, 1, finished_tasks=((TaskKind.WORKFLOW, 2),), tasks=(task(A, 4, stamp=2),))])
    await store.drop_task(task(A, 4, stamp=1))
    await store.drop_task(task(A, 6, stamp=1))
    assert [(found.ref, found.stamp) for found in await store.ready_tasks(QUEUE, after=None, limit=9)] == [(4, 2)]
    assert await store.ready_tasks(QueueKey("namespace", "queue", TaskKind.ACTIVITY), after=None, limit=9) == []


async def test_effects_wait_until_they_are_done(store: Store) -> None:
    effects = tuple(effect(A, ref, created_at=at) for ref, at in ((5, 3), (7, 1), (9, 2)))
    await store.commit([changes(A, effects=effects)])
    page = await store.effects(after=None, limit=2)
    assert [found.ref for found in page] == [7, 9]
    assert await store.effects(after=page[-1], limit=9) == [effects[0]]
    await store.commit([changes(A, 1, finished_effects=(EffectKey(A.run_id, EffectKind.START_CHILD, 7),))])
    await store.drop_effect(effects[2])
    assert await store.effects(after=None, limit=9) == [effects[0]]


# -- lists


async def test_lists_page_through_everything_once(store: Store) -> None:
    for number in range(7):
        run = key(f"{number}", f"workflow-{number}")
        await store.commit([changes(run, visibility=listed(run, start_at=number))])
    seen: list[str] = []
    position: bytes | None = None
    while True:
        page = await store.executions(ALL, after=position, limit=3)
        seen += [record.key.workflow_id for record in page.records]
        position = page.position
        if position is None:
            break
    assert seen == [f"workflow-{number}" for number in reversed(range(7))]
    assert await store.count_executions(ALL) == 7
    assert await store.count_executions_by(ALL, "status") == [(1, 7)]
    assert await store.count_executions(VisibilityFilter("elsewhere")) == 0


async def test_values_of_a_filter_are_values(store: Store) -> None:
    await store.commit([changes(A, visibility=listed(A))])
    where = VisibilityFilter("namespace", "workflow_id = :v", {"v": "' OR 1=1 --"})
    assert await store.count_executions(where) == 0
    assert await store.count_executions(VisibilityFilter("namespace", "workflow_id = :v", {"v": "workflow"})) == 1


@pytest.mark.parametrize("position", [b"", b"garbage", b"\xff" * 40])
async def test_a_position_that_no_page_gave(store: Store, position: bytes) -> None:
    with pytest.raises(InvalidArgument):
        await store.executions(ALL, after=position, limit=3)


# -- forgetting


async def test_a_deleted_run_leaves_nothing(store: Store) -> None:
    whole = changes(
        A,
        events=(batch(1, 4),),
        records={("timer", "t"): b"timer"},
        tasks=(task(A),),
        effects=(effect(A),),
        wake_at=5,
        current=current(A),
        expected_current="",
        visibility=listed(A),
    )
    await store.commit([whole])
    await store.delete_run(A)
    await test_nothing_is_there_before(store)
    await store.delete_run(A)


async def test_deleting_an_old_run_leaves_the_current_one(store: Store) -> None:
    second = key("second")
    await store.commit([changes(A, current=current(A), expected_current="")])
    await store.commit([changes(second, current=current(second), expected_current=A.run_id)])
    await store.delete_run(A)
    assert await store.current_run("namespace", "workflow") == current(second)


# -- namespaces and settings


async def test_namespaces_come_and_go(store: Store) -> None:
    await store.put_namespace(NamespaceRecord(id="2", name="b", state=1, data={"k": "v"}, retention_ns=5))
    await store.put_namespace(NamespaceRecord(id="1", name="a", state=1))
    await store.put_namespace(NamespaceRecord(id="1", name="a", state=2, description="changed"))
    found = await store.namespaces()
    assert [(record.name, record.state, record.description) for record in found] == [("a", 2, "changed"), ("b", 1, "")]
    assert (found[1].data, found[1].retention_ns) == ({"k": "v"}, 5)
    await store.delete_namespace("1")
    assert [record.name for record in await store.namespaces()] == ["b"]


async def test_a_namespace_takes_all_that_it_holds_along(store: Store) -> None:
    await store.put_namespace(NamespaceRecord(id="namespace", name="n", state=1))
    await store.put_search_attributes("namespace", {"K": 2})
    for number in range(5):
        run = key(f"{number}", f"workflow-{number}")
        await store.commit([changes(run, current=current(run), expected_current="", visibility=listed(run))])
    await store.delete_namespace("namespace")
    await test_nothing_is_there_before(store)
    assert await store.search_attributes("namespace") == {}


async def test_search_attributes_belong_to_a_namespace(store: Store) -> None:
    await store.put_search_attributes("1", {"K": 2, "I": 3})
    await store.put_search_attributes("2", {"K": 1})
    await store.remove_search_attributes("1", ["I", "unknown"])
    assert await store.search_attributes("1") == {"K": 2}
    assert await store.search_attributes("2") == {"K": 1}


async def test_metadata_is_kept(store: Store) -> None:
    assert await store.metadata("cluster") is None
    await store.put_metadata("cluster", "one")
    await store.put_metadata("cluster", "two")
    assert await store.metadata("cluster") == "two"


# -- the end


async def test_a_closed_store_says_so(store: Store) -> None:
    await store.commit([changes(A)])
    await store.close()
    with pytest.raises(StoreUnavailable):
        await store.commit([changes(A, 1)])
    with pytest.raises(StoreUnavailable):
        await store.load_run(A)
    await store.close()
