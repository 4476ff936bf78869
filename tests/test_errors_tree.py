"""Each side has one tree of errors, drawn at the top of its module; the drawing is the real tree."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

from tests.house import PACKAGE, ROOT, Source, read, sample

pytestmark = pytest.mark.house

MODULES = [PACKAGE / "server/engine/errors.py", PACKAGE / "exceptions.py"]
BRANCH = re.compile(r"^(?P<indent>[│ ]*)(?P<twig>[├└]── )?(?P<name>[A-Z]\w+)(?:  .*)?$")

Tree = dict[str, str]
"""The name of each error -> the name of the one that it stands under; '' for the root."""


def drawn(source: Source) -> Tree:
    """The tree as the docstring draws it, four columns a level."""
    tree: Tree = {}
    above: list[str] = []
    for line in (ast.get_docstring(source.tree) or "").splitlines():
        found = BRANCH.match(line.removeprefix("    "))
        if found is None or (found["twig"] is None and tree):
            continue
        level = len(found["indent"] + (found["twig"] or "")) // 4
        above[level:] = [found["name"]]
        tree[found["name"]] = above[level - 1] if level else ""
    return tree


def declared(source: Source) -> Tree:
    """The tree as the classes make it; what derives from nothing of this module is a root."""
    classes = [node for node in source.tree.body if isinstance(node, ast.ClassDef)]
    bases = {node.name: [base.id for base in node.bases if isinstance(base, ast.Name)] for node in classes}
    errors: Tree = {}
    for name, parents in bases.items():
        inside = [parent for parent in parents if parent in errors]
        if inside or "Exception" in parents:
            errors[name] = inside[0] if inside else ""
    return errors


@pytest.mark.parametrize("path", [path for path in MODULES if (ROOT / path).exists()], ids=str)
def test_the_drawing_is_the_tree(path: Path) -> None:
    source = read(ROOT / path)
    assert drawn(source) == declared(source)


@pytest.mark.parametrize("path", [path for path in MODULES if (ROOT / path).exists()], ids=str)
def test_a_tree_has_one_root(path: Path) -> None:
    assert list(declared(read(ROOT / path)).values()).count("") == 1


GOOD = '''"""Errors.

    RootError
    ├── NotFound       nothing there
    │   └── NoSuchRun
    └── BadCommand

Text that Follows the drawing.
"""

class RootError(Exception): ...
class NotFound(RootError): ...
class NoSuchRun(NotFound): ...
class BadCommand(RootError): ...
class Plain: ...
'''


def test_a_good_drawing_is_read_whole() -> None:
    tree = {"RootError": "", "NotFound": "RootError", "NoSuchRun": "NotFound", "BadCommand": "RootError"}
    assert drawn(sample(GOOD)) == tree == declared(sample(GOOD))


@pytest.mark.parametrize(
    "old, new",
    [
        ("class NoSuchRun(NotFound): ...\n", ""),
        ("class NoSuchRun(NotFound)", "class NoSuchRun(RootError)"),
        ("class Plain: ...", "class Plain(NotFound): ..."),
        ("    └── BadCommand\n", ""),
        ("    │   └── NoSuchRun", "    ├── NoSuchRun"),
    ],
)
def test_a_wrong_drawing_is_found(old: str, new: str) -> None:
    wrong = sample(GOOD.replace(old, new))
    assert old in GOOD
    assert drawn(wrong) != declared(wrong)
