"""Every type that people pass comes back as it was sent, with the official converter's bytes where it has any."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

import pytest
import temporalio.api.common.v1
import temporalio.converter as official
from temporalio.api.common.v1 import Payload

from mainspring.converter import PayloadConverter
from tests.converter.matrix import CASES, OFFICIAL_CASES, Case, is_same, name_of

ours = PayloadConverter.default
theirs = official.DataConverter.default.payload_converter


def official_payload(value: Any) -> Payload | None:
    """What the official converter writes; None if it refuses the value."""
    try:
        return theirs.to_payload(value)
    except (TypeError, ValueError, RuntimeError):
        return None


@pytest.mark.parametrize("case", CASES, ids=name_of)
def test_a_value_comes_back_as_it_was_sent(case: Case) -> None:
    assert is_same(back(case), sent(case))


def back(case: Case) -> Any:
    return ours.from_payload(ours.to_payload(case.value), case.hint)


def sent(case: Case) -> Any:
    """What is to come back: a time keeps its offset, its zone's name has no place in ISO 8601."""
    is_in_a_named_zone = isinstance(case.value, datetime) and isinstance(case.value.tzinfo, ZoneInfo)
    return datetime.fromisoformat(case.value.isoformat()) if is_in_a_named_zone else case.value


@pytest.mark.parametrize("case", CASES, ids=name_of)
def test_bytes_are_the_official_ones_wherever_there_are_any(case: Case) -> None:
    payload = official_payload(case.value)
    assert payload is None or ours.to_payload(case.value) == payload


@pytest.mark.parametrize("case", OFFICIAL_CASES, ids=name_of)
def test_the_official_converter_writes_what_we_read(case: Case) -> None:
    payload = official_payload(case.value)
    assert payload is not None
    assert is_same(ours.from_payload(payload, case.hint), sent(case))


@pytest.mark.parametrize("case", OFFICIAL_CASES, ids=name_of)
def test_the_official_converter_reads_what_we_write(case: Case) -> None:
    assert is_same(theirs.from_payload(ours.to_payload(case.value), case.hint), sent(case))


MESSAGES: list[Any] = [temporalio.api.common.v1.WorkflowExecution(workflow_id="a", run_id="b"), Payload(data=b"x")]


@pytest.mark.parametrize("message", MESSAGES, ids=repr)
def test_messages_have_the_official_bytes(message: Any) -> None:
    payload = ours.to_payload(message)
    assert payload == theirs.to_payload(message)
    assert ours.from_payload(payload) == message
