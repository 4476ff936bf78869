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
from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import datetime
from operator import attrgetter, itemgetter
from types import ModuleType
from typing import Any

from mainspring.determinism import _values
from mainspring.determinism._order import as_completed, ordered_gathering
from mainspring.determinism._refusals import called, opening, opening_by_number, refusing
from mainspring.determinism._rules import METHODS, MODULE_FUNCTIONS

Real = dict[str, Callable[..., Any]]
Make = Callable[[Real, str], Any]
Guarded = tuple[tuple[ModuleType, dict[str, Make]], ...]  # module, and what makes the guards of names in it
FAST: Guarded = (
    (time, dict.fromkeys(_values.CLOCKS, _values.clock) | dict.fromkeys(_values.CALENDARS, _values.calendar)),
    (random, dict.fromkeys(_values.CHANCES, _values.chance)),
)
SLOW: Guarded = (
    (random, {"_urandom": _values.random_bytes}),
    (os, {"urandom": _values.random_bytes, "open": opening_by_number}),
    (uuid, {"uuid1": _values.uuid1, "uuid7": _values.uuid7}),
    (builtins, {"open": opening}),
    (io, {"open": opening}),
    (asyncio, {"as_completed": as_completed}),
    (asyncio.tasks, {"as_completed": as_completed, "_GatheringFuture": ordered_gathering}),
)
PATCHERS = {"unittest.mock", "pytest"}  # where these are loaded, guards may have been taken away again


class Exchange:
    """Names of one namespace, and what stands there by turns: what was there, and the guards."""

    def __init__(self, namespace: dict[str, Any], guards: dict[str, Any], real: Real) -> None:
        self._namespace = namespace
        self._guards = guards
        self._real = real
        self._standing = _each(itemgetter, guards)
        self._known: tuple[Any, ...] = self._standing(real)
        self._all_guards: tuple[Any, ...] = self._standing(guards)

    def put(self) -> None:
        """Let the guards stand there."""
        standing = self._standing(self._namespace)
        if standing != self._known:
            self._learn(standing)
        self._namespace.update(self._guards)

    def take(self) -> None:
        """Put back what was there, but for what somebody else put there meanwhile."""
        if self._standing(self._namespace) == self._all_guards:
            self._namespace.update(self._real)
            return
        for name, guard in self._guards.items():
            if self._namespace[name] is guard:
                self._namespace[name] = self._real[name]

    def pairs(self) -> dict[int, tuple[Any, Any]]:
        """The functions and their guards, by the ids of the functions."""
        return {id(self._real[name]): (self._real[name], guard) for name, guard in self._guards.items()}

    def _learn(self, standing: Sequence[Any]) -> None:
        for name, value in zip(self._guards, standing, strict=True):
            if value is not self._guards[name]:
                self._real[name] = value
        self._known = self._standing(self._real)


class Fixture:
    """Guards on attributes of one owner that stay."""

    def __init__(self, owner: Any, guards: dict[str, Any], real: Real) -> None:
        self._owner = owner
        self._guards = guards
        self._real = real
        self._standing = _each(attrgetter, guards)
        self._all_guards = tuple(guards.values())

    def put(self) -> None:
        """Let the guards stand there, if they do not."""
        if self._standing(self._owner) != self._all_guards:
            for name, guard in self._guards.items():
                present = getattr(self._owner, name)
                if present is not guard:
                    self._real[name] = present
                    setattr(self._owner, name, guard)

    def pairs(self) -> dict[int, tuple[Any, Any]]:
        """See `Exchange.pairs`."""
        return {id(self._real[name]): (self._real[name], guard) for name, guard in self._guards.items()}


def _each(getter: Callable[..., Callable[[Any], Any]], names: Iterable[str]) -> Callable[[Any], tuple[Any, ...]]:
    """Get all of them at once, in a tuple even if it is one."""
    listed = list(names)
    get = getter(*listed)
    return get if len(listed) > 1 else lambda owner: (get(owner),)


