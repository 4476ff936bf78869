"""The fields of a class as its source explains them: what a reader sees beside the code, for a page."""

from __future__ import annotations

import ast
import io
import tokenize
from typing import NamedTuple


class Field(NamedTuple):
    """One assignment in the body of a class."""

    name: str
    section: str  # of the last `# -- title` line above it
    comment: str  # on any of its own lines, without the number sign


def comments(source: str) -> dict[int, str]:
    """Line number -> comment."""
    tokens = tokenize.generate_tokens(io.StringIO(source).readline)
    return {token.start[0]: token.string.lstrip("# ") for token in tokens if token.type == tokenize.COMMENT}


def fields(source: str, class_name: str) -> list[Field]:
    """The fields of one class, in order."""
    said = comments(source)
    owner = next(node for node in ast.parse(source).body if isinstance(node, ast.ClassDef) and node.name == class_name)
    found: list[Field] = []
    for node in owner.body:
        if isinstance(node, ast.AnnAssign | ast.Assign):
            target = node.target if isinstance(node, ast.AnnAssign) else node.targets[0]
            lines = range(node.lineno, (node.end_lineno or node.lineno) + 1)
            comment = " ".join(said[line] for line in lines if line in said)
            found.append(Field(ast.unparse(target), section_above(said, node.lineno), comment))
    return found


def section_above(said: dict[int, str], line: int) -> str:
    titles = [text.removeprefix("-- ") for at, text in said.items() if at < line and text.startswith("-- ")]
    return titles[-1] if titles else ""
