"""What names mean in a module, as far as its text says: imports under any name, and what hides them.

import time as t; from os import environ          t.sleep -> "time.sleep"      environ -> "os.environ"
def open(path): ...                               open -> None: not the builtin
"""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator
from functools import lru_cache

Function = ast.FunctionDef | ast.AsyncFunctionDef
BUILTINS = {
    "open": "builtins.open",
    "input": "builtins.input",
    "set": "builtins.set",
    "frozenset": "builtins.frozenset",
}


class Module:
    """The names of one file."""

    def __init__(self, path: str, tree: ast.Module) -> None:
        self.path = path
        self.imports: dict[str, str] = {}
        self.functions: dict[str, Function] = {}
        self.classes: dict[str, ast.ClassDef] = {}  # by qualified name
        self.bound: set[str] = set()  # what the module itself makes of a name
        for node in body_nodes(tree.body):
            self.imports.update(imported(node))
            self.bound.update(bound_by(node))
            if isinstance(node, Function):
                self.functions[node.name] = node
            elif isinstance(node, ast.ClassDef):
                self._add_class(node, node.name)

    def _add_class(self, node: ast.ClassDef, name: str) -> None:
        self.classes[name] = node
        for inner in node.body:
            if isinstance(inner, ast.ClassDef):
                self._add_class(inner, f"{name}.{inner.name}")


class Scope:
    """The names of one function in a module, or of a function within it."""

    def __init__(self, module: Module, function: Function | ast.Lambda, outer: Scope | None = None) -> None:
        self.module = module
        self.imports: dict[str, str] = dict(outer.imports) if outer else {}
        self.hidden: set[str] = set(outer.hidden) if outer else set()
        body = function.body if isinstance(function.body, list) else [function.body]
        for node in body_nodes(body):
            self.imports.update(imported(node))
            self.hidden.update(bound_by(node))
        self.hidden.update(argument.arg for argument in _arguments(function.args))
        self.hidden -= self.imports.keys()

    def resolve(self, node: ast.expr) -> str | None:
        """The dotted name of what an expression stands for; None if the text does not say."""
        if isinstance(node, ast.Attribute):
            base = self.resolve(node.value)
            return None if base is None else f"{base}.{node.attr}"
        return self._resolve_name(node.id) if isinstance(node, ast.Name) else None

    def _resolve_name(self, name: str) -> str | None:
        if name in self.hidden:
            return None
        known = self.imports.get(name) or self.module.imports.get(name)
        if known is not None or name in self.module.bound:
            return known
        return BUILTINS.get(name)

    def function_called(self, node: ast.expr) -> Function | None:
        """The module's own function that a plain name stands for."""
        if isinstance(node, ast.Name) and node.id not in self.hidden:
            return self.module.functions.get(node.id)
        return None


@lru_cache(maxsize=256)
def module_of(path: str, text: str) -> Module | None:
    """The module of a text; None if it is not Python."""
    try:
        return Module(path, ast.parse(text))
    except (SyntaxError, ValueError):
        return None


def imported(node: ast.AST) -> dict[str, str]:
    """The names that an import binds, and what they stand for."""
    if isinstance(node, ast.Import):
        return {
            alias.asname or alias.name.partition(".")[0]: alias.name if alias.asname else alias.name.partition(".")[0]
            for alias in node.names
        }
    if isinstance(node, ast.ImportFrom):
        base = "." * node.level + (node.module or "")
        return {alias.asname or alias.name: f"{base}.{alias.name}" for alias in node.names}
    return {}


def bound_by(node: ast.AST) -> Iterator[str]:
    """The names that a node binds to something else than an import does."""
    if isinstance(node, Function | ast.ClassDef):
        yield node.name
    elif isinstance(node, ast.Name) and not isinstance(node.ctx, ast.Load):
        yield node.id
    elif isinstance(node, ast.ExceptHandler | ast.MatchAs | ast.MatchStar) and node.name:
        yield node.name


def body_nodes(body: Iterable[ast.AST]) -> Iterator[ast.AST]:
    """All nodes of a function's body that are in its own scope."""
    for node in body:
        yield node
        if not isinstance(node, Function | ast.ClassDef | ast.Lambda):
            yield from body_nodes(ast.iter_child_nodes(node))


def _arguments(arguments: ast.arguments) -> Iterator[ast.arg]:
    yield from (*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs)
    yield from (one for one in (arguments.vararg, arguments.kwarg) if one is not None)
