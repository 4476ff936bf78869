"""The event loop of one workflow run: asyncio that moves only while the run is activated, always in the same order.

    with Running(loop):
        loop.call_soon(...); loop.run_ready()      until nothing is ready; then the run waits, holding no thread

Ready callbacks run in the order in which they became ready. Time is the workflow task's. Timers are durable:
`call_later` asks `start_timer`, and the callback becomes ready when the history says that the timer fired. Tasks and
futures hash by the order in which they were made, so that the sets inside `asyncio.wait` and `TaskGroup` keep one order
on every replay, whatever the addresses of their members are. There are no sockets, subprocesses, threads or executors.
"""

from __future__ import annotations

import asyncio
import asyncio.tasks
import contextvars
import itertools
import logging
import sys
from collections import deque
from collections.abc import AsyncGenerator, Callable, Coroutine, Generator
from typing import Any, Protocol, TypeVar, TypeVarTuple

from mainspring.determinism._guards import GUARDS
from mainspring.determinism._loop_calls import RefusingLoop

logger = logging.getLogger("mainspring.worker")
ABOUT = ("task", "future", "handle", "asyncgen")  # what asyncio tells of an exception that nobody waits for

T = TypeVar("T")
Ts = TypeVarTuple("Ts")
Context = dict[str, Any]  # what asyncio gives to exception handlers
ExceptionHandler = Callable[[asyncio.AbstractEventLoop, Context], object]


class Timers(Protocol):
    """Who makes timers durable."""

    def start_timer(self, handle: WorkflowTimerHandle, delay_s: float) -> None:
        """Begin to wait; `loop.fire(handle)` is called when the time has come."""

    def cancel_timer(self, handle: WorkflowTimerHandle) -> None:
        """Nobody waits for it any more."""

    def made_task(self, task: asyncio.Task[Any], name: str | None) -> None:
        """A task of workflow code was made."""

    def refuse_callback(self) -> None:
        """Raise what is to be raised in place of making a callback ready."""


class WorkflowTimerHandle(asyncio.TimerHandle):
    """A timer of `call_later`. `seq` is the timer's number in the run, once it was started."""

    seq = 0


class WorkflowFuture(asyncio.Future[T]):
    """A future with a place in the order of its loop's futures and tasks."""

    def __init__(self, loop: WorkflowLoop) -> None:
        self._number = loop.next_number()
        super().__init__(loop=loop)

    def __hash__(self) -> int:
        return self._number

    __eq__ = object.__eq__


class WorkflowTask(asyncio.Task[T]):
    """A task with a place in the order of its loop's futures and tasks."""

    def __init__(
        self,
        coro: Generator[Any, None, T] | Coroutine[Any, Any, T],
        *,
        loop: WorkflowLoop,
        name: str | None = None,
        context: contextvars.Context | None = None,
    ) -> None:
        self._number = loop.next_number()
        super().__init__(coro, loop=loop, name=name, context=context)

    def __hash__(self) -> int:
        return self._number

    __eq__ = object.__eq__