class Guards:
    """All guards of the process."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._count = 0
        self._exchanges: list[Exchange] = []
        self._fixtures: list[Fixture] = []
        self._to_adopt: list[dict[str, Any]] = []
        self._stands_for: dict[int, tuple[Any, Any]] = {}  # id of a function -> the function, and its guard
        self._datetime_changed: Callable[[], object] = _nothing

    def enter(self) -> None:
        """Workflow code is about to run in this thread."""
        with self._lock:
            self._count += 1
            if self._count > 1:
                return
            if not self._exchanges:
                self._make()
            if self._to_adopt:
                self._adopt_all()
            for exchange in self._exchanges:
                exchange.put()
            if not PATCHERS.isdisjoint(sys.modules):
                self._fix()
            self._datetime_changed()

    def leave(self) -> None:
        """It has run."""
        with self._lock:
            self._count -= 1
            if self._count == 0:
                for exchange in self._exchanges:
                    exchange.take()
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
                function, guard = self._stands_for.get(id(value), (None, None))
                if guard is not None and function is value:
                    namespace[name] = guard

    def _make(self) -> None:
        """Make the guards. Not at import: a program without workflows needs none."""
        for module, makes in FAST:
            real: Real = {name: getattr(module, name) for name in makes}
            self._add(Exchange(vars(module), {name: makes[name](real, name) for name in real}, real))
        self._add(_generator_of_process())
        for exchange in _datetime_methods():
            self._add(exchange)
            self._datetime_changed = _forget_methods_of_datetime
        self._fixtures = list(_fixtures())
        for fixture in self._fixtures:
            self._stands_for.update(fixture.pairs())
        self._fix()

    def _fix(self) -> None:
        for fixture in self._fixtures:
            fixture.put()

    def _add(self, exchange: Exchange) -> None:
        self._exchanges.append(exchange)
        self._stands_for.update(exchange.pairs())


def _generator_of_process() -> Exchange:
    """Most functions of `random` are methods of one object, and draw by these two methods of it."""
    namespace = vars(random._inst)
    real: Real = {"random": random.random, "getrandbits": random.getrandbits}
    namespace.update(real)
    return Exchange(namespace, {name: _values.chance(real, name) for name in real}, real)


def _datetime_methods() -> Iterator[Exchange]:
    """`datetime.now` and `utcnow`. The type's attributes cannot be set; CPython's own dict of them can be written.

    Where that is not so they stay as they are. `today` calls `time.time`.
    """
    namespace: Any = gc.get_referents(vars(datetime))[0]
    if sys.implementation.name != "cpython" or namespace != dict(vars(datetime)):
        return
    real: Real = {name: namespace[name] for name in ("now", "utcnow")}
    yield Exchange(namespace, {"now": _values.now(real), "utcnow": _values.utcnow(real)}, real)


def _forget_methods_of_datetime() -> None:
    """Have the interpreter look for the type's methods anew."""
    ctypes.pythonapi.PyType_Modified(ctypes.py_object(datetime))


def _fixtures() -> Iterator[Fixture]:
    """The guards of slow functions. These modules are imported here, since few programs have all of them."""
    import concurrent.futures.process
    import concurrent.futures.thread
    import multiprocessing.process
    import socket
    import sqlite3
    import subprocess

    modules: dict[str, Any] = {
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
    for owner_name, owner in modules.items():
        rules = {
            name.rpartition(".")[2]: rule
            for name, rule in (MODULE_FUNCTIONS | METHODS).items()
            if name.rpartition(".")[0] == owner_name
        }
        real: Real = {name: getattr(owner, name) for name in rules if hasattr(owner, name)}
        guards = {name: refusing(real, name, called(owner_name, name), rules[name]) for name in real}
        yield Fixture(owner, guards, real)
    for module, makes in SLOW:
        real = {name: getattr(module, name) for name in makes if hasattr(module, name)}
        yield Fixture(module, {name: makes[name](real, name) for name in real}, real)


def _nothing() -> None:
    pass


GUARDS = Guards()
