"""The HTTP API: statuses, the shape of bodies, errors, what is read of path, query and body, forms, time limits."""

from __future__ import annotations

import pytest

from tests.differential.http_rig import Http, over_http

START = {"workflowType": {"name": "T"}, "taskQueue": {"name": "q"}}
WHOLE = "application/json+no-payload-shorthand"


def start(**more: object) -> dict[str, object]:
    return START | {"requestId": "r"} | more


@over_http
async def test_the_life_of_a_workflow(http: Http) -> None:
    await http.post("{N}/workflows/w", start(input=["hello", {"a": 1}], memo={"fields": {"m": [1, None]}}))
    await http.post("{N}/workflows/w", START)
    await http.post("{N}/workflows/w/signal/go", {"input": ["x"], "identity": "me", "requestId": "s"})
    await http.post("{N}/workflows/w/cancel", {"reason": "late", "identity": "me", "requestId": "c"})
    await http.get("{N}/workflows/w")
    await http.get("{N}/workflows/w/history")
    await http.get("{N}/workflows/w/history", accept=WHOLE)
    await http.get("{N}/workflows/w/history-reverse?maximumPageSize=1")
    await http.post("{N}/workflows/w/terminate", {"reason": "enough", "details": ["x"], "identity": "me"})
    await http.post("{N}/workflows/w/terminate", {})
    await http.post("{N}/workflows/w/signal/go", {})
    await http.get("{N}/workflows/w")
    await http.get("{N}/workflows/w/history?historyEventFilterType=HISTORY_EVENT_FILTER_TYPE_CLOSE_EVENT")


@over_http
async def test_a_signal_that_starts(http: Http) -> None:
    body = start(signalInput=["x"], input=[1], identity="me")
    await http.post("{N}/workflows/w/signal-with-start/go", body)
    await http.get("{N}/workflows/w/history")


@pytest.mark.parametrize(
    "value",
    [
        '"text"',
        '"\\u0000\\ud83d\\ude00"',
        '""',
        "{}",
        "1.5",
        "true",
        '{"a":1,"a":2}',
        '{"data":"%%","metadata":{"encoding":"!!"}}',
        '{"data":"%%","metadata":{"encoding":"YQ=="}}',
        '{"data":"_-8","metadata":{"encoding":"YQ"}}',
        '{"data":"YQ==","metadata":{"encoding":"YQ=="},"x":1}',
        '{"data":"","metadata":{"encoding":"YQ=="}}',
        '{"data":null,"metadata":{"encoding":"YQ=="}}',
        '{"data":"YQ==","metadata":{}}',
        '{"metadata":{"encoding":"YQ=="}}',
        '{"metadata":{"encoding":5}}',
        '{"metadata":{}}',
        '{"metadata":null}',
        '{"data":"YQ=="}',
        '{"_protoMessageType":"temporal.api.common.v1.WorkflowType","name":"x"}',
        '{"_protoMessageType":"nope","name":"x"}',
    ],
)
@over_http
async def test_a_payload_by_its_value(http: Http, value: str) -> None:
    for workflow_id, given in (("one", f"[{value}]"), ("two", f'{{"payloads":[{value}, "y"]}}')):
        body = f'{{"workflowType":{{"name":"T"}},"taskQueue":{{"name":"q"}},"requestId":"r","input":{given}}}'
        await http.post(f"{{N}}/workflows/{workflow_id}", body)
        await http.get(f"{{N}}/workflows/{workflow_id}/history")
        await http.get(f"{{N}}/workflows/{workflow_id}/history", accept=WHOLE)


@over_http
async def test_null_as_a_payload(http: Http) -> None:
    await http.post("{N}/workflows/w", start(input=[None]))
    await http.get("{N}/workflows/w/history", accept=WHOLE)


@pytest.mark.parametrize("given", ["[]", "{}", "null", '"x"', "5", '{"a":1}', "[NaN]", "[1e400]"])
@over_http
async def test_payloads_that_are_no_list_of_values(http: Http, given: str) -> None:
    body = f'{{"workflowType":{{"name":"T"}},"taskQueue":{{"name":"q"}},"requestId":"r","input":{given}}}'
    await http.status("POST", "{N}/workflows/w", body=body)
    await http.get("{N}/workflows/w/history", accept=WHOLE)


