"""Enums, policies, versions, priorities: what they are to the API; and how arguments are read off functions."""

from __future__ import annotations

import asyncio
import enum
import pickle
import re
import threading
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import pytest
from temporalio.api.common.v1 import Header, Payload
from temporalio.api.common.v1 import Priority as PriorityMessage
from temporalio.api.common.v1 import RetryPolicy as RetryPolicyMessage
from temporalio.api.enums import v1 as api_enums

from mainspring import common, exceptions
from mainspring.common import (
    AutoUpgradeVersioningOverride,
    MetricMeter,
    OneTimeVersioningOverride,
    PinnedVersioningOverride,
    Priority,
    RawValue,
    RetryPolicy,
    WorkerDeploymentVersion,
    _apply_headers,
    _arg_or_args,
    _arg_unset,
    _CompositeEvent,
    _type_hints_from_func,
)

API_NAMES = {  # where the API calls the enum otherwise
    "PendingNexusOperationExecutionState": "PendingNexusOperationState",
    "SearchAttributeIndexedValueType": "IndexedValueType",
}
WITHOUT_API = {"HeaderCodecBehavior", "IntEnum"}


def api_members(name: str) -> dict[str, int]:
    """The API's enum, its value names without the prefix that its own name makes."""
    name = API_NAMES.get(name, name).replace("ID", "Id")
    prefix = re.sub(r"(?<!^)(?=[A-Z])", "_", name).upper() + "_"
    return {member.removeprefix(prefix): number for member, number in getattr(api_enums, name).items()}


ENUMS = [
    value
    for module in (common, exceptions)
    for value in vars(module).values()
    if isinstance(value, type) and issubclass(value, enum.IntEnum) and value.__name__ not in WITHOUT_API
]


@pytest.mark.parametrize("mine", ENUMS, ids=lambda mine: mine.__name__)
def test_an_enum_has_the_members_of_the_apis(mine: type[enum.IntEnum]) -> None:
    theirs = api_members(mine.__name__)
    if "UNSPECIFIED" not in mine.__members__:
        theirs.pop("UNSPECIFIED")
    assert {member.name: member.value for member in mine} == theirs


@pytest.mark.parametrize(
    "policy, text",
    [
        (RetryPolicy(initial_interval=timedelta(seconds=-1)), "Initial interval cannot be negative"),
        (RetryPolicy(backoff_coefficient=0.5), "Backoff coefficient cannot be less than 1"),
        (RetryPolicy(maximum_interval=timedelta(seconds=-1)), "Maximum interval cannot be negative"),
        (
            RetryPolicy(initial_interval=timedelta(seconds=3), maximum_interval=timedelta(seconds=1)),
            "Maximum interval cannot be less than initial interval",
        ),
        (RetryPolicy(maximum_attempts=-1), "Maximum attempts cannot be negative"),
    ],
)
def test_a_wrong_retry_policy_is_refused(policy: RetryPolicy, text: str) -> None:
    with pytest.raises(ValueError, match=text):
        policy.apply_to_proto(RetryPolicyMessage())


def test_a_policy_of_one_attempt_is_not_looked_at_further() -> None:
    RetryPolicy(initial_interval=timedelta(seconds=-1), maximum_attempts=1)._validate()


def test_a_retry_policy_goes_through_the_apis_message() -> None:
    policy = RetryPolicy(timedelta(seconds=2), 1.5, timedelta(seconds=9), 4, ["A", "B"])
    message = RetryPolicyMessage()
    policy.apply_to_proto(message)
    assert RetryPolicy.from_proto(message) == policy
    assert pickle.loads(pickle.dumps(RetryPolicy.from_proto(message))) == policy


def test_the_longest_delay_is_a_hundred_times_the_first() -> None:
    message = RetryPolicyMessage()
    RetryPolicy(initial_interval=timedelta(seconds=2)).apply_to_proto(message)
    assert message.maximum_interval.seconds == 200
    assert RetryPolicy.from_proto(RetryPolicyMessage()).maximum_interval is None
    assert RetryPolicy.from_proto(RetryPolicyMessage()).non_retryable_error_types is None


def test_a_raw_value_can_be_pickled() -> None:
    value = RawValue(Payload(metadata={"encoding": b"x"}, data=b"data"))
    assert pickle.loads(pickle.dumps(value)) == value


@pytest.mark.parametrize("state, error", [("text", TypeError), (b"2rest", ValueError)])
def test_a_raw_value_refuses_a_state_that_is_not_its_own(state: object, error: type[Exception]) -> None:
    with pytest.raises(error):
        RawValue(Payload()).__setstate__(state)


