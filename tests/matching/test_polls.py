from __future__ import annotations

import asyncio
from contextlib import suppress

import pytest

from mainspring.server.engine.changes import QueueKey, Task, TaskKind
from mainspring.server.matching.records import Handed, MatchingSettings, Poller
from tests.matching.hall import (
    ACTIVITIES,
    NORMAL,
    SECOND,
    STICKY,
    Hall,
    a_poller,
    a_sticky_task,
    a_task,
    on_virtual_time,
    play,
)


@on_virtual_time
async def test_a_waiting_poll_gets_an_offered_task_at_once(hall: Hall) -> None:
    poll = hall.poll()
    await hall.settle()
    task = a_task(1)

    hall.commit(task)
    await hall.settle()

    assert poll.done()
    assert await poll == task


@on_virtual_time
async def test_a_waiting_task_is_given_to_a_poll_at_once(hall: Hall) -> None:
    hall.commit(a_task(1))
    began_s = hall.loop.time()

    task = await hall.poll()

    assert isinstance(task, Task)
    assert task.ref == 1
    assert hall.loop.time() == began_s


@on_virtual_time
async def test_polls_are_served_in_the_order_in_which_they_came(hall: Hall) -> None:
    polls = [hall.poll(poller=a_poller(name)) for name in "abc"]
    await hall.settle()

    hall.commit(a_task(1), a_task(2))
    await hall.settle()

    assert [poll.done() for poll in polls] == [True, True, False]
    assert (await polls[0], await polls[1]) == (a_task(1), a_task(2))


@on_virtual_time
async def test_a_poll_is_answered_with_nothing_at_its_deadline(hall: Hall) -> None:
    began_s = hall.loop.time()

    assert await hall.poll(wait_s=60.0) is None
    assert hall.loop.time() - began_s == pytest.approx(60.0)
    assert hall.matching.statistics().waiting_poll_count == 0


@on_virtual_time
async def test_a_poll_whose_deadline_has_passed_gets_what_is_there_or_nothing(hall: Hall) -> None:
    assert await hall.poll(wait_s=-1.0) is None

    hall.commit(a_task(1))

    assert await hall.poll(wait_s=-1.0) == a_task(1)


@on_virtual_time
async def test_a_task_offered_after_a_poll_ended_waits_for_the_next(hall: Hall) -> None:
    await hall.poll(wait_s=1.0)

    hall.commit(a_task(1))

    assert await hall.take() == a_task(1)


@on_virtual_time
async def test_a_queue_of_another_kind_or_namespace_is_another_queue(hall: Hall) -> None:
    other = QueueKey("other", NORMAL.name, TaskKind.WORKFLOW)
    hall.commit(a_task(1))

    assert await hall.take(ACTIVITIES) is None
    assert await hall.take(other) is None
    assert await hall.take(NORMAL) == a_task(1)


@on_virtual_time
async def test_a_cancelled_poll_gives_its_place_free_at_once(hall: Hall) -> None:
    gone, stays = hall.poll(poller=a_poller("gone")), hall.poll(poller=a_poller("stays"))
    await hall.settle()

    gone.cancel()
    hall.commit(a_task(1))
    await hall.settle()

    assert gone.cancelled()
    assert await stays == a_task(1)


@on_virtual_time
async def test_a_task_matched_to_a_poll_that_is_cancelled_in_the_same_moment_goes_to_the_next(hall: Hall) -> None:
    gone, stays = hall.poll(poller=a_poller("gone")), hall.poll(poller=a_poller("stays"))
    await hall.settle()

    hall.commit(a_task(1))  # resolves the first poll's future
    gone.cancel()
    await hall.settle()

    assert gone.cancelled()
    assert await stays == a_task(1)
    assert hall.matching.statistics().returned_count == 1


@on_virtual_time
async def test_a_task_matched_to_a_vanished_poll_waits_if_nobody_else_does(hall: Hall) -> None:
    gone = hall.poll()
    await hall.settle()
    hall.commit(a_task(1))
    gone.cancel()
    with suppress(asyncio.CancelledError):
        await gone

    assert await hall.take() == a_task(1)
    assert await hall.take() is None


