"""One run in the worker's cache: its replay core and its workflow code, driven through one workflow task at a time.

    CachedRun.begin(task) ; while step(): ... ; answer()

A run that failed a task, diverged or lost touch with the server is thrown away: the next task replays it from the first
event. So nothing that a failed task did stays.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable, Coroutine, Mapping
from datetime import datetime
from functools import partial
from typing import Any

from mainspring.replay.activation import Activation, Initialize
from mainspring.replay.core import Replay
from mainspring.replay.local import LocalResult
from mainspring.replay.requests import Completion, LocalActivityTask
from mainspring.replay.task import Task
from mainspring.worker._payload_codec import RunCodec
from mainspring.worker._run import WorkflowRun
from mainspring.worker._run_details import RunDetails, definition_error, info_of
from mainspring.workflow._definition import Definition
from mainspring.workflow._info import Info

logger = logging.getLogger("mainspring.worker")

Activate = Callable[[Callable[[], Completion], "CachedRun"], Awaitable[Completion]]
RunLocal = Callable[[LocalActivityTask, Info], Coroutine[Any, Any, LocalResult]]  # cancelling it cancels the activity
DEFAULT_TASK_TIMEOUT_S = 10.0


class WorkflowTaskError(Exception):
    """Workflow code cannot go on: the workflow task fails with the exception that is this one's cause."""


class CachedRun:
    """See the module."""

    def __init__(
        self, details: RunDetails, definitions: Mapping[str | None, Definition], workflow_id: str, run_id: str
    ) -> None:
        self.workflow_id = workflow_id
        self.run_id = run_id
        self.replay = Replay(details.namespace)
        self.lock = asyncio.Lock()  # one task at a time
        self.is_lost = False  # what workflow code holds is not what the server holds
        self.blocked_thread: asyncio.Future[Completion] | None = None  # that workflow code did not give back in time
        self.codec: RunCodec | None = None
        self.workflow_type = ""
        self.task_timeout_s = DEFAULT_TASK_TIMEOUT_S
        self.is_brief = True  # none of its activations has taken long
        self.is_repeating = False  # the present activation does what is in the history
        self.replaying_s = 0.0  # for how long the present task repeated what earlier ones did
        self._locals: dict[int, asyncio.Task[LocalResult]] = {}
        self._details = details
        self._definitions = definitions
        self._run: WorkflowRun | None = None

    @property
    def is_new(self) -> bool:
        """Whether it knows nothing of its history yet."""
        return self.replay.last_event_id == 0

    @property
    def started_at(self) -> datetime | None:
        """When the run was started, once that is known."""
        return self._run.state.info.workflow_start_time if self._run is not None else None

    def begin(self, task: Task) -> None:
        """See `Replay.begin`."""
        self.replaying_s = 0.0
        self.replay.begin(task)

    @property
    def is_blocked(self) -> bool:
        """Whether workflow code still holds a thread. It must not get another: it would hold that one, too."""
        return self.blocked_thread is not None and not self.blocked_thread.done()

    def reset(self) -> None:
        """Forget the run, to replay it from its first event."""
        self.evict()
        self.replay = Replay(self._details.namespace)
        self._run = None

    async def advance(self, activate: Activate) -> None:
        """Run workflow code until it waits for the server, or for local activities.

        Raises:
            Divergence: The history says something else.
            WorkflowTaskError: Workflow code failed in a way that does not end the run.
        """
        while (activation := self.replay.next_activation()) is not None:
            began = time.monotonic()
            run = self._run_for(activation)
            self.is_repeating = activation.is_replaying
            completion = await activate(partial(run.activate, activation), self)
            if activation.is_replaying:
                self.replaying_s += time.monotonic() - began
            if completion.error is not None:
                raise WorkflowTaskError from completion.error
            self.replay.apply(completion)

    async def finish_local_activities(self, run_local: RunLocal, within_s: float) -> bool:
        """Begin and cancel local activities as workflow code asked, and wait until one ends or the time is over.

        Returns:
            Whether any ended, so that workflow code can go on.
        """
        assert self._run is not None, "only workflow code asks for local activities"
        to_run, to_cancel = self.replay.take_local_activities()
        for task in to_run:
            self._locals[task.seq] = asyncio.create_task(run_local(task, self._run.state.info))
        if to_run and to_cancel:
            await asyncio.sleep(0)  # a task that has not begun would not see that it is cancelled
        for seq in to_cancel:
            if seq in self._locals:
                self._locals[seq].cancel()
        if not self._locals:
            return True
        await asyncio.wait(self._locals.values(), timeout=max(0.0, within_s), return_when=asyncio.FIRST_COMPLETED)
        ended = [seq for seq, running in self._locals.items() if running.done()]
        for seq in ended:
            self.replay.finish_local_activity(seq, self._locals.pop(seq).result())
        return bool(ended)

    def fails_on(self, error: BaseException) -> bool:
        """Whether such an exception ends the run, rather than its workflow task."""
        if self._run is not None:
            return self._run.state.is_failure(error)
        return isinstance(error, tuple(self._details.failure_exception_types))

    def stack_trace(self) -> str:
        return self._run.stack_trace() if self._run is not None else ""

    def evict(self) -> None:
        """Unwind workflow code. Coroutines that will not end are left to themselves, with their stacks in the log."""
        for running in self._locals.values():
            running.cancel()
        self._locals.clear()
        if self._run is None:
            return
        stacks = self._run.evict()
        if stacks:
            logger.error(
                "workflow %s (run %s) was thrown out of the cache, and some of its coroutines swallow their end: code "
                "that catches BaseException must raise it again. Their stacks:\n%s",
                *(self.workflow_id, self.run_id, "\n".join(stacks)),
            )

    def _run_for(self, activation: Activation) -> WorkflowRun:
        if self._run is None:
            begun_by = next(job for job in activation.jobs if isinstance(job, Initialize))
            self.workflow_type = begun_by.started.workflow_type.name
            definition = self._definitions.get(self.workflow_type) or self._definitions.get(None)
            if definition is None:
                known = {name: one for name, one in self._definitions.items() if name}
                raise WorkflowTaskError from definition_error(self.workflow_type, known)
            info = info_of(self._details, self.run_id, self.workflow_id, begun_by, activation.time_ns)
            self.task_timeout_s = info.task_timeout.total_seconds() or DEFAULT_TASK_TIMEOUT_S
            self._run = WorkflowRun(self._details, definition, info, begun_by)
        return self._run
