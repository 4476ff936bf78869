"""Links between an operation and its caller, as messages of the API and as URLs of Nexus.

    WorkflowEvent    temporal:///namespaces/{namespace}/workflows/{id}/{run}/history?eventID=5&eventType=...
    Workflow         temporal:///namespaces/{namespace}/workflows/{id}/{run}?reason=...
    NexusOperation   temporal:///namespaces/{namespace}/nexus-operations/{id}/{run}/details
    Activity         temporal:///namespaces/{namespace}/activities/{id}/{run}/details
    Callback         temporal:///namespaces/{namespace}/{segment}/{id}/{run}/callbacks/{request}?componentPath=...

A link only helps people to find the other side: one that cannot be read is logged and left out.
"""

from __future__ import annotations

import logging
import re
from collections.abc import Sequence
from urllib.parse import parse_qs, quote, unquote, urlencode, urlsplit

import msgspec
import nexusrpc
from temporalio.api.common.v1 import Execution, Link
from temporalio.api.enums.v1 import EventType, ExecutionType

logger = logging.getLogger("mainspring.nexus")

PATH = re.compile(r"/namespaces/([^/]+)/([^/]+)/([^/]+)/([^/]*)(?:/(.+))?")
PLACES = {  # message -> the segment before the id, and what follows the run
    Link.WorkflowEvent.DESCRIPTOR.full_name: ("workflows", "history"),
    Link.Workflow.DESCRIPTOR.full_name: ("workflows", ""),
    Link.NexusOperation.DESCRIPTOR.full_name: ("nexus-operations", "details"),
    Link.Activity.DESCRIPTOR.full_name: ("activities", "details"),
}
CALLBACK = Link.Callback.DESCRIPTOR.full_name
SEGMENTS = {
    ExecutionType.EXECUTION_TYPE_WORKFLOW: "workflows",
    ExecutionType.EXECUTION_TYPE_ACTIVITY: "activities",
    ExecutionType.EXECUTION_TYPE_NEXUS_OPERATION: "nexus-operations",
}
TYPES = {segment: kind for kind, segment in SEGMENTS.items()}
Query = dict[str, list[str]]


class Place(msgspec.Struct, frozen=True):
    """The path of a URL. `rest`: what follows the run."""

    namespace: str
    segment: str
    id: str
    run_id: str
    rest: str = ""

    def url(self, query: Sequence[tuple[str, object]] = ()) -> str:
        parts = ["namespaces", self.namespace, self.segment, self.id, self.run_id]
        path = "/".join(quote(part, safe="") for part in parts) + (f"/{self.rest}" if self.rest else "")
        return f"temporal:///{path}" + (f"?{urlencode(query)}" if query else "")


# -- to Nexus


def nexus_link_of(link: Link) -> nexusrpc.Link | None:
    """The URL of a link; None if there is none for its kind."""
    match link.WhichOneof("variant"):
        case "workflow_event":
            return _event_url(link.workflow_event)
        case "workflow":
            workflow = link.workflow
            query = [("reason", workflow.reason)] if workflow.reason else []
            return _made(
                Link.Workflow.DESCRIPTOR.full_name, workflow.namespace, workflow.workflow_id, workflow.run_id, query
            )
        case "nexus_operation":
            operation = link.nexus_operation
            kind = Link.NexusOperation.DESCRIPTOR.full_name
            return _made(kind, operation.namespace, operation.operation_id, operation.run_id)
        case "activity":
            activity = link.activity
            return _made(Link.Activity.DESCRIPTOR.full_name, activity.namespace, activity.activity_id, activity.run_id)
        case "callback":
            return _callback_url(link.callback)
        case other:
            logger.warning("a link of kind %s has no URL", other)
            return None


def _made(kind: str, namespace: str, id: str, run_id: str, query: Sequence[tuple[str, object]] = ()) -> nexusrpc.Link:
    segment, rest = PLACES[kind]
    return nexusrpc.Link(url=Place(namespace, segment, id, run_id, rest).url(query), type=kind)


def _event_url(event: Link.WorkflowEvent) -> nexusrpc.Link:
    query: list[tuple[str, object]] = []
    if event.HasField("event_ref"):
        query = [
            ("eventID", event.event_ref.event_id),
            ("eventType", _shown(event.event_ref.event_type)),
            ("referenceType", "EventReference"),
        ]
    elif event.HasField("request_id_ref"):
        reference = event.request_id_ref
        query = [("referenceType", "RequestIdReference")]
        query += [("requestID", reference.request_id)] if reference.request_id else []
        query += [("eventType", _shown(reference.event_type))]
    kind = Link.WorkflowEvent.DESCRIPTOR.full_name
    return _made(kind, event.namespace, event.workflow_id, event.run_id, query)


