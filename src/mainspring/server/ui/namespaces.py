"""Namespaces: all of them, one with its search attributes, and the forms that make and change them.

GET /namespaces    GET /namespaces/one?namespace=x    POST /namespaces/register, /namespaces/update,
                                                           /namespaces/attributes
"""

from __future__ import annotations

from typing import Final

import msgspec
from google.protobuf.duration_pb2 import Duration
from google.protobuf.message import Message
from starlette.exceptions import HTTPException
from temporalio.api.enums.v1 import IndexedValueType, NamespaceState
from temporalio.api.namespace.v1 import NamespaceConfig, UpdateNamespaceInfo
from temporalio.api.operatorservice.v1 import (
    AddSearchAttributesRequest,
    AddSearchAttributesResponse,
    ListSearchAttributesRequest,
    ListSearchAttributesResponse,
)
from temporalio.api.workflowservice.v1 import (
    DescribeNamespaceRequest,
    DescribeNamespaceResponse,
    ListNamespacesRequest,
    ListNamespacesResponse,
    RegisterNamespaceRequest,
    RegisterNamespaceResponse,
    UpdateNamespaceRequest,
    UpdateNamespaceResponse,
)

from mainspring.server.ui import acting, times
from mainspring.server.ui.page import Page, Visit, url

_DAY_S: Final = 86_400
_MOST: Final = 1_000
_MOST_DAYS: Final = 36_500
TYPES: Final = ("Keyword", "Text", "Int", "Double", "Bool", "Datetime", "KeywordList")


class Namespace(msgspec.Struct, frozen=True, kw_only=True):
    """One namespace."""

    name: str
    href: str
    state: str
    description: str
    owner: str
    retention: str
    retention_days: str


class NamespaceList(msgspec.Struct, frozen=True):
    """All namespaces."""

    namespaces: tuple[Namespace, ...]
    can_register: bool


class OneNamespace(msgspec.Struct, frozen=True, kw_only=True):
    """A namespace with its own search attributes, name and type."""

    namespace: Namespace
    namespace_id: str
    attributes: tuple[tuple[str, str], ...]
    can_change: bool
    can_add: bool
    types: tuple[str, ...] = TYPES


async def show(visit: Visit) -> Page:
    """All of them."""
    reply = await visit.service.call(ListNamespacesRequest(page_size=_MOST), ListNamespacesResponse)
    found = sorted((_namespace(each) for each in reply.namespaces), key=lambda namespace: namespace.name)
    model = NamespaceList(tuple(found), can_register=visit.service.serves("RegisterNamespace"))
    return Page("namespaces.html", model, title="Namespaces", section="namespaces")


async def show_one(visit: Visit) -> Page:
    """One of them."""
    described = await visit.service.call(DescribeNamespaceRequest(namespace=visit.namespace), DescribeNamespaceResponse)
    attributes = await visit.service.call(
        ListSearchAttributesRequest(namespace=visit.namespace), ListSearchAttributesResponse
    )
    model = OneNamespace(
        namespace=_namespace(described),
        namespace_id=described.namespace_info.id,
        attributes=tuple((name, _type_name(kind)) for name, kind in sorted(attributes.custom_attributes.items())),
        can_change=visit.service.serves("UpdateNamespace"),
        can_add=visit.service.serves("AddSearchAttributes"),
    )
    return Page("namespace.html", model, title=f"Namespace {visit.namespace}", section="namespaces")


async def register(visit: Visit) -> Page:
    """Make a namespace."""
    form = visit.form
    request = RegisterNamespaceRequest(
        namespace=form.one("name"),
        description=form.one("description"),
        workflow_execution_retention_period=_days(form.one("days")),
    )
    back = (url("/namespaces/one", namespace=form.one("name")), "To the namespace")
    return await _answered(visit, request, RegisterNamespaceResponse, "Make a namespace", back)


async def update(visit: Visit) -> Page:
    """Change what a namespace says of itself, and how long it keeps closed runs."""
    form = visit.form
    request = UpdateNamespaceRequest(
        namespace=visit.namespace,
        update_info=UpdateNamespaceInfo(description=form.one("description"), owner_email=form.one("owner")),
        config=NamespaceConfig(workflow_execution_retention_ttl=_days(form.one("days"))),
    )
    return await _answered(visit, request, UpdateNamespaceResponse, "Change the namespace", _here(visit))


async def add_attribute(visit: Visit) -> Page:
    """Add a search attribute."""
    name, kind = visit.form.one("name"), visit.form.one("type")
    if not name or kind not in TYPES:
        raise HTTPException(400, "A search attribute needs a name and a type.")
    request = AddSearchAttributesRequest(namespace=visit.namespace, search_attributes={name: _type(kind)})
    return await _answered(visit, request, AddSearchAttributesResponse, "Add a search attribute", _here(visit))


async def _answered(
    visit: Visit, request: Message, reply_type: type[Message], label: str, back: tuple[str, str]
) -> Page:
    page = await acting.answered(visit, request, reply_type, label=label, back=back)
    return msgspec.structs.replace(page, section="namespaces")


def _here(visit: Visit) -> tuple[str, str]:
    return (visit.link("/namespaces/one"), "To the namespace")


def _namespace(described: DescribeNamespaceResponse) -> Namespace:
    info = described.namespace_info
    retention_ns = described.config.workflow_execution_retention_ttl.ToNanoseconds()
    return Namespace(
        name=info.name,
        href=url("/namespaces/one", namespace=info.name),
        state=NamespaceState.Name(info.state).removeprefix("NAMESPACE_STATE_").capitalize(),
        description=info.description,
        owner=info.owner_email,
        retention=times.span(retention_ns) if retention_ns else "for ever",
        retention_days=f"{retention_ns / 1e9 / _DAY_S:.6f}".rstrip("0").rstrip("."),
    )


def _days(text: str) -> Duration:
    """Raises: HTTPException: it is no number of days."""
    try:
        days = float(text)
    except ValueError as error:
        raise HTTPException(400, "Expected a number of days.") from error
    if not 0 <= days <= _MOST_DAYS:
        raise HTTPException(400, f"Expected 0 to {_MOST_DAYS} days.")
    return Duration(seconds=round(days * _DAY_S))


def _type(name: str) -> IndexedValueType.ValueType:
    by_name = {_type_name(kind): kind for kind in IndexedValueType.values()}
    return by_name[name]


def _type_name(kind: int) -> str:
    name = IndexedValueType.Name(IndexedValueType.ValueType(kind)).removeprefix("INDEXED_VALUE_TYPE_")
    return "".join(word.capitalize() for word in name.split("_"))
