"""`mainspring operator search-attribute ...`."""

from __future__ import annotations

import click
from temporalio.api.enums.v1 import IndexedValueType
from temporalio.api.operatorservice.v1 import (
    AddSearchAttributesRequest,
    ListSearchAttributesRequest,
    RemoveSearchAttributesRequest,
)

from mainspring.cli import remote
from mainspring.cli.asking import confirm
from mainspring.cli.output.words import enum_number, enum_words
from mainspring.cli.session import Session

NAME = click.option(
    "--name", multiple=True, required=True, help="Search attribute. Required. May be given several times."
)
TYPES = ["Text", "Keyword", "Int", "Double", "Bool", "Datetime", "KeywordList"]


@remote.command("create", failed="unable to add search attributes")
@NAME
@click.option(
    "--type",
    "kinds",
    multiple=True,
    required=True,
    type=click.Choice(TYPES, case_sensitive=False),
    help="Type of the search attribute in the same place. Required. May be given several times.",
)
async def create(session: Session, name: tuple[str, ...], kinds: tuple[str, ...]) -> None:
    """Add search attributes to the namespace. One that is there with the same type is no error."""
    if len(name) != len(kinds):
        raise click.UsageError("as many --type are needed as there are --name")
    wanted = {one: enum_number(IndexedValueType, kind) for one, kind in zip(name, kinds, strict=True)}
    with remote.failing("unable to get existing search attributes"):
        there = await session.operator.list_search_attributes(ListSearchAttributesRequest(namespace=session.namespace))
    for one, kind in wanted.items():
        if one in there.custom_attributes and there.custom_attributes[one] != kind:
            words = enum_words(IndexedValueType, there.custom_attributes[one])
            raise click.ClickException(f"search attribute {one} already exists and has different type {words}")
    await session.operator.add_search_attributes(
        AddSearchAttributesRequest(namespace=session.namespace, search_attributes=wanted)
    )
    session.output.line("Search attributes have been added")


@remote.command("list", failed="unable to list search attributes")
async def list_(session: Session) -> None:
    """List the search attributes of the namespace: those of the system first."""
    reply = await session.operator.list_search_attributes(ListSearchAttributesRequest(namespace=session.namespace))
    output = session.output
    output.message(reply)
    rows = [
        [name, enum_words(IndexedValueType, attributes[name])]
        for attributes in (reply.system_attributes, reply.custom_attributes)
        for name in sorted(attributes)
    ]
    output.table(["Name", "Type"], rows)


@remote.command("remove", failed="unable to remove search attributes")
@NAME
@click.option("--yes", "-y", is_flag=True, help="Do not ask.")
async def remove(session: Session, name: tuple[str, ...], yes: bool) -> None:
    """Remove search attributes from the namespace; workflows that have them keep them, unseen."""
    confirm(session.output, f"You are about to remove search attribute {', '.join(name)}?", yes=yes)
    await session.operator.remove_search_attributes(
        RemoveSearchAttributesRequest(namespace=session.namespace, search_attributes=name)
    )
    session.output.line("Search attributes have been removed")