@on_virtual_time
async def test_a_task_matched_to_a_poll_that_times_out_in_the_same_moment_is_not_lost(hall: Hall) -> None:
    async def impatient() -> Task | None:
        async with asyncio.timeout(1.0):
            found = await hall.matching.poll(NORMAL, a_poller(), deadline_s=hall.loop.time() + 60, sticky=False)
            assert isinstance(found, Task)
            return found

    waiting = hall.loop.create_task(impatient())
    await hall.settle()
    hall.loop.call_later(1.0, hall.commit, a_task(1))
    await hall.pass_time(2.0)

    got = 0
    with suppress(TimeoutError):
        got += (await waiting) == a_task(1)
    got += (await hall.take()) == a_task(1)
    assert got == 1


@on_virtual_time
async def test_an_offered_task_takes_the_place_of_an_older_one_of_the_same_ref(hall: Hall) -> None:
    hall.commit(a_task(1, stamp=1))
    hall.commit(a_task(1, stamp=2))

    assert await hall.take() == a_task(1, stamp=2)
    assert await hall.take() is None


@on_virtual_time
async def test_a_task_that_moved_to_another_queue_is_not_left_in_the_first(hall: Hall) -> None:
    hall.commit(a_task(1, stamp=1))
    moved = a_task(1, QueueKey("ns", "elsewhere", TaskKind.WORKFLOW), stamp=2)

    hall.commit(moved)

    assert await hall.take() is None
    assert await hall.take(moved.queue) == moved


@on_virtual_time
async def test_an_older_stamp_does_not_take_the_place_of_a_newer_one(hall: Hall) -> None:
    hall.commit(a_task(1, stamp=2))

    hall.matching.offer(a_task(1, stamp=1))

    assert await hall.take() == a_task(1, stamp=2)
    assert await hall.take() is None


@on_virtual_time
async def test_a_workflow_task_and_an_activity_of_the_same_ref_are_two(hall: Hall) -> None:
    hall.commit(a_task(1), a_task(1, ACTIVITIES))

    assert await hall.take(NORMAL) == a_task(1)
    assert await hall.take(ACTIVITIES) == a_task(1, ACTIVITIES)


@on_virtual_time
async def test_the_best_task_comes_first(hall: Hall) -> None:
    hall.commit(a_task(1, priority=4), a_task(2), a_task(3, priority=1), a_task(4))

    assert await hall.take_refs() == [3, 2, 4, 1]


@on_virtual_time
async def test_an_expired_task_is_dropped_when_it_is_met(hall: Hall) -> None:
    expired = a_task(1, expires_at=hall.now() + SECOND)
    hall.commit(expired, a_task(2))
    await hall.pass_time(1.0)

    assert await hall.take() == a_task(2)
    await hall.settle()
    assert hall.table.dropped == [expired]
    assert hall.matching.statistics().expired_count == 1


@on_virtual_time
async def test_an_offer_that_has_expired_is_not_given_to_a_waiting_poll(hall: Hall) -> None:
    poll = hall.poll(wait_s=1.0)
    await hall.settle()

    hall.commit(a_task(1, expires_at=hall.now()))

    assert await poll is None


@on_virtual_time
async def test_a_dropped_task_is_gone_from_memory_and_table(hall: Hall) -> None:
    hall.commit(a_task(1))

    hall.matching.drop(a_task(1))
    await hall.settle()

    assert await hall.take() is None
    assert not hall.table.rows


@on_virtual_time
async def test_dropping_a_stale_task_leaves_its_successor(hall: Hall) -> None:
    hall.commit(a_task(1, stamp=2))

    hall.matching.drop(a_task(1, stamp=1))
    await hall.settle()

    assert await hall.take() == a_task(1, stamp=2)


@on_virtual_time
async def test_a_withdrawn_task_is_not_handed_out(hall: Hall) -> None:
    hall.commit(a_task(1), a_task(2))

    hall.matching.withdraw(a_task(1).run, [(TaskKind.WORKFLOW, 1), (TaskKind.ACTIVITY, 9)])

    assert await hall.take_refs() == [2]


@on_virtual_time
async def test_a_task_that_could_not_be_started_can_be_given_back(hall: Hall) -> None:
    hall.commit(a_task(1), a_task(2))
    task = await hall.take()
    assert isinstance(task, Task)

    hall.matching.offer(task)

    assert await hall.take_refs() == [1, 2]


@on_virtual_time
async def test_a_speculative_task_is_matched_without_a_row(hall: Hall) -> None:
    task = a_task(1, is_speculative=True)

    hall.matching.offer(task)

    assert await hall.take() == task
    hall.matching.drop(task)
    await hall.settle()
    assert not hall.table.dropped


