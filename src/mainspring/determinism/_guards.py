"""Puts the guards where the functions of the standard library are, while workflow code runs.

    enter() ... leave()      around every activation, from any thread; they count

Fast functions (clocks, chance) are exchanged when the first activation of the process begins, and put back when the
last one ends: who calls them at other times pays nothing, and who does so meanwhile elsewhere gets what he asked for.
Slow ones (files, threads, sockets) stay guarded from the first activation on: beside a system call the price does not
count. What somebody else put in their place meanwhile, as `unittest.mock` does, is called in place of the real one, and
is never undone.
"""

from __future__ import annotations

import asyncio
import asyncio.tasks
import builtins
import ctypes
import gc
import io
import os
import random
import sys
import threading
import time
import uuid
from collections.abc import Callable, Iterator
from datetime import datetime
from functools import partial
from operator import itemgetter
from types import ModuleType
from typing import Any

from mainspring.determinism import _values
from mainspring.determinism._order import as_completed, ordered_gathering
from mainspring.determinism._refusals import called, opening, opening_by_number, refusing
from mainspring.determinism._rules import METHODS, MODULE_FUNCTIONS, Rule

Function = Callable[..., Any]
Make = Callable[[Function, str], Any]  # makes the guard of a function, given its name
Guarded = tuple[tuple[ModuleType, dict[str, Make]], ...]  # module, and what makes the guards of names in it
FAST: Guarded = (
    (time, dict.fromkeys(_values.CLOCKS, _values.clock) | dict.fromkeys(_values.CALENDARS, _values.calendar)),
    (random, dict.fromkeys(_values.CHANCES, _values.chance)),
)
SLOW: Guarded = (
    (random, {"_urandom": _values.random_bytes} | dict.fromkeys(_values.SELDOM, _values.chance)),
    (os, {"urandom": _values.random_bytes, "open": opening_by_number}),
    (uuid, {"uuid1": _values.uuid1, "uuid7": _values.uuid7}),
    (builtins, {"open": opening}),
    (io, {"open": opening}),
    (asyncio, {"as_completed": as_completed}),
    (asyncio.tasks, {"as_completed": as_completed, "_GatheringFuture": ordered_gathering}),
)


class Made:
    """The guards that were made. Each stands for one function for ever: another that comes there gets its own."""

    def __init__(self) -> None:
        self._guards: dict[int, Any] = {}  # by id, which nothing else gets while they are held
        self._functions: dict[int, tuple[Any, Any]] = {}  # id of a function -> the function, and its guard

    def guard(self, make: Make, function: Any, name: str) -> Any:
        """The guard of a function."""
        guard = make(function, name)
        self._guards[id(guard)] = guard
        self._functions[id(function)] = (function, guard)
        return guard

    def is_guard(self, value: Any) -> bool:
        return id(value) in self._guards

    def guard_of(self, value: Any) -> Any:
        """The guard of a function that has one; else None."""
        function, guard = self._functions.get(id(value), (None, None))
        return guard if function is value else None


class Exchange:
    """Names of one namespace, and what stands there by turns: what was there, and the guards."""

    def __init__(self, made: Made, namespace: dict[str, Any], makes: dict[str, Make]) -> None:
        self._made = made
        self._makes = makes
        self.namespace = namespace
        self.standing = itemgetter(*makes)
        self.known: tuple[Any, ...] = ()  # what stood there when the guards were made
        self.all_guards: tuple[Any, ...] = ()
        self.real: dict[str, Any] = {}
        self.guards: dict[str, Any] = {}

    def learn(self) -> None:
        """Make guards of what stands there now."""
        for name, make in self._makes.items():
            value = self.namespace[name]
            if not self._made.is_guard(value) and self.real.get(name) is not value:
                self.real[name], self.guards[name] = value, self._made.guard(make, value, name)
        self.known = self.standing(self.real)
        self.all_guards = self.standing(self.guards)

    def take_own(self) -> None:
        """Put back what was there, but for what somebody else put there meanwhile."""
        for name, guard in self.guards.items():
            if self.namespace[name] is guard:
                self.namespace[name] = self.real[name]


class Fixture:
    """Guards on attributes of one owner that stay."""

    def __init__(self, made: Made, owner: Any, makes: dict[str, Make]) -> None:
        self._made = made
        self._owner = owner
        self._makes = makes

    def put(self) -> None:
        """Let guards stand there, where none do."""
        for name, make in self._makes.items():
            present = getattr(self._owner, name, None)
            if present is not None and not self._made.is_guard(present):
                setattr(self._owner, name, self._made.guard(make, present, name))


