from __future__ import annotations

import concurrent.futures
from collections.abc import Iterator, Sequence

import pytest

from mainspring import activity
from mainspring.common import RawValue
from mainspring.worker._activity_registry import ActivityRegistry


@pytest.fixture
def threads() -> Iterator[concurrent.futures.Executor]:
    with concurrent.futures.ThreadPoolExecutor(1) as executor:
        yield executor


@activity.defn
async def greet() -> None: ...


@activity.defn
def plain() -> None: ...


class Holder:
    @activity.defn
    async def method(self) -> None: ...


@activity.defn
class WithCall:
    async def __call__(self) -> None: ...


def test_two_activities_of_one_name_are_refused() -> None:
    with pytest.raises(ValueError, match="More than one activity named greet"):
        ActivityRegistry([greet, greet], None, None)


def test_a_class_is_refused_and_its_object_taken() -> None:
    with pytest.raises(TypeError, match="WithCall is a class instead of an instance"):
        ActivityRegistry([WithCall], None, None)
    assert ActivityRegistry([WithCall()], None, None).names == frozenset({"WithCall"})


def test_a_method_without_its_object_is_warned_of() -> None:
    with pytest.warns(UserWarning, match="not bound to an instance"):
        ActivityRegistry([Holder.method], None, None)
    assert ActivityRegistry([Holder().method], None, None).names == frozenset({"method"})


def test_a_function_that_is_no_activity_is_refused() -> None:
    async def bare() -> None: ...

    with pytest.raises(TypeError, match=r"Activity bare missing attributes, was it decorated with @activity.defn\?"):
        ActivityRegistry([bare], None, None)


def test_a_plain_function_needs_an_executor() -> None:
    with pytest.raises(ValueError, match="plain is not async so an activity_executor must be present"):
        ActivityRegistry([plain], None, None)


def test_a_process_pool_needs_something_shared_with_its_processes() -> None:
    with (
        concurrent.futures.ProcessPoolExecutor(1) as executor,
        pytest.raises(ValueError, match="so a shared_state_manager must be present"),
    ):
        ActivityRegistry([plain], executor, None)


def test_a_second_dynamic_activity_is_refused() -> None:
    @activity.defn(dynamic=True)
    async def one(args: Sequence[RawValue]) -> None: ...

    @activity.defn(dynamic=True)
    async def two(args: Sequence[RawValue]) -> None: ...

    with pytest.raises(TypeError, match="More than one dynamic activity"):
        ActivityRegistry([one, two], None, None)
    assert ActivityRegistry([one, greet], None, None).names is None


def test_a_wrapped_function_in_a_thread_pool_is_taken(threads: concurrent.futures.Executor) -> None:
    assert ActivityRegistry([plain, greet], threads, None).names == frozenset({"plain", "greet"})