@on_virtual_time
async def test_a_queue_is_limited_to_the_rate_that_its_poller_asks_for(hall: Hall) -> None:
    hall.commit(*(a_task(ref, ACTIVITIES) for ref in range(5)))
    slow = a_poller(max_tasks_per_second=2.0)
    began_s = hall.loop.time()

    polls = [hall.poll(ACTIVITIES, slow) for _ in range(5)]
    took_s: list[float] = []
    for poll in polls:
        assert await poll is not None
        took_s.append(hall.loop.time() - began_s)

    assert took_s == pytest.approx([0.0, 0.0, 0.5, 1.0, 1.5])


@on_virtual_time
async def test_the_latest_poller_s_rate_holds(hall: Hall) -> None:
    hall.commit(*(a_task(ref, ACTIVITIES) for ref in range(3)))
    slow = [hall.poll(ACTIVITIES, a_poller("slow", max_tasks_per_second=0.01)) for _ in range(2)]
    await hall.settle()
    assert [poll.done() for poll in slow] == [True, False]

    fast = hall.poll(ACTIVITIES, a_poller("fast"))
    await hall.settle()

    assert slow[1].done()
    assert fast.done()


@on_virtual_time
async def test_a_rate_of_zero_holds_everything_until_another_poller_comes(hall: Hall) -> None:
    hall.commit(a_task(1, ACTIVITIES))

    assert await hall.poll(ACTIVITIES, a_poller(max_tasks_per_second=0.0)) is None
    assert await hall.take(ACTIVITIES) == a_task(1, ACTIVITIES)


@on_virtual_time
async def test_a_newcomer_does_not_overtake_polls_that_wait_for_the_rate(hall: Hall) -> None:
    hall.commit(a_task(1, ACTIVITIES), a_task(2, ACTIVITIES))
    limited = a_poller(max_tasks_per_second=1.0)
    await hall.take(ACTIVITIES, limited)
    first = hall.poll(ACTIVITIES, limited)
    await hall.pass_time(0.5)
    second = hall.poll(ACTIVITIES, limited)
    await hall.pass_time(0.6)

    assert first.done()
    assert not second.done()


@on_virtual_time
async def test_stop_answers_all_polls_and_refuses_more(hall: Hall) -> None:
    poll = hall.poll()
    await hall.settle()

    await hall.matching.stop()

    assert await poll is None
    assert await hall.poll() is None
    hall.commit(a_task(1))
    assert hall.table.rows


@on_virtual_time
async def test_shutdown_of_a_worker_answers_its_polls_and_no_others(hall: Hall) -> None:
    leaving, staying = a_poller("leaving"), a_poller("staying")
    polls = [hall.poll(NORMAL, leaving), hall.poll(ACTIVITIES, leaving), hall.poll(NORMAL, staying)]
    await hall.settle()

    count = hall.matching.cancel_polls(leaving.worker_instance_key)
    await hall.settle()

    assert count == 2
    assert [poll.done() for poll in polls] == [True, True, False]
    assert await polls[0] is None


@on_virtual_time
async def test_later_polls_of_a_worker_that_shut_down_get_nothing_for_a_while(hall: Hall) -> None:
    leaving = a_poller("leaving")
    hall.matching.cancel_polls(leaving.worker_instance_key)
    hall.commit(a_task(1))

    assert await hall.poll(NORMAL, leaving) is None
    await hall.pass_time(31.0)
    assert await hall.poll(NORMAL, leaving) == a_task(1)


@on_virtual_time
async def test_workers_without_a_key_are_not_taken_for_one_another(hall: Hall) -> None:
    poll = hall.poll(NORMAL, Poller(identity="old worker"))
    await hall.settle()

    assert hall.matching.cancel_polls("") == 0
    assert not poll.done()


@on_virtual_time
async def test_an_idle_queue_is_forgotten_after_five_minutes(hall: Hall) -> None:
    for number in range(100):
        await hall.poll(QueueKey("ns", f"sticky {number}", TaskKind.WORKFLOW), wait_s=0.001, sticky=True)
    await hall.pass_time(290.0)
    assert hall.matching.statistics().queue_count == 100

    await hall.pass_time(130.0)

    assert hall.matching.statistics().queue_count == 0


@on_virtual_time
async def test_a_queue_with_a_task_or_a_poll_is_not_forgotten(hall: Hall) -> None:
    hall.commit(a_task(1))
    poll = hall.poll(ACTIVITIES, wait_s=2000.0)

    await hall.pass_time(1000.0)

    assert hall.matching.statistics().queue_count == 2
    hall.commit(a_task(2, ACTIVITIES))
    assert await poll == a_task(2, ACTIVITIES)
    assert await hall.take() == a_task(1)


