"""`mainspring workflow trace`: a run and its children as a tree.

On a terminal the tree is drawn again while the workflow goes on; in a pipe it is printed when the workflow has closed,
and so is JSON, which the official command line does not have here.
"""

from __future__ import annotations

import asyncio
from collections.abc import Collection
from typing import Final

import click
from temporalio.api.common.v1 import WorkflowExecution
from temporalio.api.workflowservice.v1 import DescribeWorkflowExecutionRequest

from mainspring.cli import remote
from mainspring.cli.session import Session
from mainspring.cli.workflow.event_pages import events
from mainspring.cli.workflow.target import target_options
from mainspring.cli.workflow.tracing import Traced, branch, in_json
from mainspring.service import RPCError, RPCStatusCode

FOLDABLE: Final = {
    "running": "Running",
    "completed": "Completed",
    "failed": "Failed",
    "canceled": "Canceled",
    "terminated": "Terminated",
    "timedout": "TimedOut",
    "continueasnew": "ContinuedAsNew",
}
FOLDED: Final = ("completed", "canceled", "terminated")
REFRESH_S: Final = 1.0


@remote.command("trace", failed="failed tracing workflow")
@target_options
@click.option(
    "--fold",
    multiple=True,
    type=click.Choice(list(FOLDABLE), case_sensitive=False),
    help="Children of that status are shown in one line; completed, canceled and terminated ones unless it is given."
    " May be given several times.",
)
@click.option("--no-fold", is_flag=True, help="Show all children in full.")
@click.option("--depth", type=int, default=-1, help="How many levels of children are followed; all unless it is given.")
@click.option(
    "--concurrency", type=click.IntRange(min=1), default=10, help="How many histories are read at a time; 10."
)
async def command(
    session: Session,
    target: WorkflowExecution,
    *,
    fold: tuple[str, ...],
    no_fold: bool,
    depth: int,
    concurrency: int,
) -> None:
    """Show a workflow and its children as a tree, until it closes. JSON has them when it has closed."""
    folded = frozenset(() if no_fold else [FOLDABLE[name] for name in fold or FOLDED])
    root = await described(session, target)
    tracer = Tracer(session, depth=depth, concurrency=concurrency, folded=folded)
    session.output.heading("Progress:")
    await follow(tracer, root)
    if session.output.is_json:
        session.output.record(in_json(root, folded))


async def described(session: Session, target: WorkflowExecution) -> Traced:
    """The run that is meant, after a card that says what it is."""
    request = DescribeWorkflowExecutionRequest(namespace=session.namespace, execution=target)
    info = (await session.workflow.describe_workflow_execution(request)).workflow_execution_info
    session.output.heading("Execution summary:")
    session.output.card(
        {
            "WorkflowId": info.execution.workflow_id,
            "RunId": info.execution.run_id,
            "Type": info.type.name,
            "Namespace": session.namespace,
            "TaskQueue": info.task_queue,
        }
    )
    session.output.line()
    run = info.execution
    return Traced(info.type.name, "Scheduled", workflow_id=run.workflow_id, run_id=run.run_id)


async def follow(tracer: Tracer, root: Traced) -> None:
    """Read until the workflow closes, and draw the tree; on a terminal again and again meanwhile."""
    reading = asyncio.create_task(tracer.read(root))
    try:
        with tracer.session.output.drawing() as draw:
            while not (await asyncio.wait([reading], timeout=REFRESH_S))[0]:
                draw(branch(root, tracer.folded), is_last=False)
            reading.result()
            draw(branch(root, tracer.folded), is_last=True)
    finally:
        reading.cancel()


class Tracer:
    """Reads the histories of a run and of its children, all at the same time."""

    def __init__(self, session: Session, *, depth: int, concurrency: int, folded: Collection[str]) -> None:
        self.session = session
        self.folded = folded
        self._depth = depth
        self._places = asyncio.Semaphore(concurrency)

    def __repr__(self) -> str:
        return f"<Tracer depth={self._depth} folded={sorted(self.folded)}>"

    async def read(self, run: Traced) -> None:
        """Take in the events of a run until it closes, and those of its children.

        A child that outlives its parent is left as it is then.
        """
        children: dict[str, asyncio.Task[None]] = {}
        try:
            async with self._places:
                await self._take_in(run, children, follow=False)
            if not run.is_closed:  # outside: runs that go on must not keep others from being read
                await self._take_in(run, children, follow=True)
            ended = [children[child.run_id] for child in run.children if child.is_closed and child.run_id in children]
            await asyncio.gather(*ended)
        finally:
            for task in children.values():
                task.cancel()
            await asyncio.gather(*children.values(), return_exceptions=True)

    async def _take_in(self, run: Traced, children: dict[str, asyncio.Task[None]], *, follow: bool) -> None:
        target = WorkflowExecution(workflow_id=run.workflow_id, run_id=run.run_id)
        async for event in events(self.session, target, follow=follow):
            run.apply(event)
            if self._depth < 0 or run.depth < self._depth:
                for child in run.children:
                    if child.run_id and child.run_id not in children:
                        children[child.run_id] = asyncio.create_task(self._read_child(child))

    async def _read_child(self, child: Traced) -> None:
        """As `read`, but not if it is shown in one line: its parent's page of events may have said so by now."""
        if child.status in self.folded:
            return
        try:
            await self.read(child)
        except RPCError as error:
            if error.status is not RPCStatusCode.NOT_FOUND:
                raise
            child.notes.append("its history is gone")
