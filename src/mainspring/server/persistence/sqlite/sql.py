"""The statements of this store, by name, read once from the `.sql` files beside it.

    -- name: due_runs        SQL["due_runs"]     ... wake_at <= ?1 ... LIMIT ?2      a tuple: (now, limit)
    ... :now ... :limit      NAMED["due_runs"]   ... wake_at <= :now ... LIMIT :limit   a dict

A tuple follows the order in which the statement names its parameters first. On the path of every commit it costs a
quarter less than a dict; names are kept for the lists of visibility, whose filters bring parameters of their own.
"""

from __future__ import annotations

import re
from importlib.resources import files
from typing import Final

PACKAGE = "mainspring.server.persistence.sqlite"

_NAME = re.compile(r"^-- name: (\w+)$", re.MULTILINE)
_PARAMETER = re.compile(r":(\w+)")
_COMMENT = re.compile(r"--.*")


def parse(text: str) -> dict[str, str]:
    """The statements of one file, by name, without comments. What stands before the first name belongs to none."""
    parts = _NAME.split(text)
    return {name: _COMMENT.sub("", body).strip() for name, body in zip(parts[1::2], parts[2::2], strict=True)}


def order_of(statement: str) -> tuple[str, ...]:
    """The names of a statement's parameters, each once, in the order of a tuple of values."""
    return tuple(dict.fromkeys(_PARAMETER.findall(statement)))


def positional(statement: str) -> str:
    """The statement with `?1`, `?2`, ... in place of names."""
    numbers = {name: number for number, name in enumerate(order_of(statement), start=1)}
    return _PARAMETER.sub(lambda match: f"?{numbers[match[1]]}", statement)


def _load() -> dict[str, str]:
    found: dict[str, str] = {}
    for path in sorted(files(PACKAGE).iterdir(), key=lambda path: path.name):
        if path.name.endswith(".sql") and path.name != "schema.sql":
            found |= parse(path.read_text("utf-8"))
    return found


NAMED: Final = _load()
SQL: Final = {name: positional(statement) for name, statement in NAMED.items()}