@on_virtual_time
async def test_a_sticky_task_goes_to_its_sticky_worker_while_that_polls(hall: Hall) -> None:
    await hall.poll(STICKY, wait_s=0.001, sticky=True)
    await hall.pass_time(9.0)

    hall.commit(a_sticky_task(1))

    assert await hall.take(NORMAL) is None
    assert await hall.take(STICKY) == a_sticky_task(1)


@on_virtual_time
async def test_a_sticky_task_goes_to_the_normal_queue_when_its_worker_has_gone(hall: Hall) -> None:
    await hall.poll(STICKY, wait_s=0.001, sticky=True)
    await hall.pass_time(10.5)

    hall.commit(a_sticky_task(1))

    assert await hall.take(STICKY) is None
    assert await hall.take(NORMAL) == a_sticky_task(1)
    assert hall.matching.statistics().redirected_count == 1


@on_virtual_time
async def test_a_sticky_task_goes_to_the_normal_queue_when_its_queue_is_unknown(hall: Hall) -> None:
    poll = hall.poll(NORMAL)
    await hall.settle()

    hall.commit(a_sticky_task(1))

    assert await poll == a_sticky_task(1)


@on_virtual_time
async def test_a_waiting_sticky_poll_counts_however_long_ago_it_came(hall: Hall) -> None:
    poll = hall.poll(STICKY, wait_s=60.0, sticky=True)
    await hall.pass_time(50.0)

    hall.commit(a_sticky_task(1))

    assert await poll == a_sticky_task(1)


@on_virtual_time
async def test_a_forgotten_sticky_queue_hands_its_tasks_and_polls_back(hall: Hall) -> None:
    await hall.poll(STICKY, wait_s=0.001, sticky=True)
    hall.commit(a_sticky_task(1))
    poll = hall.poll(STICKY, a_poller("b"), wait_s=60.0, sticky=True)
    await hall.settle()
    assert await poll == a_sticky_task(1)
    hall.matching.offer(a_sticky_task(1))

    hall.matching.forget_queue(STICKY)

    assert await hall.take(NORMAL) == a_sticky_task(1)
    assert not hall.matching.has_recent_poller(STICKY)


@on_virtual_time
async def test_forgetting_a_sticky_queue_answers_its_polls(hall: Hall) -> None:
    poll = hall.poll(STICKY, sticky=True)
    await hall.settle()

    hall.matching.forget_queue(STICKY)
    hall.matching.forget_queue(STICKY)

    assert await poll is None


@on_virtual_time
async def test_tasks_left_in_the_sticky_queue_of_a_vanished_worker_are_moved_in_time(hall: Hall) -> None:
    await hall.poll(STICKY, wait_s=0.001, sticky=True)
    hall.commit(a_sticky_task(1))

    await hall.pass_time(500.0)

    assert hall.matching.statistics().queue_count == 1
    assert await hall.take(NORMAL) == a_sticky_task(1)


@on_virtual_time
async def test_has_recent_poller_knows_waiting_and_recent_polls(hall: Hall) -> None:
    assert not hall.matching.has_recent_poller(NORMAL)
    poll = hall.poll(wait_s=30.0)
    await hall.pass_time(29.0)
    assert hall.matching.has_recent_poller(NORMAL)
    await poll
    await hall.pass_time(9.0)
    assert hall.matching.has_recent_poller(NORMAL)
    await hall.pass_time(2.0)
    assert not hall.matching.has_recent_poller(NORMAL)
    assert hall.matching.has_recent_poller(NORMAL, 20.0)


@on_virtual_time
async def test_a_poll_that_waits_is_told_and_gets_what_was_started_for_it(hall: Hall) -> None:
    first, second = hall.poll(poller=a_poller("first")), hall.poll(poller=a_poller("second"))
    await hall.settle()
    assert hall.matching.next_poller(a_task(1)) == a_poller("first")

    hall.matching.hand_over(a_task(1), "started", lambda: None)
    await hall.settle()

    found = first.result()
    assert isinstance(found, Handed)
    assert found.started == "started"
    assert not second.done()
    statistics = hall.matching.statistics()
    assert (statistics.added_count, statistics.matched_count, statistics.sync_matched_count) == (1, 1, 1)


