"""Finds workflow code in a module, and what of the same module it reaches: by plain calls, and by `self.name(...)`.

Activities and other workflows that it calls are not read with it: what they do is theirs. Nor are functions that are
only passed on; what runs them cannot be told from the text.
"""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator
from typing import NamedTuple

from mainspring.determinism._findings import Finding
from mainspring.determinism._names import Function, Module, Scope
from mainspring.determinism._reading import SDKS, Reading

HANDLERS = {"run", "init", "signal", "query", "update", "validator", "dynamic_config"}
DEFINITIONS = {"defn"}


class Method(NamedTuple):
    """A method, where it is written."""

    module: Module
    node: Function
    name: str  # "Orders.run"


def check_class(methods: dict[str, Method]) -> list[Finding]:
    """Read a workflow class, given all its methods by name, those of its bases too."""
    roots = [method for method in methods.values() if method.node.name == "__init__" or _is_handler(method)]
    return _read_from(roots, methods)


def check_function(module: Module, node: Function) -> list[Finding]:
    """Read a workflow that is a function."""
    return _read_from([Method(module, node, node.name)], {})


def methods_in(module: Module, class_name: str) -> dict[str, Method]:
    """The methods of a class by name, those of its bases in the same module too."""
    node = module.classes.get(class_name)
    if node is None:
        return {}
    found: dict[str, Method] = {}
    for base in reversed(node.bases):
        if isinstance(base, ast.Name) and base.id != class_name:
            found.update(methods_in(module, base.id))
    found.update(own_methods(module, class_name))
    return found


def own_methods(module: Module, class_name: str) -> dict[str, Method]:
    """The methods that stand in the class itself."""
    node = module.classes.get(class_name)
    body = node.body if node is not None else []
    return {one.name: Method(module, one, f"{class_name}.{one.name}") for one in body if isinstance(one, Function)}


def workflows_in(module: Module) -> Iterator[str | Function]:
    """The workflows of a module: names of classes, and functions."""
    for name, node in module.classes.items():
        if _has_decorator(module, node.decorator_list, DEFINITIONS, ".workflow."):
            yield name
    for function in module.functions.values():
        if _has_decorator(module, function.decorator_list, DEFINITIONS, ".workflow."):
            yield function


def _read_from(roots: Iterable[Method], methods: dict[str, Method]) -> list[Finding]:
    waiting = list(roots)
    seen: set[int] = set()
    findings: list[Finding] = []
    while waiting:
        method = waiting.pop(0)
        if id(method.node) in seen:
            continue
        seen.add(id(method.node))
        reading = Reading(method.module, method.node, method.name)
        findings += reading.findings
        waiting += [
            Method(method.module, function, function.name)
            for function in reading.functions
            if not _has_decorator(method.module, function.decorator_list, DEFINITIONS, ".")
        ]
        waiting += [methods[name] for name in reading.methods if name in methods]
    return sorted(findings, key=lambda one: (one.path, one.line))


def _is_handler(method: Method) -> bool:
    return _has_decorator(method.module, method.node.decorator_list, HANDLERS, ".")


def _has_decorator(module: Module, decorators: Iterable[ast.expr], names: set[str], within: str) -> bool:
    """Whether a decorator is one of the SDK's, or a validator of an update handler (`handler.validator`)."""
    scope = Scope(module, ast.Lambda(ast.arguments([], [], None, [], [], None, []), ast.Constant(None)))
    for decorator in decorators:
        node = decorator.func if isinstance(decorator, ast.Call) else decorator
        resolved = scope.resolve(node) or ""
        is_of_sdk = resolved.startswith(SDKS) and within in resolved and resolved.rpartition(".")[2] in names
        if is_of_sdk or (isinstance(node, ast.Attribute) and node.attr == "validator" and "validator" in names):
            return True
    return False
