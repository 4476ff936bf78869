"""A worker put together: from its options to the sides that poll for workflow, activity and Nexus tasks.

    WorkerConfig -> WorkerIdentity, slots, limits -> WorkflowWorker, ActivityWorker, NexusWorker

All sides call one `CurrentService`, so that a worker may be given another client while it runs.
"""

# `Worker` sets all keys; a plugin that takes one out gets a KeyError.
# pyright: reportTypedDictNotRequiredAccess=false

from __future__ import annotations

import asyncio
import concurrent.futures
import dataclasses
import os
import sys
import threading
import uuid
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, cast

import msgspec
from temporalio.api.deployment.v1 import WorkerDeploymentOptions
from temporalio.api.namespace.v1 import NamespaceInfo
from temporalio.api.workflowservice.v1 import PollWorkflowTaskQueueRequest, PollWorkflowTaskQueueResponse

from mainspring.common import HeaderCodecBehavior, VersioningBehavior, WorkerDeploymentVersion
from mainspring.common._composite_event import CompositeEvent
from mainspring.replay.local import LocalResult
from mainspring.replay.requests import LocalActivityTask
from mainspring.runtime import Runtime
from mainspring.service import DirectServiceClient, ServiceClient, WorkflowService
from mainspring.service._client import TaskToCome
from mainspring.worker._activity_attempt import Surroundings
from mainspring.worker._activity_heartbeats import Throttle
from mainspring.worker._activity_local import LocalActivities
from mainspring.worker._activity_registry import ActivityRegistry
from mainspring.worker._activity_server import Polling, ServiceActivityServer
from mainspring.worker._activity_worker import ActivityOptions, ActivityWorker
from mainspring.worker._build_id import load_default_build_id
from mainspring.worker._eager import EagerActivities
from mainspring.worker._flags import DEFAULT_FLAGS
from mainspring.worker._interceptor import Interceptor
from mainspring.worker._payload_limits import SizeLimits
from mainspring.worker._poller_behavior import PollerBehavior, PollerBehaviorSimpleMaximum
from mainspring.worker._pollers import POLLS_END_WITHIN_S
from mainspring.worker._run_details import AroundRuns, RunDetails
from mainspring.worker._slots import ReserveContext, SlotKind, Slots, make_slots
from mainspring.worker._tuning import SlotSupplier, WorkerTuner
from mainspring.worker._worker_checks import definitions_of, tuner_of, warn_of_few_threads
from mainspring.worker._worker_config import WorkerConfig
from mainspring.worker._worker_metrics import WorkerMetrics, WorkerType
from mainspring.worker._workflow_runner import PatchActivationInput, UnsandboxedWorkflowRunner
from mainspring.worker._workflow_tasks import TaskOptions
from mainspring.worker._workflow_worker import WorkflowOptions, WorkflowResources, WorkflowWorker
from mainspring.workflow._definition import Definition
from mainspring.workflow._info import Info

if TYPE_CHECKING:
    from nexusrpc.handler import Handler

    from mainspring.client import Client
    from mainspring.worker._nexus_worker import NexusWorker

MOST_WORKFLOW_THREADS = 500


class CurrentService:
    """The RPCs of the client that the worker has now."""

    def __init__(self, client: Client) -> None:
        self._use(client)

    @property
    def client(self) -> Client:
        return self._client

    @client.setter
    def client(self, value: Client) -> None:
        self._use(value)

    def _use(self, client: Client) -> None:
        service = service_client_of(client).workflow_service
        self.__dict__.clear()  # the RPCs of the client before
        self._client, self._service = client, service

    def __getattr__(self, rpc: str) -> Any:
        """An RPC that is asked for the first time: kept, as each is asked for with every task."""
        bound = self.__dict__[rpc] = getattr(self._service, rpc)
        return bound

    def listen_for_workflow_tasks(
        self, request: PollWorkflowTaskQueueRequest, has_room: Callable[[], bool], take: Callable[[TaskToCome], None]
    ) -> Callable[[], None] | None:
        """See `ServiceClient`."""
        return service_client_of(self._client).listen_for_workflow_tasks(request, has_room, take)

    @property
    def as_service(self) -> WorkflowService:
        return cast("WorkflowService", self)


