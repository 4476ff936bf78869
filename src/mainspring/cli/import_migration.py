"""Programs for the official SDK, changed to import this one: only names in code, nothing else in a file.

    import temporalio.client            ->  import mainspring.client
    from temporalio import workflow     ->  from mainspring import workflow
    temporalio.common.RetryPolicy(...)  ->  mainspring.common.RetryPolicy(...)
    import temporalio.api.common.v1         stays: the API's messages are the official ones

The file is parsed to find the names and edited in its text, so that comments, strings and layout stay as they are. Both
packages have names of one length, so no line changes its length either. What ours lacks is left alone and reported.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import NamedTuple

import mainspring

OFFICIAL, OURS = "temporalio", "mainspring"
KEPT = f"{OFFICIAL}.api"
PACKAGE = Path(mainspring.__file__).parent


class Finding(NamedTuple):
    """A place that the author has to look at."""

    line: int
    text: str


class Migration(NamedTuple):
    """A file's text after the change, and what could not be changed."""

    text: str
    findings: list[Finding]


class Place(NamedTuple):
    """Where the official package's name stands: line from 1, column in bytes of UTF-8, as the parser counts."""

    line: int
    column: int


def migrate(text: str) -> Migration:
    """Change a program.

    Raises: SyntaxError: this is no Python.
    """
    tree = ast.parse(text)
    places: list[Place] = []
    findings: list[Finding] = []
    for node in ast.walk(tree):
        for found in in_node(node):
            if isinstance(found, Place):
                places.append(found)
            else:
                findings.append(found)
    findings += unknown_attributes(tree)
    return Migration(edited(text, places), sorted(set(findings)))


def in_node(node: ast.AST) -> Iterator[Place | Finding]:
    if isinstance(node, ast.Import):
        yield from in_import(node)
    elif isinstance(node, ast.ImportFrom) and node.level == 0 and is_official(node.module or ""):
        yield from in_import_from(node, node.module or "")
    elif isinstance(node, ast.Attribute):
        yield from in_chain(node)
    elif isinstance(node, ast.Constant) and isinstance(node.value, str) and is_official(node.value):
        yield Finding(node.lineno, f"the text {node.value!r} is left as it is")


def in_import(node: ast.Import) -> Iterator[Place | Finding]:
    for alias in node.names:
        if not is_official(alias.name) or is_kept(alias.name):
            continue
        if exports(alias.name) is None:
            yield Finding(node.lineno, f"{alias.name} has no counterpart")
        else:
            yield Place(alias.lineno, alias.col_offset)


def in_import_from(node: ast.ImportFrom, module: str) -> Iterator[Place | Finding]:
    if is_kept(module):
        return
    names = [f"{module}.{alias.name}" for alias in node.names if alias.name != "*"]
    lacking = [name for name in names if is_kept(name) or not is_there(name)]
    if lacking == names and all(map(is_kept, names)) and names:
        return
    for name in lacking:
        what = "stays in temporalio" if is_kept(name) else "has no counterpart"
        yield Finding(node.lineno, f"{name} {what}: the import is left as it is")
    if not lacking:
        yield Place(node.lineno, node.col_offset + len("from "))


def in_chain(node: ast.Attribute) -> Iterator[Place | Finding]:
    """`temporalio.a.b.C`: each of its attributes is a node of its own; the shortest one stands for all."""
    if not isinstance(node.value, ast.Name) or node.value.id != OFFICIAL or is_kept(f"{OFFICIAL}.{node.attr}"):
        return
    if exports(f"{OFFICIAL}.{node.attr}") is None:
        yield Finding(node.lineno, f"{OFFICIAL}.{node.attr} has no counterpart")
    else:
        yield Place(node.value.lineno, node.value.col_offset)


def unknown_attributes(tree: ast.Module) -> Iterator[Finding]:
    """Attributes that are asked of modules which ours has, and which it has not."""
    modules = dict(bound_modules(tree))
    for node in ast.walk(tree):
        if not isinstance(node, ast.Attribute):
            continue
        name = full_name(node, modules)
        module, _, attribute = name.rpartition(".")
        if exports(module) is not None and not is_there(name) and not is_kept(name) and not attribute.startswith("_"):
            yield Finding(node.lineno, f"{name} has no counterpart")


def bound_modules(tree: ast.Module) -> Iterator[tuple[str, str]]:
    """Names in the file that stand for modules of the official SDK."""
    yield OFFICIAL, OFFICIAL
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from ((alias.asname, alias.name) for alias in node.names if alias.asname and is_official(alias.name))
        elif isinstance(node, ast.ImportFrom) and node.level == 0 and is_official(node.module or ""):
            full = {alias.asname or alias.name: f"{node.module}.{alias.name}" for alias in node.names}
            yield from ((name, module) for name, module in full.items() if exports(module) is not None)


def full_name(node: ast.expr, modules: dict[str, str]) -> str:
    """The official dotted name of an expression; '' for anything else."""
    if isinstance(node, ast.Name):
        return modules.get(node.id, "")
    if isinstance(node, ast.Attribute):
        inner = full_name(node.value, modules)
        return f"{inner}.{node.attr}" if inner else ""
    return ""


def edited(text: str, places: list[Place]) -> str:
    """The text with our package's name at the places."""
    lines = text.encode("utf-8").splitlines(keepends=True)
    for line, column in places:
        old = lines[line - 1]
        start = old.index(OFFICIAL.encode(), column)
        lines[line - 1] = old[:start] + OURS.encode() + old[start + len(OFFICIAL) :]
    return b"".join(lines).decode("utf-8")


def is_official(name: str) -> bool:
    return name == OFFICIAL or name.startswith(f"{OFFICIAL}.")


def is_kept(name: str) -> bool:
    return name == KEPT or name.startswith(f"{KEPT}.")


def is_there(name: str) -> bool:
    """Whether ours has the module, or the module the name."""
    module, _, attribute = name.rpartition(".")
    return exports(name) is not None or attribute in (exports(module) or ())


@cache
def exports(module: str) -> frozenset[str] | None:
    """What our module of this official name has in `__all__`, read without importing it; None without the module."""
    if not is_official(module):
        return None
    path = PACKAGE.joinpath(*module.split(".")[1:])
    file = path / "__init__.py" if path.is_dir() else path.with_name(f"{path.name}.py")
    if not file.exists() or "server" in module.split("."):
        return None
    for node in ast.parse(file.read_text("utf-8")).body:
        if isinstance(node, ast.Assign) and any(isinstance(t, ast.Name) and t.id == "__all__" for t in node.targets):
            return frozenset(ast.literal_eval(node.value))
    return frozenset()
