"""The OpenAPI document: a valid one, of what is served, that says of values what the server does with them."""

from __future__ import annotations

import re
from functools import cache
from typing import cast

import pytest
import yaml
from openapi_schema_validator import OAS30Validator
from openapi_spec_validator import validate

from mainspring.server.http.bindings import is_value
from mainspring.server.http.openapi import document
from mainspring.server.http.payload_json import Object
from mainspring.server.persistence.sqlite import open_sqlite
from mainspring.server.process.http_doors import api_table
from tests.assembled import assembled
from tests.http.served import api

W = "/api/v1/namespaces/default/workflows"
START = "workflowservice.v1.StartWorkflowExecutionRequest"
SIGNAL = "workflowservice.v1.SignalWorkflowExecutionRequest"
TASK_FAILED = "workflowservice.v1.RespondActivityTaskFailedByIdRequest"


@cache
def of_all() -> Object:
    return document(api_table(), "1.2.3")


def at(tree: object, *keys: str) -> Object:
    for key in keys:
        tree = cast("Object", tree)[key]
    return cast("Object", tree)


def takes(tree: Object, schema: str, value: object) -> bool:
    whole = {"$ref": f"#/components/schemas/{schema}", "components": tree["components"]}
    return bool(OAS30Validator(whole).is_valid(value))


def parameters(operation: object, place: str) -> list[Object]:
    return [each for each in cast("list[Object]", at(operation)["parameters"]) if each.get("in") == place]


@pytest.mark.slow
def test_the_document_of_the_whole_api_is_valid() -> None:
    validate(of_all())
    assert at(of_all(), "info")["version"] == "1.2.3"


async def test_both_forms_are_one_document_of_all_that_is_served() -> None:
    async with api() as http, assembled(await open_sqlite(None)) as assembly:
        as_json, as_yaml = await http.get("/openapi.json"), await http.get("/openapi.yaml")
        served = {
            (each.method.lower(), shape("/" + "/".join(each.segments)))
            for each in api_table()
            if assembly.methods[each.rpc].is_served
        }
    tree = as_json.json()
    assert yaml.safe_load(as_yaml.text) == tree
    assert as_yaml.headers["content-type"] == "text/plain; charset=utf-8"
    assert as_json.headers["content-type"] == "application/json"
    assert {(method, shape(path)) for path, item in at(tree, "paths").items() for method in at(item)} == served


def shape(path: str) -> str:
    return re.sub(r"\{[^}]*\}", "{}", path)


@pytest.mark.parametrize("path", ["/swagger.json", "/api/v1/openapi.yaml"])
async def test_the_document_is_nowhere_else(path: str) -> None:
    async with api() as http:
        assert (await http.get(path)).status_code == 404


def test_paths_name_each_place_once_and_name_it() -> None:
    for path, item in at(of_all(), "paths").items():
        named = [segment[1:-1] for segment in path.split("/") if is_value(segment)]
        for method, operation in at(item).items():
            assert [each["name"] for each in parameters(operation, "path")] == named, (method, path)


def test_a_query_can_name_what_a_text_can_stand_for() -> None:
    path = "/api/v1/namespaces/{namespace}/workflows/{workflowId}/history"
    operation = at(of_all(), "paths", path, "get")
    named = {str(each["name"]): each["schema"] for each in parameters(operation, "query")}
    assert sorted(named) == [
        *("execution.runId", "historyEventFilterType", "maximumPageSize", "nextPageToken", "skipArchival"),
        "waitNewEvent",
    ]
    assert named["nextPageToken"] == {"type": "string", "format": "byte"}


CASES: list[tuple[str, object, bool]] = [
    (START, {"workflowRunTimeout": "1.5s"}, True),
    (START, {"workflowRunTimeout": "x"}, False),
    (START, {"workflowIdReusePolicy": "WORKFLOW_ID_REUSE_POLICY_REJECT_DUPLICATE"}, True),
    (START, {"workflowIdReusePolicy": "REJECT"}, False),
    (START, {"unknown": 1}, False),
    (START, {"taskQueue": {"unknown": 1}}, False),
    (START, {"input": [None, 1, {"a": []}]}, True),
    (START, {"input": {"payloads": [{"metadata": {"encoding": "YQ=="}, "data": ""}, "x"]}}, True),
    (START, {"input": {"payloads": [], "x": 1}}, False),
    (START, {"input": "x"}, False),
    (START, {"input": {"a": 1}}, False),
    (START, {"memo": {"fields": {"a": "anything"}}}, True),
    (START, {"retryPolicy": {"maximumAttempts": 2**31}}, False),
    (START, {"requestEagerExecution": "true"}, False),
    (START, {"links": [{"batchJob": {}}]}, True),
    (START, {"links": [{"batchJob": {}, "workflowEvent": {}}]}, False),
    (TASK_FAILED, {"failure": {"cause": {"cause": {"message": "root"}}}}, True),
    (TASK_FAILED, {"failure": {"cause": {"cause": {"messages": "root"}}}}, False),
    ("history.v1.HistoryEvent", {"eventId": "7", "eventTime": "2026-01-01T00:00:00Z", "added later": 1}, True),
    ("history.v1.HistoryEvent", {"eventId": 7}, False),
]


@pytest.mark.parametrize("schema, value, is_taken", CASES)
def test_schemas_say_what_is_read(schema: str, value: object, *, is_taken: bool) -> None:
    assert takes(of_all(), schema, value) == is_taken


async def test_what_is_answered_is_as_described() -> None:
    async with api() as http:
        tree = (await http.get("/openapi.json")).json()
        body: Object = {
            "workflowType": {"name": "T"},
            "taskQueue": {"name": "q"},
            "input": ["hello"],
            "memo": {"fields": {}},
        }
        answers = {
            "StartWorkflowExecutionResponse": await http.post(f"{W}/w", json=body),
            "DescribeWorkflowExecutionResponse": await http.get(f"{W}/w"),
            "GetWorkflowExecutionHistoryResponse": await http.get(f"{W}/w/history"),
            "ListWorkflowExecutionsResponse": await http.get(W),
            "DescribeNamespaceResponse": await http.get("/api/v1/namespaces/default"),
        }
        refused = await http.get("/api/v1/namespaces/nope")
    for name, answer in answers.items():
        assert answer.status_code == 200
        assert takes(tree, f"workflowservice.v1.{name}", answer.json()), (name, answer.text)
    assert takes(tree, "google.rpc.Status", refused.json())
