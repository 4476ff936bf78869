"""`mainspring operator ...`: what belongs to the server rather than to one workflow.

cluster.py  namespace.py  search_attributes.py  nexus.py       the verbs, a file for each group
"""

from typing import Final

import click

from mainspring.cli.command import Group
from mainspring.cli.lazy import Lazy

ROOM: Final = "mainspring.cli.operator"
CLUSTER: Final = {
    "describe": Lazy(f"{ROOM}.cluster:describe", "Show name and stores of the cluster."),
    "health": Lazy(f"{ROOM}.cluster:health", "Show whether the server serves."),
    "list": Lazy(f"{ROOM}.cluster:list_", "List remote clusters."),
    "remove": Lazy(f"{ROOM}.cluster:remove", "Remove a remote cluster."),
    "system": Lazy(f"{ROOM}.cluster:system", "Show version and capabilities of the server."),
    "upsert": Lazy(f"{ROOM}.cluster:upsert", "Add a remote cluster, or change it."),
}
NAMESPACE: Final = {
    "create": Lazy(f"{ROOM}.namespace:create", "Create a namespace."),
    "delete": Lazy(f"{ROOM}.namespace:delete", "Delete a namespace and all that is in it."),
    "describe": Lazy(f"{ROOM}.namespace:describe", "Show a namespace."),
    "list": Lazy(f"{ROOM}.namespace:list_", "List namespaces."),
    "update": Lazy(f"{ROOM}.namespace_update:command", "Change a namespace."),
}
SEARCH_ATTRIBUTE: Final = {
    "create": Lazy(f"{ROOM}.search_attributes:create", "Add search attributes."),
    "list": Lazy(f"{ROOM}.search_attributes:list_", "List search attributes."),
    "remove": Lazy(f"{ROOM}.search_attributes:remove", "Remove search attributes."),
}
ENDPOINT: Final = {
    "create": Lazy(f"{ROOM}.nexus:create", "Create a Nexus endpoint."),
    "delete": Lazy(f"{ROOM}.nexus:delete", "Delete a Nexus endpoint."),
    "get": Lazy(f"{ROOM}.nexus:get", "Show a Nexus endpoint."),
    "list": Lazy(f"{ROOM}.nexus:list_", "List Nexus endpoints."),
    "update": Lazy(f"{ROOM}.nexus:update", "Change a Nexus endpoint."),
}
NEXUS: Final = {"endpoint": Lazy(f"{ROOM}:endpoint_group", "Where Nexus operations go.")}
COMMANDS: Final = {
    "cluster": Lazy(f"{ROOM}:cluster_group", "The server and its clusters."),
    "namespace": Lazy(f"{ROOM}:namespace_group", "Namespaces."),
    "nexus": Lazy(f"{ROOM}:nexus_group", "Nexus."),
    "search-attribute": Lazy(f"{ROOM}:search_attribute_group", "Search attributes."),
}


@click.group("operator", cls=Group, commands_at=COMMANDS)
def group() -> None:
    """Look after the server: namespaces, search attributes, clusters, Nexus endpoints."""


@click.group("cluster", cls=Group, commands_at=CLUSTER)
def cluster_group() -> None:
    """Look at the server, and at clusters that it knows."""


@click.group("namespace", cls=Group, commands_at=NAMESPACE)
def namespace_group() -> None:
    """Look after namespaces."""


@click.group("search-attribute", cls=Group, commands_at=SEARCH_ATTRIBUTE)
def search_attribute_group() -> None:
    """Look after the search attributes of a namespace."""


@click.group("nexus", cls=Group, commands_at=NEXUS)
def nexus_group() -> None:
    """Look after Nexus."""


@click.group("endpoint", cls=Group, commands_at=ENDPOINT)
def endpoint_group() -> None:
    """Look after Nexus endpoints: names, and where operations on them go."""
