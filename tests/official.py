"""What the official Python SDK calls its things: names that the SDK here shares, with their shape.

official_names() -> {"Client.connect", "start_activity", "RetryPolicy", ...}
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from functools import cache
from importlib.util import find_spec
from pathlib import Path

WITHOUT = {"api", "bridge"}  # generated, and not for users


def official_files() -> Iterator[Path]:
    """The official SDK's own sources, as installed."""
    spec = find_spec("temporalio")
    assert spec is not None
    assert spec.submodule_search_locations is not None
    root = Path(spec.submodule_search_locations[0])
    return (path for path in sorted(root.rglob("*.py")) if path.relative_to(root).parts[0] not in WITHOUT)


@cache
def official_names() -> frozenset[str]:
    """Every function and class with its dotted name inside its module, private ones too."""
    return frozenset(name for path in official_files() for name in names_in(ast.parse(path.read_text("utf-8")), ""))


def names_in(node: ast.AST, prefix: str) -> Iterator[str]:
    for child in ast.iter_child_nodes(node):
        if isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            yield prefix + child.name
        if isinstance(child, ast.ClassDef):
            yield from names_in(child, f"{prefix}{child.name}.")
        elif not isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef):
            yield from names_in(child, prefix)
