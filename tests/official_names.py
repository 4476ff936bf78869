"""The official SDK's public names and shapes, compared with ours by looking at the modules themselves.

    differences("common")  ->  [Difference("common.RetryPolicy.from_proto", "parameters (x), officially (proto)")]

A shape is what a caller can rely on at run time: parameters with their kinds and defaults, whether a call is awaited,
properties and fields, members of enums, keys of dictionaries, bases. What ours has besides is no difference. Types are
the checkers' matter. What is meant to differ stands in official_exceptions.py.
"""

from __future__ import annotations

import ast
import dataclasses
import enum
import importlib
import inspect
import pkgutil
import re
import sys
import typing
from collections.abc import Collection, Iterator
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from types import ModuleType
from typing import Any, NamedTuple, cast

PLAIN_BASES = {"object", "Generic", "Protocol", "ABC"}
SPECIAL_METHODS = {"__init__", "__call__", "__getitem__", "__iter__", "__len__", "__contains__", "__await__"}
Members = typing.Mapping[str, enum.Enum]
MANGLED = re.compile(r"(_[A-Z]\w*)?__\w")  # the older spelling of a parameter by position only
WRITTEN_OUT = (str, int, float, bool, bytes, type(None))


class Difference(NamedTuple):
    """One thing that ours has not, or has otherwise."""

    name: str  # from the module on: "common.RetryPolicy.from_proto"
    what: str

    def __str__(self) -> str:
        return f"{self.name}: {self.what}"


def official_modules() -> list[str]:
    """Every public module of the official SDK, without importing it."""

    def inside(paths: list[str], prefix: str) -> Iterator[str]:
        for module in pkgutil.iter_modules(paths):
            if not module.name.startswith("_") and prefix + module.name not in {"api", "bridge"}:
                yield prefix + module.name
                if module.ispkg:
                    yield from inside([f"{path}/{module.name}" for path in paths], f"{prefix}{module.name}.")

    spec = find_spec("temporalio")
    assert spec is not None
    return list(inside(list(spec.submodule_search_locations or ()), ""))


def is_there(module: str) -> bool:
    """Whether ours has the module, complete or not."""
    return imported(f"mainspring.{module}") is not None


@cache
def imported(name: str) -> ModuleType | None:
    """The module; None if there is none, or what it is made for is not installed."""
    try:
        return importlib.import_module(name)
    except ModuleNotFoundError:
        return None


@cache
def differences(module: str) -> list[Difference]:
    official, mine = imported(f"temporalio.{module}"), imported(f"mainspring.{module}")
    assert official is not None
    if mine is None:
        return [Difference(module, "there is no such module")]
    return list(differences_of(module, official, mine))


def differences_of(module: str, official: ModuleType, mine: ModuleType) -> Iterator[Difference]:
    for name in public_names(official):
        where = f"{module}.{name}"
        if not hasattr(mine, name):
            yield Difference(where, "is not there")
        elif name not in public_names(mine):
            yield Difference(where, "is not public")
        else:
            theirs, ours = getattr(official, name), getattr(mine, name)
            home = home_of(theirs, name)
            if home in {None, module}:
                yield from of_values(where, theirs, ours)
            elif getattr(imported(f"mainspring.{home}"), name, None) is not ours:
                yield Difference(where, f"is another one than that of {home}")


def home_of(value: Any, name: str) -> str | None:
    """The public module that defines what another one shows too; there it is compared."""
    package, _, module = str(getattr(value, "__module__", "")).partition(".")
    home = ".".join(part for part in module.split(".") if not part.startswith("_"))
    found = imported(f"{package}.{home}") if package == "temporalio" and home else None
    return home if found is not None and name in public_names(found) else None


def public_names(module: ModuleType) -> list[str]:
    assert module.__file__ is not None
    return names_in(Path(module.__file__))


def official_names_of(module: str) -> list[str]:
    """The same without importing it: what it is made for need not be installed."""
    spec = find_spec(f"temporalio.{module}")
    assert spec is not None
    assert spec.origin is not None
    return names_in(Path(spec.origin))


@cache
def names_in(path: Path) -> list[str]:
    """What `__all__` lists; without it, what the module itself defines."""
    tree = ast.parse(path.read_text("utf-8"))
    values = {name: node.value for node in tree.body if isinstance(node, ast.Assign) for name in defined(node)}
    names = (
        ast.literal_eval(values["__all__"]) if "__all__" in values else [n for node in tree.body for n in defined(node)]
    )
    return sorted({name for name in names if not name.startswith("_")})


def defined(node: ast.stmt) -> Iterator[str]:
    if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
        yield node.name
    elif isinstance(node, ast.Assign):
        yield from (target.id for target in node.targets if isinstance(target, ast.Name))
    elif isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name):
        yield node.target.id


