"""The activities of a worker, by name, checked when the worker is made.

One that is `async def` runs in the worker's event loop. One that is `def` runs on the executor that the user gave: in a
thread, or in another process, for which it must be picklable and a `SharedStateManager` must be there.
"""

from __future__ import annotations

import asyncio
import concurrent.futures
import inspect
import pickle
import threading
import warnings
from collections.abc import Callable, Iterator, Sequence
from typing import Any

from mainspring.activity._definition import Definition
from mainspring.common._composite_event import CompositeEvent
from mainspring.exceptions import ApplicationError
from mainspring.worker._activity_shared_state import SharedStateManager
from mainspring.worker._activity_tasks import Assignment


class ActivityRegistry:
    """What a worker can run, and where: `async def` in its loop, `def` on the executor."""

    def __init__(
        self,
        activities: Sequence[Callable[..., Any]],
        executor: concurrent.futures.Executor | None,
        shared_state_manager: SharedStateManager | None,
    ) -> None:
        """Check them all.

        Raises:
            ValueError: two have one name, or what one needs is missing.
            TypeError: one can be no activity of a worker.
        """
        self.executor = executor
        self.shared_state_manager = shared_state_manager
        self._by_name: dict[str, Definition] = {}
        self._dynamic: Definition | None = None
        for activity in activities:
            self._add(activity)

    @property
    def names(self) -> frozenset[str] | None:
        """Those that can be run; None if the dynamic one runs any."""
        return frozenset(self._by_name) if self._dynamic is None else None

    def has(self, name: str) -> bool:
        """Whether activities of this type can be run."""
        return self._dynamic is not None or name in self._by_name

    @property
    def uses_threads(self) -> bool:
        """Whether the executor runs activities in this process."""
        return isinstance(self.executor, concurrent.futures.ThreadPoolExecutor)

    async def new_shutdown_event(self) -> CompositeEvent:
        """What activities wait on to learn that the worker stops, in other processes too."""
        shared = self.shared_state_manager if self._needs_processes else None
        event = await asyncio.to_thread(shared.new_event) if shared is not None else threading.Event()
        return CompositeEvent(event, asyncio.Event())

    def find(self, assignment: Assignment) -> Definition:
        """The activity that runs this type.

        Raises:
            ApplicationError: there is none here; another worker may have it.
        """
        found = self._by_name.get(assignment.activity_type, self._dynamic)
        if found is None:
            about = f"{assignment.activity_type} for workflow {assignment.info.workflow_id}"
            raise ApplicationError(
                f"Activity function {about} is not registered on this worker, "
                f"available activities: {', '.join(sorted(self._by_name))}",
                type="NotFoundError",
            )
        return found

    def _add(self, activity: Callable[..., Any]) -> None:
        definition = Definition.must_from_callable(activity)
        if definition.name in self._by_name:
            raise ValueError(f"More than one activity named {definition.name}")
        if inspect.isclass(activity):
            raise TypeError(f"Activity named {definition.name} is a class instead of an instance")
        if inspect.isfunction(activity) and next(iter(inspect.signature(activity).parameters), None) == "self":
            warnings.warn(
                f"Activity named {definition.name} has a first parameter named self but is not bound to an instance, "
                "did you mean to register it from an instance of the class?",
                stacklevel=4,
            )
        if not definition.is_async:
            self._check_sync(definition)
        if definition.name:
            self._by_name[definition.name] = definition
        elif self._dynamic is not None:
            raise TypeError("More than one dynamic activity")
        else:
            self._dynamic = definition

    @property
    def _needs_processes(self) -> bool:
        return not self.uses_threads and not all(one.is_async for one in self._all())

    def _all(self) -> Iterator[Definition]:
        yield from self._by_name.values()
        if self._dynamic is not None:
            yield self._dynamic

    def _check_sync(self, definition: Definition) -> None:
        if self.executor is None:
            raise ValueError(f"Activity {definition.name} is not async so an activity_executor must be present")
        if not self.uses_threads and self.shared_state_manager is None:
            raise ValueError(
                f"Activity {definition.name} is not async and executor is not thread-pool executor, "
                "so a shared_state_manager must be present"
            )
        if isinstance(self.executor, concurrent.futures.ProcessPoolExecutor):
            try:
                pickle.dumps(definition.fn)
            except Exception as error:
                raise TypeError(
                    f"Activity {definition.name} must be picklable when using a process executor"
                ) from error
