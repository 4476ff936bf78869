"""The state of one run that its parts share: what it asked for in this activation, and what it may do now.

WorkflowRun (_run.py)   the hub: loop, activations, the workflow object, top-level coroutines
  |- Handlers           signals, queries, updates                     (_run_handlers.py)
  |- Calls              activities, children, other workflows         (_run_calls.py)
  |- Properties         memo, search attributes, versions of code     (_run_properties.py)
  `- RunRuntime         what workflow code sees                       (_run_runtime.py)
"""

from __future__ import annotations

import asyncio
import logging
import sys
from collections import defaultdict
from collections.abc import Generator, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypeVar

from temporalio.api.common.v1 import Payload
from temporalio.api.failure.v1 import ApplicationFailureInfo, Failure
from temporalio.api.sdk.v1 import UserMetadata

from mainspring.common import RawValue
from mainspring.converter import PayloadConverter
from mainspring.exceptions import ApplicationError, FailureError
from mainspring.replay.activation import Activation
from mainspring.replay.requests import Completion, Request
from mainspring.worker._loop import WorkflowLoop
from mainspring.worker._run_details import Converters, RunDetails
from mainspring.workflow._definition import Definition
from mainspring.workflow._exceptions import ReadOnlyContextError
from mainspring.workflow._handler_definitions import QueryDefinition, SignalDefinition, UpdateDefinition
from mainspring.workflow._info import Info

logger = logging.getLogger("mainspring.worker")

T = TypeVar("T")
Handler = SignalDefinition | QueryDefinition | UpdateDefinition
PACKAGE = str(Path(__file__).resolve().parent.parent)
LIBRARY = str(Path(asyncio.__file__).resolve().parent)
MOST_EVICTED_ASKS = 100  # of one run, while it is thrown out of the cache


class _WorkflowBeingEvictedError(BaseException):  # the official name, which users may have in their code
    """Workflow code tries to act while its run is thrown out of the cache. Not an error of anybody's."""


