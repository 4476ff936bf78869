from __future__ import annotations

import asyncio

import pytest

from mainspring.server.engine.errors import DeadlineExceeded, FailedPrecondition, NotFound, Unavailable
from mainspring.server.matching.records import Answer, Query, StickyWorkerUnavailable
from tests.matching.hall import NORMAL, STICKY, Hall, a_poller, a_query, a_task, on_virtual_time

ANSWER = Answer(completed_type=1, result=b"42")


def ask(hall: Hall, query: Query, wait_s: float = 30.0) -> asyncio.Task[Answer]:
    return hall.loop.create_task(hall.matching.ask(query, hall.loop.time() + wait_s))


@on_virtual_time
async def test_a_query_goes_to_a_poller_and_its_answer_to_the_asker(hall: Hall) -> None:
    poll = hall.poll()
    await hall.settle()

    asked = ask(hall, a_query())
    assert await poll == a_query()
    hall.matching.answer("q", ANSWER)

    assert await asked == ANSWER
    assert hall.matching.statistics().waiting_query_count == 0


@on_virtual_time
async def test_a_query_waits_for_a_poller(hall: Hall) -> None:
    asked = ask(hall, a_query())
    await hall.pass_time(20.0)

    assert await hall.take() == a_query()
    hall.matching.answer("q", ANSWER)
    assert await asked == ANSWER


@on_virtual_time
async def test_a_query_comes_before_tasks_and_is_not_held_by_the_rate(hall: Hall) -> None:
    hall.commit(a_task(1, priority=1))
    asked = ask(hall, a_query())
    await hall.settle()

    assert await hall.take(NORMAL, a_poller(max_tasks_per_second=0.0)) == a_query()
    assert await hall.take(NORMAL) == a_task(1, priority=1)
    asked.cancel()


@on_virtual_time
async def test_queries_go_in_order(hall: Hall) -> None:
    asked = [ask(hall, a_query(name)) for name in "abc"]
    await hall.settle()

    assert [await hall.take() for _ in asked] == [a_query(name) for name in "abc"]
    for query in asked:
        query.cancel()


@on_virtual_time
async def test_an_answer_that_nobody_waits_for_is_not_found(hall: Hall) -> None:
    with pytest.raises(NotFound, match=r"^query task not found, or already expired$"):
        hall.matching.answer("q", ANSWER)


@on_virtual_time
async def test_a_second_answer_is_not_found(hall: Hall) -> None:
    asked = ask(hall, a_query())
    await hall.settle()
    hall.matching.answer("q", ANSWER)

    with pytest.raises(NotFound):
        hall.matching.answer("q", Answer(completed_type=2))
    assert await asked == ANSWER


@on_virtual_time
async def test_without_a_poller_a_query_fails_a_second_before_its_deadline(hall: Hall) -> None:
    began_s = hall.loop.time()

    with pytest.raises(FailedPrecondition, match=r"^no poller seen for task queue recently, worker may be down$"):
        await ask(hall, a_query(), 30.0)

    assert hall.loop.time() - began_s == pytest.approx(29.0)
    assert await hall.take() is None


@on_virtual_time
async def test_a_query_waits_to_its_deadline_if_a_poller_was_here_lately(hall: Hall) -> None:
    await hall.pass_time(5.0)
    await hall.take()
    began_s = hall.loop.time()

    with pytest.raises(DeadlineExceeded):
        await ask(hall, a_query(), 10.0)

    assert hall.loop.time() - began_s == pytest.approx(10.0)


@on_virtual_time
async def test_a_query_that_a_worker_holds_waits_to_its_deadline(hall: Hall) -> None:
    asked = ask(hall, a_query(), 60.0)
    await hall.settle()
    assert await hall.take() == a_query()

    with pytest.raises(DeadlineExceeded):
        await asked
    with pytest.raises(NotFound):
        hall.matching.answer("q", ANSWER)


@on_virtual_time
async def test_a_query_whose_asker_has_gone_is_not_given_to_a_poller(hall: Hall) -> None:
    asked = ask(hall, a_query())
    await hall.settle()

    asked.cancel()
    await hall.settle()

    assert await hall.take() is None
    assert hall.matching.statistics().waiting_query_count == 0


@on_virtual_time
async def test_a_query_matched_to_a_vanished_poll_goes_to_the_next(hall: Hall) -> None:
    gone = hall.poll(poller=a_poller("gone"))
    await hall.settle()
    asked = ask(hall, a_query())
    await asyncio.sleep(0)  # the query is asked, the poll's future resolved
    gone.cancel()
    await hall.settle()

    assert await hall.take() == a_query()
    hall.matching.answer("q", ANSWER)
    assert await asked == ANSWER


@on_virtual_time
async def test_a_sticky_query_without_its_worker_says_so_at_once(hall: Hall) -> None:
    with pytest.raises(StickyWorkerUnavailable):
        await ask(hall, a_query(queue=STICKY, normal_queue=NORMAL.name))

    assert hall.matching.statistics().queue_count == 0


@on_virtual_time
async def test_a_sticky_query_goes_to_its_worker_while_that_polls(hall: Hall) -> None:
    await hall.poll(STICKY, wait_s=0.001, sticky=True)
    query = a_query(queue=STICKY, normal_queue=NORMAL.name)

    asked = ask(hall, query)
    await hall.settle()

    assert await hall.take(STICKY) == query
    hall.matching.answer("q", ANSWER)
    assert await asked == ANSWER


@on_virtual_time
async def test_a_sticky_query_whose_worker_shuts_down_says_so(hall: Hall) -> None:
    await hall.poll(STICKY, wait_s=0.001, sticky=True)
    asked = ask(hall, a_query(queue=STICKY, normal_queue=NORMAL.name))
    await hall.settle()

    hall.matching.forget_queue(STICKY)

    with pytest.raises(StickyWorkerUnavailable):
        await asked


@on_virtual_time
async def test_a_sticky_query_whose_worker_fell_silent_says_so_before_its_deadline(hall: Hall) -> None:
    await hall.poll(STICKY, wait_s=0.001, sticky=True)
    await hall.pass_time(5.0)

    with pytest.raises(StickyWorkerUnavailable):
        await ask(hall, a_query(queue=STICKY, normal_queue=NORMAL.name), 30.0)


@on_virtual_time
async def test_a_caller_in_a_hurry_learns_at_once_that_nobody_has_polled(hall: Hall) -> None:
    asked = ask(hall, a_query(), 0.8)
    await hall.pass_time(0.1)

    with pytest.raises(FailedPrecondition):
        await asked


@on_virtual_time
async def test_a_worker_that_has_just_said_goodbye_counts_as_one_that_was_here_lately(hall: Hall) -> None:
    await hall.take()
    hall.matching.cancel_polls(a_poller().worker_instance_key)
    asked = ask(hall, a_query(), 0.8)
    await hall.pass_time(0.1)
    assert not asked.done()

    with pytest.raises(DeadlineExceeded):
        await asked


@on_virtual_time
async def test_stop_ends_all_queries(hall: Hall) -> None:
    asked = ask(hall, a_query())
    await hall.settle()

    await hall.matching.stop()

    with pytest.raises(Unavailable):
        await asked
    with pytest.raises(Unavailable):
        await ask(hall, a_query())
