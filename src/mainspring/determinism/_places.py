"""Whose code makes a call: what stands between it and the run's loop decides.

    time.time() <- logging.LogRecord <- ... <- workflow code        logging is on the way: an observer, sees real time
    open() <- pathlib <- workflow code                              the standard library acts for who calls it
    open() <- some library <- workflow code                         a library may read

The stack is read from the call outwards, up to the code of the worker that runs workflow code.
"""

from __future__ import annotations

import sys
import sysconfig
from enum import Enum
from types import FrameType
from typing import NamedTuple


class Place(Enum):
    """Whose a module is."""

    OBSERVER = "observer"  # sees the real world and may act on it: it is no workflow's logic
    READER = "reader"  # may read the machine: what it reads is the same everywhere, or is meant to be
    STANDARD = "standard"  # acts for who calls it
    LIBRARY = "library"  # somebody else's
    OURS = "ours"
    WORKER = "worker"  # calls workflow code
    USER = "user"


OBSERVERS = {
    *("logging", "warnings", "traceback", "linecache", "importlib", "inspect", "pkgutil", "zipimport", "runpy"),
    *("pdb", "bdb", "cmd", "code", "codeop", "rlcompleter", "readline", "tracemalloc", "faulthandler", "cProfile"),
    *("debugpy", "pydevd", "_pydevd_bundle", "_pydev_bundle", "pydev_ipython", "IPython", "pudb", "ipdb", "coverage"),
    *("opentelemetry", "sentry_sdk", "structlog", "loguru", "prometheus_client", "ddtrace", "logfire"),
    *("mainspring.runtime", "mainspring.worker._replay_safe_metrics"),
}
READERS = {
    *("zoneinfo", "gettext", "locale", "_strptime", "encodings", "mimetypes", "tokenize"),
    *("mainspring.converter", "mainspring.worker._run_state", "mainspring.worker._run_requests"),
}
WORKERS = {"mainspring.worker._loop", "mainspring.worker._run", "mainspring.worker._run_handlers"}

_SITES = tuple({sysconfig.get_path("purelib"), sysconfig.get_path("platlib")})
_STANDARD = (sysconfig.get_path("stdlib"), sysconfig.get_path("platstdlib"), "<frozen ")
_places: dict[str, Place] = {}  # by the module's name
_users: set[str] = set()  # packages that define workflows, wherever they are installed


class Caller(NamedTuple):
    """Who called what is guarded."""

    place: Place  # the innermost that is not the standard library's
    is_reader: bool  # or a reader is on the way
    where: str  # "orders.py:12, in run": the innermost code of users


def let_through(*modules: str) -> None:
    """Let modules and packages see real time and chance and act as they like, even called from workflow code.

    It is for libraries that watch the program, as those of logs and metrics: what they do is no workflow's logic.
    """
    OBSERVERS.update(modules)
    _places.clear()


def defines_workflows(module: str) -> None:
    """Hold the module's whole package for code of users, even if it is installed as a library."""
    package = module.partition(".")[0]
    if package not in _users:
        _users.add(package)
        _places.clear()


def is_observed(frame: FrameType | None) -> bool:
    """Whether an observer makes the call."""
    observer, worker, known = Place.OBSERVER, Place.WORKER, _places.get
    while frame is not None:
        place = known(frame.f_globals.get("__name__", "")) or _place(frame)
        if place is observer:
            return True
        if place is worker:
            return False
        frame = frame.f_back
    return False


def caller_of(frame: FrameType | None) -> Caller:
    """Who makes the call that came to this frame. To be asked only if no observer does."""
    innermost: Place | None = None
    is_reader = False
    user: FrameType | None = None
    while frame is not None:
        place = _place(frame)
        if place is Place.WORKER:
            break
        is_reader = is_reader or place is Place.READER
        if innermost is None and place not in {Place.STANDARD, Place.READER}:
            innermost = place
        if user is None and place is Place.USER:
            user = frame
        frame = frame.f_back
    return Caller(innermost or Place.USER, is_reader, _where(user))


def _where(frame: FrameType | None) -> str:
    if frame is None:
        return "outside the workflow's module"
    return f"{frame.f_code.co_filename}:{frame.f_lineno}, in {frame.f_code.co_qualname}"


def _place(frame: FrameType) -> Place:
    name = frame.f_globals.get("__name__", "")
    place = _places.get(name)
    if place is None:
        place = _places[name] = _place_of(name, frame.f_code.co_filename)
    return place


def _place_of(name: str, filename: str) -> Place:
    if _is_in(name, WORKERS):
        return Place.WORKER
    if _is_in(name, OBSERVERS) or _is_importing(name):
        return Place.OBSERVER
    if _is_in(name, READERS):
        return Place.READER
    package = name.partition(".")[0]
    if package == "mainspring":
        return Place.OURS
    if package in _users:
        return Place.USER
    if filename.startswith(_SITES):
        return Place.LIBRARY
    if filename.startswith(_STANDARD) or package in sys.builtin_module_names:
        return Place.STANDARD
    return Place.USER


def _is_importing(name: str) -> bool:
    return name in {"_frozen_importlib", "_frozen_importlib_external"}


def _is_in(name: str, packages: set[str]) -> bool:
    """Whether a module is one of these, or within one."""
    while name:
        if name in packages:
            return True
        name = name.rpartition(".")[0]
    return False
