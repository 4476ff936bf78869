"""More tasks than fit in memory: what is read when, and that none is missed."""

from __future__ import annotations

from mainspring.server.engine.changes import Task
from mainspring.server.matching.backlog import Backlog, Known
from mainspring.server.matching.records import MatchingSettings
from tests.matching.hall import EPOCH, NORMAL, SECOND, STICKY, Hall, a_poller, a_sticky_task, a_task, play

SMALL = MatchingSettings(buffer_task_limit=10, page_task_limit=4)


def a_backlog(*, is_complete: bool = True) -> Backlog:
    return Backlog(NORMAL, Known(), task_limit=10, page_limit=4, is_complete=is_complete)


def offered(backlog: Backlog, *refs: int) -> None:
    for ref in refs:
        backlog.offer(a_task(ref))


def popped(backlog: Backlog) -> list[int]:
    refs: list[int] = []
    while (task := backlog.pop()) is not None:
        refs.append(task.ref)
    return refs


def test_too_many_tasks_are_let_go_from_the_end() -> None:
    backlog = a_backlog()

    offered(backlog, *range(11))

    assert not backlog.is_complete
    assert len(backlog) == 5
    assert backlog.count == 11
    assert popped(backlog) == [0, 1, 2, 3, 4]


def test_what_is_offered_beyond_the_mark_is_left_to_its_row() -> None:
    backlog = a_backlog()
    offered(backlog, *range(11))

    offered(backlog, 20)
    backlog.offer(a_task(21, priority=1))

    assert popped(backlog) == [21, 0, 1, 2, 3, 4]


def test_a_page_continues_after_the_mark() -> None:
    backlog = a_backlog()
    offered(backlog, *range(11))
    popped(backlog)

    page = backlog.begin_page()

    assert page.after == a_task(4)
    assert backlog.end_page(page, [a_task(ref) for ref in range(5, 9)])
    assert not backlog.is_complete
    page = backlog.begin_page()
    assert backlog.end_page(page, [a_task(9), a_task(10)])
    assert backlog.is_complete
    assert popped(backlog) == [5, 6, 7, 8, 9, 10]


def test_what_was_offered_while_the_last_page_was_read_is_not_missed() -> None:
    backlog = a_backlog(is_complete=False)
    page = backlog.begin_page()
    offered(backlog, 1, 2)

    backlog.end_page(page, [a_task(1)])

    assert popped(backlog) == [1, 2]


def test_what_was_offered_behind_the_end_of_a_page_that_was_read_meanwhile_is_not_missed() -> None:
    backlog = a_backlog(is_complete=False)
    page = backlog.begin_page()
    offered(backlog, 3, 30)  # 3 was committed after the page was read

    backlog.end_page(page, [a_task(ref) for ref in (1, 2, 5, 6)])

    assert popped(backlog) == [1, 2, 3, 5, 6]
    assert not backlog.is_complete


def test_a_newer_stamp_offered_meanwhile_wins_over_the_row_that_was_read() -> None:
    backlog = a_backlog(is_complete=False)
    page = backlog.begin_page()
    backlog.offer(a_task(1, stamp=2))

    backlog.end_page(page, [a_task(1, stamp=1)])

    task = backlog.pop()
    assert task is not None
    assert task.stamp == 2
    assert backlog.pop() is None


def test_a_page_that_no_longer_fits_is_thrown_away() -> None:
    backlog = a_backlog()
    offered(backlog, *range(11))
    page = backlog.begin_page()
    for ref in range(100, 106):
        backlog.offer(a_task(ref, priority=1))

    assert not backlog.end_page(page, [a_task(ref) for ref in range(5, 9)])

    assert popped(backlog) == [100, 101, 102, 103, 104]


def test_letting_go_does_not_pass_over_rows_that_were_never_read() -> None:
    known = Known()
    backlog = Backlog(NORMAL, known, task_limit=10, page_limit=4, is_complete=True)
    offered(backlog, *range(50, 60))
    backlog.doubt()  # older rows turned up: 0 to 9
    known.hand_out(a_task(2))
    known.hand_out(a_task(3))
    backlog.end_page(backlog.begin_page(), [a_task(ref) for ref in range(4)])

    backlog.offer(a_task(100, priority=1))

    assert popped(backlog) == [100, 0, 1, 50, 51]
    assert backlog.begin_page().after == a_task(3)


def test_a_page_that_failed_is_wanted_again() -> None:
    backlog = a_backlog(is_complete=False)
    assert backlog.wants_page
    page = backlog.begin_page()
    assert not backlog.wants_page

    backlog.fail_page(page)

    assert backlog.wants_page


def test_a_row_that_was_handed_out_and_not_yet_started_is_skipped() -> None:
    known = Known()
    backlog = Backlog(NORMAL, known, task_limit=10, page_limit=4, is_complete=False)
    known.hand_out(a_task(1))

    backlog.end_page(backlog.begin_page(), [a_task(1), a_task(2)])

    assert popped(backlog) == [2]


