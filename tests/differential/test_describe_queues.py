"""DescribeTaskQueue in both modes, and the list of partitions.

The real server keeps an answer with statistics for some seconds, so each queue is asked for them once.
"""

from __future__ import annotations

import asyncio

import pytest
from google.protobuf.wrappers_pb2 import DoubleValue
from temporalio.api.common.v1 import WorkerVersionCapabilities
from temporalio.api.enums.v1 import DescribeTaskQueueMode, TaskQueueKind, TaskQueueType
from temporalio.api.taskqueue.v1 import TaskQueue, TaskQueueMetadata, TaskQueueStats, TaskQueueVersionSelection
from temporalio.api.workflowservice import v1 as api

from tests.differential.commands import schedule_activity
from tests.differential.driver import Driver, attempt, queue, sticky_queue
from tests.differential.rig import on_both

Describe = api.DescribeTaskQueueRequest
Poll = api.PollWorkflowTaskQueueRequest
WORKFLOW = TaskQueueType.TASK_QUEUE_TYPE_WORKFLOW
ACTIVITY = TaskQueueType.TASK_QUEUE_TYPE_ACTIVITY
ENHANCED = DescribeTaskQueueMode.DESCRIBE_TASK_QUEUE_MODE_ENHANCED
UNTIL_WRITTEN_S = 1.2  # the real server counts what waits when it has written it


async def describe(driver: Driver, request: Describe) -> None:
    """Describe a queue; rates and ages only say whether they are zero."""
    made = Describe(namespace=driver.namespace)
    made.MergeFrom(request)
    reply = await attempt(driver.send(driver.service.DescribeTaskQueue, made))
    if reply is None:
        return
    even_out(reply.stats)
    for stats in reply.stats_by_priority_key.values():
        even_out(stats)
    for info in reply.versions_info.values():
        for of_type in info.types_info.values():
            even_out(of_type.stats)


def even_out(stats: TaskQueueStats) -> None:
    if not stats.HasField("approximate_backlog_age"):
        return
    stats.tasks_add_rate = float(stats.tasks_add_rate > 0)
    stats.tasks_dispatch_rate = float(stats.tasks_dispatch_rate > 0)
    stats.rate_limiting_active = False  # the real server says so once for each task that a rate let pass, too
    stats.approximate_backlog_age.FromSeconds(int(stats.approximate_backlog_age.ToNanoseconds() > 0))


@on_both
async def test_a_queue_that_nobody_has_used(driver: Driver) -> None:
    await describe(driver, Describe(task_queue=queue("a")))
    for number, kind in enumerate((TaskQueueType.TASK_QUEUE_TYPE_UNSPECIFIED, WORKFLOW, ACTIVITY)):
        await describe(
            driver,
            Describe(
                task_queue=queue(f"b{number}"),
                task_queue_type=kind,
                include_task_queue_status=True,
                report_stats=True,
                report_config=True,
            ),
        )


@on_both
async def test_a_queue_with_a_backlog(driver: Driver) -> None:
    for number in range(3):
        await driver.start(api.StartWorkflowExecutionRequest(workflow_id=f"workflow {number}"))
    await asyncio.sleep(UNTIL_WRITTEN_S)
    await describe(driver, Describe(task_queue=queue(), include_task_queue_status=True, report_stats=True))
    await describe(driver, Describe(task_queue=queue(), api_mode=ENHANCED, report_stats=True, report_pollers=True))
    await describe(driver, Describe(task_queue=queue(), task_queue_type=ACTIVITY))


@on_both
async def test_pollers_of_a_queue(driver: Driver) -> None:
    waiting = await driver.beside(driver.no_workflow_task())
    await describe(driver, Describe(task_queue=queue()))
    await describe(driver, Describe(task_queue=queue(), api_mode=ENHANCED, report_stats=True, report_pollers=True))
    await waiting
    await describe(driver, Describe(task_queue=queue()))


@on_both
async def test_pollers_that_have_gone(driver: Driver) -> None:
    await driver.no_workflow_task(Poll(worker_version_capabilities=WorkerVersionCapabilities(build_id="b")))
    await driver.start()
    await driver.poll_workflow_task(Poll(identity="another"))
    await describe(driver, Describe(task_queue=queue(), report_stats=True))


