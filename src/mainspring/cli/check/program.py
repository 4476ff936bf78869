"""The files that are checked, and what they mark as workflows and activities.

A name stands for the same activity in each file that imports it, as far as the files that were given say.
"""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Final, NamedTuple

from mainspring.determinism._names import Function, Module, Scope
from mainspring.determinism._reading import SDKS

TIMEOUTS: Final = {"start_to_close_timeout", "schedule_to_close_timeout"}

_NO_ARGUMENTS: Final = ast.arguments([], [], None, [], [], None, [])


class Complaint(NamedTuple):
    """Something to be mended."""

    path: str
    line: int
    code: str
    message: str

    def __str__(self) -> str:
        return f"{self.path}:{self.line}: {self.message} [{self.code}]"


class Mark(NamedTuple):
    """A decorator of the SDK's."""

    name: str
    """`workflow.defn`, `activity.defn`, `workflow.signal`, ..."""
    keywords: Sequence[ast.keyword]

    @property
    def has_timeout(self) -> bool:
        return has_timeout(self.keywords)

    def text(self, keyword: str) -> str | None:
        """A keyword's text, if it is written there."""
        values = [each.value for each in self.keywords if each.arg == keyword]
        is_text = values and isinstance(values[0], ast.Constant) and isinstance(values[0].value, str)
        return ast.literal_eval(values[0]) if is_text else None

    def has(self, keyword: str) -> bool:
        return any(each.arg in {keyword, None} for each in self.keywords)


class Activity(NamedTuple):
    """An activity that a file defines."""

    name: str
    """As it is written: `create_vm`, `Machines.boot`."""
    is_async: bool
    has_timeout: bool


class Program:
    """All files that are checked together."""

    def __init__(self, modules: Sequence[Module]) -> None:
        self.modules = modules
        self._activities: dict[tuple[str, str], Activity] = {}
        for module in modules:
            for name, node in definitions(module):
                mark = mark_of(module, node, {"activity.defn"})
                if mark is not None:
                    activity = Activity(name, isinstance(node, ast.AsyncFunctionDef), mark.has_timeout)
                    self._activities[last_name(module), name] = activity

    def activity(self, scope: Scope, node: ast.expr) -> Activity | None:
        """The activity that an expression stands for; None if it is none, or if that is not known."""
        own = written_name(node)
        if own and own.partition(".")[0] not in scope.hidden:
            found = self._activities.get((last_name(scope.module), own))
            if found is not None:
                return found
        parts = (scope.resolve(node) or "").split(".")
        places = [(".".join(parts[:-count]).rpartition(".")[2], ".".join(parts[-count:])) for count in (1, 2)]
        return next((self._activities[place] for place in places if place in self._activities), None)


def definitions(module: Module) -> Iterator[tuple[str, Function | ast.ClassDef]]:
    """Functions, classes and methods, with the names that they have in the module."""
    yield from module.functions.items()
    for name, node in module.classes.items():
        yield name, node
        for one in node.body:
            if isinstance(one, Function):
                yield f"{name}.{one.name}", one


def mark_of(module: Module, node: Function | ast.ClassDef, names: set[str]) -> Mark | None:
    """The first of its decorators that is one of these of the SDK."""
    found = (mark for mark in marks_of(module, node.decorator_list) if mark.name in names)
    return next(found, None)


def marks_of(module: Module, decorators: Iterable[ast.expr]) -> Iterator[Mark]:
    scope = Scope(module, ast.Lambda(_NO_ARGUMENTS, ast.Constant(None)))
    for decorator in decorators:
        function, keywords = (
            (decorator.func, decorator.keywords) if isinstance(decorator, ast.Call) else (decorator, [])
        )
        name = sdk_name(scope, function)
        if name:
            yield Mark(name, keywords)


def sdk_name(scope: Scope, node: ast.expr) -> str:
    """`workflow.execute_activity`; '' for what is not the SDK's."""
    resolved = scope.resolve(node) or ""
    return ".".join(resolved.split(".")[1:]) if resolved.startswith(SDKS) else ""


def has_timeout(keywords: Sequence[ast.keyword]) -> bool:
    """Whether one bounds an activity; `**options` may have it."""
    return any(each.arg is None or each.arg in TIMEOUTS for each in keywords)


def last_name(module: Module) -> str:
    """The last part of a module's name, by its file."""
    path = Path(module.path)
    return path.resolve().parent.name if path.stem == "__init__" else path.stem


def written_name(node: ast.expr) -> str:
    """`a` or `A.b`, as it is written; '' for anything else."""
    if isinstance(node, ast.Name):
        return node.id
    inner = written_name(node.value) if isinstance(node, ast.Attribute) else ""
    return f"{inner}.{node.attr}" if inner and isinstance(node, ast.Attribute) else ""
