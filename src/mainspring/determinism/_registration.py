"""What is done when `@workflow.defn` makes a definition: its code is read, and its module's names are guarded.

A warning for each finding, at the finding's file and line. It never stops a program that runs; `strict` makes it.
"""

from __future__ import annotations

import linecache
import warnings
from collections.abc import Callable
from types import FunctionType
from typing import Any

from mainspring.determinism._allowed import allowed_codes
from mainspring.determinism._bytecode import check_bytecode
from mainspring.determinism._errors import NondeterminismWarning, UnorderedWarning
from mainspring.determinism._findings import Finding, FindingKind
from mainspring.determinism._guards import GUARDS
from mainspring.determinism._names import Module, module_of
from mainspring.determinism._places import defines_workflows
from mainspring.determinism._workflows import Method, check_class, check_function, own_methods


def registered_class(cls: type, handlers: list[Callable[..., Any]]) -> None:
    """A class became a workflow. `handlers`: its run method, and those that answer signals, queries and updates."""
    _own_module(cls.__module__, handlers)
    _warn(_findings_of_class(cls, handlers))


def registered_function(function: Callable[..., Any]) -> None:
    """A function became a workflow."""
    _own_module(function.__module__, [function])
    _warn(_findings_of_function(function))


def _own_module(name: str, functions: list[Callable[..., Any]]) -> None:
    defines_workflows(name)
    for function in functions:
        if isinstance(function, FunctionType):
            GUARDS.adopt(function.__globals__)


def _findings_of_class(cls: type, handlers: list[Callable[..., Any]]) -> list[Finding]:
    methods: dict[str, Method] = {}
    for base in reversed(cls.__mro__[:-1]):
        functions = [one for one in vars(base).values() if isinstance(one, FunctionType)]
        module = _source_of(functions[0]) if functions else None
        if module is not None:
            methods.update(own_methods(module, base.__qualname__))
    return check_class(methods) if methods else check_bytecode(handlers, cls)


def _findings_of_function(function: Callable[..., Any]) -> list[Finding]:
    if not isinstance(function, FunctionType):
        return []
    module = _source_of(function)
    node = module.functions.get(function.__name__) if module is not None else None
    return check_function(module, node) if module and node else check_bytecode([function], None)


def _source_of(function: FunctionType) -> Module | None:
    """The module in which a function is written; None if its source cannot be had."""
    path = function.__code__.co_filename
    text = "".join(linecache.getlines(path, function.__globals__))
    return module_of(path, text) if text else None


def _warn(findings: list[Finding]) -> None:
    for finding in findings:
        if finding.kind.value in allowed_codes("".join(linecache.getlines(finding.path))).get(finding.line, ()):
            continue
        is_order = finding.kind is FindingKind.UNORDERED
        warnings.warn_explicit(
            f"{finding.name} in workflow code ({finding.function}): {finding.instead}",
            UnorderedWarning if is_order else NondeterminismWarning,
            finding.path,
            finding.line,
        )
