"""What `mainspring import-history` does: histories of files become closed runs of a database file, all of them or none.

files --read--> Found, refused unless closed --changes_of--> runs that are not there yet --commit--> one transaction
"""

from __future__ import annotations

import asyncio
import time
import uuid
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import click
from temporalio.api.enums.v1 import NamespaceState
from temporalio.api.history.v1 import HistoryEvent

from mainspring.client._history_json import history_from_json
from mainspring.server.engine.changes import Changes, RunKey
from mainspring.server.engine.errors import ServiceError
from mainspring.server.engine.imported import check_closed, closed_run
from mainspring.server.engine.settings import NamespaceSettings
from mainspring.server.persistence.sqlite import SqliteStore, open_sqlite
from mainspring.server.persistence.store import NamespaceRecord


class Found(NamedTuple):
    """A history, and the run that it is of."""

    file: Path
    workflow_id: str
    run_id: str
    events: Sequence[HistoryEvent]

    @property
    def workflow_type(self) -> str:
        return self.events[0].workflow_execution_started_event_attributes.workflow_type.name


def import_files(file: Path, namespace: str, files: Sequence[Path], workflow_id: str | None) -> list[Found]:
    """Load the histories of files into a database file.

    Raises:
        click.ClickException: one is no history of a closed run, or its run is there already; nothing was written.
        StoreError: the file cannot be opened, or a server has it.
    """
    found = [read(each, workflow_id) for each in files]
    asyncio.run(load(file, namespace, found))
    return found


def read(file: Path, workflow_id: str | None) -> Found:
    """The history of a file.

    Raises: click.ClickException: it is none, or not that of a closed run.
    """
    try:
        events = history_from_json(file.read_text("utf-8")).events
        check_closed(events)
    except (OSError, ValueError) as error:
        raise click.ClickException(f"{file}: no history can be read: {error}") from error
    except ServiceError as error:
        raise click.ClickException(f"{file}: {error}") from error
    started = events[0].workflow_execution_started_event_attributes
    run_id = started.original_execution_run_id or str(uuid.uuid4())
    return Found(file, workflow_id or started.workflow_id or file.stem, run_id, events)


async def load(file: Path, namespace: str, found: Sequence[Found]) -> None:
    """Write all of them in one transaction.

    Raises:
        click.ClickException: a run is there already, or stands in two files; nothing was written.
        StoreError: the file cannot be opened, or a server has it.
    """
    store = await open_sqlite(str(file))
    try:
        settings = await settings_of(store, namespace)
        await store.commit(await changes_of(store, settings, found))
    finally:
        await store.close()


async def settings_of(store: SqliteStore, name: str) -> NamespaceSettings:
    """The namespace of that name, made if it is not there."""
    record = next((one for one in await store.namespaces() if one.name == name), None)
    if record is None:
        state = NamespaceState.NAMESPACE_STATE_REGISTERED
        record = NamespaceRecord(id=str(uuid.uuid4()), name=name, state=state, created_at=time.time_ns())
        await store.put_namespace(record)
    attributes = await store.search_attributes(record.id)
    return NamespaceSettings(id=record.id, name=name, search_attributes=attributes)


async def changes_of(store: SqliteStore, settings: NamespaceSettings, found: Sequence[Found]) -> list[Changes]:
    """The runs of the histories. A workflow id that is free stands for the last of its runs."""
    seen: dict[str, Path] = {}
    for each in found:
        if each.run_id in seen:
            raise click.ClickException(f"{each.file}: run {each.run_id} is in {seen[each.run_id]} too")
        seen[each.run_id] = each.file
        if await store.find_run(settings.id, each.run_id) is not None:
            raise click.ClickException(f"{each.file}: run {each.run_id} of {each.workflow_id} is there already")
    in_time = sorted(found, key=lambda one: one.events[0].event_time.ToNanoseconds())
    last = {each.workflow_id: each.run_id for each in in_time}
    changes: list[Changes] = []
    for each in found:
        is_last = last[each.workflow_id] == each.run_id
        is_free = await store.current_run(settings.id, each.workflow_id) is None
        key = RunKey(settings.id, each.workflow_id, each.run_id)
        changes.append(closed_run(key, settings, each.events, becomes_current=is_last and is_free))
    return changes
