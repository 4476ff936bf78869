"""What every run can be asked: where its tasks wait, and which handlers it has.

    task "run":  _run_top_level -> Orders.run, orders.py:12 -> Orders.charge, orders.py:30

A stack goes from a task's first coroutine to the one that waits. What an async generator waits for is not seen: Python
does not tell.
"""

from __future__ import annotations

import asyncio
import traceback
from collections.abc import Iterable
from pathlib import Path
from types import FrameType
from typing import Any

from temporalio.api.sdk.v1 import (
    EnhancedStackTrace,
    StackTrace,
    StackTraceFileLocation,
    StackTraceFileSlice,
    StackTraceSDKInfo,
    WorkflowDefinition,
    WorkflowInteractionDefinition,
    WorkflowMetadata,
)

from mainspring import __version__
from mainspring.worker._run_handlers import Handlers
from mainspring.worker._run_state import RunState
from mainspring.workflow._handler_definitions import QueryDefinition, SignalDefinition, UpdateDefinition

SDK_NAME = "mainspring-python"


def stack_trace(state: RunState) -> str:
    """The stacks of the run's tasks, as text; without that of the task that asks."""
    return "\n\n".join(
        f"Stack for {task!r} (most recent call last):\n"
        + "\n".join(
            traceback.format_list(
                [
                    traceback.FrameSummary(frame.f_code.co_filename, frame.f_lineno, frame.f_code.co_name)
                    for frame in frames(task)
                ]
            )
        )
        for task in _waiting(state)
    )


def enhanced_stack_trace(state: RunState) -> EnhancedStackTrace:
    """The stacks of the run's tasks with the files that they are in."""
    stacks = [
        StackTrace(
            locations=[
                StackTraceFileLocation(
                    file_path=frame.f_code.co_filename,
                    line=frame.f_lineno,
                    column=-1,
                    function_name=frame.f_code.co_name,
                )
                for frame in frames(task)
            ]
        )
        for task in _waiting(state)
    ]
    names = {location.file_path for stack in stacks for location in stack.locations}
    sources = {name: StackTraceFileSlice(line_offset=0, content=_read(name)) for name in sorted(names)}
    return EnhancedStackTrace(sdk=StackTraceSDKInfo(name=SDK_NAME, version=__version__), sources=sources, stacks=stacks)


def frames(task: asyncio.Task[Any]) -> list[FrameType]:
    """Where a task waits, from its first coroutine to the last one that it awaits; `get_stack` knows only the first."""
    found: list[FrameType] = []
    awaited: Any = task.get_coro()
    while awaited is not None:
        frame: FrameType | None = getattr(awaited, "cr_frame", None) or getattr(awaited, "gi_frame", None)
        if frame is not None:
            found.append(frame)
        awaited = getattr(awaited, "cr_await", None) or getattr(awaited, "gi_yieldfrom", None)
    return found


def metadata(state: RunState, handlers: Handlers, current_details: str) -> WorkflowMetadata:
    """Which handlers the run has, and what it says of itself."""
    definition = WorkflowDefinition(
        type=state.info.workflow_type,
        query_definitions=_described(handlers.queries.values()),
        signal_definitions=_described(handlers.signals.values()),
        update_definitions=_described(handlers.updates.values()),
    )
    return WorkflowMetadata(definition=definition, current_details=current_details)


def _waiting(state: RunState) -> list[asyncio.Task[Any]]:
    asking = asyncio.current_task() if asyncio._get_running_loop() is not None else None
    return [task for task in state.tasks if task is not asking]


def _described(
    definitions: Iterable[QueryDefinition | SignalDefinition | UpdateDefinition],
) -> list[WorkflowInteractionDefinition]:
    described = [
        WorkflowInteractionDefinition(name=one.name or "", description=one.description or "") for one in definitions
    ]
    return sorted(described, key=lambda one: one.name)


def _read(name: str) -> str:
    try:
        return Path(name).read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        return f"Cannot access code.\n---\n{error}"