def test_a_newer_row_of_a_task_that_was_handed_out_is_not_skipped() -> None:
    known = Known()
    backlog = Backlog(NORMAL, known, task_limit=10, page_limit=4, is_complete=False)
    known.hand_out(a_task(1, stamp=1))

    backlog.end_page(backlog.begin_page(), [a_task(1, stamp=2)])

    assert popped(backlog) == [1]


def test_tasks_without_a_row_here_are_never_let_go() -> None:
    backlog = a_backlog()
    for ref in range(100, 120):
        backlog.offer(a_sticky_task(ref))
        backlog.offer(a_task(ref + 100, is_speculative=True))

    offered(backlog, *range(11))

    assert len(backlog) == 45
    assert set(popped(backlog)) >= set(range(100, 120)) | set(range(200, 220))


def test_a_burst_beyond_the_limit_is_handed_out_whole_and_in_order() -> None:
    async def scene(hall: Hall) -> None:
        hall.commit(*(a_task(ref) for ref in range(100)))
        assert hall.matching.statistics().waiting_task_count <= 10
        assert hall.matching.backlog_count_hint(NORMAL) == 100

        assert await hall.take_refs() == list(range(100))
        assert hall.matching.backlog_count_hint(NORMAL) == 0

    play(scene, SMALL)


def test_polls_that_wait_get_tasks_that_have_to_be_read() -> None:
    async def scene(hall: Hall) -> None:
        hall.commit(*(a_task(ref) for ref in range(50)))
        polls = [hall.poll() for _ in range(50)]

        tasks = [await poll for poll in polls]

        assert sorted(task.ref for task in tasks if isinstance(task, Task)) == list(range(50))

    play(scene, SMALL)


def test_a_store_that_fails_is_asked_again() -> None:
    async def scene(hall: Hall) -> None:
        hall.commit(*(a_task(ref) for ref in range(11)))
        for ref in range(5):
            assert await hall.take() == a_task(ref)
            hall.table.remove(a_task(ref))
        await hall.settle()
        hall.table.put(*(a_task(ref) for ref in range(11, 20)))
        hall.table.failures_left = 3
        read_count = hall.table.read_count

        polls = [hall.poll() for _ in range(15)]
        for poll in polls:
            assert await poll is not None

        assert hall.table.failures_left == 0
        assert hall.table.read_count - read_count < 10

    play(scene, SMALL)


def test_one_page_is_read_at_a_time() -> None:
    async def scene(hall: Hall) -> None:
        hall.table.is_held = True
        hall.commit(*(a_task(ref) for ref in range(50)))
        polls = [hall.poll() for _ in range(20)]
        await hall.settle()
        assert hall.table.read_count == 1
        hall.commit(a_task(60))
        await hall.settle()
        assert hall.table.read_count == 1

        hall.table.is_held = False
        hall.table.release()

        assert None not in [await poll for poll in polls]

    play(scene, SMALL)


def test_nothing_is_read_while_nobody_polls() -> None:
    async def scene(hall: Hall) -> None:
        hall.commit(*(a_task(ref) for ref in range(50)))

        await hall.pass_time(1000.0)

        assert hall.table.read_count == 0

    play(scene, SMALL)


def test_stop_does_not_wait_for_a_read_that_hangs() -> None:
    async def scene(hall: Hall) -> None:
        hall.table.is_held = True
        hall.commit(*(a_task(ref) for ref in range(50)))
        polls = [hall.poll() for _ in range(6)]
        await hall.settle()

        await hall.matching.stop()

        assert await polls[-1] is None
        assert hall.matching.statistics().waiting_poll_count == 0

    play(scene, SMALL)


def test_rows_removed_are_removed_before_stop_returns() -> None:
    async def scene(hall: Hall) -> None:
        hall.commit(*(a_task(ref) for ref in range(5)))
        for ref in range(5):
            hall.matching.drop(a_task(ref))

        await hall.matching.stop()

        assert not hall.table.rows

    play(scene, SMALL)


def test_a_given_up_sticky_queue_that_did_not_fit_in_memory_is_handed_over_whole() -> None:
    async def scene(hall: Hall) -> None:
        poll = hall.poll(STICKY, a_poller("sticky"), wait_s=0.001, sticky=True)
        await poll
        hall.commit(*(a_sticky_task(ref) for ref in range(50)))

        hall.matching.forget_queue(STICKY)
        await hall.settle()

        assert sorted(await hall.take_refs()) == list(range(50))

    play(scene, SMALL)


def test_many_tasks_of_one_instant_are_told_apart_by_run() -> None:
    async def scene(hall: Hall) -> None:
        hall.commit(*(a_task(ref, created_at=EPOCH + SECOND) for ref in range(60)))

        assert sorted(await hall.take_refs()) == list(range(60))

    play(scene, SMALL)
