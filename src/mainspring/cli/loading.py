"""What people name on a line: a file, a module, or something in one of them.

    app.py    package/app.py    package.app        a module
    app.py:create_vm    package.app:create_vm      what is called so in it

Importing runs the user's code, so whatever goes wrong there is told in one sentence with the place in that code.
"""

from __future__ import annotations

import importlib
import sys
import traceback
from pathlib import Path
from types import ModuleType, TracebackType
from typing import NamedTuple

import click


class Place(NamedTuple):
    """Where a module is: the directory that imports begin at, and its dotted name."""

    root: Path
    module: str
    file: Path | None
    """The file, if a file was named."""


class LoadError(click.ClickException):
    """Nothing could be loaded, and why."""


def load(target: str) -> object:
    """The module, or the thing in a module, that a target names.

    Raises: LoadError: there is none, or its code fails.
    """
    place, attribute = place_of(target)
    if str(place.root) not in sys.path:
        sys.path.insert(0, str(place.root))
    module = imported(place, target)
    if not attribute:
        return module
    try:
        return getattr(module, attribute)
    except AttributeError as error:
        raise LoadError(f"{target}: {error}") from error


def place_of(target: str) -> tuple[Place, str]:
    """Where the target's module is, and the name that is asked for in it; '' for all of it.

    Raises: LoadError: it is a file that is not there, or that cannot be imported under its name.
    """
    head, _, tail = target.rpartition(":")
    name, attribute = (head, tail) if head and tail.isidentifier() else (target, "")
    path = Path(name)
    if path.suffix == ".py" or path.is_dir():
        return place_of_file(path), attribute
    return Place(Path.cwd(), name, None), attribute


def place_of_file(path: Path) -> Place:
    """A file in a package is imported as the package's, so that its relative imports work."""
    file = path / "__init__.py" if path.is_dir() else path
    if not file.is_file():
        raise LoadError(f"there is no file {file}")
    folder = file.resolve().parent
    parts = [] if file.stem == "__init__" else [file.stem]
    while (folder / "__init__.py").is_file():
        parts.insert(0, folder.name)
        folder = folder.parent
    if any("." in part for part in parts):
        raise LoadError(f"{path} cannot be imported: rename it, since {'.'.join(parts)} would mean a package")
    return Place(folder, ".".join(parts), file.resolve())


def imported(place: Place, target: str) -> ModuleType:
    try:
        module = importlib.import_module(place.module)
    except (Exception, SystemExit) as error:
        raise LoadError(f"cannot import {target}: {why(error, place)}") from error
    found = getattr(module, "__file__", None)
    if place.file is not None and (found is None or Path(found).resolve() != place.file):
        raise LoadError(
            f"{target} cannot be imported: a module {place.module} is there already ({found or 'built in'}); rename it"
        )
    return module


def why(error: BaseException, place: Place) -> str:
    """What is wrong with the user's code, and where."""
    if isinstance(error, SyntaxError):
        return f"{error.filename}:{error.lineno}: {type(error).__name__}: {error.msg}"
    text = f"{type(error).__name__}: {error}" if str(error) else type(error).__name__
    at = last_line(error.__traceback__)
    if isinstance(error, ModuleNotFoundError):
        own = f"{place.module}.".startswith(f"{error.name}.")
        text += "; name a file, or a module below this directory" if own else "; install it where mainspring is"
    return f"{at}: {text}" if at else text


def last_line(trace: TracebackType | None) -> str:
    """`file:line` of the innermost frame of the user's code; '' if none ran."""
    frames = [
        frame
        for frame in traceback.extract_tb(trace)
        if not frame.filename.startswith("<frozen")
        and Path(frame.filename) != Path(__file__)
        and not is_importlib(frame)
    ]
    return f"{frames[-1].filename}:{frames[-1].lineno}" if frames else ""


def is_importlib(frame: traceback.FrameSummary) -> bool:
    return Path(frame.filename).parent.name == "importlib"