@over_http
async def test_whole_payloads_when_they_are_asked_for(http: Http) -> None:
    whole = [{"metadata": {"encoding": "YQ=="}, "data": "YQ=="}]
    for given in ({"payloads": whole}, whole, ["x"]):
        await http.status("POST", "{N}/workflows/w", body=start(input=given), content_type=WHOLE)
    await http.get("{N}/workflows/w/history", accept=WHOLE)


@pytest.mark.parametrize(
    "part",
    [
        '"unknown":1',
        '"memo":{},"memo":{}',
        '"workflow_type":{"name":"T"}',
        '"memo":null',
        '"memo":"x"',
        '"memo":[]',
        '"identity":5',
        '"identity":["x"]',
        '"workflowIdReusePolicy":"NOPE"',
        '"workflowIdReusePolicy":"1"',
        '"workflowIdReusePolicy":1',
        '"workflowIdReusePolicy":1.5',
        '"workflowRunTimeout":"x"',
        '"workflowRunTimeout":5',
        '"workflowRunTimeout":"5"',
        '"workflowRunTimeout":"-5s"',
        '"workflowRunTimeout":"1e3s"',
        '"workflowRunTimeout":"9999999999999s"',
        '"workflowRunTimeout":"60.5s"',
        '"requestEagerExecution":"true"',
        '"requestEagerExecution":1',
        '"retryPolicy":{"maximumAttempts":"3"}',
        '"retryPolicy":{"maximumAttempts":3.0}',
        '"retryPolicy":{"maximumAttempts":1.5}',
        '"retryPolicy":{"maximumAttempts":"1_0"}',
        '"retryPolicy":{"maximumAttempts":4294967296}',
        '"retryPolicy":{"backoffCoefficient":"2.5"}',
        '"retryPolicy":{"backoffCoefficient":"x"}',
        '"retryPolicy":{"backoffCoefficient":NaN}',
        '"header":{"fields":{"a":1,"a":2}}',
        '"links":[{"batchJob":{},"workflowEvent":{}}]',
        '"links":[null]',
        '"continuedFailure":{"cause":{"cause":{"message":1}}}',
        '"completionCallbacks":[{"internal":{"data":"!"}}]',
        '"completionCallbacks":[{"internal":{"data":"YQ"}}]',
    ],
)
@over_http
async def test_what_a_body_may_say(http: Http, part: str) -> None:
    body = f'{{"workflowType":{{"name":"T"}},"taskQueue":{{"name":"q"}},"requestId":"r",{part}}}'
    await http.status("POST", "{N}/workflows/w", body=body)


@pytest.mark.parametrize(
    "body",
    ["", " ", "{}", "{bad", "[]", "null", '"text"', "5", "{},", '{"a":1,}', '{"identity":"\\ud800"}', "\ufeff{}"],
)
@over_http
async def test_a_body_that_is_an_object(http: Http, body: str) -> None:
    await http.status("POST", "{N}/workflows/w", body=body)


@pytest.mark.parametrize("content_type", ["text/xml", "application/json; charset=utf-8", "application/json+pretty", ""])
@over_http
async def test_the_content_type_of_a_body(http: Http, content_type: str) -> None:
    await http.post("{N}/workflows/w", {}, content_type=content_type)


@pytest.mark.parametrize(
    "query",
    [
        *("pageSize=1", "page_size=1", "pageSize=%2B1", "pageSize=-0", "pageSize=1&pageSize=2", "pageSize=1.0"),
        *("pageSize=%201", "pageSize=99999999999", "pageSize=", "pageSize=0x10", "pageSize=1_0", "pageSize=%00"),
        *("nextPageToken=%21%21", "nextPageToken=YQ", "nextPageToken=", "query=a", "query=", "unknown=1", "pageSize"),
        *("namespace=other", "pretty&pageSize=x", "pageSize=x&unknown", "&&", "pagesize=x"),
    ],
)
@over_http
async def test_what_a_query_may_say(http: Http, query: str) -> None:
    await http.status("GET", f"{{N}}/workflows?{query}")