@on_virtual_time
async def test_nobody_is_next_for_a_task_that_would_have_to_wait(hall: Hall) -> None:
    assert hall.matching.next_poller(a_task(1)) is None
    _ = hall.poll(poller=a_poller(max_tasks_per_second=0))
    await hall.settle()
    assert hall.matching.next_poller(a_task(1)) is None
    hall.commit(a_task(1))
    _ = hall.poll(poller=a_poller())
    await hall.settle()
    assert hall.matching.next_poller(a_task(2)) is not None
    await hall.matching.stop()
    assert hall.matching.next_poller(a_task(2)) is None


@on_virtual_time
async def test_what_was_started_for_a_poll_that_is_cancelled_in_the_same_moment_is_given_up(hall: Hall) -> None:
    gone = hall.poll()
    await hall.settle()
    given_up: list[str] = []
    assert hall.matching.next_poller(a_task(1)) is not None
    hall.matching.hand_over(a_task(1), "started", lambda: given_up.append("started"))
    gone.cancel()
    await hall.settle()
    assert given_up == ["started"]
    assert hall.matching.statistics().returned_count == 1


@on_virtual_time
async def test_a_cancelled_poll_does_not_make_its_worker_look_alive(hall: Hall) -> None:
    poll = hall.poll(wait_s=60.0)
    await hall.pass_time(30.0)

    poll.cancel()
    await hall.settle()

    assert not hall.matching.has_recent_poller(NORMAL)


@on_virtual_time
async def test_a_queue_is_described_with_its_pollers_backlog_and_rates(hall: Hall) -> None:
    await hall.poll(NORMAL, a_poller("first", 3.0), wait_s=0.001)
    await hall.pass_time(10.0)
    poll = hall.poll(NORMAL, a_poller("second", 7.0))
    await hall.settle()
    hall.commit(*(a_task(ref, created_at=hall.now()) for ref in range(30)))
    await poll
    await hall.pass_time(2.0)

    described = hall.matching.describe(NORMAL)

    assert [seen.poller.identity for seen in described.pollers] == ["second", "first"]
    assert hall.now() - described.pollers[0].last_access_at == pytest.approx(2 * SECOND, rel=0.01)
    assert described.max_tasks_per_second == 7.0
    assert described.backlog_count_hint == hall.matching.backlog_count_hint(NORMAL) == 29
    assert described.backlog_age_ns == pytest.approx(2 * SECOND, rel=0.01)
    assert described.add_rate == pytest.approx(30 / 12, rel=0.01)
    assert described.dispatch_rate == pytest.approx(1 / 12, rel=0.01)


@on_virtual_time
async def test_a_poller_is_shown_for_five_minutes(hall: Hall) -> None:
    await hall.poll(wait_s=0.001)
    await hall.pass_time(299.0)
    assert len(hall.matching.describe(NORMAL).pollers) == 1

    await hall.pass_time(2.0)

    assert hall.matching.describe(NORMAL).pollers == []


@on_virtual_time
async def test_a_worker_that_shut_down_is_not_shown(hall: Hall) -> None:
    await hall.poll(wait_s=0.001)

    hall.matching.cancel_polls(a_poller().worker_instance_key)

    assert hall.matching.describe(NORMAL).pollers == []


@on_virtual_time
async def test_describing_an_unknown_queue_does_not_make_it(hall: Hall) -> None:
    described = hall.matching.describe(NORMAL)

    assert (described.pollers, described.backlog_count_hint, described.add_rate) == ([], 0, 0.0)
    assert hall.matching.statistics().queue_count == 0


def test_what_waits_in_the_table_is_found_after_a_restart() -> None:
    async def scene(hall: Hall) -> None:
        hall.table.put(*(a_task(ref) for ref in range(25)), a_task(99, ACTIVITIES))
        hall.restart()
        await hall.matching.start()

        assert hall.matching.backlog_count_hint(NORMAL) == 25
        assert await hall.take_refs() == list(range(25))
        assert await hall.take_refs(ACTIVITIES) == [99]

    play(scene, MatchingSettings(page_task_limit=10))


def test_sticky_tasks_found_after_a_restart_go_to_the_normal_queue() -> None:
    async def scene(hall: Hall) -> None:
        hall.table.put(*(a_sticky_task(ref) for ref in range(25)))
        hall.restart()
        await hall.matching.start()

        assert await hall.take_refs() == list(range(25))

    play(scene, MatchingSettings(page_task_limit=10))
