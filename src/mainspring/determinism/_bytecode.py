"""Reads workflow code that has no source: compiled files, code made at run time.

Names are followed through the objects for which they stand: `t.sleep` is `time.sleep` if the global `t` is `time`.
What a condition or a block excludes cannot be told, so a function that has an unrestricted block is left alone.
"""

from __future__ import annotations

import dis
import sys
from collections.abc import Callable, Iterator
from types import CodeType, FunctionType
from typing import Any

from mainspring.determinism._findings import Finding
from mainspring.determinism._rules import ENVIRONMENT, MODULE_FUNCTIONS, READ_ONLY, Rule

GLOBALS = {"LOAD_GLOBAL", "LOAD_NAME"}
ATTRIBUTES = {"LOAD_ATTR", "LOAD_METHOD"}
MARKS = ("__temporal_activity_definition", "__temporal_workflow_definition")
MISSING = object()


def check_bytecode(roots: list[Callable[..., Any]], cls: type | None) -> list[Finding]:
    """Read functions, and what they call of the same module and class."""
    known = _known()
    waiting = [one for one in roots if isinstance(one, FunctionType)]
    seen: set[int] = set()
    findings: list[Finding] = []
    while waiting:
        function = waiting.pop(0)
        if id(function) in seen or "sandbox_unrestricted" in _names(function.__code__):
            continue
        seen.add(id(function))
        for line, reached in _reached(function.__code__, function, cls):
            if id(reached) in known:
                name, rule = known[id(reached)]
                where = function.__code__.co_filename
                findings.append(Finding(where, line, function.__qualname__, name, rule.instead))
            elif _is_followed(reached, function):
                waiting.append(reached)
    return sorted(dict.fromkeys(findings), key=lambda one: (one.path, one.line))


def _known() -> dict[int, tuple[str, Rule]]:
    """Forbidden objects by id; what is not imported anywhere needs no look."""
    known: dict[int, tuple[str, Rule]] = {}
    for name, rule in (MODULE_FUNCTIONS | READ_ONLY).items():
        module, _, attribute = name.rpartition(".")
        found = getattr(sys.modules.get(module), attribute, None)
        if found is not None:
            said = name if rule is ENVIRONMENT else f"{name.removeprefix('builtins.')}()"
            known.setdefault(id(found), (said, rule))  # `io.open` is `open`
    return known


def _reached(code: CodeType, function: FunctionType, cls: type | None) -> Iterator[tuple[int, Any]]:
    """The objects that a function's names and their attributes stand for, each with its line."""
    line, held = code.co_firstlineno, MISSING
    for instruction in dis.get_instructions(code):
        line = (instruction.positions.lineno if instruction.positions else None) or line
        if instruction.opname in GLOBALS:
            held = _global(function, instruction.argval)
        elif "LOAD_FAST" in instruction.opname:  # STORE_FAST_LOAD_FAST, LOAD_FAST_LOAD_FAST: with two names
            held = cls if cls is not None and _last(instruction.argval) == "self" else MISSING
            continue
        elif instruction.opname in ATTRIBUTES and held is not MISSING:
            held = _attribute(held, instruction.argval)
        elif instruction.opname not in {"CACHE", "PUSH_NULL"}:
            held = MISSING
        if held is not MISSING:
            yield line, held
    for inner in code.co_consts:
        if isinstance(inner, CodeType):
            yield from _reached(inner, function, cls)


def _last(names: str | tuple[str, ...]) -> str:
    return names if isinstance(names, str) else names[-1]


def _global(function: FunctionType, name: str) -> Any:
    builtins: Any = function.__globals__.get("__builtins__", {})
    found = function.__globals__.get(name, MISSING)
    if found is not MISSING:
        return found
    return getattr(builtins, name, MISSING) if isinstance(builtins, type(sys)) else builtins.get(name, MISSING)


def _attribute(owner: Any, name: str) -> Any:
    """An attribute of a module or a class, of which reading one does nothing."""
    return getattr(owner, name, MISSING) if isinstance(owner, type(sys) | type) else MISSING


def _is_followed(reached: Any, function: FunctionType) -> bool:
    return (
        isinstance(reached, FunctionType)
        and reached.__globals__ is function.__globals__
        and not any(hasattr(reached, mark) for mark in MARKS)
    )


def _names(code: CodeType) -> set[str]:
    names = set(code.co_names)
    for inner in code.co_consts:
        if isinstance(inner, CodeType):
            names |= _names(inner)
    return names
