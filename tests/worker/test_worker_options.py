"""What a worker may be made with, and what it says to the rest."""

# pyright: reportTypedDictNotRequiredAccess=false

from __future__ import annotations

import concurrent.futures
from collections.abc import Sequence
from datetime import timedelta
from typing import Any

import pytest
from nexusrpc.handler import StartOperationContext, service_handler, sync_operation
from typing_extensions import override

from mainspring import activity, workflow
from mainspring.client import Client
from mainspring.client import Plugin as ClientPlugin
from mainspring.common import RawValue, VersioningBehavior, WorkerDeploymentVersion
from mainspring.service import ConnectConfig, DirectServiceClient, ServiceClient
from mainspring.worker import Plugin, Worker, WorkerConfig, WorkerDeploymentConfig, WorkerTuner, WorkflowRunner
from mainspring.worker._build_id import load_default_build_id
from mainspring.worker._worker_parts import WorkerIdentity
from mainspring.worker.workflow_sandbox import SandboxedWorkflowRunner, SandboxMatcher, SandboxRestrictions
from mainspring.workflow._definition import Definition
from tests.worker.fake_engine import FakeEngine, Options

VERSION = WorkerDeploymentVersion("nodes", "1.0")


@workflow.defn
class Waits:
    @workflow.run
    async def run(self) -> None:
        """Nothing."""


@workflow.defn(name="Waits")
class SameName:
    @workflow.run
    async def run(self) -> None:
        """Nothing."""


@workflow.defn
async def by_function() -> None:
    """Nothing."""


@workflow.defn(dynamic=True)
class Dynamic:
    @workflow.run
    async def run(self, args: Sequence[RawValue]) -> None:
        """Nothing."""


@workflow.defn(dynamic=True)
class AlsoDynamic:
    @workflow.run
    async def run(self, args: Sequence[RawValue]) -> None:
        """Nothing."""


class NoWorkflow:
    """Not decorated."""


@activity.defn
async def act() -> None:
    """Nothing."""


@activity.defn
def in_thread() -> None:
    """Nothing."""


@service_handler
class InThread:
    @sync_operation
    def greet(self, ctx: StartOperationContext, name: str) -> str:
        return name


@pytest.fixture
def client() -> Client:
    return FakeEngine().client()


def versioned(behavior: VersioningBehavior = VersioningBehavior.UNSPECIFIED, *, on: bool = True) -> Any:
    return WorkerDeploymentConfig(VERSION, use_worker_versioning=on, default_versioning_behavior=behavior)


TUNER = WorkerTuner.create_fixed()
REFUSED: list[tuple[Options, type[Exception], str]] = [
    ({}, ValueError, "At least one activity, Nexus service, or workflow must be specified"),
    ({"nexus_service_handlers": [object()]}, RuntimeError, "does not have a service definition"),
    ({"nexus_service_handlers": [InThread()]}, RuntimeError, "you have not supplied an executor"),
    ({"workflows": [Waits, SameName]}, ValueError, "More than one workflow named Waits"),
    ({"workflows": [Dynamic, AlsoDynamic]}, TypeError, "More than one dynamic workflow"),
    ({"workflows": [NoWorkflow]}, ValueError, "missing attributes, was it decorated"),
    ({"activities": [in_thread]}, ValueError, "is not async so an activity_executor must be present"),
    ({"activities": [act, act]}, ValueError, "More than one activity named act"),
    ({"workflows": [Waits], "use_worker_versioning": True}, ValueError, "build_id must be specified"),
    (
        {"workflows": [Waits], "build_id": "1", "deployment_config": versioned(VersioningBehavior.PINNED)},
        ValueError,
        "deployment_config cannot be used with build_id",
    ),
    (
        {"workflows": [Waits], "deployment_config": versioned(VersioningBehavior.PINNED, on=False)},
        ValueError,
        "default_versioning_behavior must be UNSPECIFIED",
    ),
    ({"workflows": [Waits], "deployment_config": versioned()}, ValueError, "must specify a versioning behavior"),
    (
        {"workflows": [Waits], "tuner": TUNER, "max_concurrent_workflow_tasks": 5},
        ValueError,
        "Cannot specify max_concurrent_workflow_tasks.*when also specifying tuner",
    ),
    ({"workflows": [Waits], "max_concurrent_workflow_tasks": 1}, ValueError, "must be at least 2"),
    (
        {"workflows": [Waits], "max_eager_activity_reservations_per_workflow_task": 0},
        ValueError,
        "must be positive; use disable_eager_activity_execution=True",
    ),
    (
        {"workflows": [Waits], "max_workflow_task_external_storage_concurrency": 0},
        ValueError,
        "max_workflow_task_external_storage_concurrency must be positive",
    ),
]


@pytest.mark.parametrize("options, error, message", REFUSED, ids=[message for _, _, message in REFUSED])
async def test_options_that_do_not_fit_are_refused(
    options: Options, error: type[Exception], message: str, client: Client
) -> None:
    with pytest.raises(error, match=message):
        Worker(client, task_queue="tq", **options)