@pytest.mark.parametrize("key, error", [(1.1, TypeError), (-1, ValueError), (0, ValueError)])
def test_a_wrong_priority_key_is_refused(key: Any, error: type[Exception]) -> None:
    with pytest.raises(error):
        Priority(priority_key=key)


def test_a_priority_goes_through_the_apis_message() -> None:
    priority = Priority(2, "tenant", 1.5)
    assert Priority._from_proto(priority._to_proto()) == priority
    assert Priority.default._to_proto() == PriorityMessage()
    assert Priority._from_proto(PriorityMessage()) == Priority.default


def test_a_version_is_read_from_its_text() -> None:
    version = WorkerDeploymentVersion("deployment", "build.1")
    assert version.to_canonical_string() == "deployment.build.1"
    assert WorkerDeploymentVersion.from_canonical_string("deployment.build.1") == version
    with pytest.raises(ValueError, match="Cannot parse version string: none, must be in format"):
        WorkerDeploymentVersion.from_canonical_string("none")


def test_overrides_say_their_version_for_old_servers_and_new() -> None:
    version = WorkerDeploymentVersion("deployment", "build")
    pinned = PinnedVersioningOverride(version)._to_proto()
    assert (pinned.behavior, pinned.pinned_version, pinned.pinned.behavior) == (1, "deployment.build", 1)
    assert pinned.pinned.version == version._to_proto()
    upgrade = AutoUpgradeVersioningOverride()._to_proto()
    assert (upgrade.behavior, upgrade.auto_upgrade) == (2, True)
    once = OneTimeVersioningOverride(version)._to_proto()
    assert once.one_time.target_deployment_version.build_id == "build"


def test_arguments_come_as_one_or_as_many() -> None:
    assert list(_arg_or_args(None, [])) == [None]
    assert list(_arg_or_args(_arg_unset, [1, 2])) == [1, 2]
    with pytest.raises(ValueError, match="Cannot have arg and args"):
        _arg_or_args(1, [2])


def test_headers_are_added_to_a_message() -> None:
    header = Header()
    _apply_headers(None, header.fields)
    _apply_headers({"a": Payload(data=b"1")}, header.fields)
    assert dict(header.fields) == {"a": Payload(data=b"1")}


def hinted(number: int, later: Later) -> Later: ...  # type: ignore[empty-body]  # only read


def half_hinted(number: Any, text: str): ...  # type: ignore[no-untyped-def]  # what is tested


half_hinted.__annotations__.pop("number")


def by_keyword(number: int, *, text: str = "", **others: str) -> None: ...


def any_number(number: int, *numbers: int) -> None: ...


class Callables:
    def __call__(self, number: int, later: Later) -> Later: ...  # type: ignore[empty-body]  # only read

    def method(self, number: int, later: Later) -> Later: ...  # type: ignore[empty-body]  # only read


@dataclass
class Later:
    pass


@pytest.mark.parametrize(
    "function",
    [hinted, Callables(), Callables, Callables.method, Callables().method],
    ids=lambda function: str(function)[:20],
)
def test_types_of_parameters_and_result_are_read(function: Any) -> None:
    assert _type_hints_from_func(function) == ([int, Later], Later)


def test_what_has_no_type_has_none() -> None:
    assert _type_hints_from_func(half_hinted) == ([None, str], None)


def test_a_parameter_by_keyword_has_no_place_among_the_types() -> None:
    assert _type_hints_from_func(by_keyword) == ([int], type(None))


def test_any_number_of_parameters_has_no_types() -> None:
    assert _type_hints_from_func(any_number) == (None, type(None))


async def test_an_event_is_set_for_threads_and_coroutines() -> None:
    event = _CompositeEvent(threading.Event(), asyncio.Event())
    assert not event.is_set()
    event.set()
    await event.wait()
    event.wait_sync(0)
    assert event.is_set()


async def test_an_event_without_its_half_says_so() -> None:
    with pytest.raises(RuntimeError, match="Missing event"):
        _CompositeEvent(None, None).set()
    with pytest.raises(RuntimeError, match="not in async activity"):
        await _CompositeEvent(threading.Event(), None).wait()


def test_the_noop_meter_takes_all_and_keeps_its_names() -> None:
    meter = MetricMeter.noop.with_additional_attributes({"a": 1})
    counter = meter.create_counter("c", "desc", "unit").with_additional_attributes({"a": 1})
    counter.add(1)
    meter.create_histogram("h").record(1)
    meter.create_histogram_float("h").record(1.5)
    meter.create_histogram_timedelta("h").record(timedelta(1))
    meter.create_gauge("g").set(1)
    meter.create_gauge_float("g").set(1.5)
    assert (counter.name, counter.description, counter.unit) == ("c", "desc", "unit")
