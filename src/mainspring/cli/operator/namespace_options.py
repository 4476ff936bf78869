"""What a namespace is created and changed with."""

from __future__ import annotations

from datetime import timedelta
from typing import Final

import click
import msgspec
from temporalio.api.enums.v1 import ArchivalState
from temporalio.api.replication.v1 import ClusterReplicationConfig

from mainspring.cli.gathering import Decorator, gathered
from mainspring.cli.session import Session
from mainspring.cli.values import DURATION, KEY_VALUE

ARCHIVAL: Final = {
    None: ArchivalState.ARCHIVAL_STATE_UNSPECIFIED,
    "disabled": ArchivalState.ARCHIVAL_STATE_DISABLED,
    "enabled": ArchivalState.ARCHIVAL_STATE_ENABLED,
}
NAME: Decorator = click.argument("name", required=False)


class Settings(msgspec.Struct, frozen=True):
    """The options as click gives them."""

    active_cluster: str
    cluster: tuple[str, ...]
    data: tuple[tuple[str, str], ...]
    description: str
    email: str
    history_archival_state: str | None
    history_uri: str
    retention: timedelta | None
    visibility_archival_state: str | None
    visibility_uri: str


namespace_options = gathered(
    "settings",
    Settings,
    click.option("--active-cluster", default="", help="Cluster that is active for it."),
    click.option("--cluster", multiple=True, help="Cluster that it is in. May be given several times."),
    click.option(
        "--data", type=KEY_VALUE, multiple=True, help="Note for people as KEY=VALUE. May be given several times."
    ),
    click.option("--description", default="", help="What it is for."),
    click.option("--email", default="", help="Address of its owner."),
    click.option(
        "--history-archival-state", type=click.Choice(["disabled", "enabled"]), help="Whether histories are archived."
    ),
    click.option("--history-uri", default="", help="Where histories are archived."),
    click.option("--retention", type=DURATION, help="How long closed workflows are kept."),
    click.option(
        "--visibility-archival-state",
        type=click.Choice(["disabled", "enabled"]),
        help="Whether lists of workflows are archived.",
    ),
    click.option("--visibility-uri", default="", help="Where lists of workflows are archived."),
)


def clusters_of(settings: Settings) -> list[ClusterReplicationConfig]:
    return [ClusterReplicationConfig(cluster_name=name) for name in settings.cluster]


def name_of(session: Session, argument: str | None) -> str:
    """The namespace that is meant; as an argument it is what scripts of old have."""
    if argument is None:
        return session.namespace
    click.echo("Warning: the namespace as an argument is deprecated; give -n instead", err=True)
    return argument