def of_values(where: str, official: Any, mine: Any) -> Iterator[Difference]:
    if isinstance(official, type):
        if isinstance(mine, type):
            yield from of_classes(where, official, mine)
        else:
            yield Difference(where, "is no class")
    elif inspect.isroutine(official):
        yield from of_calls(where, official, mine, bound=False)
    elif isinstance(official, WRITTEN_OUT) and official != mine:
        yield Difference(where, f"is {mine!r}, officially {official!r}")


def of_classes(where: str, official: type, mine: type) -> Iterator[Difference]:
    lacking = base_names(official) - base_names(mine)
    if lacking:
        yield Difference(where, f"does not derive from {', '.join(sorted(lacking))}")
    is_subscriptable = parameter_count(mine) == 0 and hasattr(mine, "__class_getitem__")
    if parameter_count(official) != parameter_count(mine) and not is_subscriptable:
        yield Difference(where, f"has {parameter_count(mine)} type parameters, officially {parameter_count(official)}")
    members = getattr(official, "__members__", None)
    if members is not None:
        yield from of_enums(where, members, getattr(mine, "__members__", {}))
        return
    if is_frozen(official) != is_frozen(mine):
        yield Difference(where, "only one of the two is frozen")
    for key in ("__required_keys__", "__optional_keys__"):
        absent = getattr(official, key, frozenset[str]()) - getattr(mine, key, frozenset[str]())
        if absent:
            yield Difference(where, f"lacks the {key.strip('_').replace('_', ' ')} {', '.join(sorted(absent))}")
    for name in member_names(official):
        yield from of_members(f"{where}.{name}", official, mine, name)


def of_enums(where: str, official: Members, mine: Members) -> Iterator[Difference]:
    for name, member in official.items():
        if name not in mine:
            yield Difference(f"{where}.{name}", "is not there")
        elif isinstance(member.value, WRITTEN_OUT) and mine[name].value != member.value:
            yield Difference(f"{where}.{name}", f"is {mine[name].value!r}, officially {member.value!r}")


def of_members(where: str, official: type, mine: type, name: str) -> Iterator[Difference]:
    theirs, ours = inspect.getattr_static(official, name, None), inspect.getattr_static(mine, name, None)
    if ours is None and is_call(theirs):
        ours = call_of_annotation(mine, name)
        if ours is not None:
            yield from of_calls(where, theirs, ours, bound=True)
            return
    if name not in member_names(mine) and ours is None:
        yield Difference(where, "is not there")
    elif is_call(theirs) != is_call(ours):
        yield Difference(where, f"is {kind_of(ours)}, officially {kind_of(theirs)}")
    elif is_call(theirs):
        if isinstance(theirs, staticmethod) != isinstance(ours, staticmethod):
            yield Difference(where, f"is {kind_of(ours)}, officially {kind_of(theirs)}")
            return
        bound = not isinstance(theirs, staticmethod)
        yield from of_calls(where, getattr(theirs, "__func__", theirs), getattr(ours, "__func__", ours), bound=bound)


def of_calls(where: str, official: Any, mine: Any, *, bound: bool) -> Iterator[Difference]:
    if not callable(mine):
        yield Difference(where, "cannot be called")
        return
    theirs, ours = parameters(official, bound=bound), parameters(mine, bound=bound)
    known = {parameter.name for parameter in theirs}
    ours = [parameter for parameter in ours if parameter.name in known or not is_addition(parameter)]
    expected = ", ".join(map(parameter_text, in_order(with_unsaid_defaults(theirs, ours))))
    actual = ", ".join(map(parameter_text, in_order(ours)))
    if expected != actual:
        yield Difference(where, f"parameters ({actual}), officially ({expected})")
    if is_awaited(official) != is_awaited(mine):
        yield Difference(where, "only one of the two is awaited")


def is_awaited(function: Any) -> bool:
    result = str(getattr(function, "__annotations__", {}).get("return", ""))
    return inspect.iscoroutinefunction(function) or bool(re.match(r"([\w.]*\.)?(Awaitable|Coroutine)\[", result))


def call_of_annotation(owner: type, name: str) -> Any:
    """`__call__` of the class that an attribute is said to be of: an object with it stands for a method."""
    for base in owner.__mro__:
        kind = re.match(r"\w+", str(inspect.get_annotations(base).get(name, "")))
        if kind is not None:
            return getattr(vars(sys.modules[base.__module__]).get(kind[0]), "__call__", None)  # noqa: B004  # itself
    return None


def is_call(member: Any) -> bool:
    return inspect.isroutine(member) or isinstance(member, staticmethod | classmethod)


def kind_of(member: Any) -> str:
    kinds: list[tuple[Any, str]] = [
        (staticmethod, "a static method"),
        (classmethod, "a class method"),
        (property, "a property"),
    ]
    return next(
        (text for kind, text in kinds if isinstance(member, kind)), "a method" if is_call(member) else "a value"
    )


def base_names(owner: type) -> set[str]:
    names = {base.__name__ for base in owner.__mro__[1:] if not base.__name__.startswith("_")}
    return names - PLAIN_BASES - {owner.__name__}


def parameter_count(owner: type) -> int:
    return len(getattr(owner, "__parameters__", ()))