class Guards:
    """All guards of the process."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._count = 0
        self._exchanges: list[Exchange] = []
        self._fixtures: list[Fixture] = []
        self._to_adopt: list[dict[str, Any]] = []
        self._made = Made()
        self._datetime_changed: Callable[[], object] = _nothing

    def enter(self) -> None:
        """Workflow code is about to run in this thread."""
        with self._lock:
            self._count += 1
            if self._count > 1:
                return
            if not self._exchanges:
                self._make()
            for one in self._exchanges:  # not in a method of each: activations are many, and brief
                if one.standing(one.namespace) != one.known:
                    one.learn()
                one.namespace.update(one.guards)
            if "unittest.mock" in sys.modules or "pytest" in sys.modules:  # they may have taken guards away again
                self._fix()
            self._datetime_changed()
            if self._to_adopt:
                self._adopt_all()

    def leave(self) -> None:
        """It has run."""
        with self._lock:
            self._count -= 1
            if self._count == 0:
                for one in self._exchanges:
                    if one.standing(one.namespace) == one.all_guards:
                        one.namespace.update(one.real)
                    else:
                        one.take_own()
                self._datetime_changed()

    def adopt(self, namespace: dict[str, Any]) -> None:
        """From the next activation on, guard what a module of workflows imported by name: `from time import time`."""
        with self._lock:
            if not any(one is namespace for one in self._to_adopt):
                self._to_adopt.append(namespace)

    def _adopt_all(self) -> None:
        while self._to_adopt:
            namespace = self._to_adopt.pop()
            for name, value in list(namespace.items()):
                guard = self._made.guard_of(value)
                if guard is not None:
                    namespace[name] = guard

    def _make(self) -> None:
        """Make the guards. Not at import: a program without workflows needs none."""
        self._exchanges = [Exchange(self._made, vars(module), makes) for module, makes in FAST]
        self._exchanges.append(_generator_of_process(self._made))
        of_datetime = _methods_of_datetime()
        if of_datetime is not None:
            self._exchanges.append(Exchange(self._made, of_datetime, {"now": _values.now, "utcnow": _values.utcnow}))
            # Has the interpreter look for the type's methods anew.
            self._datetime_changed = partial(ctypes.pythonapi.PyType_Modified, ctypes.py_object(datetime))
        self._fixtures = [Fixture(self._made, owner, makes) for owner, makes in _slow()]
        self._fix()

    def _fix(self) -> None:
        for fixture in self._fixtures:
            fixture.put()


def _generator_of_process(made: Made) -> Exchange:
    """Most functions of `random` are methods of one object, and draw by these two methods of it."""
    namespace = vars(random._inst)
    namespace.update(random=random.random, getrandbits=random.getrandbits)
    return Exchange(made, namespace, {"random": _values.chance, "getrandbits": _values.chance})


def _methods_of_datetime() -> dict[str, Any] | None:
    """Where `datetime.now` and `utcnow` stand. The type's attributes cannot be set; CPython's own dict of them can.

    None where that is not so; there they stay as they are. `today` calls `time.time`.
    """
    namespace: Any = gc.get_referents(vars(datetime))[0]
    is_known = sys.implementation.name == "cpython" and namespace == dict(vars(datetime))
    return namespace if is_known else None


def _slow() -> Iterator[tuple[Any, dict[str, Make]]]:
    """Owners of slow functions, and what makes the guards of those. Few programs have all of these modules."""
    import concurrent.futures.process
    import concurrent.futures.thread
    import multiprocessing.process
    import socket
    import sqlite3
    import subprocess

    owners: dict[str, Any] = {
        "time": time,
        "builtins": builtins,
        "os": os,
        "socket": socket,
        "sqlite3": sqlite3,
        "threading.Thread": threading.Thread,
        "multiprocessing.process.BaseProcess": multiprocessing.process.BaseProcess,
        "concurrent.futures.thread.ThreadPoolExecutor": concurrent.futures.thread.ThreadPoolExecutor,
        "concurrent.futures.process.ProcessPoolExecutor": concurrent.futures.process.ProcessPoolExecutor,
        "subprocess.Popen": subprocess.Popen,
        "socket.socket": socket.socket,
        "os._Environ": os._Environ,
    }
    for owner_name, owner in owners.items():
        yield (
            owner,
            {
                name.rpartition(".")[2]: _refusing(owner_name, rule)
                for name, rule in (MODULE_FUNCTIONS | METHODS).items()
                if name.rpartition(".")[0] == owner_name
            },
        )
    yield from SLOW


def _refusing(owner: str, rule: Rule) -> Make:
    return lambda function, name: refusing(function, called(owner, name), rule)


def _nothing() -> None:
    pass


GUARDS = Guards()
