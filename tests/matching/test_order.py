from __future__ import annotations

from collections import Counter

from hypothesis import given
from hypothesis import strategies as st

from mainspring.server.engine.changes import Task
from mainspring.server.matching.order import Entry, ReadyOrder
from tests.matching.hall import EPOCH, SECOND, a_task


def drained(order: ReadyOrder) -> list[int]:
    refs: list[int] = []
    while (task := order.pop()) is not None:
        refs.append(task.ref)
    return refs


def an_order(*tasks: Task) -> ReadyOrder:
    order = ReadyOrder()
    for task in tasks:
        order.push(task)
    return order


def test_a_lower_priority_number_comes_first() -> None:
    order = an_order(a_task(1, priority=5), a_task(2, priority=1), a_task(3), a_task(4, priority=1))

    assert drained(order) == [2, 4, 3, 1]


def test_within_a_priority_the_older_task_comes_first() -> None:
    order = an_order(a_task(3), a_task(1), a_task(2))

    assert drained(order) == [1, 2, 3]


def test_tasks_of_the_same_age_come_in_order_of_arrival() -> None:
    order = an_order(*(a_task(ref, created_at=EPOCH) for ref in (7, 3, 5)))

    assert drained(order) == [7, 3, 5]


def test_keys_take_turns_however_many_tasks_one_has() -> None:
    many = [a_task(ref, fairness_key="many") for ref in range(1, 7)]
    few = [a_task(ref, fairness_key="few") for ref in (101, 102)]

    assert drained(an_order(*many, *few)) == [1, 101, 2, 102, 3, 4, 5, 6]


def test_a_key_of_twice_the_weight_gets_twice_the_tasks() -> None:
    heavy = [a_task(ref, fairness_key="heavy", fairness_weight=2.0) for ref in range(100)]
    light = [a_task(1000 + ref, fairness_key="light") for ref in range(100)]

    first = Counter("heavy" if ref < 1000 else "light" for ref in drained(an_order(*heavy, *light))[:90])

    assert first == {"heavy": 60, "light": 30}


def test_a_key_that_was_idle_gains_nothing_by_it() -> None:
    order = an_order(*(a_task(ref, fairness_key="busy") for ref in range(50)))
    for _ in range(20):
        order.pop()

    for ref in range(100, 103):
        order.push(a_task(ref, fairness_key="late"))

    assert drained(order)[:6] == [100, 20, 101, 21, 102, 22]


def test_a_key_that_has_had_more_than_its_share_waits_when_it_comes_back() -> None:
    order = an_order(a_task(1, fairness_key="light", fairness_weight=0.1))
    for ref in range(10, 30):
        order.push(a_task(ref, fairness_key="other"))
    order.pop()
    order.push(a_task(2, fairness_key="light", fairness_weight=0.1))

    assert drained(order).index(2) == 10


def test_tasks_without_a_key_share_one() -> None:
    keyless = [a_task(ref) for ref in range(1, 5)]

    assert drained(an_order(*keyless, a_task(100, fairness_key="a"))) == [1, 100, 2, 3, 4]


def test_an_older_task_that_comes_late_is_first_of_its_key() -> None:
    order = an_order(a_task(5), a_task(6))

    order.push(a_task(4))

    assert drained(order) == [4, 5, 6]


def test_what_is_taken_out_of_the_middle_does_not_come() -> None:
    order = an_order(a_task(1), a_task(3))
    entry = order.push(a_task(2))

    order.remove(entry)

    assert len(order) == 2
    assert drained(order) == [1, 3]


def test_a_weight_of_zero_is_the_lightest_not_a_division_by_zero() -> None:
    order = an_order(*(a_task(ref, fairness_weight=0.0) for ref in range(3)))

    assert drained(order) == [0, 1, 2]


def test_what_was_taken_out_takes_no_memory_for_long() -> None:
    order = ReadyOrder()
    keeper = a_task(1)
    order.push(keeper)
    for ref in range(10_000):
        order.remove(order.push(a_task(ref + 2, fairness_key=str(ref % 7))))

    assert [task for _, task in order.tasks()] == [keeper]
    assert order.slot_count() < 200


@given(
    pushes=st.lists(
        st.tuples(st.integers(1, 5), st.sampled_from("abc"), st.integers(0, 20), st.sampled_from([0.5, 1.0, 3.0])),
        max_size=60,
    ),
    moves=st.lists(st.sampled_from(["pop", "remove", "push"]), max_size=100),
)
def test_every_task_comes_once_and_priorities_are_kept(
    pushes: list[tuple[int, str, int, float]], moves: list[str]
) -> None:
    tasks = [
        a_task(n, priority=priority, fairness_key=key, created_at=EPOCH + age * SECOND, fairness_weight=weight)
        for n, (priority, key, age, weight) in enumerate(pushes)
    ]
    order, left = ReadyOrder(), list(tasks)
    inside: dict[int, tuple[Entry, Task]] = {}
    for move in moves:
        if move == "push" and left:
            task = left.pop()
            inside[task.ref] = (order.push(task), task)
        elif move == "remove" and inside:
            order.remove(inside.pop(min(inside))[0])
        elif move == "pop":
            popped = order.pop()
            assert (popped is None) == (not inside)
            if popped is not None:
                assert popped.priority == min(task.priority for _, task in inside.values())
                same_line = [
                    task
                    for _, task in inside.values()
                    if (task.priority, task.fairness_key) == (popped.priority, popped.fairness_key)
                ]
                assert popped.created_at == min(task.created_at for task in same_line)
                del inside[popped.ref]
        assert len(order) == len(inside)

    assert sorted(drained(order)) == sorted(inside)