def service_client_of(client: Client) -> ServiceClient:
    """The client that makes a worker's calls: wrappers are passed by.

    Raises:
        TypeError: There is none.
        RuntimeError: It is not connected yet.
    """
    given = client.service_client
    found = getattr(given, "worker_service_client", None)
    if not isinstance(found, ServiceClient):
        raise TypeError(
            "Client cannot be used for a worker. Use the original client's service or set worker_service_client on "
            "the wrapped service with the original service client."
        )
    if found.config.lazy:
        raise RuntimeError("Lazy clients cannot be used for workers")
    return found


def runtime_of(client: Client) -> Runtime:
    runtime = service_client_of(client).config.runtime
    return runtime if isinstance(runtime, Runtime) else Runtime.default()


class WorkerIdentity(msgspec.Struct, kw_only=True, frozen=True):
    """Who a worker is, and which code it has."""

    namespace: str
    task_queue: str
    identity: str
    instance_key: str
    build_id: str
    version: WorkerDeploymentVersion | None
    deployment: WorkerDeploymentOptions | None

    @classmethod
    async def of(cls, config: WorkerConfig, instance_key: str) -> WorkerIdentity:
        """Reads all code that is loaded, in another thread, if the options give no build id."""
        client = config["client"]
        deployment = config.get("deployment_config")
        build_id = deployment.version.build_id if deployment else config.get("build_id") or ""
        return cls(
            namespace=client.namespace,
            task_queue=config["task_queue"],
            identity=config.get("identity") or service_client_of(client).config.identity,
            instance_key=instance_key,
            build_id=build_id or await asyncio.to_thread(load_default_build_id),
            version=deployment.version if deployment else None,
            deployment=deployment._to_proto() if deployment else None,
        )

    def slots(self, supplier: SlotSupplier, kind: SlotKind, *, is_shared: bool = False) -> Slots:
        context = ReserveContext(kind, self.task_queue, self.identity, self.build_id, self.version)
        return make_slots(supplier, context, is_shared=is_shared)


