from __future__ import annotations

import logging
from typing import Any

import pytest

from mainspring import workflow
from mainspring.workflow._info import set_current_update_info
from tests.workflow.fake_runtime import in_workflow


async def test_a_record_says_which_run_and_which_update_wrote_it(caplog: pytest.LogCaptureFixture) -> None:
    with in_workflow(), caplog.at_level(logging.INFO):
        set_current_update_info(workflow.UpdateInfo(id="u", name="resize"))
        workflow.logger.info("hello %s", "world", extra={"mine": 1})
    record: Any = caplog.records[0]
    details = {"workflow_id": "n1", "update_id": "u", "update_name": "resize"}
    assert record.getMessage() == f"hello world ({details})"
    assert (record.temporal_workflow, record.mine) == (details, 1)
    assert record.funcName == "test_a_record_says_which_run_and_which_update_wrote_it"


async def test_a_replay_writes_nothing_unless_it_is_asked_to(
    caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    with in_workflow() as run, caplog.at_level(logging.INFO):
        run.is_replaying = True
        workflow.logger.info("first")
        monkeypatch.setattr(workflow.logger, "log_during_replay", True)
        workflow.logger.info("second")
    assert ["second" in record.getMessage() for record in caplog.records] == [True]


def test_outside_a_workflow_it_is_a_logger_like_others(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.INFO):
        workflow.logger.info("hello")
    assert caplog.records[0].getMessage() == "hello"


async def test_names_of_the_sandbox_do_no_harm() -> None:
    with workflow.unsafe.imports_passed_through(), workflow.unsafe.sandbox_unrestricted():
        assert workflow.unsafe.is_imports_passed_through()
        with workflow.unsafe.sandbox_unrestricted():
            assert workflow.unsafe.is_sandbox_unrestricted()
        assert workflow.unsafe.is_sandbox_unrestricted()
    assert not workflow.unsafe.is_imports_passed_through()
    assert not workflow.unsafe.in_sandbox()