def _callback_url(callback: Link.Callback) -> nexusrpc.Link | None:
    segment = SEGMENTS.get(callback.execution.type)
    if segment is None:
        logger.warning("a link to a callback of execution type %s has no URL", callback.execution.type)
        return None
    rest = f"callbacks/{quote(callback.request_id, safe='')}"
    place = Place(callback.namespace, segment, callback.execution.business_id, callback.execution.run_id, rest)
    query = [("componentPath", part) for part in callback.component_path]
    return nexusrpc.Link(url=place.url(query), type=CALLBACK)


def _shown(event_type: EventType.ValueType) -> str:
    words = EventType.Name(event_type).removeprefix("EVENT_TYPE_").split("_")
    return "".join(word.capitalize() for word in words)


# -- from Nexus


def link_of(given: nexusrpc.Link) -> Link | None:
    """A link as the API has it; None if it cannot be read."""
    try:
        return _read(given)
    except ValueError as error:
        logger.warning("a Nexus link is left out, %s: %s", given.url, error)
        return None


def _read(given: nexusrpc.Link) -> Link:
    url = urlsplit(given.url)
    found = PATH.fullmatch(url.path)
    if url.scheme != "temporal" or found is None:
        raise ValueError("expected temporal:///namespaces/...")
    place = Place(*(unquote(part or "") for part in found.groups()))
    if given.type == CALLBACK:
        return _callback(place, parse_qs(url.query, keep_blank_values=True))
    if given.type not in PLACES:
        raise ValueError(f"links of type {given.type} are not known")
    if (place.segment, place.rest) != PLACES[given.type]:
        raise ValueError(f"expected a path of {given.type}")
    return _link(given.type, place, parse_qs(url.query))


def _link(kind: str, place: Place, query: Query) -> Link:
    if kind == Link.NexusOperation.DESCRIPTOR.full_name:  # the only one that may have no run
        return Link(
            nexus_operation=Link.NexusOperation(namespace=place.namespace, operation_id=place.id, run_id=place.run_id)
        )
    if not place.run_id:
        raise ValueError("expected a run id")
    if kind == Link.Activity.DESCRIPTOR.full_name:
        return Link(activity=Link.Activity(namespace=place.namespace, activity_id=place.id, run_id=place.run_id))
    if kind == Link.Workflow.DESCRIPTOR.full_name:
        return Link(
            workflow=Link.Workflow(
                namespace=place.namespace, workflow_id=place.id, run_id=place.run_id, reason=_one(query, "reason")
            )
        )
    event = Link.WorkflowEvent(namespace=place.namespace, workflow_id=place.id, run_id=place.run_id)
    _refer(event, query)
    return Link(workflow_event=event)


def _refer(event: Link.WorkflowEvent, query: Query) -> None:
    """Say which event of the run is meant."""
    match _one(query, "referenceType"):
        case "EventReference":
            event.event_ref.event_id = int(_one(query, "eventID") or 0)
            event.event_ref.event_type = _event_type(query)
        case "RequestIdReference":
            event.request_id_ref.request_id = _one(query, "requestID")
            event.request_id_ref.event_type = _event_type(query)
        case other:
            raise ValueError(f"expected referenceType EventReference or RequestIdReference, got {other!r}")


def _event_type(query: Query) -> EventType.ValueType:
    name = _one(query, "eventType")
    if not name.startswith("EVENT_TYPE_"):
        name = "EVENT_TYPE" + re.sub(r"([A-Z])", r"_\1", name).upper()
    return EventType.Value(name)


def _callback(place: Place, query: Query) -> Link:
    if place.segment not in TYPES or not place.rest.startswith("callbacks/") or not place.run_id:
        raise ValueError(f"expected a path of {CALLBACK}")
    execution = Execution(type=TYPES[place.segment], business_id=place.id, run_id=place.run_id)
    return Link(
        callback=Link.Callback(
            namespace=place.namespace,
            execution=execution,
            component_path=query.get("componentPath", []),
            request_id=place.rest.removeprefix("callbacks/"),
        )
    )


def _one(query: Query, name: str) -> str:
    values = query.get(name, [""])
    if len(values) != 1:
        raise ValueError(f"expected {name} once, got {values}")
    return values[0]
