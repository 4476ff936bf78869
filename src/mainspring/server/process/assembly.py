"""Wires the rooms together: the one place that knows all of them.

    Config + Store --assemble--> Assembly: the methods of both services, and what must be told when the server stops

    store <- registry, matching, history <- groups of methods <- bind <- transport (gRPC, or a call in this process)

Rooms get each other as constructor arguments here and nowhere else.
"""

from __future__ import annotations

import logging
import uuid
from collections.abc import Mapping
from typing import Final

import msgspec
from temporalio.api.operatorservice.v1 import service_pb2 as operator_service
from temporalio.api.testservice.v1 import service_pb2 as test_service
from temporalio.api.workflowservice.v1 import service_pb2 as workflow_service

from mainspring.server.engine.changes import Nanos
from mainspring.server.frontend.activity_tasks import ActivityTasks
from mainspring.server.frontend.describing import Describing
from mainspring.server.frontend.histories import Histories
from mainspring.server.frontend.messages import Messages
from mainspring.server.frontend.multi_operations import MultiOperations
from mainspring.server.frontend.namespaces import NamespaceRegistry, Namespaces, new_namespace
from mainspring.server.frontend.operator import DeletedNamespaces, Operator
from mainspring.server.frontend.queries import Queries
from mainspring.server.frontend.refusals import Refusals
from mainspring.server.frontend.starts import Starts
from mainspring.server.frontend.system import API_VERSION, FIELD_TYPES, SUPPORTED_CLIENTS, Cluster, SystemInfo
from mainspring.server.frontend.updates import Updates
from mainspring.server.frontend.visibility import Visibility
from mainspring.server.frontend.workers import Workers
from mainspring.server.frontend.workflow_tasks import WorkflowTasks
from mainspring.server.history import History
from mainspring.server.history.ids import new_id
from mainspring.server.history.runs import RunsSettings
from mainspring.server.matching.matching import Matching
from mainspring.server.matching.records import MatchingSettings
from mainspring.server.persistence.store import Store
from mainspring.server.process.binding import Method, bind
from mainspring.server.process.client_versions import ClientVersions
from mainspring.server.process.clocks import WallClock
from mainspring.server.process.config import Config, NamespaceConfig
from mainspring.server.process.grpc_methods import Door
from mainspring.server.process.namespace_settings import Settings
from mainspring.server.process.statistics import Statistics
from mainspring.server.process.test_service import TestService
from mainspring.server.process.time_skipping import TimeSkipping

log = logging.getLogger(__name__)

_CLUSTER_ID: Final = "cluster_id"
_WORKERS_HERE_SINCE: Final = "workers_here_since"
WORKFLOW_SERVICE: Final = workflow_service.DESCRIPTOR.services_by_name["WorkflowService"]
OPERATOR_SERVICE: Final = operator_service.DESCRIPTOR.services_by_name["OperatorService"]
_TEST_SERVICE: Final = test_service.DESCRIPTOR.services_by_name["TestService"]


class Assembly(msgspec.Struct, frozen=True):
    """The server without its transports."""

    methods: Mapping[str, Method]  # by path
    door: Door
    store: Store
    registry: NamespaceRegistry
    deleted: DeletedNamespaces
    matching: Matching
    history: History
    workflow_tasks: WorkflowTasks
    time_skipping: TimeSkipping | None  # None: time is the machine's

    async def drain(self) -> None:
        """Answer every waiting poll empty, so that calls under way can end."""
        await self.matching.stop()

    async def close(self) -> None:
        """Stop the loops; the store stays open. Nothing may be called after this."""
        if self.time_skipping is not None:
            await self.time_skipping.stop()
        await self.history.stop()
        await self.deleted.close()