class WorkerParts:
    """The sides of one worker."""

    def __init__(self, config: WorkerConfig) -> None:
        """See `Worker` for what the options mean, and what is raised."""
        client = config["client"]
        self._config = config
        self._active = client.config(active_config=True)
        self._given_interceptors = config.get("interceptors", [])
        self.service = CurrentService(client)
        self.instance_key = uuid.uuid4().hex
        self._identity: WorkerIdentity | None = None
        self.default_flags: set[int] = set(DEFAULT_FLAGS)
        self._tuner: WorkerTuner = tuner_of(config)
        self.metrics = WorkerMetrics(
            runtime_of(client)._sdk_metric_meter, namespace=client.namespace, task_queue=config["task_queue"]
        )
        self._polls_end_within_s = POLLS_END_WITHIN_S
        self._local: LocalActivities | None = None
        self._own_executor: concurrent.futures.Executor | None = None
        self.limits = SizeLimits(
            service_client_of(client).config.payload_limits,
            is_error_disabled=config.get("disable_payload_error_limit", False),
        )
        warn_of_few_threads(config)
        self._registry = self._checked_activities()
        self._nexus_handler = self._checked_nexus_handlers()
        self._definitions = self._checked_workflows()
        self._around_runs = AroundRuns.of(self._interceptors) if self._definitions else AroundRuns()
        self.activities: ActivityWorker | None = None
        self.nexus: NexusWorker | None = None
        self.workflows: WorkflowWorker | None = None
        self._eager_tasks: list[PollWorkflowTaskQueueResponse] = []  # that came before there was a workflow side

    @property
    def _is_in_process(self) -> bool:
        """The engine runs in the loop that this worker runs in."""
        return isinstance(service_client_of(self._config["client"]), DirectServiceClient)

    def learn(self, namespace: NamespaceInfo) -> None:
        """What the namespace allows, and what its server can do."""
        self.limits.payloads_bytes = namespace.limits.blob_size_limit_error
        self.limits.memo_bytes = namespace.limits.memo_size_limit_error
        if not namespace.capabilities.worker_poll_complete_on_shutdown:
            self._polls_end_within_s = 0.0

    async def make(self) -> None:
        """Make the sides, in the loop that they will run in."""
        self._identity = await WorkerIdentity.of(self._config, self.instance_key)
        self.metrics.started()
        if self._registry is not None:
            self.activities = self._activity_side(self._registry, await self._registry.new_shutdown_event())
        if self._nexus_handler is not None:
            self.nexus = self._nexus_side(self._nexus_handler)
        if self._definitions:
            self.workflows = self._workflow_side(self._definitions)
            while self._eager_tasks:
                self.workflows.start_eagerly(self._eager_tasks.pop(0))

    def offer_eager_starts(self) -> None:
        """Let the client give the first tasks of runs that it starts to this worker."""
        if self._definitions:
            self.service.client._eager_workers[self._config["task_queue"]] = self._start_eagerly

    def withdraw_eager_starts(self) -> None:
        """The worker takes no more tasks."""
        offers, task_queue = self.service.client._eager_workers, self._config["task_queue"]
        if offers.get(task_queue) == self._start_eagerly:
            del offers[task_queue]

    def _start_eagerly(self, polled: PollWorkflowTaskQueueResponse) -> None:
        """Do a task at once, or when the workflow side is there."""
        if self.workflows is not None:
            self.workflows.start_eagerly(polled)
        else:
            self._eager_tasks.append(polled)

    def set_client(self, client: Client) -> None:
        """Make all calls by another client from now on."""
        self.withdraw_eager_starts()
        self.service.client = client
        for part in (self.activities, self._local, self.nexus):
            if part is not None:
                part.set_client(client)
        if self.workflows is not None:
            self.workflows.listen_anew()
        self.offer_eager_starts()

    def close(self) -> None:
        """Give the threads back."""
        if self._own_executor is not None:
            self._own_executor.shutdown(wait=False)

    @property
    def identity(self) -> WorkerIdentity:
        assert self._identity is not None, "made with the sides"
        return self._identity

    @property
    def _interceptors(self) -> list[Interceptor]:
        """Those of the client that are for workers too, then the worker's own."""
        of_client = [one for one in self._active["interceptors"] if isinstance(one, Interceptor)]
        return [*of_client, *self._given_interceptors]

    def _slots(self, supplier: SlotSupplier, kind: SlotKind, of: WorkerType, *, is_shared: bool = False) -> Slots:
        return self.metrics.slots(self.identity.slots(supplier, kind, is_shared=is_shared), supplier, of)

    # -- activities

    def _checked_activities(self) -> ActivityRegistry | None:
        config = self._config
        activities = config.get("activities")
        if not activities:
            return None
        return ActivityRegistry(activities, config.get("activity_executor"), config.get("shared_state_manager"))

    def _activity_side(self, registry: ActivityRegistry, shutdown: CompositeEvent) -> ActivityWorker:
        config, identity = self._config, self.identity
        around = Surroundings(
            registry=registry,
            data_converter=self._active["data_converter"],
            worker_shutdown=shutdown,
            interceptors=self._interceptors,
            metric_meter=runtime_of(config["client"]).metric_meter,
            client=self.service.client,
            decode_headers=self._active["header_codec_behavior"] == HeaderCodecBehavior.CODEC,
            limits=self.limits,
        )
        local_slots = self._slots(
            self._tuner._get_local_activity_task_slot_supplier(), "local-activity", "LocalActivityWorker"
        )
        # What local activities get and give stays in this worker; only their markers are encoded and stored.
        bare = dataclasses.replace(around.data_converter, payload_codec=None, external_storage=None)
        around_local = dataclasses.replace(around, data_converter=bare, decode_headers=False, limits=None)
        self._local = LocalActivities(around_local, local_slots, self.metrics.activities)
        polling = Polling(
            namespace=identity.namespace,
            task_queue=identity.task_queue,
            identity=identity.identity,
            worker_instance_key=identity.instance_key,
            deployment=identity.deployment,
            most_per_second_in_queue=config.get("max_task_queue_activities_per_second"),
            ends_with_engine=self._is_in_process,
        )
        options = ActivityOptions(
            namespace=identity.namespace,
            task_queue=identity.task_queue,
            polls=self._polls("activity"),
            polls_end_within_s=self._polls_end_within_s,
            is_polling=not config.get("no_remote_activities", False),
            most_per_second=config.get("max_activities_per_second"),
            throttle=Throttle(
                most_s=config["max_heartbeat_throttle_interval"].total_seconds(),
                without_timeout_s=config["default_heartbeat_throttle_interval"].total_seconds(),
            ),
        )
        server = ServiceActivityServer(self.service.as_service, polling)
        slots = self._slots(self._tuner._get_activity_task_slot_supplier(), "activity", "ActivityWorker")
        return ActivityWorker(server, around, options, slots, self.metrics)

    # -- Nexus operations: `nexusrpc` is imported only here, since few workers serve any

    def _checked_nexus_handlers(self) -> Handler | None:
        config = self._config
        services = config.get("nexus_service_handlers")
        if not services:
            return None
        from mainspring.worker._nexus_handlers import handler_of

        return handler_of(services, config.get("nexus_task_executor"), self._interceptors)

    def _nexus_side(self, handler: Handler) -> NexusWorker:
        from mainspring.worker._nexus_request import NexusSurroundings
        from mainspring.worker._nexus_server import NexusPolling, ServiceNexusServer
        from mainspring.worker._nexus_worker import NexusOptions, NexusWorker

        config, identity = self._config, self.identity
        around = NexusSurroundings(
            handler=handler,
            data_converter=self._active["data_converter"],
            client=self.service.client,
            worker_shutdown=CompositeEvent(threading.Event(), asyncio.Event()),
            metric_meter=runtime_of(config["client"]).metric_meter,
            namespace=identity.namespace,
            task_queue=identity.task_queue,
            limits=self.limits,
        )
        polling = NexusPolling(
            namespace=identity.namespace,
            task_queue=identity.task_queue,
            identity=identity.identity,
            worker_instance_key=identity.instance_key,
            deployment=identity.deployment,
        )
        options = NexusOptions(
            task_queue=identity.task_queue,
            polls=config["nexus_task_poller_behavior"],
            polls_end_within_s=self._polls_end_within_s,
        )
        server = ServiceNexusServer(self.service.as_service, polling)
        slots = self._slots(self._tuner._get_nexus_slot_supplier(), "nexus", "NexusWorker")
        return NexusWorker(server, around, options, slots, self.metrics)

    # -- workflows

    def _checked_workflows(self) -> dict[str | None, Definition]:
        config = self._config
        runners = config["workflow_runner"], config["unsandboxed_workflow_runner"]
        runners[0].set_worker_level_failure_exception_types(config.get("workflow_failure_exception_types", []))
        return definitions_of(config.get("workflows", []), config.get("deployment_config"), runners)

    def _workflow_side(self, definitions: Mapping[str | None, Definition]) -> WorkflowWorker:
        config, identity = self._config, self.identity
        deployment = config.get("deployment_config")
        is_debugging = bool(config.get("debug_mode") or os.environ.get("TEMPORAL_DEBUG"))
        default_behavior = deployment.default_versioning_behavior if deployment else VersioningBehavior.UNSPECIFIED
        options = WorkflowOptions(
            identity=identity.identity,
            most_cached=config["max_cached_workflows"],
            polls=self._polls("workflow"),
            polls_end_within_s=self._polls_end_within_s,
            task_queue_share=config["nonsticky_to_sticky_poll_ratio"],
            sticky_timeout=config["sticky_queue_schedule_to_start_timeout"],
            binary_checksum="" if deployment else identity.build_id,
            build_id="" if deployment and deployment.use_worker_versioning else identity.build_id,
            deployment=identity.deployment,
            worker_instance_key=identity.instance_key,
            is_inline=is_debugging,
            is_here=self._is_in_process and config.get("workflow_task_executor") is None,
            has_deadlock_detection=sys.gettrace() is None,
        )
        tasks = TaskOptions(
            data_converter=self._active["data_converter"],
            limits=self.limits,
            eager=self._eager(),
            run_local=self._run_local,
            metrics=self.metrics.workflows,
            encodes_headers=self._active["header_codec_behavior"] != HeaderCodecBehavior.NO_CODEC,
            most_stored_at_once=config["max_workflow_task_external_storage_concurrency"],
            default_versioning_behavior=default_behavior.value,
        )
        supplier = self._tuner._get_workflow_task_slot_supplier()
        return WorkflowWorker(
            self.service.as_service,
            definitions,
            self._details(),
            options,
            WorkflowResources(
                executor=self._workflow_executor(),
                slots=self._slots(supplier, "workflow", "WorkflowWorker", is_shared=options.most_cached > 0),
                tasks=tasks,
                metrics=self.metrics,
                listen=self.service.listen_for_workflow_tasks,
            ),
        )

    def _details(self) -> RunDetails:
        config = self._config
        meter = runtime_of(config["client"]).metric_meter
        return RunDetails(
            namespace=self.identity.namespace,
            task_queue=self.identity.task_queue,
            data_converter=self._active["data_converter"],
            around=self._around_runs,
            failure_exception_types=config.get("workflow_failure_exception_types", []),
            disable_eager_activities=config.get("disable_eager_activity_execution", False),
            metric_meter=lambda: meter,
            patch_activation=_patch_activation(config.get("patch_activation_callback")),
            deployment_name=self.identity.version.deployment_name if self.identity.version else "",
            build_id=self.identity.build_id,
            is_guarded=not isinstance(config.get("workflow_runner"), UnsandboxedWorkflowRunner),
            default_flags=frozenset(self.default_flags),
            local_activities=self._registry.names if self._registry else frozenset(),
        )

    def _eager(self) -> EagerActivities:
        config = self._config
        can = not (
            config.get("disable_eager_activity_execution")
            or config.get("no_remote_activities")
            or config.get("max_task_queue_activities_per_second")
        )
        most = config.get("max_eager_activity_reservations_per_workflow_task", 3) if can else 0
        return EagerActivities(self.activities, most)

    def _workflow_executor(self) -> concurrent.futures.Executor:
        given = self._config.get("workflow_task_executor")
        if given is not None:
            return given
        threads = self._config.get("max_concurrent_workflow_tasks") or MOST_WORKFLOW_THREADS
        self._own_executor = concurrent.futures.ThreadPoolExecutor(threads, thread_name_prefix="temporal_workflow_")
        return self._own_executor

    def give_up_local_activities(self) -> None:
        """Cancel those that outlast their workflow task, from now on."""
        if self._local is not None and self.workflows is not None:
            self._local.give_up()
            self.workflows.give_up_local_activities()

    async def local_activities_ended(self) -> None:
        """Wait until none is at work; the workflow side has ended, and begins none any more."""
        if self._local is not None:
            await self._local.ended()

    async def _run_local(self, task: LocalActivityTask, info: Info) -> LocalResult:
        assert self._local is not None, "calls of local activities that this worker has not fail in the workflow"
        return await self._local.run(task, info)

    def _polls(self, kind: str) -> PollerBehavior:
        config = self._config
        if kind == "workflow":
            most, behavior = config.get("max_concurrent_workflow_task_polls"), config["workflow_task_poller_behavior"]
        else:
            most, behavior = config.get("max_concurrent_activity_task_polls"), config["activity_task_poller_behavior"]
        return PollerBehaviorSimpleMaximum(most) if most else behavior


def _patch_activation(callback: Callable[[PatchActivationInput], bool] | None) -> Callable[[Info, str], bool] | None:
    if callback is None:
        return None
    return lambda info, patch_id: callback(PatchActivationInput(workflow_info=info, patch_id=patch_id))
