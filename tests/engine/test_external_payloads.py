"""Payloads that are kept elsewhere, counted from serialized batches."""

from __future__ import annotations

import pytest
from temporalio.api.common.v1 import Payload, SearchAttributes
from temporalio.api.history.v1 import History, HistoryEvent

from mainspring.server.engine.changes import EventBatch
from mainspring.server.engine.external_payloads import COUNT, SIZE, Kept, with_numbers


def reference(*sizes: int, **metadata: bytes) -> Payload:
    payload = Payload(metadata=metadata or {"messageType": b"temporal.api.sdk.v1.ExternalStorageReference"})
    for size in sizes:
        payload.external_payloads.add(size_bytes=size)
    return payload


def batch(*payloads: Payload) -> EventBatch:
    """A batch with the payloads in a list, in a map and in a failure's cause."""
    started, failed = HistoryEvent(event_id=1), HistoryEvent(event_id=2)
    attributes = started.workflow_execution_started_event_attributes
    attributes.input.payloads.extend(payloads)
    for number, payload in enumerate(payloads):
        attributes.memo.fields[str(number)].CopyFrom(payload)
    cause = failed.workflow_execution_failed_event_attributes.failure.cause
    cause.application_failure_info.details.payloads.extend(payloads)
    return EventBatch(1, 3, History(events=[started, failed]).SerializeToString())


def test_references_are_counted_wherever_they_are() -> None:
    first = Kept().with_more([batch(reference(10)), batch(Payload(data=b"plain"))])
    assert first == Kept(3, 30)
    assert first.with_more([batch(reference(1, 2), reference(4))]) == Kept(12, 51)
    assert first.with_more([batch(Payload(data=b"plain"))]) is first


@pytest.mark.parametrize(
    "metadata",
    [
        {"encoding": b"json/external-storage-reference"},
        {"encoding": b"encrypted", "__temporal_external_storage_reference": b"true"},
    ],
    ids=["of the first releases", "encoded"],
)
def test_references_of_other_forms_are_counted(metadata: dict[str, bytes]) -> None:
    assert Kept().with_more([batch(reference(5, **metadata))]) == Kept(3, 15)


def test_a_run_that_keeps_nothing_elsewhere_has_no_attributes_of_it() -> None:
    attributes = SearchAttributes(indexed_fields={"A": Payload(data=b"1")})
    assert with_numbers(attributes, Kept().search_attributes()) is attributes
    shown = with_numbers(attributes, Kept(2, 30).search_attributes())
    assert {name: payload.data for name, payload in shown.indexed_fields.items()} == {
        "A": b"1",
        COUNT: b"2",
        SIZE: b"30",
    }
    assert attributes == SearchAttributes(indexed_fields={"A": Payload(data=b"1")})
