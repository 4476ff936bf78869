"""Links: their URLs are those of the official SDK, and both SDKs read them alike."""

from __future__ import annotations

import importlib
from typing import Any

import nexusrpc
import pytest
from temporalio.api.common.v1 import Execution, Link
from temporalio.api.enums.v1 import EventType, ExecutionType

from mainspring.nexus._links import link_of, nexus_link_of

official: Any = importlib.import_module("temporalio.nexus._link_conversion")

WHERE: Any = {"namespace": "a/b", "run_id": "r?"}
SCHEDULED = EventType.EVENT_TYPE_NEXUS_OPERATION_SCHEDULED
EVENT = Link.WorkflowEvent.EventReference(event_id=5, event_type=SCHEDULED)
REQUEST = Link.WorkflowEvent.RequestIdReference(request_id="q&1", event_type=SCHEDULED)
ACTIVITY = Execution(type=ExecutionType.EXECUTION_TYPE_ACTIVITY, business_id="a b", run_id="r")
LINKS = [
    Link(workflow_event=Link.WorkflowEvent(workflow_id="w ö", event_ref=EVENT, **WHERE)),
    Link(workflow_event=Link.WorkflowEvent(workflow_id="w", request_id_ref=REQUEST, **WHERE)),
    Link(workflow=Link.Workflow(workflow_id="w", reason="because of it", **WHERE)),
    Link(workflow=Link.Workflow(workflow_id="w", **WHERE)),
    Link(nexus_operation=Link.NexusOperation(operation_id="o", **WHERE)),
    Link(nexus_operation=Link.NexusOperation(namespace="n", operation_id="o")),
    Link(activity=Link.Activity(activity_id="a", **WHERE)),
    Link(callback=Link.Callback(namespace="n", execution=ACTIVITY, component_path=["a", "", "b/c"], request_id="q/1")),
]


@pytest.mark.parametrize("link", LINKS, ids=lambda link: link.WhichOneof("variant"))
def test_a_link_has_the_official_url_and_is_read_from_it(link: Link) -> None:
    made = nexus_link_of(link)
    assert made == official.temporal_link_to_nexus_link(link)
    assert made is not None
    assert link_of(made) == official.nexus_link_to_temporal_link(made) == link


EVENT_TYPE = "temporal.api.common.v1.Link.WorkflowEvent"
HISTORY = "temporal:///namespaces/n/workflows/w/r/history"
UNREADABLE = [
    (HISTORY, EVENT_TYPE),  # which event?
    (f"{HISTORY}?referenceType=EventReference&eventType=Nothing", EVENT_TYPE),
    (f"{HISTORY}?referenceType=EventReference", EVENT_TYPE),
    (f"{HISTORY}?referenceType=EventReference&eventType=TimerFired&eventID=x", EVENT_TYPE),
    ("temporal:///namespaces/n/workflows/w/r?referenceType=EventReference&eventType=TimerFired", EVENT_TYPE),
    (HISTORY, "temporal.api.common.v1.Link.Workflow"),
    ("temporal:///namespaces/n/workflows/w/r?reason=a&reason=b", "temporal.api.common.v1.Link.Workflow"),
    ("http://namespaces/n/activities/a/r/details", "temporal.api.common.v1.Link.Activity"),
    ("temporal:///namespaces/n/activities/a//details", "temporal.api.common.v1.Link.Activity"),
    ("temporal:///namespaces/n/things/a/r/callbacks/q", "temporal.api.common.v1.Link.Callback"),
    ("temporal:///namespaces/n/activities/a/r/details", "some.other.Link"),
    ("temporal:///", "temporal.api.common.v1.Link.Activity"),
]


@pytest.mark.parametrize("url, kind", UNREADABLE)
def test_what_cannot_be_read_is_logged_and_left_out(url: str, kind: str, caplog: pytest.LogCaptureFixture) -> None:
    assert link_of(nexusrpc.Link(url=url, type=kind)) is None
    assert url in caplog.text


def test_names_of_event_types_are_read_in_both_forms() -> None:
    for name in ("NexusOperationScheduled", "EVENT_TYPE_NEXUS_OPERATION_SCHEDULED"):
        url = f"{HISTORY}?referenceType=EventReference&eventType={name}"
        link = link_of(nexusrpc.Link(url=url, type=EVENT_TYPE))
        assert link is not None
        assert link.workflow_event.event_ref.event_type == SCHEDULED


def test_links_that_have_no_url_are_left_out() -> None:
    assert nexus_link_of(Link()) is None
    assert nexus_link_of(Link(callback=Link.Callback(namespace="n"))) is None
    assert nexus_link_of(Link(batch_job=Link.BatchJob(job_id="j"))) is None
