from __future__ import annotations

import pytest
from temporalio.api.command.v1 import Command
from temporalio.api.common.v1 import Payload
from temporalio.api.enums.v1 import QueryResultType
from temporalio.api.workflowservice.v1 import RespondQueryTaskCompletedRequest, RespondWorkflowTaskCompletedRequest

from mainspring.service import PayloadLimitsConfig
from mainspring.worker._payload_limits import PayloadsTooLargeError, SizeLimits

WARN = PayloadLimitsConfig(payloads_warn_size=1000, memo_warn_size=100)
Answer = RespondWorkflowTaskCompletedRequest | RespondQueryTaskCompletedRequest


def of_bytes(count: int) -> Payload:
    return Payload(data=b"x" * count)


def a_result(count: int) -> RespondWorkflowTaskCompletedRequest:
    command = Command()
    command.complete_workflow_execution_command_attributes.result.payloads.append(of_bytes(count))
    return RespondWorkflowTaskCompletedRequest(commands=[command])


def a_memo(count: int) -> RespondWorkflowTaskCompletedRequest:
    command = Command()
    command.modify_workflow_properties_command_attributes.upserted_memo.fields["m"].CopyFrom(of_bytes(count))
    return RespondWorkflowTaskCompletedRequest(commands=[command])


def a_marker(count: int) -> RespondWorkflowTaskCompletedRequest:
    command = Command()
    command.record_marker_command_attributes.details["result"].payloads.append(of_bytes(count))
    return RespondWorkflowTaskCompletedRequest(commands=[command])


def a_query(count: int) -> RespondQueryTaskCompletedRequest:
    request = RespondQueryTaskCompletedRequest()
    request.query_result.payloads.append(of_bytes(count))
    return request


def limits(*, disabled: bool = False) -> SizeLimits:
    made = SizeLimits(WARN, is_error_disabled=disabled)
    made.payloads_bytes, made.memo_bytes = 2000, 200
    return made


@pytest.mark.parametrize("answer", [a_result(3000), a_memo(300), a_marker(3000), a_query(3000)])
def test_what_the_server_would_refuse_is_not_sent(answer: Answer, caplog: pytest.LogCaptureFixture) -> None:
    with pytest.raises(PayloadsTooLargeError, match="exceeded the error limit"):
        limits().check(answer)
    assert "[TMPRL1103] Attempted to upload" in caplog.text


@pytest.mark.parametrize("answer", [a_result(1500), a_memo(150), a_query(1500)])
def test_what_is_large_is_worth_a_warning(answer: Answer, caplog: pytest.LogCaptureFixture) -> None:
    limits().check(answer)
    assert "exceeded the warning limit" in caplog.text


@pytest.mark.parametrize("answer", [a_result(900), a_memo(50), a_query(900)])
def test_what_is_not_large_is_not_remarked(answer: Answer, caplog: pytest.LogCaptureFixture) -> None:
    limits().check(answer)
    assert not caplog.text


def test_the_limit_may_be_left_to_the_server(caplog: pytest.LogCaptureFixture) -> None:
    limits(disabled=True).check(a_result(3000))
    assert "exceeded the warning limit" in caplog.text


def test_a_query_whose_result_is_too_large_fails_alone() -> None:
    answer = a_result(100)
    answer.query_results["large"].answer.payloads.append(of_bytes(3000))
    answer.query_results["small"].answer.payloads.append(of_bytes(30))

    limits().fail_queries(answer)
    limits().check(answer)

    large = answer.query_results["large"]
    assert large.result_type == QueryResultType.QUERY_RESULT_TYPE_FAILED
    assert "query result has" in large.error_message
    assert not large.answer.payloads
    assert answer.query_results["small"].answer.payloads