async def assemble(
    config: Config,
    store: Store,
    *,
    address: str,
    are_workers_here: bool = False,
    time_skipping: TimeSkipping | None = None,
) -> Assembly:
    """Build every room over an open store, create what the configuration asks for, start the loops.

    `address` is what ListClusters tells of this server. `are_workers_here`: workers can only be in this process, and
    end with it. With `time_skipping` its time is the server's.
    """
    clock = WallClock() if time_skipping is None else time_skipping.clock
    registry = NamespaceRegistry(store, config.limits)
    await registry.load()
    await _create_namespaces(registry, config.namespaces)
    cluster = Cluster(id=await _cluster_id(store), address=address)
    deleted = DeletedNamespaces(registry, registry.remove)
    deleted.resume()

    matching = Matching(store, clock=clock.now, settings=MatchingSettings.within(config.limits))
    history = History(
        store,
        matching,
        Settings(registry, config.limits),
        clock=clock,
        new_id=new_id,
        settings=RunsSettings(leaves_open=are_workers_here),
    )
    await matching.start()
    await history.start()
    await _release_lost(store, history, registry, clock.now(), are_workers_here=are_workers_here)
    if time_skipping is not None:
        time_skipping.start(history, matching)

    refusals = Refusals(registry)
    queries = Queries(history, matching, registry)
    workflow_tasks = WorkflowTasks(history, matching, queries, registry)
    workflow_groups = [
        SystemInfo(cluster),
        Namespaces(registry, config.limits),
        Workers(registry),
        *_workflow_groups(history, matching, registry),
        queries,
        workflow_tasks,
        Visibility(store, registry, config.limits),
    ]
    operator_groups = [Operator(registry, deleted, cluster)]
    methods = {
        **bind(WORKFLOW_SERVICE, workflow_groups, refusals.method),
        **bind(OPERATOR_SERVICE, operator_groups, refusals.method),
    }
    if time_skipping is not None:
        methods.update(bind(_TEST_SERVICE, [TestService(time_skipping)], refusals.method))
    statistics = Statistics(lambda: store.statistics().commits)
    door = Door(ClientVersions(API_VERSION, SUPPORTED_CLIENTS), config.limits, statistics)
    return Assembly(methods, door, store, registry, deleted, matching, history, workflow_tasks, time_skipping)


def _workflow_groups(history: History, matching: Matching, registry: NamespaceRegistry) -> list[object]:
    """The groups of methods that serve workflows, clients first."""
    starts = Starts(history, registry)
    updates = Updates(history, registry)
    return [
        starts,
        updates,
        MultiOperations(history, starts, updates, registry),
        Messages(history, registry),
        Describing(history, matching, registry),
        Histories(history, registry),
        ActivityTasks(history, matching, registry),
    ]


async def _create_namespaces(registry: NamespaceRegistry, config: NamespaceConfig) -> None:
    """Namespaces of the configuration that are missing, and their search attributes."""
    attributes = {name: FIELD_TYPES[kind] for name, kind in config.search_attributes.items()}
    for name in config.create:
        if not registry.has(name):
            await registry.create(new_namespace(name, retention_s=config.retention_s))
            log.debug("namespace created: namespace=%s", name)
        await registry.add_search_attributes(name, attributes)


async def _release_lost(
    store: Store, history: History, registry: NamespaceRegistry, now: Nanos, *, are_workers_here: bool
) -> None:
    """What workers took who were in the process that had the store before goes on at once: that process has ended.

    The store keeps since when its workers have been in its own process; a server, whose workers may live on, ends that.
    """
    since = await store.metadata(_WORKERS_HERE_SINCE)
    if since:
        count = await history.release_lost([one.id for one in registry.all()], int(since))
        log.debug("tasks of lost workers released: runs=%s", count)
    if are_workers_here and not since:
        await store.put_metadata(_WORKERS_HERE_SINCE, str(now))
    elif since and not are_workers_here:
        await store.put_metadata(_WORKERS_HERE_SINCE, "")


async def _cluster_id(store: Store) -> str:
    """A UUID that the store keeps for ever."""
    known = await store.metadata(_CLUSTER_ID)
    if known is None:
        known = str(uuid.uuid4())
        await store.put_metadata(_CLUSTER_ID, known)
    return known