def is_frozen(owner: type) -> bool:
    return dataclasses.is_dataclass(owner) and bool(getattr(owner, "__dataclass_params__").frozen)  # noqa: B009  # no type


def member_names(owner: type) -> frozenset[str]:
    """Public attributes that the SDK gave the class: defined, annotated, or assigned to `self`."""
    names: set[str] = set()
    for base in owner.__mro__:
        if base.__module__.split(".")[0] in {"builtins", "enum", "abc", "typing", "typing_extensions", "collections"}:
            continue
        names |= vars(base).keys() | inspect.get_annotations(base).keys() | assigned_to_self(base)
    return frozenset(name for name in names if not name.startswith("_") or name in SPECIAL_METHODS)


def assigned_to_self(owner: type) -> set[str]:
    file = getattr(sys.modules.get(owner.__module__), "__file__", None)
    return assignments(Path(file)).get(owner.__qualname__, set()) if file and file.endswith(".py") else set()


@cache
def assignments(path: Path) -> dict[str, set[str]]:
    """Class at the top of a file -> what its methods assign to attributes of `self`."""
    classes = [node for node in ast.parse(path.read_text("utf-8")).body if isinstance(node, ast.ClassDef)]
    return {node.name: {name for inner in ast.walk(node) for name in assigned(inner)} for node in classes}


def assigned(node: ast.AST) -> Iterator[str]:
    targets = node.targets if isinstance(node, ast.Assign) else [node.target] if isinstance(node, ast.AnnAssign) else []
    for target in targets:
        if isinstance(target, ast.Attribute) and isinstance(target.value, ast.Name) and target.value.id == "self":
            yield target.attr


def parameters(function: Any, *, bound: bool) -> list[inspect.Parameter]:
    try:
        return list(inspect.signature(function).parameters.values())[bound:]
    except (TypeError, ValueError):  # built in
        return []


def is_addition(parameter: inspect.Parameter) -> bool:
    """A parameter that nobody need know of who calls with the official ones."""
    optional = parameter.kind is inspect.Parameter.KEYWORD_ONLY and parameter.default is not inspect.Parameter.empty
    return optional or parameter.kind is inspect.Parameter.VAR_KEYWORD


def with_unsaid_defaults(theirs: list[inspect.Parameter], ours: list[inspect.Parameter]) -> list[inspect.Parameter]:
    """Theirs, with `...` for the defaults that ours, of a protocol, leaves open."""
    unsaid = {parameter.name for parameter in ours if parameter.default is ...}
    has_none = inspect.Parameter.empty
    return [p.replace(default=...) if p.name in unsaid and p.default is not has_none else p for p in theirs]


def in_order(found: list[inspect.Parameter]) -> list[inspect.Parameter]:
    """Those by keyword only in order of name: their own order means nothing."""
    keyword = inspect.Parameter.KEYWORD_ONLY
    return sorted(found, key=lambda parameter: parameter.name if parameter.kind is keyword else "")


def parameter_text(parameter: inspect.Parameter) -> str:
    """Name with kind and default; without a name if it is by position only."""
    kind, name = parameter.kind, parameter.name
    if kind is inspect.Parameter.POSITIONAL_ONLY or MANGLED.match(name):
        name = "/"
    elif kind is inspect.Parameter.KEYWORD_ONLY:
        name = f"{name}="
    elif kind in {inspect.Parameter.VAR_POSITIONAL, inspect.Parameter.VAR_KEYWORD}:
        name = f"*{name}" if kind is inspect.Parameter.VAR_POSITIONAL else f"**{name}"
    if parameter.default is inspect.Parameter.empty:
        return name
    return f"{name} {value_text(parameter.default)}"


def value_text(value: Any) -> str:
    """A default as text, the same for both SDKs: without addresses and the places of classes.

    A record shows the fields that are set; what holds others, and is not empty, shows its type only.
    """
    if is_record(value):
        fields = {field.name: getattr(value, field.name) for field in dataclasses.fields(value)}
        inside = [f"{name}={inner_text(field)}" for name, field in fields.items() if field is not None]
        return f"{type(value).__name__}({', '.join(inside)})"
    if isinstance(value, Collection) and not isinstance(value, str | bytes):
        return type(cast("object", value)).__name__ if value else "()"
    text = re.sub(r"\b(temporalio|mainspring)(\.\w+)*\.", "", repr(value))
    return re.sub(r" at 0x[0-9a-f]+", "", text)


def inner_text(value: Any) -> str:
    return type(value).__name__ if is_record(value) else value_text(value)


def is_record(value: Any) -> bool:
    return dataclasses.is_dataclass(value) and not isinstance(value, type)


def covering(name: str, table: typing.Mapping[str, str]) -> str | None:
    """The entry of the table for a name: its own, or that of what it belongs to."""
    parts = name.split(".")
    candidates = [".".join(parts[:count]) for count in range(len(parts), 0, -1)]
    return next((candidate for candidate in candidates if candidate in table), None)