@pytest.mark.parametrize(
    "query",
    [
        *("waitNewEvent=1", "waitNewEvent=T", "waitNewEvent=TRUE", "waitNewEvent=yes", "waitNewEvent="),
        *("historyEventFilterType=1", "historyEventFilterType=99", "historyEventFilterType=NOPE"),
        "historyEventFilterType=HISTORY_EVENT_FILTER_TYPE_CLOSE_EVENT",
        *("execution=x", "execution.runId=x", "execution.run_id=x", "execution.runId=a&execution.runId=b"),
        *("execution.workflowId=other", "execution.nope=x", "execution.runId.x=1", "nope.runId=1"),
    ],
)
@over_http
async def test_what_a_query_may_say_of_fields_of_fields(http: Http, query: str) -> None:
    await http.status("GET", f"{{N}}/workflows/none/history?{query}")


@over_http
async def test_lists_and_counts(http: Http) -> None:
    await http.get("{N}/workflows")
    await http.get("{N}/workflow-count")
    await http.get("{N}/archived-workflows")
    await http.get("{N}/workflows?query=Nope%3D1")
    await http.get("{N}/search-attributes")
    await http.status("GET", "/api/v1/namespaces?pageSize=1&namespaceFilter.includeDeleted=x")


@pytest.mark.parametrize(
    "method, path",
    [
        *(
            ("GET", "/"),
            ("GET", "/nothing"),
            ("GET", "/api/v1/nothing"),
            ("GET", "/api/v1"),
            ("GET", "/API/v1/namespaces"),
        ),
        *(("GET", "{N}/"), ("GET", "{N}/workflows/w/"), ("POST", "/nothing"), ("GET", "{N}/nothing")),
        *(("DELETE", "{N}"), ("PUT", "{N}/workflows/w"), ("PATCH", "{N}/workflows/w"), ("DELETE", "{N}/workflows/w")),
        *(("OPTIONS", "{N}/workflows"), ("POST", "{N}/search-attributes"), ("GET", "{N}/workflows/w/terminate")),
        *(("GET", "{N}/workflows/"), ("GET", "/api/v1/namespaces/"), ("GET", "{N}/workflows/%00")),
        *(("GET", "{N}/workflows/a%20b"), ("GET", "{N}/workflows/%E2%98%83"), ("GET", "{N}/workflows/a+b")),
        *(("GET", "/api/v1/namespaces/nope"), ("GET", "/cluster/namespaces/nope"), ("GET", "/namespaces/nope")),
        *(("GET", "/api/v1/namespaces/nope/workflows"), ("GET", "/namespaces/nope/workflows/w")),
        *(("GET", "/openapi.json/x"), ("GET", "/api/v1/openapi.yaml"), ("GET", "/cluster-info")),
    ],
)
@over_http
async def test_paths_and_methods(http: Http, method: str, path: str) -> None:
    await http.ask(method, path)


@over_http
async def test_the_path_wins_over_the_body(http: Http) -> None:
    await http.post("{N}/workflows/w", start(namespace="other", workflowId="other"))
    await http.get("{N}/workflows/other")
    await http.get("{N}/workflows/w/history")


@pytest.mark.parametrize("name", ["system-info", "cluster-info"])
@over_http
async def test_what_is_said_of_the_server(http: Http, name: str) -> None:
    answer = await http.unseen("GET", f"/api/v1/{name}")
    http.remark(f"{answer.status_code} {answer.json()['serverVersion']}")