@on_both
async def test_a_rate_that_workers_ask_for(driver: Driver) -> None:
    await driver.start()
    task = await driver.poll_workflow_task()
    await task.complete(schedule_activity("a"))
    limited = TaskQueueMetadata(max_tasks_per_second=DoubleValue(value=5))
    await driver.poll_activity(api.PollActivityTaskQueueRequest(task_queue_metadata=limited))
    await describe(
        driver,
        Describe(task_queue=queue(), task_queue_type=ACTIVITY, include_task_queue_status=True, report_stats=True),
    )


@on_both
async def test_a_sticky_queue(driver: Driver) -> None:
    waiting = await driver.beside(driver.no_workflow_task(Poll(task_queue=sticky_queue("sticky"))))
    await describe(driver, Describe(task_queue=sticky_queue("sticky"), include_task_queue_status=True))
    await describe(driver, Describe(task_queue=sticky_queue("sticky"), report_stats=True))
    await describe(driver, Describe(task_queue=sticky_queue("sticky"), api_mode=ENHANCED))
    await waiting


@on_both
async def test_builds_of_a_queue(driver: Driver) -> None:
    selections = [
        None,
        TaskQueueVersionSelection(),
        TaskQueueVersionSelection(unversioned=True),
        TaskQueueVersionSelection(build_ids=["b"]),
        TaskQueueVersionSelection(build_ids=["b", "b"], unversioned=True),
        TaskQueueVersionSelection(all_active=True),
        TaskQueueVersionSelection(build_ids=[str(number) for number in range(6)]),
    ]
    for number, versions in enumerate(selections):
        asked = Describe(task_queue=queue(f"queue {number}"), api_mode=ENHANCED, versions=versions)
        await describe(driver, asked)
        asked.report_stats = asked.report_pollers = asked.report_task_reachability = True
        asked.task_queue.name = f"reported {number}"
        asked.task_queue_types.append(ACTIVITY)
        await describe(driver, asked)


REFUSED = {
    "no namespace": Describe(namespace="", task_queue=queue()),
    "no queue": Describe(),
    "no name": Describe(task_queue=TaskQueue()),
    "no name, enhanced": Describe(task_queue=TaskQueue(), api_mode=ENHANCED),
    "reserved name": Describe(task_queue=queue("/_sys/x")),
    "another partition": Describe(task_queue=queue("/_sys/x/1")),
    "statistics of another partition": Describe(task_queue=queue("/_sys/x/1"), report_stats=True),
    "another partition, enhanced": Describe(task_queue=queue("/_sys/x/1"), api_mode=ENHANCED),
    "normal name of a normal queue": Describe(task_queue=TaskQueue(name="n", normal_name="q")),
    "normal name, enhanced": Describe(task_queue=TaskQueue(name="n", normal_name="q"), api_mode=ENHANCED),
    "unknown type": Describe(task_queue=queue(), task_queue_type=7),  # type: ignore[arg-type]  # not a type
    "nexus": Describe(task_queue=queue(), task_queue_type=TaskQueueType.TASK_QUEUE_TYPE_NEXUS),
}


@pytest.mark.parametrize("request_of", REFUSED.values(), ids=REFUSED.keys())
@on_both
async def test_a_request_is_checked(driver: Driver, request_of: Describe) -> None:
    await describe(driver, request_of)


@on_both
async def test_an_unknown_namespace(driver: Driver) -> None:
    await attempt(
        driver.send(driver.service.DescribeTaskQueue, Describe(namespace="nowhere", task_queue=TaskQueue(name="q")))
    )
    await attempt(driver.send(driver.service.DescribeTaskQueue, Describe(task_queue=TaskQueue(name="q"))))


@on_both
async def test_partitions(driver: Driver) -> None:
    for asked in (queue(), sticky_queue("sticky"), TaskQueue(), queue("/_sys/x/1"), None):
        request = api.ListTaskQueuePartitionsRequest(namespace=driver.namespace, task_queue=asked)
        await attempt(driver.send(driver.service.ListTaskQueuePartitions, request))
    nowhere = api.ListTaskQueuePartitionsRequest(namespace="nowhere")
    await attempt(driver.send(driver.service.ListTaskQueuePartitions, nowhere))
    normal = TaskQueue(name="q", kind=TaskQueueKind.TASK_QUEUE_KIND_NORMAL)
    nowhere.task_queue.CopyFrom(normal)
    await attempt(driver.send(driver.service.ListTaskQueuePartitions, nowhere))
