from __future__ import annotations

import dataclasses
import logging
from typing import Any

import pytest

from mainspring import activity
from mainspring.activity._context import CompleteAsyncError
from mainspring.common import MetricMeter
from tests.activity.contexts import an_info, in_activity


@pytest.mark.parametrize(
    "call", [activity.info, activity.heartbeat, activity.is_cancelled, activity.client, activity.metric_meter]
)
def test_outside_an_activity_there_is_nothing_to_ask(call: Any) -> None:
    assert not activity.in_activity()
    with pytest.raises(RuntimeError, match="Not in activity context"):
        call()


def test_heartbeats_go_where_the_worker_wants_them() -> None:
    sent: list[Any] = []
    with in_activity(lambda *details: sent.append(details)) as context:
        activity.heartbeat(1, "two")
        context.heartbeat = None
        with pytest.raises(RuntimeError, match="Can only execute heartbeat after interceptor init"):
            activity.heartbeat()
    assert sent == [(1, "two")]


async def test_a_cancellation_is_seen_by_whoever_asks_and_whoever_waits() -> None:
    with in_activity() as context:
        assert (activity.is_cancelled(), activity.cancellation_details()) == (False, None)
        context.cancellation_details.details = activity.ActivityCancellationDetails(paused=True)
        context.cancelled_event.set()
        context.worker_shutdown_event.set()
        await activity.wait_for_cancelled()
        await activity.wait_for_worker_shutdown()
        activity.wait_for_cancelled_sync(1)
        activity.wait_for_worker_shutdown_sync(1)
        assert (activity.is_cancelled(), activity.is_worker_shutdown()) == (True, True)
        assert activity.cancellation_details() == activity.ActivityCancellationDetails(paused=True)


def test_the_idempotency_key_is_the_runs_and_the_activitys() -> None:
    info = an_info()
    assert dataclasses.replace(info, attempt=9).idempotency_key == info.idempotency_key == "run:7"
    alone = dataclasses.replace(info, workflow_id=None, workflow_run_id=None, activity_run_id="own")
    assert (alone.idempotency_key, alone.in_workflow) == ("own:7", False)


def test_the_converter_is_made_where_it_is_asked_for() -> None:
    with in_activity():
        converter = activity.payload_converter()
        assert converter.from_payload(converter.to_payload(1)) == 1
        assert activity.payload_converter() is converter


def test_the_meter_needs_one_of_the_worker() -> None:
    with in_activity(), pytest.raises(RuntimeError, match="Metrics meter not available"):
        activity.metric_meter()
    with in_activity(meter=MetricMeter.noop):
        assert activity.metric_meter() is activity.metric_meter()


def test_leaving_the_end_to_others_is_no_exception_that_code_would_catch() -> None:
    with pytest.raises(CompleteAsyncError) as caught:
        activity.raise_complete_async()
    assert not isinstance(caught.value, Exception)


def test_a_record_says_which_attempt_wrote_it(
    caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(activity.logger, "full_activity_info_on_extra", True)
    mine = {"mine": 1}
    with in_activity() as context, caplog.at_level(logging.INFO):
        activity.logger.info("hello", extra=mine)
    record: Any = caplog.records[0]
    assert record.getMessage() == f"hello ({context.logger_details})"
    assert (record.temporal_activity["activity_id"], record.activity_info.attempt, record.mine) == ("7", 1, 1)
    assert mine == {"mine": 1}


def test_outside_an_activity_the_logger_is_like_others(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.INFO):
        activity.logger.info("hello")
    assert caplog.records[0].getMessage() == "hello"