class RunState:
    """See the module."""

    def __init__(self, details: RunDetails, definition: Definition, info: Info, loop: WorkflowLoop) -> None:
        self.details = details
        self.definition = definition
        self.info = info
        self.loop = loop
        self.converters = Converters(details.data_converter, info)
        self.completion = Completion()
        self.activation: Activation | None = None  # the present one
        self.is_replaying = False
        self.is_evicting = False
        self.is_single_batch = False  # all jobs of this activation were applied before any code ran
        self.is_read_only = False
        self.is_in_query_or_validator = False
        self.cancel_reason: str | None = None
        self.failure_exception_types = definition.failure_exception_types
        self.instance: Any = None  # of the workflow class
        self.tasks: dict[asyncio.Task[Any], None] = {}  # in the order in which they were made
        self._whose = f"(workflow: {info.workflow_type}, id: {info.workflow_id}, run: {info.run_id})"
        self._asked_in_vain = 0
        self._seqs: defaultdict[str, int] = defaultdict(int)

    # -- asking

    def ask(self, request: Request) -> None:
        """Add a request to those of this activation.

        Raises:
            ReadOnlyContextError: A query or a validator may not.
            _WorkflowBeingEvictedError: The run is thrown out of the cache; the code that asks is unwound by this.
        """
        self.assert_may_act("add command")
        if self.is_evicting:
            return
        if self.is_replaying:
            request.where = where_in_workflow()
        self.completion.requests.append(request)

    def named(self, task_name: str) -> str:
        """The name of a task that says whose it is."""
        return f"{task_name} {self._whose}"

    def keep(self, task: asyncio.Task[Any]) -> None:
        """Hold a task until it is done; asyncio itself holds tasks weakly."""
        self.hold(task)
        task.add_done_callback(self.forget)

    def hold(self, task: asyncio.Task[Any]) -> None:
        """Hold a task that sees to it that it is forgotten."""
        self.tasks[task] = None
        task._log_destroy_pending = False  # type: ignore[attr-defined]  # an evicted run may leave some

    def forget(self, task: asyncio.Task[Any]) -> None:
        """A task is over."""
        self.tasks.pop(task, None)

    def next_seq(self, kind: str) -> int:
        """The number of the next request of a kind."""
        self._seqs[kind] += 1
        return self._seqs[kind]

    def assert_may_act(self, action: str) -> None:
        """See `ask`."""
        if self.is_evicting:
            self._asked_in_vain += 1
            if self._asked_in_vain > MOST_EVICTED_ASKS:
                return  # code that swallows the error would ask for ever; so it waits, in vain
            raise _WorkflowBeingEvictedError(f"Ignoring {action} while evicting workflow. This is not an error.")
        if self.is_read_only:
            raise ReadOnlyContextError(f"While in read-only function, action attempted: {action}")

    @contextmanager
    def read_only(self, *, in_query_or_validator: bool) -> Generator[None]:
        """Within this, workflow code may only look."""
        before = self.is_read_only, self.is_in_query_or_validator, self.loop.takes_callbacks
        self.is_read_only, self.is_in_query_or_validator = True, in_query_or_validator
        self.loop.takes_callbacks = in_query_or_validator  # those may await, within themselves
        try:
            yield
        finally:
            self.is_read_only, self.is_in_query_or_validator, self.loop.takes_callbacks = before

    def use_flag(self, flag: int) -> bool:
        """Whether a numbered change of behaviour holds: the history says so, or this is new."""
        known = self.activation.flags if self.activation else frozenset[int]()
        if flag in known:
            return True
        if self.is_replaying:
            return False
        self.completion.used_flags.add(flag)
        return True

    def use_default_flag(self, flag: int) -> bool:
        """As `use_flag`, for a change that new runs have only if their worker says so."""
        known = self.activation.flags if self.activation else frozenset[int]()
        return flag in known or (flag in self.details.default_flags and self.use_flag(flag))

    # -- failing

    def is_failure(self, error: BaseException) -> bool:
        """Whether an exception of workflow code fails the run, rather than its workflow task."""
        fails_run = (*self.failure_exception_types, *self.details.failure_exception_types)
        return isinstance(error, (FailureError, asyncio.TimeoutError, *fails_run))

    # -- converting

    def decode(
        self, payloads: Sequence[Payload], types: list[type] | None, converter: PayloadConverter | None = None
    ) -> list[Any]:
        """Values of payloads, each by its own type as far as there are types."""
        if not payloads:
            return []
        # Arguments that nothing takes make the call fail, which says more than a hint of the wrong parameter would.
        hints = None if types is None or len(payloads) > len(types) else types[: len(payloads)]
        try:
            return (converter or self.converters.payload).from_payloads(payloads, hints)
        except FailureError:
            raise
        except Exception as error:
            declared = next((one for one in _causes(error) if self.is_failure(one)), None)
            if declared is not None:
                raise declared  # noqa: B904 - converters say more around it, users named it
            raise RuntimeError("Failed decoding arguments") from error

    def decode_arguments(self, name: str, payloads: Sequence[Payload], handler: Handler) -> list[Any]:
        """Arguments as the handler takes them; a dynamic one takes the name and raw values."""
        if handler.name:
            return self.decode(payloads, handler.arg_types)
        if handler.dynamic_vararg:
            types = handler.arg_types[1:] if handler.arg_types else None
            return [name, *self.decode(payloads, types)]
        raw: Any = [RawValue] * len(payloads)
        return [name, self.decode(payloads, raw)]

    def encode(self, value: Any) -> Payload:
        """The payload of one result."""
        payloads = self.converters.payload.to_payloads([value])
        if len(payloads) != 1:
            raise ValueError(f"Expected 1 result payload, got {len(payloads)}")
        return payloads[0]

    def fail_task_by(self, error: BaseException) -> None:
        """Workflow code raised what is no `Exception`, as `pytest.fail` does: nobody else would ever hear of it.

        Raises: the error itself, if it ends the program or the coroutine.
        """
        if isinstance(error, (SystemExit, KeyboardInterrupt, GeneratorExit)):
            raise error
        task_error = RuntimeError(f"workflow code raised {type(error).__name__}, which is no Exception: {error}")
        task_error.__cause__ = error
        self.loop.task_error = task_error

    def failure_of(self, error: BaseException) -> Failure:
        """The failure that says what an exception of workflow code was, less what cannot be converted.

        Never raises: whoever waits for the run would hear nothing of it.
        """
        try:
            return self._converted(error)
        except Exception as why:
            logger.exception(
                "Failed converting an exception of workflow %s, leaving its details out", self.info.workflow_type
            )
            bare = without_details(error, why)
        try:
            return self._converted(bare)
        except Exception:  # of the failure converter itself; what it was to hide is not shown
            logger.exception("Failed converting an exception of workflow %s", self.info.workflow_type)
            info = ApplicationFailureInfo(type=bare.type or "")
            return Failure(message="Failed converting workflow exception", application_failure_info=info)

    def _converted(self, error: BaseException) -> Failure:
        failure = Failure()
        self.converters.failure.to_failure(error, self.converters.payload, failure)
        return failure

    def summary(self, summary: str | None, details: str | None = None) -> UserMetadata | None:
        """What a command says for people."""
        if not summary and not details:
            return None
        metadata = UserMetadata()
        if summary:
            metadata.summary.CopyFrom(self.converters.payload.to_payload(summary))
        if details:
            metadata.details.CopyFrom(self.converters.payload.to_payload(details))
        return metadata


def without_details(error: BaseException, why: Exception) -> ApplicationError:
    """An error of the same words and consequences. `why`: what was wrong with its details, its cause, or theirs."""
    cause = ApplicationError(f"what came with the error could not be converted: {why}", type=type(why).__name__)
    if isinstance(error, ApplicationError):
        bare = ApplicationError(
            error.message,
            type=error.type,
            non_retryable=error.non_retryable,
            next_retry_delay=error.next_retry_delay,
            category=error.category,
        )
    else:
        message = error.message if isinstance(error, FailureError) else str(error)
        bare = ApplicationError(message, type=type(error).__name__)
    bare.__traceback__, bare.__cause__ = error.__traceback__, cause
    return bare


def _causes(error: BaseException) -> Iterator[BaseException]:
    """The error, what it was raised from, and so on."""
    cause: BaseException | None = error
    while cause is not None:
        yield cause
        cause = cause.__cause__


def where_in_workflow() -> str:
    """`file.py:12` of the innermost code that is neither ours nor asyncio's."""
    frame = sys._getframe(2)
    while frame.f_back is not None and frame.f_code.co_filename.startswith((PACKAGE, LIBRARY)):
        frame = frame.f_back
    return f"{Path(frame.f_code.co_filename).name}:{frame.f_lineno}"


async def shielded(future: asyncio.Future[T]) -> T:
    """Wait for a future that goes on if the waiter is cancelled.

    As `asyncio.shield`, without its complaint about an exception that nobody hears; and with as many turns of the loop
    as `asyncio.wait` takes, which the order of commands depends on.
    """
    waiter = future.get_loop().create_future()

    def wake(_: object) -> None:
        if not waiter.done():
            waiter.set_result(None)

    future.add_done_callback(wake)
    try:
        await waiter
    finally:
        future.remove_done_callback(wake)
    return future.result()