@pytest.mark.parametrize(
    "accept, content_type, query",
    [
        ("", "", ""),
        ("application/json+pretty", "", ""),
        (WHOLE, "", ""),
        ("application/json+pretty+no-payload-shorthand", "", ""),
        ("", WHOLE, ""),
        ("", "application/json+pretty", ""),
        ("application/json", WHOLE, ""),
        ("text/html", "", ""),
        ("*/*", "", ""),
        ("", "", "?pretty"),
        ("", "", "?pretty=false"),
        (WHOLE, "", "?pretty"),
    ],
)
@over_http
async def test_the_form_of_an_answer(http: Http, accept: str, content_type: str, query: str) -> None:
    await http.unseen("POST", "{N}/workflows/w", body=start(input=["hello"]))
    headers = {name: value for name, value in (("accept", accept), ("content_type", content_type)) if value}
    answer = await http.unseen("GET", f"{{N}}/workflows/w/history{query}", headers=headers)
    first = answer.json()["history"]["events"][0]["workflowExecutionStartedEventAttributes"]
    http.remark(f"input is {first['input']} in {shape_of(answer.text)}")
    refused = await http.unseen("GET", f"{{N}}/workflows/none{query}", headers=headers)
    http.remark(f"refused in {shape_of(refused.text)}")


def shape_of(text: str) -> str:
    return "lines" if "\n" in text else "one line"


@pytest.mark.parametrize("limit", ["10S", "1H", "99999999S", "5000m", "10X", "S", "10", "1.5S", "x", "", "0S", "-1X"])
@over_http
async def test_time_limits_that_are_read(http: Http, limit: str) -> None:
    await http.status("GET", "{N}/workflows", grpc_timeout=limit)


@pytest.mark.parametrize("limit", ["500m", "2S"])
@over_http
async def test_a_history_that_nothing_is_added_to_is_answered_before_its_time_is_up(http: Http, limit: str) -> None:
    await http.post("{N}/workflows/w", start())
    path = "{N}/workflows/w/history?waitNewEvent=true&historyEventFilterType=2"
    await http.get(path, grpc_timeout=limit)


@over_http
async def test_what_no_worker_answers_in_time(http: Http) -> None:
    await http.post("{N}/workflows/w", start())
    await http.post("{N}/workflows/w/query/q", {}, grpc_timeout="2S")
    await http.status(
        "POST", "{N}/workflows/w/update/u", body={"request": {"meta": {"updateId": "u"}}}, grpc_timeout="2S"
    )


@over_http
async def test_requests_that_the_service_refuses(http: Http) -> None:
    await http.post("{N}/workflows/w", {})
    await http.post("{N}/workflows/w", {"workflowType": {"name": "T"}, "taskQueue": {"name": ""}})
    await http.get("{N}/workflows/none")
    await http.get("{N}/workflows/none/history?execution.runId=x")
    await http.post("{N}/workflows/none/terminate", {})
    await http.post("{N}/workflows/none/cancel", {})
    await http.post("{N}/workflows/none/signal/s", {"input": [1]})
    await http.post("{N}/workflows/none/query/q", {})
    await http.post("{N}/workflows/none/update/u", {})
    await http.post("{N}/activities/a/complete", {})
    await http.post("{N}/workflows/none/activities/a/complete", {"result": ["x"]})
    await http.post(
        "{N}/workflows/none/activities/a/fail", {"failure": {"message": "no", "applicationFailureInfo": {}}}
    )
    await http.post("{N}/workflows/none/activities/a/heartbeat", {"details": ["x"]})
    await http.post("{N}/activity-complete", {"taskToken": "YQ=="})
    await http.post("{N}/activity-complete", {})


@over_http
async def test_namespaces(http: Http) -> None:
    made = f"{http.namespace}-by-http"
    await http.post("/api/v1/namespaces", {})
    await http.post("/api/v1/namespaces", {"namespace": made, "workflowExecutionRetentionPeriod": "1s"})
    await http.post("/api/v1/namespaces", {"namespace": made, "workflowExecutionRetentionPeriod": "86400s"})
    await http.post("/cluster/namespaces", {"namespace": made, "workflowExecutionRetentionPeriod": "86400s"})
    await http.status("POST", "{N}/update", body={"updateInfo": {"description": "d", "data": {"k": "v"}}})
    described = (await http.unseen("GET", "{N}")).json()
    http.remark(f"{described['namespaceInfo']['description']} {described['namespaceInfo']['data']}")
