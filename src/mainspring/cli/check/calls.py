"""What workflow code does with activities, and with what it has to wait for.

workflow.execute_activity(create_vm, order)      create_vm bounds itself, or the call has to
create_vm(order)   create_vm.start(order)        the same; a plain `def` cannot be called so, an `async def` is awaited
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from typing import Final, NamedTuple

from mainspring.cli.check.program import Complaint, Program, definitions, has_timeout, mark_of, sdk_name
from mainspring.determinism._names import Function, Module, Scope

_WAYS: Final = [f"{local}activity{kind}" for local in ("", "local_") for kind in ("", "_method", "_class")]
EXECUTES: Final = {f"workflow.execute_{way}" for way in _WAYS}
STARTS: Final = {f"workflow.start_{way}" for way in _WAYS}
AWAITED: Final = {*EXECUTES, "workflow.sleep", "workflow.wait_condition", "workflow.execute_child_workflow"} | {
    "workflow.start_child_workflow"
}


class Place(NamedTuple):
    """Where code stands."""

    program: Program
    module: Module
    scope: Scope

    def complaint(self, node: ast.expr, code: str, message: str) -> Complaint:
        return Complaint(self.module.path, node.lineno, code, message)


def wrong_calls(program: Program) -> Iterator[Complaint]:
    """All of them, file by file."""
    for module in program.modules:
        workflow_classes = {
            name for name, node in module.classes.items() if mark_of(module, node, {"workflow.defn"}) is not None
        }
        for name, node in definitions(module):
            if isinstance(node, Function):
                is_workflow = name.rpartition(".")[0] in workflow_classes or mark_of(module, node, {"workflow.defn"})
                yield from in_function(Place(program, module, Scope(module, node)), node, is_workflow=bool(is_workflow))


def in_function(place: Place, function: Function, *, is_workflow: bool) -> Iterator[Complaint]:
    lost = {id(node.value) for node in ast.walk(function) if isinstance(node, ast.Expr)}
    for node in ast.walk(function):
        if not isinstance(node, ast.Call):
            continue
        name = sdk_name(place.scope, node.func)
        if name in EXECUTES | STARTS:
            yield from scheduling(place, node)
        if name in AWAITED and id(node) in lost:
            yield place.complaint(node, "not-awaited", f"{name}(...) does nothing unless it is awaited: write `await`")
        if is_workflow and not name:
            yield from plain_call(place, node, is_lost=id(node) in lost)


def scheduling(place: Place, call: ast.Call) -> Iterator[Complaint]:
    """`workflow.execute_activity(...)` and its kin."""
    targets = [*call.args[:1], *(each.value for each in call.keywords if each.arg == "activity")]
    if not targets or has_timeout(call.keywords):
        return
    target = targets[0]
    if isinstance(target, ast.Constant) and isinstance(target.value, str):
        yield without_timeout(place, call, target.value, "")
        return
    activity = place.program.activity(place.scope, target)
    if activity is not None and not activity.has_timeout:
        yield without_timeout(place, call, activity.name, " or to its @activity.defn")


def plain_call(place: Place, call: ast.Call, *, is_lost: bool) -> Iterator[Complaint]:
    """`create_vm(order)`, `create_vm.start(order)`, `create_vm.with_options(...)(order)`."""
    way, target, options = parts_of(call)
    activity = place.program.activity(place.scope, target)
    if activity is None:
        return
    if not activity.has_timeout and not has_timeout(options):
        yield without_timeout(place, call, activity.name, " by with_options(...), or to its @activity.defn")
    if not way and not activity.is_async:
        name = activity.name
        message = f"activity {name} is a plain function, and a workflow cannot wait in one: `await {name}.execute(...)`"
        yield place.complaint(call, "plain-call", message)
    elif is_lost and way != "start":
        message = f"activity {activity.name} does not run unless it is awaited: write `await`, or call its start(...)"
        yield place.complaint(call, "not-awaited", message)


def parts_of(call: ast.Call) -> tuple[str, ast.expr, list[ast.keyword]]:
    """The way of a call (`start`, `execute`, `with_options` or none), what is called, and options that it was given."""
    function = call.func
    way = ""
    if isinstance(function, ast.Attribute) and function.attr in {"start", "execute"}:
        way, function = function.attr, function.value
    if isinstance(function, ast.Call) and isinstance(function.func, ast.Attribute):
        inner = function.func
        if inner.attr == "with_options":
            return way or "with_options", inner.value, function.keywords
    return way, function, []


def without_timeout(place: Place, call: ast.Call, name: str, elsewhere: str) -> Complaint:
    message = (
        f"activity {name} has no timeout, so that a worker which is lost would never be noticed: add "
        f"start_to_close_timeout=timedelta(...) to this call{elsewhere}"
    )
    return place.complaint(call, "no-timeout", message)