class WorkflowLoop(RefusingLoop):
    """See the module. What it lacks raises `ForbiddenCallError`, or NotImplementedError as in asyncio's base class."""

    def __init__(self, timers: Timers) -> None:
        self.time_ns = 0  # since the epoch
        self.is_evicted = False
        self.takes_callbacks = True
        self.task_error: BaseException | None = None  # why this workflow task cannot go on
        self._timers = timers
        self._ready: deque[asyncio.Handle] = deque()
        self._exception_handler: ExceptionHandler | None = None
        self.next_number = itertools.count(1).__next__  # the place of a new future or task

    def run_ready(self) -> None:
        """Run what is ready now, and what becomes ready by that. Raises: `task_error`, once it is there."""
        while self._ready:
            handle = self._ready.popleft()
            if handle._cancelled:
                continue
            try:  # what `handle._run()` does, for half of its price
                handle._context.run(handle._callback, *handle._args)  # type: ignore[attr-defined]  # typeshed lacks it
            except (SystemExit, KeyboardInterrupt):
                raise
            except BaseException as error:  # noqa: BLE001 - as in asyncio
                about = f"Exception in callback {handle!r}"
                self.call_exception_handler({"message": about, "exception": error, "handle": handle})
            if self.task_error is not None and not self.is_evicted:
                raise self.task_error

    @property
    def is_ready(self) -> bool:
        return bool(self._ready)

    def fire(self, handle: asyncio.Handle) -> None:
        """A timer is over: its callback is ready."""
        self._ready.append(handle)

    def close_generator(self, generator: AsyncGenerator[Any, Any]) -> None:
        """Run the rest of an async generator of this loop that was left before its end, as asyncio does.

        One that only the garbage collector finds, when the run is not activated, is dropped: its cleanup must not run
        in somebody else's loop, and what it asks for could not be repeated.
        """
        if asyncio._get_running_loop() is self:
            _ = self.create_task(generator.aclose(), name="close async generator")  # the run keeps its tasks

    # -- asyncio's side

    def call_soon(
        self, callback: Callable[[*Ts], object], *args: *Ts, context: contextvars.Context | None = None
    ) -> asyncio.Handle:
        """Make the callback ready.

        Raises:
            ReadOnlyContextError: A callback of the worker's may start nothing.
        """
        if not self.takes_callbacks:
            self._timers.refuse_callback()
        handle = asyncio.Handle(callback, args, self, context)
        self._ready.append(handle)
        return handle

    def call_later(
        self, delay: float, callback: Callable[[*Ts], object], *args: *Ts, context: contextvars.Context | None = None
    ) -> asyncio.TimerHandle:
        handle = WorkflowTimerHandle(self.time() + delay, callback, args, self, context)
        self._timers.start_timer(handle, delay)
        return handle

    def call_at(
        self, when: float, callback: Callable[[*Ts], object], *args: *Ts, context: contextvars.Context | None = None
    ) -> asyncio.TimerHandle:
        # To the microsecond: the difference of two times since the epoch is no more exact, and 5 s shall stay 5 s.
        return self.call_later(max(0.0, round(when - self.time(), 6)), callback, *args, context=context)

    def _timer_handle_cancelled(self, handle: asyncio.TimerHandle) -> None:
        if isinstance(handle, WorkflowTimerHandle):
            self._timers.cancel_timer(handle)

    def time(self) -> float:
        return self.time_ns / 1e9

    def create_future(self) -> asyncio.Future[Any]:
        return WorkflowFuture(self)

    def create_task(
        self,
        coro: Generator[Any, None, T] | Coroutine[Any, Any, T],
        *,
        name: str | None = None,
        context: contextvars.Context | None = None,
        **_options: object,  # `eager_start` of Python 3.14: a task begins when its turn comes
    ) -> asyncio.Task[T]:
        task = WorkflowTask(coro, loop=self, name=name, context=context)
        self._timers.made_task(task, name)
        return task

    # False: every future, task and callback asks, and this answers without a frame.
    get_debug = staticmethod(bool)  # pyright: ignore[reportAssignmentType] - it is called the same way

    def is_running(self) -> bool:
        return True

    def is_closed(self) -> bool:
        return False

    def get_task_factory(self) -> None:
        return None

    def get_exception_handler(self) -> ExceptionHandler | None:
        return self._exception_handler

    def set_exception_handler(self, handler: ExceptionHandler | None) -> None:
        self._exception_handler = handler

    def default_exception_handler(self, context: Context) -> None:
        """Log it; tasks tell in their names whose they are."""
        about = [f"{name}: {context[name]!r}" for name in ABOUT if name in context]
        what = context.get("message") or "Unhandled exception in a workflow's event loop"
        logger.error("%s", "\n".join([what, *about]), exc_info=context.get("exception"))

    def call_exception_handler(self, context: Context) -> None:
        """Something went wrong where nobody waits for it: an exception in a callback, a task's never retrieved.

        Of a run that was evicted nothing is said: all its tasks were broken off.
        """
        if self.is_evicted:
            return
        if self._exception_handler is not None:
            self._exception_handler(self, context)
        else:
            self.default_exception_handler(context)


class Running:
    """Within this, the workflow's loop is the running one of this thread; then it is the one that was before."""

    def __init__(self, loop: WorkflowLoop) -> None:
        self._loop = loop

    def __enter__(self) -> None:
        self._outer = asyncio._get_running_loop()
        self._outer_task = _swap_current_task(self._outer, None)
        self._outer_hooks = sys.get_asyncgen_hooks()
        GUARDS.enter()
        asyncio._set_running_loop(self._loop)
        sys.set_asyncgen_hooks(firstiter=None, finalizer=self._loop.close_generator)

    def __exit__(self, *_error: object) -> None:
        sys.set_asyncgen_hooks(*self._outer_hooks)
        asyncio._set_running_loop(self._outer)
        GUARDS.leave()
        _swap_current_task(self._outer, self._outer_task)


def _swap_current_task(
    loop: asyncio.AbstractEventLoop | None, task: asyncio.Task[Any] | None
) -> asyncio.Task[Any] | None:
    """No task of the outer loop is the current one while another loop's tasks run; Python 3.12 insists on it."""
    return SWAP(loop, task) if loop is not None else None


def _swap_in_3_11(loop: asyncio.AbstractEventLoop, task: asyncio.Task[Any] | None) -> asyncio.Task[Any] | None:
    current: dict[asyncio.AbstractEventLoop, asyncio.Task[Any]] = vars(asyncio.tasks)["_current_tasks"]
    outer = current.pop(loop, None)
    if task is not None:
        current[loop] = task
    return outer


SWAP = getattr(asyncio.tasks, "_swap_current_task", _swap_in_3_11)
