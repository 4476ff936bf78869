"""What decorators and workers refuse: `@workflow.defn`, its members, `@activity.defn`, two of one name.

The words are those of the errors that would be raised; unlike those, all complaints about a file come at once.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from typing import Final

from mainspring.cli.check.program import Complaint, Mark, Program, definitions, mark_of
from mainspring.determinism._names import Function, Module
from mainspring.determinism._workflows import Method, methods_in

HANDLERS: Final = {"workflow.signal", "workflow.query", "workflow.update"}
MUTABLE: Final = (ast.List, ast.Dict, ast.Set, ast.ListComp, ast.DictComp, ast.SetComp)
MAKERS: Final = {"list", "dict", "set", "bytearray"}


def wrong_definitions(program: Program) -> Iterator[Complaint]:
    """All of them, file by file."""
    for module in program.modules:
        for name, node in definitions(module):
            workflow = mark_of(module, node, {"workflow.defn"})
            if workflow is not None and isinstance(node, ast.ClassDef):
                yield from workflow_class(module, name, node)
            elif workflow is not None and isinstance(node, Function):
                yield from workflow_function(module, name, node)
            if isinstance(node, Function) and mark_of(module, node, {"activity.defn"}) is not None:
                yield from keyword_only(module, f"activity {name}", node)
        yield from local_classes(module)
        yield from doubles(module, "workflow.defn", "workflows")
        yield from doubles(module, "activity.defn", "activities")


def workflow_function(module: Module, name: str, node: Function) -> Iterator[Complaint]:
    if not isinstance(node, ast.AsyncFunctionDef):
        yield Complaint(
            module.path,
            node.lineno,
            "sync-workflow",
            f"workflow {name} is a plain function: write `async def`, or decorate it with @activity.defn if it has "
            "effects",
        )
    yield from keyword_only(module, f"workflow {name}", node)
    yield from mutable_defaults(module, f"workflow {name}", node)


def workflow_class(module: Module, name: str, node: ast.ClassDef) -> Iterator[Complaint]:
    methods = methods_in(module, name)
    runs = [method for method in methods.values() if mark_of(method.module, method.node, {"workflow.run"})]
    knows_bases = all(isinstance(base, ast.Name) and base.id in module.classes for base in node.bases)
    if not runs and knows_bases:
        message = f"workflow {name} has no run method: decorate one with @workflow.run"
        yield Complaint(module.path, node.lineno, "no-run", message)
    own = [method for method in runs if method.name.rpartition(".")[0] == name]
    for method in own[1:]:
        message = f"workflow {name} has several run methods, {own[0].node.name} among them: leave one @workflow.run"
        yield Complaint(module.path, method.node.lineno, "several-runs", message)
    for method in own:
        yield from run_method(module, method)
    init = methods.get("__init__")
    if init is not None and own and mark_of(module, init.node, {"workflow.init"}):
        yield from mutable_defaults(module, f"workflow {name}", init.node)
        if parameters(init.node) != parameters(own[0].node):
            message = f"@workflow.init of {name} takes other parameters than {own[0].node.name}: give it the same"
            yield Complaint(module.path, init.node.lineno, "init-parameters", message)
    yield from handlers(module, name, list(methods.values()))


def run_method(module: Module, method: Method) -> Iterator[Complaint]:
    if not isinstance(method.node, ast.AsyncFunctionDef):
        message = f"run method {method.name} is a plain function: write `async def`"
        yield Complaint(module.path, method.node.lineno, "sync-workflow", message)
    yield from needed_by_keyword(module, f"workflow {method.name}", method.node)
    yield from mutable_defaults(module, f"workflow {method.name}", method.node)


def handlers(module: Module, name: str, methods: list[Method]) -> Iterator[Complaint]:
    """Signals, queries and updates of a class."""
    seen: dict[tuple[str, str], str] = {}
    for method in methods:
        mark = mark_of(method.module, method.node, HANDLERS)
        if mark is None:
            continue
        kind = mark.name.removeprefix("workflow.")
        yield from needed_by_keyword(module, f"{kind} handler {method.name}", method.node)
        yield from mutable_defaults(module, f"{kind} handler {method.name}", method.node)
        if kind == "query" and isinstance(method.node, ast.AsyncFunctionDef):
            message = f"query handler {method.name} is `async`, but a query only reads: write `def`"
            yield Complaint(module.path, method.node.lineno, "async-query", message)
        key = kind, handler_name(mark, method.node)
        if key in seen:
            message = f"workflow {name} has two {kind} handlers called {key[1]}, {seen[key]} is the other: rename one"
            yield Complaint(module.path, method.node.lineno, "same-name", message)
        seen[key] = method.node.name


def handler_name(mark: Mark, node: Function) -> str:
    return "(dynamic)" if mark.has("dynamic") else mark.text("name") or node.name


def keyword_only(module: Module, what: str, node: Function) -> Iterator[Complaint]:
    for argument in node.args.kwonlyargs:
        message = f"{what} has the keyword-only parameter {argument.arg!r}: callers pass by position, so drop the `*`"
        yield Complaint(module.path, argument.lineno, "keyword-only", message)


def needed_by_keyword(module: Module, what: str, node: Function) -> Iterator[Complaint]:
    for argument, default in zip(node.args.kwonlyargs, node.args.kw_defaults, strict=True):
        if default is None:
            message = (
                f"{what} has the keyword-only parameter {argument.arg!r}, but arguments come by position: drop "
                "the `*`, or give it a default"
            )
            yield Complaint(module.path, argument.lineno, "keyword-only", message)


def mutable_defaults(module: Module, what: str, node: Function) -> Iterator[Complaint]:
    arguments = [*node.args.posonlyargs, *node.args.args]
    without = len(arguments) - len(node.args.defaults)
    pairs = [
        *zip(arguments[without:], node.args.defaults, strict=True),
        *zip(node.args.kwonlyargs, node.args.kw_defaults, strict=True),
    ]
    for argument, default in pairs:
        if default is not None and is_mutable(default):
            message = (
                f"{what} has a mutable default for parameter {argument.arg!r}, which all runs in a worker would "
                "share: default to None and make the object inside"
            )
            yield Complaint(module.path, argument.lineno, "mutable-default", message)


def is_mutable(node: ast.expr) -> bool:
    is_made = isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in MAKERS
    return is_made or isinstance(node, MUTABLE)


def parameters(node: Function) -> list[str]:
    """What a method takes after `self`, whatever the names."""
    arguments = [*node.args.posonlyargs, *node.args.args][1:]
    types = ["" if one.annotation is None else ast.dump(one.annotation) for one in arguments]
    return [*types, *(ast.dump(default) for default in node.args.defaults)]


def local_classes(module: Module) -> Iterator[Complaint]:
    """Workflow classes inside functions: nobody could find them by name."""
    for function in module.functions.values():
        for node in ast.walk(function):
            if isinstance(node, ast.ClassDef) and mark_of(module, node, {"workflow.defn"}):
                message = f"workflow {node.name} is made inside function {function.name}: move it to the module"
                yield Complaint(module.path, node.lineno, "local-workflow", message)


def doubles(module: Module, mark_name: str, what: str) -> Iterator[Complaint]:
    """Two of one name cannot be in one worker."""
    seen: dict[str, int] = {}
    for _, node in definitions(module):
        mark = mark_of(module, node, {mark_name})
        if mark is None or mark.has("dynamic"):
            continue
        called = mark.text("name") or (node.name if not mark.has("name") else "")
        if called in seen:
            message = f"two {what} are called {called}, the other is in line {seen[called]}: rename one"
            yield Complaint(module.path, node.lineno, "same-name", message)
        elif called:
            seen[called] = node.lineno