async def test_few_threads_are_worth_a_warning(client: Client) -> None:
    with (
        concurrent.futures.ThreadPoolExecutor(1) as threads,
        pytest.warns(UserWarning, match="max_concurrent_activities is 5 but activity_executor's max_workers is only 1"),
    ):
        Worker(client, task_queue="tq", activities=[act], activity_executor=threads, max_concurrent_activities=5)
    with (
        concurrent.futures.ThreadPoolExecutor(1) as threads,
        pytest.warns(
            UserWarning, match="max_concurrent_nexus_tasks is 5 but nexus_task_executor's max_workers is only"
        ),
    ):
        Worker(
            client,
            task_queue="tq",
            nexus_service_handlers=[InThread()],
            nexus_task_executor=threads,
            max_concurrent_nexus_tasks=5,
        )


async def test_the_options_can_be_read_back(client: Client) -> None:
    worker = Worker(client, task_queue="tq", workflows=[Waits, by_function], max_cached_workflows=5)
    config = worker.config()
    assert config["client"] is client
    assert (worker.task_queue, config["task_queue"], config["max_cached_workflows"]) == ("tq", "tq", 5)
    assert config["workflows"] == [Waits, by_function]
    assert config["graceful_shutdown_timeout"] == timedelta()
    Worker(**config)


class Configures(Plugin):
    """Adds a workflow to what a worker runs."""

    @override
    def configure_worker(self, config: WorkerConfig) -> WorkerConfig:
        config["workflows"] = [*config.get("workflows", []), Waits]
        return config

    @override
    async def run_worker(self, worker: Any, next: Any) -> None:
        await next(worker)

    @override
    def configure_replayer(self, config: Any) -> Any:
        return config

    @override
    def run_replayer(self, replayer: Any, histories: Any, next: Any) -> Any:
        return next(replayer, histories)


async def test_a_plugin_changes_the_options(client: Client) -> None:
    worker = Worker(client, task_queue="tq", activities=[act], plugins=[Configures()])
    assert worker.config()["workflows"] == []
    assert worker.config(active_config=True)["workflows"] == [Waits]
    assert Configures().name() == f"{__name__}.Configures"


class ForBoth(Configures, ClientPlugin):
    """A plugin of a client that is for its workers, too."""

    @override
    def configure_client(self, config: Any) -> Any:
        return config

    @override
    async def connect_service_client(self, config: ConnectConfig, next: Any) -> ServiceClient:
        raise NotImplementedError


async def test_a_plugin_of_the_client_is_the_workers_too() -> None:
    client = FakeEngine().client(plugins=[ForBoth()])
    worker = Worker(client, task_queue="tq", activities=[act])
    assert worker.config(active_config=True)["workflows"] == [Waits]
    with (
        pytest.warns(UserWarning, match="present from both client and worker"),
        pytest.raises(ValueError, match="More than one workflow named Waits"),
    ):
        Worker(client, task_queue="tq", activities=[act], plugins=[ForBoth()])


async def test_a_lazy_client_is_refused() -> None:
    lazy = Client(DirectServiceClient(ConnectConfig("nowhere:1", lazy=True), FakeEngine()))
    with pytest.raises(RuntimeError, match="Lazy clients cannot be used for workers"):
        Worker(lazy, task_queue="tq", workflows=[Waits])


class Refuses(WorkflowRunner):
    def prepare_workflow(self, defn: Definition) -> None:
        raise ValueError("no")


async def test_runners_prepare_each_workflow(client: Client) -> None:
    with pytest.raises(RuntimeError, match="Failed validating workflow Waits"):
        Worker(client, task_queue="tq", workflows=[Waits], workflow_runner=Refuses())


async def test_restrictions_of_the_sandbox_are_accepted(client: Client) -> None:
    matcher = SandboxMatcher(access={"a"}) | SandboxMatcher(use={"b"}, children={"c": SandboxMatcher.all})
    assert matcher.with_child_unrestricted("c") == SandboxMatcher(access={"a"}, use={"b"})
    restrictions = SandboxRestrictions.default.with_passthrough_modules("numpy")
    assert "numpy" in restrictions.passthrough_modules
    Worker(client, task_queue="tq", workflows=[Waits], workflow_runner=SandboxedWorkflowRunner(restrictions))


async def test_a_worker_says_which_code_it_has(client: Client) -> None:
    plain = await WorkerIdentity.of(Worker(client, task_queue="tq", workflows=[Waits]).config(), "key")
    assert plain.build_id == load_default_build_id()
    assert (plain.identity, plain.deployment) == ("me", None)
    options: Options = {"activities": [act], "deployment_config": versioned(), "identity": "you"}
    deployed = await WorkerIdentity.of(Worker(client, task_queue="tq", **options).config(), "key")
    assert (deployed.build_id, deployed.identity) == ("1.0", "you")
    assert deployed.deployment is not None
    assert deployed.deployment.deployment_name == "nodes"


def test_the_default_build_id_stays() -> None:
    assert load_default_build_id(memoize=False) == load_default_build_id(memoize=False)
